import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { AnomalyCluster } from '../../contract/anomaly-cluster.ts'
import type { Answer } from '../../contract/signature.ts'
import { messageOf } from '../telemetry/log.ts'
import { requireToken } from './admin.ts'
import { evidenceDocument } from './evidence-otlp.ts'
import { type PageRoutes, registerPages } from './pages.ts'
import { json, MOST_TEXT, SECURITY } from './replies.ts'

export interface ClusterRoutes extends PageRoutes {
  /** What is judged of the recent traffic and what is not, as JSON. */
  readonly coverage: () => object
  /** Folder of the runbooks that alerts link to; not served where it is null. */
  readonly runbooks?: string | null
}

const RUNBOOK = /^[a-z][a-z-]{0,60}\.md$/

/**
 * Adds what people read about anomaly clusters:
 * - `GET /api/v1/anomaly-clusters[?state=open|past]`: all of them without their traces, open ones first;
 * - `GET /api/v1/anomaly-clusters/{id}`: one with both traces, as evidence and as OTLP JSON documents;
 * - `POST /api/v1/anomaly-clusters/{id}/accept`, with the admin token and perhaps `{"reason": "…", "by":
 *   "…", "until": "2026-12-31T00:00:00Z"}`: what it is about is fine, and becomes normal;
 * - `GET /api/v1/coverage`: how much of the recent traffic was judged, by entry operation, and whose
 *   spans and logs were missed;
 * - the same as pages: see `registerPages`;
 * - `GET /runbooks/{name}.md`: what an alert's `runbook_url` opens.
 */
export function registerClusterRoutes(server: FastifyInstance, routes: ClusterRoutes): void {
  const { store, runbooks = null } = routes
  registerAccept(server, routes)
  registerPages(server, routes)
  const all = (): AnomalyCluster[] => [...store.open(), ...store.past()]
  server.get<{ Querystring: { state?: string } }>('/api/v1/anomaly-clusters', (request, reply) => {
    const state = request.query.state ?? 'all'
    const chosen = { all, open: () => store.open(), past: () => store.past() }[state]
    if (!chosen) return json(reply.code(400), { error: 'state is open, past, or left out' })
    return json(reply, { clusters: chosen().map(listed) })
  })
  server.get<{ Params: { id: string } }>('/api/v1/anomaly-clusters/:id', (request, reply) => {
    const cluster = store.get(request.params.id)
    if (!cluster) return json(reply.code(404), { error: 'no such anomaly cluster (any more)' })
    return json(reply, whole(cluster))
  })
  server.get('/api/v1/coverage', (_, reply) => json(reply, routes.coverage()))
  server.get<{ Params: { name: string } }>('/runbooks/:name', async (request, reply) => {
    const { name } = request.params
    const text = runbooks !== null && RUNBOOK.test(name) ? await textOf(join(runbooks, name)) : null
    if (text === null) return json(reply.code(404), { error: 'no such runbook' })
    return reply.headers(SECURITY).type('text/plain; charset=utf-8').send(text)
  })
}

function registerAccept(server: FastifyInstance, routes: ClusterRoutes): void {
  const { store, changes = null, token = '' } = routes
  if (changes === null) return
  server.post<{ Params: { id: string }; Body: unknown }>(
    '/api/v1/anomaly-clusters/:id/accept',
    { preHandler: requireToken(token) },
    async (request, reply) => {
      const { id } = request.params
      const said = answerIn(request.body)
      if (said === null) return json(reply.code(400), { error: ANSWER_FORM })
      try {
        if (await changes.accept(id, said)) return json(reply, { id, state: 'accepted' })
      } catch (error) {
        return json(reply.code(503), { error: `not accepted: ${messageOf(error)}` })
      }
      const known = store.get(id) !== null
      const error = known
        ? 'that anomaly cluster is accepted already, or part of another'
        : 'no such anomaly cluster (any more)'
      return json(reply.code(known ? 409 : 404), { error })
    },
  )
}

const ANSWER_FORM =
  'the body is {"reason": "text", "by": "text", "until": "ISO 8601 time"}, or parts of it'

/** What a person says beside accepting; null where that is not what was sent. */
function answerIn(body: unknown): Answer | null {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body)) return null
  const { reason = '', by = '', until } = body as Record<string, unknown>
  const untilMs = until === undefined ? undefined : Date.parse(String(until))
  if (typeof reason !== 'string' || typeof by !== 'string' || Number.isNaN(untilMs)) return null
  const said = { reason: reason.slice(0, MOST_TEXT), by: by.slice(0, MOST_TEXT) }
  return untilMs === undefined ? said : { ...said, untilMs }
}

/** What a list says of a cluster: everything but the spans. */
function listed(cluster: AnomalyCluster): object {
  const { representative, nearestNormal, ...rest } = cluster
  return {
    ...rest,
    representativeTraceId: representative?.traceId ?? null,
    nearestNormalTraceId: nearestNormal?.traceId ?? null,
    page: `/clusters/${encodeURIComponent(cluster.id)}`,
  }
}

function whole(cluster: AnomalyCluster): object {
  const { representative, nearestNormal } = cluster
  return {
    ...listed(cluster),
    representative,
    nearestNormal,
    representativeOtlp: representative && evidenceDocument(representative),
    nearestNormalOtlp: nearestNormal && evidenceDocument(nearestNormal),
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return null
  }
}
