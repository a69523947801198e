import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import type { Encoding, Signal } from '../../contract/log-record.ts'
import { CONTENT_CODINGS } from '../decompress.ts'
import type { BodyReceiver } from './body-receiver.ts'
import { RPC_CODES, statusBody } from './otlp-http-response.ts'
import { Refusal, tooLarge } from './refusal.ts'

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  otlp_proto: 'application/x-protobuf',
  otlp_json: 'application/json',
}

const RETRY_AFTER_SECONDS = '1'
/** How often it is looked for requests that take too long, ms. */
const CHECK_MS = 1_000
/** Connections at once, the idle ones included. */
const MAX_CONNECTIONS = 4_096

export interface ServerLimits {
  readonly maxBodyBytes: number
  /** A connection on which nothing moves is closed; and so is a request that takes this long to come. */
  readonly idleTimeoutMs: number
  readonly requestTimeoutMs: number
}

/** What answers requests: the rest of HTTP is the server's. */
export interface BodiesHandler {
  readonly bodies: BodyReceiver
  readonly limits: ServerLimits
  /** @throws Refusal before anything of the body is read */
  readonly admit: () => void
  /** Resolves to the body of the answer. @throws Refusal */
  readonly accept: (request: FastifyRequest, body: Buffer, signal: Signal) => Promise<Uint8Array>
  readonly answered: (status: number) => void
}

/** The HTTP side of the receiver: `POST /v1/traces` and `/v1/logs`, and what else is asked for by mistake. */
export function buildServer(handler: BodiesHandler): FastifyInstance {
  const { bodies, limits } = handler
  const { maxBodyBytes, idleTimeoutMs, requestTimeoutMs } = limits
  const server = fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: 'idle',
    connectionTimeout: idleTimeoutMs,
    requestTimeout: requestTimeoutMs,
    http: {
      connectionsCheckingInterval: Math.min(CHECK_MS, idleTimeoutMs),
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(idleTimeoutMs, requestTimeoutMs),
    },
  })
  server.server.maxConnections = MAX_CONNECTIONS
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(Object.values(CONTENT_TYPES), async (request: FastifyRequest) =>
    bodies.read(request.raw),
  )
  server.addHook('onResponse', async (_, reply) => handler.answered(reply.statusCode))
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, code, message } = refusalOf(error, request, maxBodyBytes)
    // What was not read to its end cannot be followed by another request.
    if (!request.raw.complete) reply.header('connection', 'close')
    answer(request, reply.code(status), code, message)
  })
  for (const signal of SIGNALS) takePosts(server, signal, handler)
  server.setNotFoundHandler(async (request, reply) => {
    const isMetrics = request.url === '/v1/metrics'
    const message = isMetrics
      ? 'medoscope does not take metrics: send only traces and logs to it'
      : 'medoscope takes POST /v1/traces and POST /v1/logs here'
    return answer(request, reply.code(404), RPC_CODES.notFound, message)
  })
  return server
}

const SIGNALS: readonly Signal[] = ['traces', 'logs']

function takePosts(server: FastifyInstance, signal: Signal, handler: BodiesHandler): void {
  const { bodies } = handler
  const url = `/v1/${signal}`
  server.route({
    method: 'POST',
    url,
    onRequest: async (request, reply) => {
      handler.admit()
      bodies.admit(request.raw)
      // Comes once for every response, sent or not: also when the sender hangs up halfway.
      reply.raw.once('close', () => bodies.release(request.raw))
    },
    handler: async (request, reply) => {
      const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
      const answered = await handler.accept(request, body, signal)
      return reply
        .type(CONTENT_TYPES[encodingOf(request) ?? 'otlp_proto'])
        .send(Buffer.from(answered))
    },
  })
  server.get(url, async (request, reply) => {
    reply.code(405).header('allow', 'POST')
    return answer(request, reply, RPC_CODES.unimplemented, `${signal} are sent with POST`)
  })
}

export function encodingOf(request: FastifyRequest): Encoding | null {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === CONTENT_TYPES.otlp_proto) return 'otlp_proto'
  return type === CONTENT_TYPES.otlp_json ? 'otlp_json' : null
}

export function unsupportedType(request: FastifyRequest): Refusal {
  const type = request.headers['content-type'] ?? 'none'
  const wanted = Object.values(CONTENT_TYPES).join(' or ')
  return new Refusal(415, RPC_CODES.invalidArgument, `content type ${type}: send ${wanted}`)
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  message: string,
): FastifyReply {
  const encoding = encodingOf(request) ?? 'otlp_json'
  const isPassing = reply.statusCode === 429 || reply.statusCode === 503
  if (isPassing) reply.header('retry-after', RETRY_AFTER_SECONDS)
  if (reply.statusCode === 415)
    reply.header('accept-encoding', Object.keys(CONTENT_CODINGS).join(', '))
  return reply.type(CONTENT_TYPES[encoding]).send(Buffer.from(statusBody(encoding, code, message)))
}

function refusalOf(error: FastifyError, request: FastifyRequest, maxBodyBytes: number): Refusal {
  if (error instanceof Refusal) return error
  if (error.statusCode === 413) return tooLarge(maxBodyBytes)
  if (error.statusCode === 415) return unsupportedType(request)
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new Refusal(error.statusCode, RPC_CODES.invalidArgument, error.message)
  }
  return new Refusal(500, RPC_CODES.internal, error.message)
}
