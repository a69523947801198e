import { assign } from './assign.ts'
import { checkMedoids, checkWeights, totalDeviation } from './assignment.ts'
import { centre } from './build.ts'
import type { Watch } from './clustering.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import type { FasterPamResult } from './faster-pam.ts'
import { KernelBoard } from './kernel-board.ts'

export interface AlternateOptions {
  /** Default 100. */
  readonly maxPasses?: number
  readonly onProgress?: (passes: number, loss: number) => void
  readonly shouldStop?: Watch['shouldStop']
}

/**
 * The alternating method (Maranzana 1963; Park, Jun 2009): assign all points, then let each cluster's
 * best member be its medoid, until nothing moves. Like k-means it gets stuck early: expect a higher loss
 * than by swapping. O(sum of squared cluster sizes) a pass, O(n) memory.
 *
 * `medoids` is start and result; errors as in `fasterPam`. A cluster without weight keeps its medoid.
 */
export function alternate(
  data: Dissimilarities,
  weights: Float64Array,
  medoids: Int32Array,
  options: AlternateOptions = {},
): FasterPamResult {
  checkWeights(weights, data.n)
  checkMedoids(medoids, data.n)
  if (medoids.length === 0) throw new RangeError('There must be at least one medoid to start.')
  const { maxPasses = 100, shouldStop, onProgress } = options
  let state = assign(data, medoids)
  let loss = totalDeviation(state.nearest, weights)
  let swaps = 0
  let passes = 0
  let evaluations = 0
  let ending: FasterPamResult['ending'] = 'passes used up'
  while (passes < maxPasses) {
    if (shouldStop?.() === true) {
      ending = 'told to stop'
      break
    }
    onProgress?.(passes, loss)
    passes++
    const moved = recentre(data, weights, medoids, state.assignment)
    evaluations += moved.evaluations
    const before = loss
    if (moved.medoids > 0) {
      state = assign(data, medoids)
      loss = totalDeviation(state.nearest, weights)
    }
    swaps += moved.medoids
    // Moves that gain nothing (ties, copies) could go on for ever.
    if (moved.medoids > 0 && loss < before) continue
    ending = 'converged'
    break
  }
  return { ...state, loss, swaps, passes, evaluations, ending }
}

/** Puts the best member of each cluster into its slot. */
function recentre(
  data: Dissimilarities,
  weights: Float64Array,
  medoids: Int32Array,
  assignment: Int32Array,
): { medoids: number; evaluations: number } {
  const members = Array.from(medoids, (): number[] => [])
  assignment.forEach((slot, o) => {
    members[slot]!.push(o)
  })
  let moved = 0
  let evaluations = 0
  members.forEach((points, slot) => {
    const own = Float64Array.from(points, (o) => weights[o]!)
    if (!own.some((weight) => weight > 0)) return
    const targets = Int32Array.from(points)
    const board = new KernelBoard(data, own, 1, { targets })
    // The medoid first, so that a tie leaves it where it is.
    const best = centre(board, Int32Array.from([medoids[slot]!, ...points]))
    evaluations += points.length ** 2
    if (best === medoids[slot]) return
    medoids[slot] = best
    moved++
  })
  return { medoids: moved, evaluations }
}
