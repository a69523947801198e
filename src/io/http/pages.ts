import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AnomalyCluster } from '../../contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../../contract/cluster-detail.ts'
import type { Answer } from '../../contract/signature.ts'
import type { Notice } from '../../ui/cluster-actions.ts'
import { type ClusterView, clusterPage, NO_LINKS, type PageLinks } from '../../ui/cluster-page.ts'
import { clustersPage, type LearningState } from '../../ui/clusters-page.ts'
import { html } from '../../ui/html.ts'
import { page } from '../../ui/page.ts'
import type { ClusterStore } from '../cluster-store.ts'
import { messageOf } from '../telemetry/log.ts'
import { isToken } from './admin.ts'
import { SECURITY } from './security-headers.ts'

/**
 * A person accepts a cluster, and may say why, who and until when; resolves once that is durable, to
 * false where there is no such cluster.
 */
type Accept = (id: string, said: Answer) => Promise<boolean>

export interface PageRoutes {
  readonly store: ClusterStore
  /** How far the detector is, for the home page. */
  readonly learning: () => LearningState
  /** What there is to see of a cluster beside what is published of it. */
  readonly detail?: (id: string) => ClusterDetail | null
  /** Where traces open; none unless configured. */
  readonly links?: PageLinks
  /** Null: not offered. */
  readonly accept?: Accept | null
  /** What changing anything needs; empty: nothing can be changed. */
  readonly token?: string
}

/** Clusters of the same place that the page of one names. */
const MOST_BEFORE = 8

const FORM = 'application/x-www-form-urlencoded'

/**
 * Adds what people look at: `GET /` and `GET /clusters/{id}`, and `POST /clusters/{id}/accept` with what
 * the form of that page holds, the admin token among it. A browser sends no token by itself, so no page
 * elsewhere can have it do anything.
 */
export function registerPages(server: FastifyInstance, routes: PageRoutes): void {
  const { store, learning } = routes
  server.get('/', (_, reply) => {
    const all = [...store.open(), ...store.past()]
    return markup(
      reply,
      clustersPage(all, learning(), (cluster) => store.severity(cluster)),
    )
  })
  server.get<{ Params: { id: string }; Querystring: { done?: string } }>(
    '/clusters/:id',
    (request, reply) => {
      const cluster = store.get(request.params.id)
      if (!cluster) return markup(reply.code(404), missingPage(request.params.id))
      const isAccepted = request.query.done === 'accepted' && cluster.state === 'accepted'
      const notice: Notice | null = isAccepted ? { outcome: 'done', text: 'Accepted.' } : null
      return markup(reply, clusterPage(cluster, viewOf(cluster, routes, { notice })))
    },
  )
  server.addContentTypeParser(FORM, { parseAs: 'string' }, (_, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
  registerAcceptForm(server, routes)
}

function registerAcceptForm(server: FastifyInstance, routes: PageRoutes): void {
  const { store, accept = null, token = '' } = routes
  server.post<{ Params: { id: string }; Body: unknown }>(
    '/clusters/:id/accept',
    async (request, reply) => {
      const { id } = request.params
      const cluster = store.get(id)
      if (!cluster) return markup(reply.code(404), missingPage(id))
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const reason = (form.get('reason') ?? '').trim()
      const refuse = (status: number, text: string): FastifyReply => {
        const notice: Notice = { outcome: 'refused', text: `Not accepted: ${text}.` }
        const view = viewOf(cluster, routes, { notice, reason })
        return markup(reply.code(status), clusterPage(cluster, view))
      }
      if (accept === null || token === '') return refuse(403, 'admin.token is not set')
      if (!isToken(form.get('token') ?? '', token))
        return refuse(401, 'that is not the admin token')
      if (reason === '') return refuse(400, 'say why it is fine')
      try {
        if (!(await accept(cluster.id, { reason }))) return refuse(409, 'it is accepted already')
      } catch (error) {
        return refuse(503, messageOf(error))
      }
      const address = `/clusters/${encodeURIComponent(cluster.id)}?done=accepted`
      return reply.headers(SECURITY).redirect(address, 303)
    },
  )
}

function viewOf(
  cluster: AnomalyCluster,
  routes: PageRoutes,
  more: Partial<ClusterView>,
): Partial<ClusterView> {
  const { store, detail = () => null, links = NO_LINKS, accept = null, token = '' } = routes
  const { id, place, term } = cluster
  return {
    links,
    severity: store.severity(cluster),
    detail: detail(id),
    before: [...store.open(), ...store.past()]
      .filter((one) => one.id !== id && one.place === place && one.term === term)
      .filter((one) => one.firstMs <= cluster.firstMs)
      .slice(0, MOST_BEFORE),
    canChange: accept !== null && token !== '',
    ...more,
  }
}

function missingPage(id: string): string {
  return page(
    'No such cluster',
    html`<h1>No anomaly cluster ${id}</h1><p>Only the most recent ones are kept. <a href="/">All that there are</a>.</p>`,
  )
}

function markup(reply: FastifyReply, text: string): FastifyReply {
  return reply.headers(SECURITY).type('text/html; charset=utf-8').send(text)
}
