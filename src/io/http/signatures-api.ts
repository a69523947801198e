import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Acceptance, Answer, Signature, SignatureWords } from '../../contract/signature.ts'
import { messageOf } from '../telemetry/log.ts'
import { requireToken } from './admin.ts'
import { json, MOST_TEXT } from './api.ts'

/** What people may change; each resolves once it is durable, to false where there is no such thing. */
export interface ClusterChanges {
  readonly accept: (cluster: string, said: Answer) => Promise<boolean>
  readonly unaccept: (cluster: string) => Promise<boolean>
  readonly describe: (signature: string, words: Partial<SignatureWords>) => Promise<boolean>
}

export interface SignatureRoutes {
  readonly signatures: () => readonly Signature[]
  readonly acceptances: () => readonly Acceptance[]
  readonly changes: ClusterChanges
  readonly token: string
}

const WORDS = ['name', 'note', 'runbook'] as const

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

/** What a person says of a signature; what is wrong with it where it is not that. */
function wordsIn(body: unknown): Partial<SignatureWords> | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return 'the body is {"name": "text", "note": "text", "runbook": "https://…"}, or parts of it'
  }
  const words: Partial<Record<(typeof WORDS)[number], string>> = {}
  for (const [key, value] of Object.entries(body)) {
    const word = WORDS.find((one) => one === key)
    if (!word) return `${JSON.stringify(key.slice(0, 40))} is none of ${WORDS.join(', ')}`
    if (typeof value !== 'string' || value.length > MOST_TEXT) {
      return `${word} is a text of at most ${MOST_TEXT} characters`
    }
    words[word] = value
  }
  const { runbook = '' } = words
  // It becomes a link: nothing but a web address may be behind it.
  if (runbook !== '' && !/^https?:\/\//.test(runbook))
    return 'runbook begins with http:// or https://'
  return words
}
