import type { Assignment } from './assignment.ts'

/**
 * Prices the candidate whose row begins at `row` against every medoid: returns what the loss gains
 * or loses by its addition, and adds to `change[slot]` what its presence saves of the removal loss
 * of that slot. Their sum is the change of the loss by that swap (FasterPAM paper, section 4).
 */
export function priceSwaps(
  distances: Float32Array,
  row: number,
  weights: Float64Array,
  state: Assignment,
  change: Float64Array,
): number {
  const { assignment, nearest, second } = state
  const n = assignment.length
  let added = 0
  if (change.length === 1) {
    // The only medoid is replaced whatever happens: there is no second one to fall back on.
    change[0] = 0
    for (let o = 0; o < n; o++) added += weights[o]! * (distances[row + o]! - nearest[o]!)
    return added
  }
  for (let o = 0; o < n; o++) {
    const d = distances[row + o]!
    const next = second[o]!
    if (d >= next) continue
    const slot = assignment[o]!
    const now = nearest[o]!
    if (d < now) {
      added += weights[o]! * (d - now)
      change[slot] = change[slot]! + weights[o]! * (now - next)
    } else {
      change[slot] = change[slot]! + weights[o]! * (d - next)
    }
  }
  return added
}

/**
 * Brings an assignment up to date after `medoids[slot]` has changed: O(n), plus O(k) for the points
 * that lost their nearest or second. Gives exactly what `assignToMedoids` would, ties included, so
 * swapping back restores it.
 */
export function applySwap(
  distances: Float32Array,
  n: number,
  medoids: Int32Array,
  slot: number,
  state: Assignment,
): void {
  const { assignment, runnerUp, nearest, second } = state
  const medoid = medoids[slot]!
  for (let o = 0; o < n; o++) {
    const d = distances[medoid * n + o]!
    const owner = assignment[o]!
    const next = runnerUp[o]!
    const rank = o === medoid ? -1 : slot
    if (owner === slot) {
      if (d < second[o]! || (d === second[o] && rank < next)) {
        nearest[o] = d
        continue
      }
      assignment[o] = next
      nearest[o] = second[o]!
      findRunnerUp(distances, n, medoids, o, state)
    } else if (
      d < nearest[o]! ||
      (d === nearest[o] && rank < (medoids[owner] === o ? -1 : owner))
    ) {
      runnerUp[o] = owner
      second[o] = nearest[o]!
      assignment[o] = slot
      nearest[o] = d
    } else if (next === slot) {
      if (d <= second[o]!) second[o] = d
      else findRunnerUp(distances, n, medoids, o, state)
    } else if (d < second[o]! || (d === second[o] && slot < next)) {
      runnerUp[o] = slot
      second[o] = d
    }
  }
}

function findRunnerUp(
  distances: Float32Array,
  n: number,
  medoids: Int32Array,
  point: number,
  state: Assignment,
): void {
  const own = state.assignment[point]!
  let best = -1
  let bestDistance = Infinity
  for (let slot = 0; slot < medoids.length; slot++) {
    const d = distances[medoids[slot]! * n + point]!
    if (slot === own || d >= bestDistance) continue
    best = slot
    bestDistance = d
  }
  state.runnerUp[point] = best
  state.second[point] = bestDistance
}
