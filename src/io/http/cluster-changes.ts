import type { Answer, SignatureWords } from '../../contract/signature.ts'
import { MOST_TEXT } from './replies.ts'

/** What people may change; each resolves once it is durable, to false where there is no such thing. */
export interface ClusterChanges {
  readonly accept: (cluster: string, said: Answer) => Promise<boolean>
  readonly unaccept: (cluster: string) => Promise<boolean>
  readonly describe: (signature: string, words: Partial<SignatureWords>) => Promise<boolean>
}

const WORDS = ['name', 'note', 'runbook'] as const

/** What a person says of a signature; what is wrong with it where it is not that. */
export function wordsIn(body: unknown): Partial<SignatureWords> | string {
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
