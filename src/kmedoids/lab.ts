import { centre } from './build.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { KernelBoard } from './kernel-board.ts'
import { drawSome } from './random-medoids.ts'

/**
 * Linear approximative BUILD (Schubert, Rousseeuw 2021, section 5): for each medoid a fresh sample of
 * 10 + sqrt(n) points, of which the one is taken that lowers the loss of the sample most. O(nk).
 */
export function lab(
  data: Dissimilarities,
  weights: Float64Array,
  k: number,
  random: () => number,
): Int32Array {
  const { n } = data
  const medoids: number[] = []
  const free = Array.from({ length: n }, (_, i) => i)
  const size = 10 + Math.ceil(Math.sqrt(n))
  while (medoids.length < k) {
    const sample = Int32Array.from(drawSome(free, Math.min(size, free.length), random))
    const best = bestOfSample(data, weights, sample, Int32Array.from(medoids))
    medoids.push(best)
    free.splice(free.indexOf(best), 1)
  }
  return Int32Array.from(medoids)
}

function bestOfSample(
  data: Dissimilarities,
  weights: Float64Array,
  sample: Int32Array,
  medoids: Int32Array,
): number {
  const own = Float64Array.from(sample, (o) => weights[o]!)
  const board = new KernelBoard(data, own, Math.max(1, medoids.length), { targets: sample })
  if (medoids.length === 0) return centre(board, sample)
  board.assign(medoids)
  let best = sample[0]!
  let most = -1
  for (let i = 0; i < sample.length; i++) {
    const gain = board.gain(sample, i)
    if (gain <= most) continue
    most = gain
    best = sample[i]!
  }
  return best
}
