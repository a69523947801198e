import { assign } from './assign.ts'
import { type Assignment, checkWeights, totalDeviation } from './assignment.ts'
import type { Watch } from './clustering.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { subset } from './distances.ts'
import { type FasterPamResult, fasterPam } from './faster-pam.ts'
import { kmedoidsPlusPlus } from './kmedoids-plus-plus.ts'
import { stratifiedSample } from './stratified-sample.ts'

export interface ClaraOptions {
  readonly k: number
  readonly random: () => number
  /** Default 5. */
  readonly samples?: number
  /** Points of a sample. Default 80 + 4 k, twice what CLARA took: FasterPAM has the time. */
  readonly sampleSize?: number
  /** Samples take at least 2 of each stratum (see `stratifiedSample`). */
  readonly strata?: Int32Array
  /** Medoids of a sample to start from. Default: k-medoids++. */
  readonly start?: typeof kmedoidsPlusPlus
  readonly onProgress?: (samples: number, loss: number) => void
  readonly shouldStop?: Watch['shouldStop']
}

export const CLARA_SAMPLES = 5
const STRATUM_FLOOR = 2

/**
 * FasterCLARA (CLARA: Kaufman, Rousseeuw 1986; with FasterPAM: Schubert, Rousseeuw 2021): FasterPAM on
 * samples, of whose medoids those count that have the least loss over all points. The best medoids so
 * far are part of every further sample. O(s^2) a sample and O(nk) to score it; visibly worse than
 * `oneBatchPam` for many clusters.
 *
 * Returns medoids and the assignment of all n points. Throws RangeError on malformed weights or strata
 * and unless 1 <= k <= n.
 */
export function clara(
  data: Dissimilarities,
  weights: Float64Array,
  options: ClaraOptions,
): FasterPamResult & { readonly medoids: Int32Array } {
  const { n } = data
  const {
    k,
    random,
    samples = CLARA_SAMPLES,
    sampleSize = 80 + 4 * k,
    start = kmedoidsPlusPlus,
  } = options
  checkWeights(weights, n)
  checkK(k, n)
  let best: { state: Assignment; medoids: Int32Array; loss: number } | null = null
  const effort = { swaps: 0, passes: 0, evaluations: 0 }
  let ending: FasterPamResult['ending'] = 'converged'
  for (let s = 0; s < samples; s++) {
    // One sample is had in any case: there must be an answer.
    if (best && options.shouldStop?.() === true) {
      ending = 'told to stop'
      break
    }
    options.onProgress?.(s, best?.loss ?? Infinity)
    const { points, own } = sampleWith(best?.medoids ?? null, data, weights, sampleSize, options)
    const sampled = subset(data, points)
    const local = start(sampled, own, k, random)
    const found = fasterPam(sampled, own, local, { random })
    effort.swaps += found.swaps
    effort.passes += found.passes
    effort.evaluations += found.evaluations + n * k
    const medoids = local.map((o) => points[o]!)
    const state = assign(data, medoids)
    const loss = totalDeviation(state.nearest, weights)
    if (best === null || loss < best.loss) best = { state, medoids, loss }
  }
  if (best === null) throw new RangeError(`CLARA needs at least one sample, got ${samples}.`)
  return { ...best.state, medoids: best.medoids, loss: best.loss, ...effort, ending }
}

/** Throws RangeError unless there can be k medoids of n points. */
export function checkK(k: number, n: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(`k is ${k}; it must be a whole number of at least 1.`)
  }
  if (k > n) throw new RangeError(`k is ${k}, but there are only ${n} points to choose from.`)
}

/** A sample that has the medoids of before and at least k points, with weights. */
function sampleWith(
  medoids: Int32Array | null,
  { n }: Dissimilarities,
  weights: Float64Array,
  size: number,
  { k, strata, random }: ClaraOptions,
): { points: Int32Array; own: Float64Array } {
  const sample = stratifiedSample(n, Math.max(size, k), weights, strata, STRATUM_FLOOR, random)
  const own = new Map([...sample.points].map((o, i) => [o, sample.weights[i]!]))
  for (const medoid of medoids ?? []) if (!own.has(medoid)) own.set(medoid, weights[medoid]!)
  for (let o = 0; own.size < k && o < n; o++) if (!own.has(o)) own.set(o, weights[o]!)
  const points = [...own.keys()].sort((a, b) => a - b)
  return {
    points: Int32Array.from(points),
    own: Float64Array.from(points, (o) => own.get(o) ?? 0),
  }
}
