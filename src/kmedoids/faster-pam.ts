import {
  type Assignment,
  checkInput,
  checkMedoids,
  checkWeights,
  supportOf,
  totalDeviation,
} from './assignment.ts'
import type { Ending, Watch } from './clustering.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { type BoardChoice, boardOf } from './kernel-board.ts'
import { removalLoss } from './medoid-prices.ts'
import { matrixBoard, type SwapBoard } from './swap-board.ts'

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
  /** Called after every 64 candidates. */
  readonly onProgress?: (at: FasterPamPosition, loss: number, candidates: number) => void
  readonly shouldStop?: Watch['shouldStop']
  /** Goes on from there; `medoids` and `random` must be as they were (`random` as at the start). */
  readonly resume?: FasterPamPosition
}

/** Counters from which, with the medoids, a run can go on. */
export interface FasterPamPosition {
  /** Candidates visited since the start, and since the last swap. */
  readonly visited: number
  readonly quiet: number
  readonly swaps: number
  /** Candidates priced. */
  readonly scans: number
}

export interface FasterPamResult extends Assignment {
  /** Total deviation of the result. */
  readonly loss: number
  readonly swaps: number
  /** Cycles through the candidates, the last one counted whole. */
  readonly passes: number
  /** Distances read to price swaps. */
  readonly evaluations: number
  readonly ending: Ending
}

/**
 * Share of the summed magnitudes below which a gain is taken for rounding: sums of n doubles are off
 * by about n 2^-53 of them, and swaps "won" that way could go round in circles.
 */
const ROUNDING = 1e-12
const PROGRESS_EVERY = 64

/**
 * Weighted k-medoids from given medoids: FasterPAM (Schubert, Rousseeuw, Information Systems 101,
 * 2021, arXiv 2008.05171). Candidates are visited in a shuffled order; each is priced against all k
 * medoids in one pass over its row, and the first swap that lowers the loss is made at once.
 *
 * `weights` has n numbers of at least 0. `medoids` is both start and result: a swap happens within a
 * slot, so slots keep their identity. Stops when a whole cycle brought no swap, or after `maxPasses`.
 * Dissimilarities are measured as they are needed, four rows at a time, never held as a matrix: O(n^2)
 * time per pass, O(n (p + k)) memory.
 *
 * Throws RangeError on weights of the wrong number, NaN, negative or infinite, and on medoids that are
 * none, not distinct, or not among the points.
 */
export function fasterPam(
  data: Dissimilarities,
  weights: Float64Array,
  medoids: Int32Array,
  options: FasterPamOptions & BoardChoice,
): FasterPamResult {
  checkWeights(weights, data.n)
  checkStart(medoids, data.n)
  const board = boardOf(data, weights, medoids.length, options)
  return copied(runFasterPam(board, medoids, options))
}

/** `fasterPam` on a matrix at hand: n x n, row-major, row m from m to all points. Checks it, too. */
export function fasterPamOfMatrix(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  medoids: Int32Array,
  options: FasterPamOptions,
): FasterPamResult {
  checkInput(distances, n, weights)
  checkStart(medoids, n)
  return runFasterPam(matrixBoard(distances, n, weights), medoids, options)
}

function checkStart(medoids: Int32Array, n: number): void {
  checkMedoids(medoids, n)
  if (medoids.length === 0) throw new RangeError('FasterPAM needs at least one medoid to start.')
}

/** The state of a board is memory of the board, which would all stay alive with it. */
export function copied(result: FasterPamResult): FasterPamResult {
  return {
    ...result,
    assignment: result.assignment.slice(),
    runnerUp: result.runnerUp.slice(),
    nearest: result.nearest.slice(),
    second: result.second.slice(),
  }
}

/** `fasterPam` on a board, with input that was checked. */
export function runFasterPam(
  board: SwapBoard,
  medoids: Int32Array,
  options: FasterPamOptions,
): FasterPamResult {
  const { tau = 0, minSupport = 0, maxPasses = 100, shouldStop, onProgress, resume } = options
  const { weights, state } = board
  const k = medoids.length
  const order = shuffled(options.candidates, board.candidates, options.random)
  const limit = order.length * maxPasses
  const isMedoid = new Uint8Array(board.candidates)
  for (const medoid of medoids) isMedoid[medoid] = 1
  board.assign(medoids)
  const change = new Float64Array(k)
  let removal = removalLoss(state, weights, k)
  let loss = totalDeviation(state.nearest, weights)
  let smallest = minSupport > 0 ? least(supportOf(state.assignment, weights, k)) : 0
  let { swaps, scans, visited, quiet } = resume ?? { swaps: 0, scans: 0, visited: 0, quiet: 0 }
  let told = false
  // A cycle is over just before it comes back to the last candidate that was swapped in.
  for (; quiet < order.length && visited < limit; quiet++, visited++) {
    told = shouldStop?.() === true
    if (told) break
    if (onProgress && visited % PROGRESS_EVERY === 0) {
      onProgress({ visited, quiet, swaps, scans }, loss, order.length)
    }
    const candidate = order[visited % order.length]!
    if (isMedoid[candidate] === 1) continue
    scans++
    change.set(removal)
    const added = board.price(order, visited % order.length, change)
    const slot = indexOfLeast(change)
    const gain = -(added + change[slot]!)
    const noise = ROUNDING * (loss + (k > 1 ? removal[slot]! : 0))
    if (!(gain > tau * loss && gain > noise)) continue
    const old = medoids[slot]!
    medoids[slot] = candidate
    board.swap(medoids, slot)
    if (minSupport > 0) {
      const left = least(supportOf(state.assignment, weights, k))
      if (left < minSupport && left < smallest) {
        medoids[slot] = old
        board.swap(medoids, slot)
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
  const ending = told ? 'told to stop' : quiet < order.length ? 'passes used up' : 'converged'
  return { ...state, loss, swaps, passes, evaluations: scans * board.targets, ending }
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
export function shuffled(
  candidates: Int32Array | undefined,
  n: number,
  random: () => number,
): Int32Array {
  const order = candidates ? candidates.slice() : Int32Array.from({ length: n }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = order[j]!
    order[j] = order[i]!
    order[i] = other
  }
  return order
}
