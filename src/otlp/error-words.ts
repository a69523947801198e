/** Errors that mean that nobody answered, by how they are called, in the words of people. The first counts. */
const UNANSWERED: readonly (readonly [RegExp, string])[] = [
  [/refused/i, 'connection refused'],
  [/reset|epipe|broken.?pipe|hang.?up|remote.?disconnected|disconnect/i, 'connection lost'],
  [/notfound|eai_again|getaddrinfo|gaierror|unknown.?host|name.?resolution/i, 'unknown host'],
  [/unreach/i, 'unreachable'],
  [/time.?d?.?out|timeout|deadline|aborterror/i, 'timeout'],
  [/unavailable/i, 'unavailable'],
  [/connection.?error|connect.?error|newconnection|max.?retries/i, 'no connection'],
]

/** Says of an error's name or message what it means for a call: that nobody answered, and why; else ''. */
export function unansweredWords(text: string): string {
  return UNANSWERED.find(([pattern]) => pattern.test(text))?.[1] ?? ''
}

/** Where in a status message such words are looked for: its beginning. */
const MOST_LETTERS = 512

/** The same of the message of a status. */
export function unansweredMessage(text: string): string {
  return unansweredWords(text.slice(0, MOST_LETTERS))
}

/** ... in UTF-8, of which only ASCII counts. */
export function unansweredBytes(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  const stop = Math.min(end, start + MOST_LETTERS)
  for (let i = start; i < stop; i++) text += bytes[i]! < 0x80 ? String.fromCharCode(bytes[i]!) : ' '
  return unansweredWords(text)
}
