import { checkMedoids, checkWeights, totalDeviation } from './assignment.ts'
import type { Watch } from './clustering.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { copied, type FasterPamResult } from './faster-pam.ts'
import { type BoardOptions, KernelBoard } from './kernel-board.ts'
import { removalLoss } from './medoid-prices.ts'

export interface PamOptions extends Pick<BoardOptions, 'cacheBytes' | 'backend'> {
  /** Swaps after which it stops at the latest. Default 1000. */
  readonly maxSwaps?: number
  /** As in `fasterPam`. */
  readonly tau?: number
  readonly onProgress?: (swaps: number, loss: number) => void
  readonly shouldStop?: Watch['shouldStop']
}

const ROUNDING = 1e-12

/**
 * PAM's SWAP (Kaufman, Rousseeuw 1990): of all k (n - k) swaps the best one is made, as long as one
 * lowers the loss. The k swaps of a candidate are priced in one pass over its row (FastPAM1: Schubert,
 * Rousseeuw, SISAP 2019), which makes the same swaps k times as fast: O(n^2) a swap. The oracle; for
 * work take `fasterPam`, which ends about as well after a few passes.
 *
 * `medoids` is start (by `build`, to have PAM whole) and result. Ties go to the lower point, then the
 * lower slot. Memory and errors as in `fasterPam`.
 */
export function pam(
  data: Dissimilarities,
  weights: Float64Array,
  medoids: Int32Array,
  options: PamOptions = {},
): FasterPamResult {
  const { n } = data
  checkWeights(weights, n)
  checkMedoids(medoids, n)
  if (medoids.length === 0) throw new RangeError('PAM needs at least one medoid to start.')
  const { tau = 0, maxSwaps = 1000 } = options
  const k = medoids.length
  const board = new KernelBoard(data, weights, k, options)
  const { state } = board
  const all = Int32Array.from({ length: n }, (_, i) => i)
  board.assign(medoids)
  let swaps = 0
  let passes = 0
  let ending: FasterPamResult['ending'] = 'converged'
  let loss = totalDeviation(state.nearest, board.weights)
  for (;;) {
    if (options.shouldStop?.() === true) ending = 'told to stop'
    else if (swaps >= maxSwaps) ending = 'passes used up'
    if (ending !== 'converged') break
    options.onProgress?.(swaps, loss)
    passes++
    const removal = removalLoss(state, board.weights, k)
    const best = bestSwap(board, all, medoids, removal)
    const noise = ROUNDING * (loss + (k > 1 ? (removal[best.slot] ?? 0) : 0))
    if (best.point < 0 || !(best.gain > tau * loss && best.gain > noise)) break
    medoids[best.slot] = best.point
    board.swap(medoids, best.slot)
    loss = totalDeviation(state.nearest, board.weights)
    swaps++
  }
  const evaluations = passes * (n - k) * n
  return copied({ ...state, loss, swaps, passes, evaluations, ending })
}

/** The swap that gains most, over all candidates and slots. */
function bestSwap(
  board: KernelBoard,
  all: Int32Array,
  medoids: Int32Array,
  removal: Float64Array,
): { point: number; slot: number; gain: number } {
  const isMedoid = new Uint8Array(all.length)
  for (const medoid of medoids) isMedoid[medoid] = 1
  const change = new Float64Array(medoids.length)
  const best = { point: -1, slot: 0, gain: 0 }
  for (const candidate of all) {
    if (isMedoid[candidate] === 1) continue
    change.set(removal)
    const added = board.price(all, candidate, change)
    for (let slot = 0; slot < medoids.length; slot++) {
      const gain = -(added + change[slot]!)
      if (gain <= best.gain) continue
      best.point = candidate
      best.slot = slot
      best.gain = gain
    }
  }
  return best
}
