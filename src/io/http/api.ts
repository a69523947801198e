import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AnomalyCluster } from '../../contract/anomaly-cluster.ts'
import { clusterPage, NO_LINKS, type PageLinks } from '../../ui/cluster-page.ts'
import { clustersPage, type LearningState } from '../../ui/clusters-page.ts'
import { html } from '../../ui/html.ts'
import { page } from '../../ui/page.ts'
import type { ClusterStore } from '../cluster-store.ts'
import { messageOf } from '../telemetry/log.ts'
import { requireToken } from './admin.ts'
import { evidenceDocument } from './evidence-otlp.ts'

export interface ClusterRoutes {
  readonly store: ClusterStore
  /** How far the detector is, for the home page. */
  readonly learning: () => LearningState
  /** What is judged of the recent traffic and what is not, as JSON. */
  readonly coverage: () => object
  /** Where traces open; none unless configured. */
  readonly links?: PageLinks
  /**
   * A person accepts a cluster, and may say why; resolves once that is durable, to false where no such
   * cluster is open. Null: not offered.
   */
  readonly accept?: ((id: string, reason: string) => Promise<boolean>) | null
  /** What changing anything needs; empty: nothing can be changed. */
  readonly token?: string
  /** Folder of the runbooks that alerts link to; not served where it is null. */
  readonly runbooks?: string | null
}

/** The pages hold no script and load nothing, so nothing is allowed but their own style. */
const SECURITY = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
} as const

const RUNBOOK = /^[a-z][a-z-]{0,60}\.md$/

/**
 * Adds what people read about anomaly clusters:
 * - `GET /api/v1/anomaly-clusters[?state=open|past]`: all of them without their traces, open ones first;
 * - `GET /api/v1/anomaly-clusters/{id}`: one with both traces, as evidence and as OTLP JSON documents;
 * - `POST /api/v1/anomaly-clusters/{id}/accept`, with the admin token and perhaps `{"reason": "…"}`: what
 *   it is about is fine, and becomes normal;
 * - `GET /api/v1/coverage`: how much of the recent traffic was judged, by entry operation;
 * - `GET /` and `GET /clusters/{id}`: the same as pages;
 * - `GET /runbooks/{name}.md`: what an alert's `runbook_url` opens.
 */
export function registerClusterRoutes(server: FastifyInstance, routes: ClusterRoutes): void {
  const { store, learning, links = NO_LINKS, runbooks = null } = routes
  registerAccept(server, routes)
  const all = (): AnomalyCluster[] => [...store.open(), ...store.past()]
  server.get<{ Querystring: { state?: string } }>('/api/v1/anomaly-clusters', (request, reply) => {
    const state = request.query.state ?? 'all'
    const chosen = { all, open: () => store.open(), past: () => store.past() }[state]
    if (!chosen) return json(reply.code(400), { error: 'state is open, past, or left out' })
    return json(reply, { clusters: chosen().map((cluster) => listed(cluster, store)) })
  })
  server.get<{ Params: { id: string } }>('/api/v1/anomaly-clusters/:id', (request, reply) => {
    const cluster = store.get(request.params.id)
    if (!cluster) return json(reply.code(404), { error: 'no such anomaly cluster (any more)' })
    return json(reply, whole(cluster, store))
  })
  server.get('/api/v1/coverage', (_, reply) => json(reply, routes.coverage()))
  server.get('/', (_, reply) => markup(reply, clustersPage(all(), learning())))
  server.get<{ Params: { id: string } }>('/clusters/:id', (request, reply) => {
    const cluster = store.get(request.params.id)
    if (cluster) return markup(reply, clusterPage(cluster, links))
    return markup(reply.code(404), missingPage(request.params.id))
  })
  server.get<{ Params: { name: string } }>('/runbooks/:name', async (request, reply) => {
    const { name } = request.params
    const text = runbooks !== null && RUNBOOK.test(name) ? await textOf(join(runbooks, name)) : null
    if (text === null) return json(reply.code(404), { error: 'no such runbook' })
    return reply.headers(SECURITY).type('text/plain; charset=utf-8').send(text)
  })
}

function registerAccept(server: FastifyInstance, routes: ClusterRoutes): void {
  const { store, accept = null, token = '' } = routes
  if (accept === null) return
  server.post<{ Params: { id: string }; Body: unknown }>(
    '/api/v1/anomaly-clusters/:id/accept',
    { preHandler: requireToken(token) },
    async (request, reply) => {
      const { id } = request.params
      const reason = reasonIn(request.body)
      if (reason === null) return json(reply.code(400), { error: 'the body is {"reason": "text"}' })
      try {
        if (await accept(id, reason)) return json(reply, { id, state: 'accepted' })
      } catch (error) {
        return json(reply.code(503), { error: `not accepted: ${messageOf(error)}` })
      }
      const known = store.get(id) !== null
      const error = known
        ? 'that anomaly cluster is not open'
        : 'no such anomaly cluster (any more)'
      return json(reply.code(known ? 409 : 404), { error })
    },
  )
}

/** '' without a body or a reason in it; null where that is not what was sent. */
function reasonIn(body: unknown): string | null {
  if (body === undefined || body === null) return ''
  if (typeof body !== 'object' || Array.isArray(body)) return null
  const { reason = '' } = body as { reason?: unknown }
  return typeof reason === 'string' ? reason : null
}

/** What a list says of a cluster: everything but the spans. */
function listed(cluster: AnomalyCluster, store: ClusterStore): object {
  const { representative, nearestNormal, ...rest } = cluster
  return {
    ...rest,
    severity: store.severity(cluster),
    representativeTraceId: representative?.traceId ?? null,
    nearestNormalTraceId: nearestNormal?.traceId ?? null,
    page: `/clusters/${encodeURIComponent(cluster.id)}`,
  }
}

function whole(cluster: AnomalyCluster, store: ClusterStore): object {
  const { representative, nearestNormal } = cluster
  return {
    ...listed(cluster, store),
    representative,
    nearestNormal,
    representativeOtlp: representative && evidenceDocument(representative),
    nearestNormalOtlp: nearestNormal && evidenceDocument(nearestNormal),
  }
}

function missingPage(id: string): string {
  return page(
    'No such cluster',
    html`<h1>No anomaly cluster ${id}</h1><p>Only the most recent ones are kept. <a href="/">All that there are</a>.</p>`,
  )
}

function json(reply: FastifyReply, value: object): FastifyReply {
  return reply.headers(SECURITY).type('application/json').send(JSON.stringify(value))
}

function markup(reply: FastifyReply, text: string): FastifyReply {
  return reply.headers(SECURITY).type('text/html; charset=utf-8').send(text)
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return null
  }
}
