import { assign } from './assign.ts'
import { checkMedoids, checkWeights } from './assignment.ts'
import { cohesion } from './cohesion.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { type FasterPamOptions, type FasterPamResult, fasterPam } from './faster-pam.ts'

export interface WarmStartOptions extends Omit<FasterPamOptions, 'candidates' | 'resume'> {
  /**
   * A cluster whose mean distance moved by more than this share is looked through again. Default 0.1.
   */
  readonly moved?: number
}

/**
 * Goes on from the medoids of last time after some points were replaced: FasterPAM whose candidates are
 * the new points, and all members of the clusters that changed (their mean distance moved, or their
 * medoid is itself a new point). Elsewhere the medoids were the best before and are left alone, which
 * saves the pass over all n rows that would only confirm them.
 *
 * `medoids` is start and result; `meanBefore` the mean distance of each slot then (see `cohesion`);
 * `changed` the points that are new. O(n (c + k)) for c candidates. Errors as in `fasterPam`.
 */
export function warmStart(
  data: Dissimilarities,
  weights: Float64Array,
  medoids: Int32Array,
  meanBefore: ArrayLike<number>,
  changed: Int32Array,
  options: WarmStartOptions,
): FasterPamResult {
  checkWeights(weights, data.n)
  checkMedoids(medoids, data.n)
  if (meanBefore.length !== medoids.length) {
    throw new RangeError(`Expected ${medoids.length} mean distances, got ${meanBefore.length}.`)
  }
  const { moved = 0.1 } = options
  const now = assign(data, medoids)
  const isNew = new Uint8Array(data.n)
  for (const o of changed) isNew[o] = 1
  const again = cohesion({ ...now, medoids }, weights).map(({ slot, mean, medoid }) => {
    const before = meanBefore[slot]!
    return isNew[medoid] === 1 || Math.abs(mean - before) > moved * before
  })
  const candidates: number[] = []
  for (let o = 0; o < data.n; o++) {
    if (isNew[o] === 1 || again[now.assignment[o]!] === true) candidates.push(o)
  }
  return fasterPam(data, weights, medoids, {
    ...options,
    candidates: Int32Array.from(candidates),
  })
}
