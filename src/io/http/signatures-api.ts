import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Acceptance, Signature } from '../../contract/signature.ts'
import { messageOf } from '../telemetry/log.ts'
import { requireToken } from './admin.ts'
import { type ClusterChanges, wordsIn } from './cluster-changes.ts'
import { json } from './replies.ts'

export interface SignatureRoutes {
  readonly signatures: () => readonly Signature[]
  readonly acceptances: () => readonly Acceptance[]
  readonly changes: ClusterChanges
  readonly token: string
}

/**
 * Adds what people read and say about what keeps coming back:
 * - `GET /api/v1/signatures` and `GET /api/v1/signatures/{id}`;
 * - `POST /api/v1/signatures/{id}` with the admin token and `{"name", "note", "runbook"}` or parts of it:
 *   both come with the next alert of it;
 * - `GET /api/v1/acceptances`: what was accepted, by whom, why and until when;
 * - `POST /api/v1/anomaly-clusters/{id}/unaccept` with the admin token: takes that back.
 */
export function registerSignatureRoutes(server: FastifyInstance, routes: SignatureRoutes): void {
  const { signatures, acceptances, changes, token } = routes
  const preHandler = requireToken(token)
  server.get('/api/v1/signatures', (_, reply) => json(reply, { signatures: signatures() }))
  server.get('/api/v1/acceptances', (_, reply) => json(reply, { acceptances: acceptances() }))
  server.get<{ Params: { id: string } }>('/api/v1/signatures/:id', (request, reply) => {
    const found = signatures().find(({ id }) => id === request.params.id)
    return found ? json(reply, found) : json(reply.code(404), { error: NO_SIGNATURE })
  })
  server.post<{ Params: { id: string }; Body: unknown }>(
    '/api/v1/signatures/:id',
    { preHandler },
    async (request, reply) => {
      const { id } = request.params
      const words = wordsIn(request.body)
      if (typeof words === 'string') return json(reply.code(400), { error: words })
      return changed(reply, changes.describe(id, words), { id, ...words }, NO_SIGNATURE)
    },
  )
  server.post<{ Params: { id: string } }>(
    '/api/v1/anomaly-clusters/:id/unaccept',
    { preHandler },
    async (request, reply) => {
      const { id } = request.params
      const done = { id, accepted: false }
      return changed(reply, changes.unaccept(id), done, 'that anomaly cluster is not accepted')
    },
  )
}

const NO_SIGNATURE = 'no such signature (any more)'

async function changed(
  reply: FastifyReply,
  change: Promise<boolean>,
  done: object,
  missing: string,
): Promise<FastifyReply> {
  try {
    return (await change) ? json(reply, done) : json(reply.code(404), { error: missing })
  } catch (error) {
    return json(reply.code(503), { error: `not done: ${messageOf(error)}` })
  }
}
