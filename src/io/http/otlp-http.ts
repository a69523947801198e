import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import type { Encoding } from '../../contract/log-record.ts'
import type { Source, SourceBatch, SourceLag } from '../../contract/source.ts'
import { DecodeError } from '../../otlp/decode-error.ts'
import { CONTENT_CODINGS, decompress, TooLarge } from '../decompress.ts'
import { messageOf } from '../telemetry/log.ts'
import { exportResponse, RPC_CODES, statusBody } from './otlp-http-response.ts'
import { RecordQueue } from './request-queue.ts'
import { type CheckedTraces, TracesCheck } from './traces-check.ts'

export interface OtlpHttpSettings {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** As received and as decompressed. */
  readonly maxBodyBytes: number
  /** Requests being received at once. */
  readonly maxRequests: number
  readonly queueRecords: number
  readonly queueBytes: number
  /** Services whose spans the detector leaves out; senders are told. */
  readonly ignoreServices: readonly string[]
  /** Attributes that the detector compares: the check looks at what it looks at. */
  readonly categories: readonly string[]
}

export const OTLP_HTTP_PARTITION = 'otlp_http/0'

const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  otlp_proto: 'application/x-protobuf',
  otlp_json: 'application/json',
}
/** Not 0: a receiver starts in the middle of traffic, and its first traces may have begun before it. */
const FIRST_OFFSET = 1n
const RETRY_AFTER_SECONDS = '1'

/** An answer other than 200, thrown by whatever finds the reason for it. */
class Refusal extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * The OTLP/HTTP receiver as a source: `POST /v1/traces`, protobuf or JSON. A body is acknowledged once
 * it is in the bounded queue; senders do not send it again, so a stop drains the queue, and only a crash
 * loses what is in it. When the queue is full the answer is 429, and senders wait.
 */
export class OtlpHttpSource implements Source {
  readonly name = 'otlp_http'
  readonly queue: RecordQueue
  /** Answers by status code. */
  readonly responses = new Map<number, number>()
  readonly #settings: OtlpHttpSettings
  readonly #check: TracesCheck
  #server: FastifyInstance | null = null
  #offset = FIRST_OFFSET
  #receiving = 0
  #draining = false

  constructor(settings: OtlpHttpSettings) {
    this.#settings = settings
    this.queue = new RecordQueue(settings.queueRecords, settings.queueBytes)
    this.#check = new TracesCheck(settings.ignoreServices, settings.categories)
  }

  /** Base address once started, e.g. `http://127.0.0.1:4318`; empty before. */
  get address(): string {
    const bound = this.#server?.server.address()
    if (bound === null || typeof bound !== 'object') return ''
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
    return `http://${host}:${bound.port}`
  }

  async start(): Promise<void> {
    const { host, port, maxBodyBytes } = this.#settings
    this.#server = buildServer(maxBodyBytes, {
      admit: () => this.#admit(),
      release: () => {
        this.#receiving--
      },
      accept: (request) => this.#accept(request),
      answered: (status) => this.responses.set(status, (this.responses.get(status) ?? 0) + 1),
    })
    try {
      await this.#server.listen({ host, port })
    } catch (error) {
      throw new Error(
        `OTLP/HTTP cannot listen on ${host}:${port} (${messageOf(error)}): ` +
          'choose input.otlp_http.port, or set input.otlp_http.enabled to false',
      )
    }
  }

  async poll(maxRecords: number, maxWaitMs: number): Promise<SourceBatch | null> {
    if (this.#draining && this.queue.length === 0) return null
    return { records: await this.queue.take(maxRecords, maxWaitMs), revoked: [] }
  }

  /** Nothing can be asked for again, so there is nothing to remember. */
  async commit(): Promise<void> {}

  /** Offsets go on from here, so that they never repeat over a restart. */
  async seek(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.#offset = offsets.get(OTLP_HTTP_PARTITION) ?? this.#offset
  }

  lag(): ReadonlyMap<string, SourceLag> {
    return new Map([[OTLP_HTTP_PARTITION, { records: this.queue.length }]])
  }

  async drain(): Promise<void> {
    await this.#server?.close()
    this.#draining = true
    this.queue.wake()
  }

  async stop(): Promise<void> {
    await this.drain()
  }

  /** Counts a request in, or refuses it before its body is read. */
  #admit(): void {
    if (this.#receiving >= this.#settings.maxRequests || !this.queue.hasRoom(1)) throw busy()
    this.#receiving++
  }

  async #accept(request: FastifyRequest): Promise<Uint8Array> {
    const encoding = encodingOf(request)
    if (encoding === null) throw unsupportedType(request)
    const body = await this.#decompressed(request)
    let checked: CheckedTraces
    try {
      checked = this.#check.check(body, encoding)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      throw new Refusal(400, RPC_CODES.invalidArgument, `not an OTLP traces body: ${error.message}`)
    }
    if (!this.queue.hasRoom(body.byteLength)) throw busy()
    if (body.byteLength > 0) {
      const [partition, offset] = [OTLP_HTTP_PARTITION, this.#offset++]
      this.queue.push({ partition, offset, encoding, body, timestampMs: 0, keyed: false })
    }
    return exportResponse(encoding, ...this.#rejected(checked))
  }

  /** How many spans the detector will leave out, and why. */
  #rejected({ notWatched, rejected }: CheckedTraces): [spans: number, why: string] {
    const why: string[] = []
    if (rejected !== null) {
      const { spans, reason, position, service } = rejected
      const first = position < 0 ? reason : `${reason} at byte ${position}`
      const of = service === '' ? '' : ` of ${service}`
      why.push(`${spans} no good, the first${of}: ${first}`)
    }
    if (notWatched > 0)
      why.push(`not watched: spans of ${this.#settings.ignoreServices.join(', ')}`)
    return [notWatched + (rejected?.spans ?? 0), why.join('; ')]
  }

  async #decompressed(request: FastifyRequest): Promise<Uint8Array> {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
    const coding = request.headers['content-encoding']?.toLowerCase() ?? 'identity'
    if (coding === 'identity' || coding === '') return body
    if (!Object.hasOwn(CONTENT_CODINGS, coding)) {
      throw new Refusal(415, RPC_CODES.invalidArgument, `content encoding ${coding} is not known`)
    }
    try {
      return await decompress(coding, body, this.#settings.maxBodyBytes)
    } catch (error) {
      if (error instanceof TooLarge) throw tooLarge(this.#settings.maxBodyBytes)
      throw new Refusal(400, RPC_CODES.invalidArgument, `damaged ${coding}: ${messageOf(error)}`)
    }
  }
}

interface Receiver {
  /** @throws Refusal */
  readonly admit: () => void
  readonly release: () => void
  /** Resolves to the body of the answer. @throws Refusal */
  readonly accept: (request: FastifyRequest) => Promise<Uint8Array>
  readonly answered: (status: number) => void
}

function buildServer(maxBodyBytes: number, receiver: Receiver): FastifyInstance {
  const server = fastify({ bodyLimit: maxBodyBytes, forceCloseConnections: 'idle' })
  server.removeAllContentTypeParsers()
  const types = Object.values(CONTENT_TYPES)
  server.addContentTypeParser(types, { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  server.addHook('onResponse', async (_, reply) => receiver.answered(reply.statusCode))
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, code, message } = refusalOf(error, request, maxBodyBytes)
    answer(request, reply.code(status), code, message)
  })
  server.route({
    method: 'POST',
    url: '/v1/traces',
    onRequest: async (_, reply) => {
      receiver.admit()
      // Comes once for every response, sent or not: also when the sender hangs up halfway.
      reply.raw.once('close', receiver.release)
    },
    handler: async (request, reply) => {
      const body = await receiver.accept(request)
      return reply.type(CONTENT_TYPES[encodingOf(request) ?? 'otlp_proto']).send(Buffer.from(body))
    },
  })
  server.get('/v1/traces', async (request, reply) => {
    reply.code(405).header('allow', 'POST')
    return answer(request, reply, RPC_CODES.unimplemented, 'traces are sent with POST')
  })
  server.setNotFoundHandler(async (request, reply) => {
    const signal = /^\/v1\/(logs|metrics)$/.exec(request.url)?.[1]
    const message =
      signal === undefined
        ? 'medoscope takes POST /v1/traces here'
        : `medoscope does not take ${signal}: send only traces to it, POST /v1/traces`
    return answer(request, reply.code(404), RPC_CODES.notFound, message)
  })
  return server
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  code: number,
  message: string,
): FastifyReply {
  const encoding = encodingOf(request) ?? 'otlp_json'
  if (reply.statusCode === 429) reply.header('retry-after', RETRY_AFTER_SECONDS)
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

function tooLarge(maxBodyBytes: number): Refusal {
  const message = `the body is larger than ${maxBodyBytes} bytes (input.otlp_http.max_body_size)`
  return new Refusal(413, RPC_CODES.invalidArgument, message)
}

function unsupportedType(request: FastifyRequest): Refusal {
  const type = request.headers['content-type'] ?? 'none'
  const wanted = Object.values(CONTENT_TYPES).join(' or ')
  return new Refusal(415, RPC_CODES.invalidArgument, `content type ${type}: send ${wanted}`)
}

function busy(): Refusal {
  return new Refusal(429, RPC_CODES.resourceExhausted, 'the queue is full: send it again later')
}

function encodingOf(request: FastifyRequest): Encoding | null {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === CONTENT_TYPES.otlp_proto) return 'otlp_proto'
  return type === CONTENT_TYPES.otlp_json ? 'otlp_json' : null
}
