import { assign } from './assign.ts'
import { type ClusterOptions, clusterDissimilarities } from './cluster.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { subset } from './distances.ts'
import { adjustedRand } from './rand-index.ts'
import { restartRandom } from './restarts.ts'
import { stratifiedSample } from './stratified-sample.ts'

export interface StabilityOptions
  extends Omit<ClusterOptions, 'distance' | 'k' | 'resume' | 'onProgress' | 'init'> {
  readonly k: number
  /** Seeds, and resamples, to compare with. Default 5 each. */
  readonly seeds?: number
  readonly resamples?: number
  /** Share of the points in a resample. Default 0.5. */
  readonly share?: number
}

export interface Stability {
  /** Adjusted Rand index between the clustering and each of the others, over all points. */
  readonly overSeeds: readonly number[]
  readonly overResamples: readonly number[]
  /** Mean of all of them. 1: the same groups each time; near 0: not to be relied on. */
  readonly mean: number
}

/**
 * Whether the same groups come back: the clustering of `seed` against those of other seeds, and against
 * medoids found on subsamples and given all points (Ben-Hur, Elisseeff, Guyon 2002; by adjusted Rand).
 */
export function stability(data: Dissimilarities, options: StabilityOptions): Stability {
  const { seeds = 5, resamples = 5, share = 0.5, seed = 0, k } = options
  if (!(share > 0 && share <= 1)) throw new RangeError(`share is ${share}; it must be in (0, 1].`)
  const { n } = data
  const weights = options.weights ?? new Float64Array(n).fill(1)
  const { assignment } = clusterDissimilarities(data, { ...options, seed })
  const overSeeds = Array.from({ length: seeds }, (_, i) => {
    const other = clusterDissimilarities(data, { ...options, seed: seed + 1 + i })
    return adjustedRand(assignment, other.assignment)
  })
  const overResamples = Array.from({ length: resamples }, (_, i) => {
    const random = restartRandom(seed, -2 - i)
    const size = Math.max(k, Math.ceil(share * n))
    const sample = stratifiedSample(n, size, weights, options.strata, 2, random)
    const { strata } = options
    const local = clusterDissimilarities(subset(data, sample.points), {
      ...{ ...options, weights: sample.weights, seed },
      ...(strata ? { strata: sample.points.map((o) => strata[o]!) } : {}),
    })
    const medoids = local.medoids.map((o) => sample.points[o]!)
    return adjustedRand(assignment, assign(data, medoids).assignment)
  })
  const all = [...overSeeds, ...overResamples]
  const mean = all.length === 0 ? 1 : all.reduce((a, b) => a + b, 0) / all.length
  return { overSeeds, overResamples, mean }
}
