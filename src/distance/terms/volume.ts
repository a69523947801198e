import { COUNT, PROFILE_STRIDE } from '../../profile/profile.ts'
import type { Alignment } from '../alignment.ts'
import type { FeatureTerm } from '../feature-term.ts'

/** A factor of 16 in a count is as different as it gets. */
const LN_MOST = Math.log(16)

/**
 * How often each shared element occurs (fan-out, retries, loops): half the mean and half the
 * maximum of |ln count - ln count'| / ln 16, clipped at 1.
 */
export const volume: FeatureTerm = {
  distance(alignment) {
    const { m, rows, shared } = alignment
    if (shared === 0) return 0
    let sum = 0
    let most = 0
    for (let j = 0; j < m.paths.length; j++) {
      if (rows[j]! < 0) continue
      const gap = gapOf(alignment, j)
      sum += gap
      if (gap > most) most = gap
    }
    return 0.5 * (sum / shared) + 0.5 * most
  },
}

function gapOf({ x, m, rows }: Alignment, j: number): number {
  const count = x.values[rows[j]! * PROFILE_STRIDE + COUNT]!
  const normal = m.values[j * PROFILE_STRIDE + COUNT]!
  if (count === normal) return 0
  const gap = Math.abs(Math.log(count / normal)) / LN_MOST
  return gap < 1 ? gap : 1
}
