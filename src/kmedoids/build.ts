import type { Dissimilarities } from './dissimilarities.ts'
import { KernelBoard } from './kernel-board.ts'

/**
 * PAM's BUILD (Kaufman, Rousseeuw 1990): first the point with the least sum of dissimilarities, then
 * each time the one that lowers the loss most; ties go to the lower point. Gains only shrink as medoids
 * are added, so an earlier gain is an upper bound and only leaders by their bound are priced again
 * (lazy greedy: Minoux 1978). O(n^2) dissimilarities for the first two, few for the others.
 */
export function build(data: Dissimilarities, weights: Float64Array, k: number): Int32Array {
  const { n } = data
  const board = new KernelBoard(data, weights, 1)
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const bound = new Float64Array(n).fill(Infinity)
  const pricedAt = new Int32Array(n).fill(-1)
  const medoids = new Int32Array(k)
  board.clear()
  if (k > 0) medoids[0] = centre(board, all)
  for (let slot = 0; slot < k; slot++) {
    if (slot > 0) medoids[slot] = nextMedoid(board, all, slot, bound, pricedAt)
    bound[medoids[slot]!] = -1
    board.add(all, medoids[slot]!, slot)
  }
  return medoids
}

/** The weighted median among the board's candidates: the one with the least sum to the targets. */
export function centre(board: KernelBoard, candidates: Int32Array): number {
  const { weights, targets } = board
  let best = 0
  let least = Infinity
  for (let i = 0; i < candidates.length; i++) {
    const row = board.row(candidates, i)
    let sum = 0
    for (let o = 0; o < targets; o++) sum += weights[o]! * row[o]!
    if (sum >= least) continue
    least = sum
    best = i
  }
  return candidates[best]!
}

/** Prices all in order once (so that rows are measured in fours), then leaders only. */
function nextMedoid(
  board: KernelBoard,
  all: Int32Array,
  slot: number,
  bound: Float64Array,
  pricedAt: Int32Array,
): number {
  if (slot === 1) {
    for (const j of all) {
      if (bound[j]! < 0) continue
      bound[j] = board.gain(all, j)
      pricedAt[j] = 1
    }
  }
  for (;;) {
    let best = -1
    let most = -1
    for (let j = 0; j < bound.length; j++) {
      if (bound[j]! <= most) continue
      best = j
      most = bound[j]!
    }
    if (pricedAt[best] === slot) return best
    bound[best] = board.gain(all, best)
    pricedAt[best] = slot
  }
}
