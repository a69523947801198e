import type { Assignment } from './assignment.ts'
import { gainOf } from './medoid-prices.ts'

interface GrowLimits {
  readonly kMax: number
  /** Least weight of the points that would move to a new medoid, and of those it would leave behind. */
  readonly minSupport: number
  /** Gain that a new medoid must exceed. */
  readonly minGain: number
}

/**
 * Appends medoids to `medoids`, each time the point that lowers the loss most and has the support, up
 * to kMax: PAM's BUILD (Kaufman, Rousseeuw 1990), continued from what is there. Gains can only shrink
 * as medoids are added, so a gain computed earlier is an upper bound, and only candidates that lead by
 * their bound are priced again (lazy greedy: Minoux 1978); the result is that of pricing all.
 *
 * `state` is the assignment to the medoids given; its `nearest` and `assignment` are brought up to
 * date, `second` and `runnerUp` are not. Returns the number of distances read.
 */
export function growMedoids(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  state: Assignment,
  medoids: number[],
  limits: GrowLimits,
): number {
  const closed = new Uint8Array(n)
  const bound = new Float64Array(n).fill(Infinity)
  const pricedAt = new Int32Array(n).fill(-1)
  let evaluations = 0
  for (const medoid of medoids) closed[medoid] = 1
  if (medoids.length === 0) {
    const centre = centreOf(distances, n, weights)
    addMedoid(distances, n, state, medoids, centre)
    closed[centre] = 1
    evaluations += n * n
  }
  while (medoids.length < limits.kMax) {
    const best = largest(bound, closed)
    if (best < 0 || bound[best]! <= limits.minGain) break
    if (pricedAt[best] !== medoids.length) {
      bound[best] = gainOf(distances, best, n, weights, state.nearest)
      pricedAt[best] = medoids.length
      evaluations += n
      continue
    }
    closed[best] = 1
    if (keepsSupport(distances, best, n, weights, state, medoids.length, limits.minSupport)) {
      addMedoid(distances, n, state, medoids, best)
    }
  }
  return evaluations
}

/** The weighted median: the point with the least sum of distances. */
function centreOf(distances: Float32Array, n: number, weights: Float64Array): number {
  let best = 0
  let bestSum = Infinity
  for (let j = 0; j < n; j++) {
    let sum = 0
    for (let o = 0; o < n; o++) sum += weights[o]! * distances[j * n + o]!
    if (sum < bestSum) {
      best = j
      bestSum = sum
    }
  }
  return best
}

function largest(bound: Float64Array, closed: Uint8Array): number {
  let best = -1
  let bestBound = -Infinity
  for (let j = 0; j < bound.length; j++) {
    if (closed[j] === 0 && bound[j]! > bestBound) {
      best = j
      bestBound = bound[j]!
    }
  }
  return best
}

/** Whether a new medoid would have its support without taking it from one that has its own. */
function keepsSupport(
  distances: Float32Array,
  candidate: number,
  n: number,
  weights: Float64Array,
  state: Assignment,
  k: number,
  minSupport: number,
): boolean {
  const before = new Float64Array(k)
  const taken = new Float64Array(k)
  let support = 0
  for (let o = 0; o < n; o++) {
    const slot = state.assignment[o]!
    before[slot] = before[slot]! + weights[o]!
    if (distances[candidate * n + o]! >= state.nearest[o]!) continue
    taken[slot] = taken[slot]! + weights[o]!
    support += weights[o]!
  }
  if (support < minSupport) return false
  return before.every((weight, slot) => weight < minSupport || weight - taken[slot]! >= minSupport)
}

function addMedoid(
  distances: Float32Array,
  n: number,
  state: Assignment,
  medoids: number[],
  point: number,
): void {
  const { assignment, nearest } = state
  const slot = medoids.length
  medoids.push(point)
  for (let o = 0; o < n; o++) {
    const d = distances[point * n + o]!
    if (d >= nearest[o]!) continue
    nearest[o] = d
    assignment[o] = slot
  }
}
