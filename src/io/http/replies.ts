import type { FastifyReply } from 'fastify'

/** The pages hold no script and load nothing: nothing is allowed but their own style and forms to ourselves. */
export const SECURITY = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
} as const

/** Characters of a text that a person gives. */
export const MOST_TEXT = 2000

export function json(reply: FastifyReply, value: object): FastifyReply {
  return reply.headers(SECURITY).type('application/json').send(JSON.stringify(value))
}

export function markup(reply: FastifyReply, text: string): FastifyReply {
  return reply.headers(SECURITY).type('text/html; charset=utf-8').send(text)
}
