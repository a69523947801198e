import { SCALED_DURATION, SCALED_SELF, SCALED_STRIDE } from '../../profile/profile.ts'
import type { Alignment } from '../alignment.ts'
import type { FeatureTerm } from '../feature-term.ts'

/** Self time says where the time went; a duration blames every ancestor with it. */
const SELF_SHARE = 0.75
const DURATION_SHARE = 1 - SELF_SHARE

/**
 * Half the mean and half the maximum over shared elements of the difference in duration and self
 * time, each on its element's own scale. Over a fixed set of elements a convex combination of
 * clipped L1 and L-infinity: a metric.
 */
export const latency: FeatureTerm = {
  distance(alignment) {
    const { m, rows, shared } = alignment
    if (shared === 0) return 0
    let sum = 0
    let most = 0
    for (let j = 0; j < m.paths.length; j++) {
      if (rows[j]! < 0) continue
      const difference = elementDifference(alignment, j)
      sum += difference
      if (difference > most) most = difference
    }
    return 0.5 * (sum / shared) + 0.5 * most
  },
}

function elementDifference(alignment: Alignment, j: number): number {
  return (
    DURATION_SHARE * difference(alignment, j, SCALED_DURATION) +
    SELF_SHARE * difference(alignment, j, SCALED_SELF)
  )
}

function difference(alignment: Alignment, j: number, column: number): number {
  const row = alignment.rows[j]!
  const gap = Math.abs(
    alignment.x.scaled[row * SCALED_STRIDE + column]! -
      alignment.m.scaled[j * SCALED_STRIDE + column]!,
  )
  return gap < 1 ? gap : 1
}
