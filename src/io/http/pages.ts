import type { FastifyInstance, FastifyReply } from 'fastify'
import type { AnomalyCluster } from '../../contract/anomaly-cluster.ts'
import type { ClusterDetail } from '../../contract/cluster-detail.ts'
import type { Acceptance, Signature } from '../../contract/signature.ts'
import type { Notice } from '../../ui/cluster-actions.ts'
import { type ClusterView, clusterPage, NO_LINKS, type PageLinks } from '../../ui/cluster-page.ts'
import { clustersPage, type LearningState } from '../../ui/clusters-page.ts'
import { html } from '../../ui/html.ts'
import { knownPage } from '../../ui/known-page.ts'
import { page } from '../../ui/page.ts'
import type { ClusterStore } from '../cluster-store.ts'
import { messageOf } from '../telemetry/log.ts'
import { isToken } from './admin.ts'
import { type ClusterChanges, wordsIn } from './cluster-changes.ts'
import { MOST_TEXT, markup, SECURITY } from './replies.ts'

export interface PageRoutes {
  readonly store: ClusterStore
  /** How far the detector is, for the home page. */
  readonly learning: () => LearningState
  /** What there is to see of a cluster beside what is published of it. */
  readonly detail?: (id: string) => ClusterDetail | null
  readonly signatures?: () => readonly Signature[]
  readonly acceptances?: () => readonly Acceptance[]
  /** Where traces open; none unless configured. */
  readonly links?: PageLinks
  /** Null: nothing can be changed. */
  readonly changes?: ClusterChanges | null
  /** What changing anything needs; empty: nothing can be changed. */
  readonly token?: string
}

/** Clusters that the page of one names as being like it. */
const MOST_BEFORE = 8

const FORM = 'application/x-www-form-urlencoded'

/**
 * Adds what people look at: `GET /`, `GET /known` and `GET /clusters/{id}`, and what the forms of that page ask for,
 * `POST /clusters/{id}/{accept|unaccept|name}`, with the admin token among their fields. A browser sends
 * no token by itself, so no page elsewhere can have it do anything.
 */
export function registerPages(server: FastifyInstance, routes: PageRoutes): void {
  const { store, learning } = routes
  server.get('/', (_, reply) => {
    const all = [...store.open(), ...store.past()]
    return markup(reply, clustersPage(all, learning()))
  })
  server.get<{ Params: { id: string }; Querystring: { done?: string } }>(
    '/clusters/:id',
    (request, reply) => {
      const cluster = store.get(request.params.id)
      if (!cluster) return markup(reply.code(404), missingPage(request.params.id))
      const action = actionOf(request.query.done ?? '')
      const view = viewOf(cluster, routes)
      // An address says nothing that is not so.
      const notice: Notice | null = action?.holds(cluster, view)
        ? { outcome: 'done', text: action.done }
        : null
      return markup(reply, clusterPage(cluster, { ...view, notice }))
    },
  )
  server.get('/known', (_, reply) => {
    const { signatures, acceptances } = routes
    return markup(reply, knownPage(signatures?.() ?? [], acceptances?.() ?? []))
  })
  server.addContentTypeParser(FORM, { parseAs: 'string' }, (_, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
  registerForms(server, routes)
}

/** What was asked for is refused, and why. */
interface Refusal {
  readonly status: number
  readonly text: string
}

interface Action {
  /** What is said once it is done. */
  readonly done: string
  /** Whether it is as it says. */
  readonly holds: (cluster: AnomalyCluster, view: Partial<ClusterView>) => boolean
  /** What is said where there is nothing (any more) that it could be done to. */
  readonly missing: string
  /** Resolves once it is durable. */
  readonly change: (
    cluster: AnomalyCluster,
    field: (name: string) => string,
    changes: ClusterChanges,
  ) => Promise<boolean> | Refusal
}

/** What the forms ask for, by the end of their address. */
const ACTIONS: Readonly<Record<string, Action>> = {
  accept: {
    done: 'Accepted.',
    holds: ({ state }) => state === 'accepted',
    missing: 'it is accepted already',
    change: ({ id }, field, changes) => {
      const reason = field('reason')
      if (reason === '') return { status: 400, text: 'say why it is fine' }
      return changes.accept(id, { reason, by: field('by') })
    },
  },
  unaccept: {
    done: 'Taken back: it is not accepted any more.',
    holds: (_, { acceptance }) => acceptance === null,
    missing: 'it is not accepted',
    change: ({ id }, _, changes) => changes.unaccept(id),
  },
  name: {
    done: 'Saved.',
    holds: ({ signature }) => signature !== null,
    missing: 'nothing like it is remembered any more',
    change: ({ signature }, field, changes) => {
      const given = { name: field('name'), note: field('note'), runbook: field('runbook') }
      const words = wordsIn(given)
      if (typeof words === 'string') return { status: 400, text: words }
      return signature ? changes.describe(signature.id, words) : Promise.resolve(false)
    },
  },
}

function actionOf(name: string): Action | null {
  return Object.hasOwn(ACTIONS, name) ? (ACTIONS[name] ?? null) : null
}

function registerForms(server: FastifyInstance, routes: PageRoutes): void {
  const { store, changes = null, token = '' } = routes
  server.post<{ Params: { id: string; action: string }; Body: unknown }>(
    '/clusters/:id/:action',
    async (request, reply) => {
      const { id, action: name } = request.params
      const cluster = store.get(id)
      const action = actionOf(name)
      if (!cluster || !action) return markup(reply.code(404), missingPage(id))
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const field = (key: string): string => (form.get(key) ?? '').trim().slice(0, MOST_TEXT)
      const refuse = ({ status, text }: Refusal): FastifyReply => {
        const { token: _, ...written } = Object.fromEntries(form)
        const notice: Notice = { outcome: 'refused', text: `Not done: ${text}.` }
        const view = { ...viewOf(cluster, routes), notice, written }
        return markup(reply.code(status), clusterPage(cluster, view))
      }
      if (changes === null || token === '') {
        return refuse({ status: 403, text: 'admin.token is not set' })
      }
      if (!isToken(form.get('token') ?? '', token)) {
        return refuse({ status: 401, text: 'that is not the admin token' })
      }
      try {
        const answer = await action.change(cluster, field, changes)
        if (typeof answer !== 'boolean') return refuse(answer)
        if (!answer) return refuse({ status: 409, text: action.missing })
      } catch (error) {
        return refuse({ status: 503, text: messageOf(error) })
      }
      const address = `/clusters/${encodeURIComponent(cluster.id)}?done=${name}`
      return reply.headers(SECURITY).redirect(address, 303)
    },
  )
}

function viewOf(cluster: AnomalyCluster, routes: PageRoutes): Partial<ClusterView> {
  const { store, detail, links = NO_LINKS, changes = null, token = '' } = routes
  const { id } = cluster
  const signature = routes.signatures?.().find((one) => one.id === cluster.signature?.id) ?? null
  return {
    links,
    detail: detail?.(id) ?? null,
    signature,
    before: likeIt(cluster, store, signature),
    acceptance: routes.acceptances?.().findLast((one) => one.cluster === id) ?? null,
    canChange: changes !== null && token !== '',
  }
}

/** Clusters before one that are like it, or of the same place, the last one first. */
function likeIt(
  { id, place, term, firstMs }: AnomalyCluster,
  store: ClusterStore,
  signature: Signature | null,
): AnomalyCluster[] {
  return [...store.open(), ...store.past()]
    .filter((one) => one.id !== id && one.firstMs <= firstMs)
    .filter(
      (one) => signature?.clusters.includes(one.id) || (one.place === place && one.term === term),
    )
    .sort((a, b) => b.firstMs - a.firstMs || (a.id < b.id ? -1 : 1))
    .slice(0, MOST_BEFORE)
}

function missingPage(id: string): string {
  return page(
    'No such cluster',
    html`<h1>No anomaly cluster ${id}</h1><p>Only the most recent ones are kept. <a href="/">All that there are</a>.</p>`,
  )
}
