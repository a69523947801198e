import type { ComparedHistograms } from '../stats/block-bootstrap.ts'

/**
 * The detectors, by the stream that they monitor. A further one is one entry.
 * - `distance`: how far observations are from their nearest medoid, in [0, 1], by the two-sample
 *   Kolmogorov-Smirnov distance: the largest gap between the two distribution functions;
 * - `share`: which normal cluster (or, over all strata, which stratum) observations belong to, by the
 *   total variation distance: the share of observations that would have to move.
 */
export const DRIFT_DETECTORS = {
  distance: { bins: 64, statistic: kolmogorovSmirnov, material: 0.1 },
  share: { bins: 32, statistic: totalVariation, material: 0.1 },
} as const satisfies Record<string, ComparedHistograms>

export type DriftStream = keyof typeof DRIFT_DETECTORS

function kolmogorovSmirnov(reference: Float64Array, window: Float64Array): number {
  const left = total(reference)
  const right = total(window)
  if (left === 0 || right === 0) return 0
  let below = 0
  let belowWindow = 0
  let largest = 0
  for (let bin = 0; bin < reference.length; bin++) {
    below += reference[bin]!
    belowWindow += window[bin]!
    largest = Math.max(largest, Math.abs(below / left - belowWindow / right))
  }
  return Math.min(1, largest)
}

function totalVariation(reference: Float64Array, window: Float64Array): number {
  const left = total(reference)
  const right = total(window)
  if (left === 0 || right === 0) return 0
  let sum = 0
  for (let bin = 0; bin < reference.length; bin++) {
    sum += Math.abs(reference[bin]! / left - window[bin]! / right)
  }
  return Math.min(1, sum / 2)
}

function total(counts: Float64Array): number {
  let sum = 0
  for (let bin = 0; bin < counts.length; bin++) sum += counts[bin]!
  return sum
}
