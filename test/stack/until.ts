import { setTimeout as delay } from 'node:timers/promises'

/** Longest wait for what takes seconds on a quiet machine and may take minutes on a busy one. */
export const PATIENCE_S = 400

/**
 * Looks every half second until there is something (not null, undefined or false) and resolves to it.
 * @param seen what to say was there instead, for the error after `PATIENCE_S`
 */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  seen: () => Promise<unknown> | unknown,
): Promise<NonNullable<T>> {
  const end = Date.now() + PATIENCE_S * 1000
  while (Date.now() < end) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>
    await delay(500)
  }
  throw new Error(`${what}: not within ${PATIENCE_S} s. Seen: ${JSON.stringify(await seen())}`)
}
