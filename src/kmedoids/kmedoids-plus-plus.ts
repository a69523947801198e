import type { Dissimilarities } from './dissimilarities.ts'
import { KernelBoard } from './kernel-board.ts'

/** Points drawn for each medoid, of which the best is taken. Four are measured in one go anyway. */
const TRIALS = 4

/**
 * k medoids that lie apart: each is drawn with a probability in proportion to weight times
 * dissimilarity to those before it, and of a few so drawn the one that lowers the loss most is taken
 * (k-means++ by Arthur, Vassilvitskii 2007, for sums of dissimilarities instead of squares; greedy as
 * in its section 5). Copies of medoids come last, lowest first. O(nk) dissimilarities.
 */
export function kmedoidsPlusPlus(
  data: Dissimilarities,
  weights: Float64Array,
  k: number,
  random: () => number,
): Int32Array {
  const board = new KernelBoard(data, weights, 1)
  const { nearest } = board.state
  const medoids = new Int32Array(k)
  const isMedoid = new Uint8Array(data.n)
  const trials = new Int32Array(TRIALS)
  board.clear()
  for (let slot = 0; slot < k; slot++) {
    const share = slot === 0 ? weights : shareOf(weights, nearest)
    const total = share.reduce((sum, one) => sum + one, 0)
    if (total > 0) {
      for (let t = 0; t < TRIALS; t++) trials[t] = draw(share, random() * total)
    } else {
      trials.fill(isMedoid.indexOf(0))
    }
    let best = 0
    if (slot > 0 && total > 0) {
      let most = -1
      for (let t = 0; t < TRIALS; t++) {
        const gain = board.gain(trials, t)
        if (gain <= most) continue
        most = gain
        best = t
      }
    }
    board.add(trials, best, slot)
    medoids[slot] = trials[best]!
    isMedoid[trials[best]!] = 1
  }
  return medoids
}

function shareOf(weights: Float64Array, nearest: Float32Array): Float64Array {
  return weights.map((weight, o) => weight * nearest[o]!)
}

/** The point in whose share the mark lies; never one without a share. */
function draw(share: Float64Array, mark: number): number {
  let last = -1
  let sum = 0
  for (let o = 0; o < share.length; o++) {
    if (share[o]! <= 0) continue
    sum += share[o]!
    last = o
    if (mark < sum) return o
  }
  return last
}
