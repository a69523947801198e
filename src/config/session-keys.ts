/** A regular expression between slashes. */
const PATTERN = /^\/(.+)\/$/s

/** Whether a text is the key of an attribute, or a regular expression with a group. */
export function isSessionKey(text: string): boolean {
  if (text === '') return false
  const inner = PATTERN.exec(text)?.[1]
  if (inner === undefined) return true
  try {
    // Something that matches always tells how many groups there are.
    return (new RegExp(`${inner}|`, 'u').exec('')?.length ?? 0) > 1
  } catch {
    return false
  }
}

/** The attributes' keys and the regular expressions of a list that was checked. */
export function sessionKeys(texts: readonly string[]): { keys: string[]; patterns: RegExp[] } {
  const keys: string[] = []
  const patterns: RegExp[] = []
  for (const text of texts) {
    const inner = PATTERN.exec(text)?.[1]
    if (inner === undefined) keys.push(text)
    else patterns.push(new RegExp(inner, 'u'))
  }
  return { keys, patterns }
}
