import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AnomalyCluster } from '../detect/anomaly-cluster.ts'
import { clusterPage, NO_LINKS, type PageLinks } from '../ui/cluster-page.ts'
import { clustersPage, type WatchState } from '../ui/clusters-page.ts'
import { html } from '../ui/html.ts'
import { page } from '../ui/page.ts'
import type { ClusterStore } from './cluster-store.ts'
import { evidenceDocument } from './evidence-otlp.ts'

export interface ClusterRoutes {
  readonly store: ClusterStore
  /** How far the detector is, for the home page. */
  readonly watch: () => WatchState
  /** Where traces open; none unless configured. */
  readonly links?: PageLinks
  /** Folder of the runbooks that alerts link to; not served where it is null. */
  readonly runbooks?: string | null
}

/** The pages hold no script and load nothing, so nothing is allowed but their own style. */
const SECURITY = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

const RUNBOOK = /^[a-z][a-z-]{0,60}\.md$/

/**
 * Adds what people read about anomaly clusters:
 * - `GET /api/v1/anomaly-clusters[?state=open|past]`: all of them without their traces, open ones first;
 * - `GET /api/v1/anomaly-clusters/{id}`: one with both traces, as evidence and as OTLP JSON documents;
 * - `GET /` and `GET /clusters/{id}`: the same as pages;
 * - `GET /runbooks/{name}.md`: what an alert's `runbook_url` opens.
 */
export function registerClusterRoutes(server: FastifyInstance, routes: ClusterRoutes): void {
  const { store, watch, links = NO_LINKS, runbooks = null } = routes
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
  server.get('/', (_, reply) => markup(reply, clustersPage(all(), watch())))
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
