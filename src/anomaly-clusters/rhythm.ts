import { CONSTANTS } from '../baseline/constants.ts'

const DAY_MS = 86_400_000

/** The typical time between things that began at these times, ascending, and whether it is a day or a week. */
export function rhythmOf(startsMs: readonly number[]): {
  readonly everyMs: number | null
  readonly rhythm: 'daily' | 'weekly' | null
} {
  if (startsMs.length < 3) return { everyMs: null, rhythm: null }
  const gaps = startsMs.slice(1).map((startMs, i) => startMs - (startsMs[i] as number))
  gaps.sort((a, b) => a - b)
  const everyMs = gaps[Math.floor(gaps.length / 2)] as number
  const isEvery = (period: number): boolean => Math.abs(everyMs / period - 1) <= CONSTANTS.few
  return { everyMs, rhythm: isEvery(DAY_MS) ? 'daily' : isEvery(7 * DAY_MS) ? 'weekly' : null }
}
