import { assign } from './assign.ts'
import { checkMedoids, checkWeights, totalDeviation } from './assignment.ts'
import { checkK } from './clara.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { subset } from './distances.ts'
import { type FasterPamOptions, type FasterPamResult, runFasterPam } from './faster-pam.ts'
import { type BoardChoice, boardOf, KernelBoard } from './kernel-board.ts'
import { kmedoidsPlusPlus } from './kmedoids-plus-plus.ts'
import { type Sample, stratifiedSample } from './stratified-sample.ts'

export interface OneBatchOptions
  extends Omit<FasterPamOptions, 'candidates' | 'minSupport'>,
    BoardChoice {
  readonly k: number
  /** Medoids to start from; changed in place, as in `fasterPam`. Default: k-medoids++ on the batch. */
  readonly start?: Int32Array
  /** Points by which the loss is measured. Default 100 ln(n k), as in the paper. */
  readonly batchSize?: number
  /** The batch takes some of each stratum (see `stratifiedSample`). */
  readonly strata?: Int32Array
}

const ROWS_FOR_LARGEST = 32

/**
 * OneBatchPAM (de Mathelin, Enrique Cecchi, Deheeger, Mougeot, Vayatis, AAAI 2025, arXiv 2501.19285):
 * FasterPAM whose candidates are all n points, but whose loss is that of one random batch of
 * m = 100 ln(nk) of them. A batch point is 0 away from itself, and so would be favoured over points that
 * are not in the batch; its distance to itself counts as the largest one instead (debiasing).
 *
 * Dissimilarities are measured as they are needed: O(nm) time a pass, O(m (p + k)) memory beside the
 * points. Returns medoids and the exact assignment of all n points. Throws RangeError on malformed
 * weights, strata or start and unless 1 <= k <= n.
 */
export function oneBatchPam(
  data: Dissimilarities,
  weights: Float64Array,
  options: OneBatchOptions,
): FasterPamResult & { readonly medoids: Int32Array } {
  const { n } = data
  const { k, random, strata } = options
  checkWeights(weights, n)
  checkK(k, n)
  const size = Math.max(k, options.batchSize ?? Math.ceil(100 * Math.log(n * k)))
  const floor = Math.max(2, Math.ceil(Math.log2(size)))
  const sample = batchOf(stratifiedSample(n, size, weights, strata, floor, random), weights, k)
  const medoids = options.start ?? startOn(sample, data, k, random)
  checkMedoids(medoids, n)
  if (medoids.length !== k) throw new RangeError(`Expected ${k} medoids, got ${medoids.length}.`)
  const whole = sample.points.length === n
  const board = boardOf(data, sample.weights, k, {
    ...options,
    targets: sample.points,
    // Where the batch is everything there is nothing to be favoured over.
    selfDistance: whole ? 0 : largest(data, sample),
  })
  const { swaps, passes, evaluations, ending } = runFasterPam(board, medoids, options)
  const state = assign(data, medoids, options.backend)
  const loss = totalDeviation(state.nearest, weights)
  return { ...state, medoids, loss, swaps, passes, evaluations: evaluations + n * k, ending }
}

/** The batch; where fewer than k points have weight, filled up with ones that have none. */
function batchOf(sample: Sample, weights: Float64Array, k: number): Sample {
  if (sample.points.length >= k) return sample
  const points = [...sample.points]
  const own = [...sample.weights]
  for (let o = 0; points.length < k; o++) {
    if (weights[o]! > 0) continue
    points.push(o)
    own.push(0)
  }
  return { points: Int32Array.from(points), weights: Float64Array.from(own) }
}

function startOn(
  { points, weights }: Sample,
  data: Dissimilarities,
  k: number,
  random: () => number,
): Int32Array {
  return kmedoidsPlusPlus(subset(data, points), weights, k, random).map((o) => points[o]!)
}

/**
 * An estimate of the largest dissimilarity: from a few points of the batch to all of it. The same
 * wherever a run starts or goes on from.
 */
function largest(data: Dissimilarities, { points, weights }: Sample): number {
  const board = new KernelBoard(data, weights, 1, { targets: points })
  let most = 0
  for (let i = 0; i < Math.min(ROWS_FOR_LARGEST, points.length); i++) {
    for (const d of board.row(points, i)) if (d > most) most = d
  }
  return most
}
