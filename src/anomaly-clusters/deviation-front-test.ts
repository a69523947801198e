import { signalOf } from '../baseline/signals.ts'
import type { DeviationWatch } from '../evidence/deviation-watch.ts'
import { alternativeShare, type EvidenceOptions } from '../evidence/evidence-options.ts'
import { closingStep } from '../stats/closing-cusum.ts'
import type { Front } from './deviation-front.ts'

/**
 * Looks at the running bucket of an open front, which may be at its end. True: it has returned to
 * normal, and has been open for a bucket at least.
 */
export function hasEnded(
  front: Front,
  watch: DeviationWatch,
  at: { readonly timeMs: number; readonly atEnd: boolean; readonly bucketMs: number },
  options: EvidenceOptions,
): boolean {
  const { series } = front
  const n = watch.counts.occurrences(series)
  if (n === 0) return false
  front.activeMs = at.timeMs
  front.peak = Math.max(front.peak, watch.prefix(series))
  const ratio = watch.ratioOf(series, shareSeen(front, watch, options))
  const closing = closingStep(front.closing, ratio)
  const dwelt = at.timeMs - front.openedMs >= at.bucketMs
  if (dwelt && closing > Math.log(options.closingOdds)) return true
  if (!at.atEnd) return false
  front.closing = closing
  if (ratio > 0) {
    front.seenN += n
    front.seenC += watch.counts.c[series]!
  }
  return false
}

/** The share of deviating occurrences seen while it was open; never below the least that is claimed. */
function shareSeen(front: Front, watch: DeviationWatch, options: EvidenceOptions): number {
  const { evidence, counts } = watch
  const least = alternativeShare(
    options[signalOf(front.kind).alternatives][0],
    counts.baseRate(front.series),
  )
  let n = front.seenN
  let c = front.seenC
  if (n === 0) {
    n = evidence.n[front.series]! + counts.occurrences(front.series)
    c = evidence.c[front.series]! + counts.c[front.series]!
  }
  return Math.max(least, Math.min(0.99, c / Math.max(1, n)))
}
