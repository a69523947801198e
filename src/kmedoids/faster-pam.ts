import {
  type Assignment,
  assignToMedoids,
  checkInput,
  checkMedoids,
  emptyAssignment,
  supportOf,
  totalDeviation,
} from './assignment.ts'
import { removalLoss } from './medoid-prices.ts'
import { applySwap, priceSwaps } from './medoid-swap.ts'

export interface FasterPamOptions {
  /** Numbers in [0, 1), to shuffle the order of candidates; seeded by the caller. */
  readonly random: () => number
  /** A swap must gain more than this share of the loss (hysteresis). Default 0: any gain. */
  readonly tau?: number
  /** Cycles through the candidates after which it stops at the latest. Default 100. */
  readonly maxPasses?: number
  /** Points that may become medoids. Default: all. */
  readonly candidates?: Int32Array
  /**
   * A swap must not leave a cluster of less weight than this, unless there was a smaller one before.
   * Default 0. Not in the paper: it keeps medoids off handfuls of outliers, which win by distance.
   */
  readonly minSupport?: number
}

export interface FasterPamResult extends Assignment {
  /** Total deviation of the result. */
  readonly loss: number
  readonly swaps: number
  /** Cycles through the candidates, the last one counted whole. */
  readonly passes: number
  /** Distances read to price swaps. */
  readonly evaluations: number
}

/**
 * Share of the summed magnitudes below which a gain is taken for rounding: sums of n doubles are off
 * by about n 2^-53 of them, and swaps "won" that way could go round in circles.
 */
const ROUNDING = 1e-12

/**
 * Weighted k-medoids from given medoids: FasterPAM (Schubert, Rousseeuw, Information Systems 101,
 * 2021, arXiv 2008.05171). Candidates are visited in a shuffled order; each is priced against all k
 * medoids in one pass over its row, and the first swap that lowers the loss is made at once.
 *
 * `distances` is n x n row-major (row m: from m to all points), `weights` has n numbers of at least
 * 0. `medoids` is both start and result: a swap happens within a slot, so slots keep their identity.
 * Stops when a whole cycle brought no swap, or after `maxPasses`. O(n^2) per pass.
 *
 * Throws RangeError on sizes that do not match, on NaN, negative or infinite values, and on medoids
 * that are none, not distinct, or not among the points.
 */
export function fasterPam(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  medoids: Int32Array,
  options: FasterPamOptions,
): FasterPamResult {
  checkInput(distances, n, weights)
  checkMedoids(medoids, n)
  if (medoids.length === 0) throw new RangeError('FasterPAM needs at least one medoid to start.')
  return runFasterPam(distances, n, weights, medoids, options)
}

/** `fasterPam` on input that was checked. */
export function runFasterPam(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  medoids: Int32Array,
  options: FasterPamOptions,
): FasterPamResult {
  const { tau = 0, minSupport = 0, maxPasses = 100 } = options
  const k = medoids.length
  const order = shuffled(options.candidates, n, options.random)
  const limit = order.length * maxPasses
  const isMedoid = new Uint8Array(n)
  for (const medoid of medoids) isMedoid[medoid] = 1
  const state = assignToMedoids(distances, n, medoids, emptyAssignment(n))
  const change = new Float64Array(k)
  let removal = removalLoss(state, weights, k)
  let loss = totalDeviation(state.nearest, weights)
  let smallest = minSupport > 0 ? least(supportOf(state.assignment, weights, k)) : 0
  let swaps = 0
  let scans = 0
  let visited = 0
  // A cycle is over just before it comes back to the last candidate that was swapped in.
  for (let quiet = 0; quiet < order.length && visited < limit; quiet++, visited++) {
    const candidate = order[visited % order.length]!
    if (isMedoid[candidate] === 1) continue
    scans++
    change.set(removal)
    const added = priceSwaps(distances, candidate * n, weights, state, change)
    const slot = indexOfLeast(change)
    const gain = -(added + change[slot]!)
    const noise = ROUNDING * (loss + (k > 1 ? removal[slot]! : 0))
    if (!(gain > tau * loss && gain > noise)) continue
    const old = medoids[slot]!
    medoids[slot] = candidate
    applySwap(distances, n, medoids, slot, state)
    if (minSupport > 0) {
      const left = least(supportOf(state.assignment, weights, k))
      if (left < minSupport && left < smallest) {
        medoids[slot] = old
        applySwap(distances, n, medoids, slot, state)
        continue
      }
      smallest = left
    }
    isMedoid[old] = 0
    isMedoid[candidate] = 1
    loss = totalDeviation(state.nearest, weights)
    removal = removalLoss(state, weights, k)
    swaps++
    quiet = 0
  }
  const passes = order.length === 0 ? 0 : Math.ceil(visited / order.length)
  return { ...state, loss, swaps, passes, evaluations: scans * n }
}

function least(values: Float64Array): number {
  return values[indexOfLeast(values)]!
}

function indexOfLeast(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! < values[best]!) best = i
  return best
}

/** The candidates in random order (Fisher, Yates; Durstenfeld 1964). */
function shuffled(candidates: Int32Array | undefined, n: number, random: () => number): Int32Array {
  const order = candidates ? candidates.slice() : Int32Array.from({ length: n }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = order[j]!
    order[j] = order[i]!
    order[i] = other
  }
  return order
}
