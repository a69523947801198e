import { setTimeout as delay } from 'node:timers/promises'

/** Longest wait for what takes seconds on a quiet machine and may take minutes on a busy one. */
const PATIENCE_S = 400

/**
 * Looks every half second until there is something (not null, undefined or false) and resolves to it.
 * A look that fails, as one does whose program is too busy to answer, found nothing.
 * @param seen what was there instead, for the error after `PATIENCE_S`
 */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  seen: () => Promise<unknown> | unknown,
): Promise<NonNullable<T>> {
  const end = Date.now() + PATIENCE_S * 1000
  let failure = ''
  while (Date.now() < end) {
    try {
      const found = await look()
      if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>
      failure = ''
    } catch (error) {
      failure = ` (${String(error)})`
    }
    await delay(500)
  }
  const instead = await Promise.resolve()
    .then(seen)
    .catch((error: unknown) => String(error))
  throw new Error(`${what}: not within ${PATIENCE_S} s${failure}. Seen: ${JSON.stringify(instead)}`)
}
