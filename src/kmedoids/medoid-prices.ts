import type { Assignment } from './assignment.ts'

/**
 * What the loss would rise by if a medoid were retired and its points went to their second nearest,
 * for each of k slots: exact, O(n). Infinity for an only medoid. (The R_i of FasterPAM.)
 */
export function removalLoss(state: Assignment, weights: Float64Array, k: number): Float64Array {
  const { assignment, nearest, second } = state
  const prices = new Float64Array(k)
  if (k === 1) return prices.fill(Infinity)
  for (let o = 0; o < assignment.length; o++) {
    const slot = assignment[o]!
    prices[slot] = prices[slot]! + weights[o]! * (second[o]! - nearest[o]!)
  }
  return prices
}

/**
 * What the loss would fall by if a point became one more medoid, for every point (or for each of
 * `candidates`, in their order): exact, O(n) each. `nearest` must be finite: there is no gain to speak
 * of over no medoid at all. `distances` as in `fasterPam`.
 */
export function additionGain(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  nearest: Float32Array,
  candidates?: Int32Array,
): Float64Array {
  const count = candidates ? candidates.length : n
  const gains = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    gains[i] = gainOf(distances, candidates ? candidates[i]! : i, n, weights, nearest)
  }
  return gains
}

/** `additionGain` of one candidate. */
export function gainOf(
  distances: Float32Array,
  candidate: number,
  n: number,
  weights: Float64Array,
  nearest: Float32Array,
): number {
  const row = candidate * n
  let gain = 0
  for (let o = 0; o < n; o++) {
    const saved = nearest[o]! - distances[row + o]!
    if (saved > 0) gain += weights[o]! * saved
  }
  return gain
}
