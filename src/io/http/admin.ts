import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { messageOf } from '../telemetry/log.ts'
import { SECURITY } from './replies.ts'

export interface AdminSettings {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Empty: nothing that changes state can be done. */
  readonly token: string
  /** Names by which it may be asked for, beside addresses, names without dots and this machine's own. */
  readonly hosts: readonly string[]
}

export interface Health {
  readonly ok: boolean
  readonly [detail: string]: unknown
}

/** What the admin server tells; each is asked at the time of the request. */
export interface AdminSubjects {
  /** OpenMetrics where asked for, else Prometheus' text format. */
  readonly metrics: (openMetrics: boolean) => Promise<string>
  /** Whether the loop is alive: an orchestrator restarts what is not. */
  readonly health: () => Health
  /** Whether it does its work: input is read and output arrives. Learning counts as ready. */
  readonly readiness: () => Health
  readonly status: () => object
}

/** Adds routes of others (the API of anomaly clusters, the pages) to the server before it listens. */
export type AdminRoutes = (server: FastifyInstance) => void

/** A request that takes longer to come is cut off, ms. */
const REQUEST_MS = 10_000

/** Metrics, health and status over HTTP, on loopback unless told otherwise. */
export class AdminServer {
  readonly #settings: AdminSettings
  readonly #server: FastifyInstance

  constructor(
    settings: AdminSettings,
    subjects: AdminSubjects,
    routes: AdminRoutes = () => undefined,
  ) {
    this.#settings = settings
    this.#server = fastify({
      forceCloseConnections: true,
      bodyLimit: 64 * 1024,
      requestTimeout: REQUEST_MS,
      http: { headersTimeout: REQUEST_MS },
    })
    secure(this.#server)
    checkHost(this.#server, settings.hosts)
    addRoutes(this.#server, subjects)
    routes(this.#server)
  }

  /** Base address once started; empty before. */
  get address(): string {
    const bound = this.#server.server.address()
    if (bound === null || typeof bound !== 'object') return ''
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
    return `http://${host}:${bound.port}`
  }

  async start(): Promise<void> {
    const { host, port } = this.#settings
    try {
      await this.#server.listen({ host, port })
    } catch (error) {
      throw new Error(
        `the admin server cannot listen on ${host}:${port} (${messageOf(error)}): ` +
          'choose admin.port, or set admin.enabled to false',
      )
    }
  }

  /** Safe before the start and when called twice. */
  async stop(): Promise<void> {
    await this.#server.close()
  }
}

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const PLAIN_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** On every answer, whatever it is: what is refused and what is not found have them too. */
function secure(server: FastifyInstance): void {
  server.addHook('onRequest', async (_, reply) => void reply.headers(SECURITY))
}

/**
 * Refuses requests for a host that this is not: a page elsewhere can make its own name resolve to this
 * address, and would then be let in by the browser as if it were ours. Names without a dot, addresses
 * and what ends in a suffix that nobody can register are never such a page's.
 */
function checkHost(server: FastifyInstance, hosts: readonly string[]): void {
  const ours = new Set([...hosts, hostname()].map((host) => host.toLowerCase()))
  server.addHook('onRequest', async (request, reply) => {
    const name = hostOf(request.headers.host ?? '')
    if (name === '' || isNobodysName(name) || ours.has(name)) return undefined
    const error = `this is not ${JSON.stringify(name)}: name it in admin.hosts or admin.external_url`
    return json(reply.code(421), { error })
  })
}

/** Without the port, in lower case. */
function hostOf(header: string): string {
  return header.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
}

function isNobodysName(name: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '')
  return (
    isIP(bare) !== 0 || !name.includes('.') || /\.(localhost|local|internal|svc|test)$/.test(name)
  )
}

function addRoutes(server: FastifyInstance, subjects: AdminSubjects): void {
  server.get('/metrics', async (request, reply) => {
    const wanted = (request.headers.accept ?? '').includes('application/openmetrics-text')
    const text = await subjects.metrics(wanted)
    return reply.type(text.endsWith('# EOF\n') ? OPEN_METRICS : PLAIN_TEXT).send(text)
  })
  server.get('/healthz', async (_, reply) => verdict(reply, subjects.health()))
  server.get('/readyz', async (_, reply) => verdict(reply, subjects.readiness()))
  server.get('/api/v1/status', async (_, reply) => json(reply, subjects.status()))
}

function verdict(reply: FastifyReply, health: Health): FastifyReply {
  return json(reply.code(health.ok ? 200 : 503), health)
}

/** Offsets are bigints and become texts. */
function json(reply: FastifyReply, value: object): FastifyReply {
  const text = JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each))
  return reply.type('application/json').send(text)
}

/**
 * A `preHandler` for routes that change state: the admin token as bearer, compared in constant time.
 * Without a configured token nothing can be changed.
 */
export function requireToken(
  token: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  return async (request, reply) => {
    if (token === '') {
      return json(reply.code(403), { error: 'nothing can be changed: admin.token is not set' })
    }
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (isToken(given, token)) return undefined
    reply.code(401).header('www-authenticate', 'Bearer')
    return json(reply, { error: 'this needs the admin token: Authorization: Bearer …' })
  }
}

/** In constant time. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
