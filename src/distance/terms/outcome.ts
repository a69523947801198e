import { STATUS_ERROR } from '../../otlp/span-columns.ts'
import { COUNT, ERRORS, PROFILE_STRIDE } from '../../profile/profile.ts'
import type { Alignment } from '../alignment.ts'
import type { FeatureTerm } from '../feature-term.ts'

/**
 * Half for the entry's outcome, half for the errors of the shared elements: the sum of the
 * differences in their shares of errors, clipped at 1 (a clipped L1: a metric).
 */
export const outcome: FeatureTerm = {
  distance(alignment) {
    const errors = errorDifference(alignment)
    const entry =
      (alignment.x.status === STATUS_ERROR) !== (alignment.m.status === STATUS_ERROR) ? 0.5 : 0
    return entry + 0.5 * (errors < 1 ? errors : 1)
  },
}

function errorDifference({ x, m, rows }: Alignment): number {
  const own = x.values
  const normal = m.values
  const count = m.paths.length
  let sum = 0
  for (let j = 0; j < count; j++) {
    if (rows[j]! < 0) continue
    const at = rows[j]! * PROFILE_STRIDE
    const other = j * PROFILE_STRIDE
    const errors = own[at + ERRORS]!
    const usual = normal[other + ERRORS]!
    if (errors === 0 && usual === 0) continue
    sum += Math.abs(errors / own[at + COUNT]! - usual / normal[other + COUNT]!)
  }
  return sum
}
