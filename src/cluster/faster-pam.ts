import {
  type Assignment,
  assignToMedoids,
  checkInput,
  checkMedoids,
  emptyAssignment,
  totalDeviation,
} from './assignment.ts'

export interface FasterPamOptions {
  /** Numbers in [0, 1), to shuffle the order of candidates; seeded by the caller. */
  readonly random: () => number
  /** A swap must gain more than this share of the loss (hysteresis). Default 0: any gain. */
  readonly tau?: number
  /** Cycles through the candidates after which it stops at the latest. Default 100. */
  readonly maxPasses?: number
  /** Points that may become medoids. Default: all. */
  readonly candidates?: Int32Array
}

export interface FasterPamResult extends Assignment {
  /** Total deviation of the result. */
  readonly loss: number
  readonly swaps: number
  /** Cycles through the candidates, the last one counted whole. */
  readonly passes: number
  /** Distances read to price swaps. */
  readonly evaluations: number
}

/**
 * Share of the summed magnitudes below which a gain is taken for rounding: sums of n doubles are off
 * by about n 2^-53 of them, and swaps "won" that way could go round in circles.
 */
const ROUNDING = 1e-12

/**
 * Weighted k-medoids from given medoids: FasterPAM (Schubert, Rousseeuw, Information Systems 101,
 * 2021, arXiv 2008.05171). Candidates are visited in a shuffled order; each is priced against all k
 * medoids in one pass over its row, and the first swap that lowers the loss is made at once.
 *
 * `distances` is n x n row-major (row m: from m to all points), `weights` has n numbers of at least
 * 0. `medoids` is both start and result: a swap happens within a slot, so slots keep their identity.
 * Stops when a whole cycle brought no swap, or after `maxPasses`. O(n^2) per pass.
 *
 * Throws RangeError on sizes that do not match, on NaN, negative or infinite values, and on medoids
 * that are none, not distinct, or not among the points.
 */
export function fasterPam(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  medoids: Int32Array,
  options: FasterPamOptions,
): FasterPamResult {
  checkInput(distances, n, weights)
  checkMedoids(medoids, n)
  if (medoids.length === 0) throw new RangeError('FasterPAM needs at least one medoid to start.')
  return runFasterPam(distances, n, weights, medoids, options)
}

/** `fasterPam` on input that was checked. */
export function runFasterPam(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  medoids: Int32Array,
  options: FasterPamOptions,
): FasterPamResult {
  const tau = options.tau ?? 0
  const order = shuffled(options.candidates, n, options.random)
  const limit = order.length * (options.maxPasses ?? 100)
  const isMedoid = new Uint8Array(n)
  for (const medoid of medoids) isMedoid[medoid] = 1
  const state = assignToMedoids(distances, n, medoids, emptyAssignment(n))
  const removal = new Float64Array(medoids.length)
  const change = new Float64Array(medoids.length)
  let loss = totalDeviation(state.nearest, weights)
  addRemovalLoss(state, weights, removal)
  let swaps = 0
  let scans = 0
  let visited = 0
  // A cycle is over when it comes back to the last candidate that was swapped in.
  for (let quiet = 0; quiet < order.length && visited < limit; quiet++, visited++) {
    const candidate = order[visited % order.length]!
    if (isMedoid[candidate] === 1) continue
    scans++
    change.set(removal)
    const gained = priceSwaps(distances, candidate * n, weights, state, change)
    const slot = smallest(change)
    const gain = -(gained + change[slot]!)
    const noise = ROUNDING * (loss + (medoids.length > 1 ? removal[slot]! : 0))
    if (!(gain > tau * loss && gain > noise)) continue
    isMedoid[medoids[slot]!] = 0
    isMedoid[candidate] = 1
    medoids[slot] = candidate
    applySwap(distances, n, medoids, slot, state)
    loss = totalDeviation(state.nearest, weights)
    addRemovalLoss(state, weights, removal)
    swaps++
    quiet = -1
  }
  // Once more from scratch: ties then depend on the medoids alone, not on the way to them.
  assignToMedoids(distances, n, medoids, state)
  return {
    ...state,
    loss: totalDeviation(state.nearest, weights),
    swaps,
    passes: order.length === 0 ? 0 : Math.ceil(visited / order.length),
    evaluations: scans * n,
  }
}

/**
 * Prices the candidate whose row begins at `row` against every medoid: returns what the loss gains
 * or loses by its addition, and adds to `change[slot]` what its presence saves of the removal loss
 * of that slot. Their sum is the change of the loss by that swap (paper, section 4).
 */
function priceSwaps(
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

/** Brings the assignment up to date after `medoids[slot]` has changed: O(n), plus O(k) for some. */
function applySwap(
  distances: Float32Array,
  n: number,
  medoids: Int32Array,
  slot: number,
  state: Assignment,
): void {
  const { assignment, runnerUp, nearest, second } = state
  const row = medoids[slot]! * n
  for (let o = 0; o < n; o++) {
    const d = distances[row + o]!
    if (assignment[o] === slot) {
      if (d < second[o]!) {
        nearest[o] = d
        continue
      }
      assignment[o] = runnerUp[o]!
      nearest[o] = second[o]!
      findRunnerUp(distances, n, medoids, o, state)
    } else if (d < nearest[o]!) {
      runnerUp[o] = assignment[o]!
      second[o] = nearest[o]!
      assignment[o] = slot
      nearest[o] = d
    } else if (d < second[o]! || (runnerUp[o] === slot && d === second[o])) {
      runnerUp[o] = slot
      second[o] = d
    } else if (runnerUp[o] === slot) {
      findRunnerUp(distances, n, medoids, o, state)
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

/** Sets `into[slot]` to what the loss would rise by without that slot; Infinity for an only one. */
export function addRemovalLoss(state: Assignment, weights: Float64Array, into: Float64Array): void {
  const { assignment, nearest, second } = state
  if (into.length === 1) {
    into[0] = Infinity
    return
  }
  into.fill(0)
  for (let o = 0; o < assignment.length; o++) {
    const slot = assignment[o]!
    into[slot] = into[slot]! + weights[o]! * (second[o]! - nearest[o]!)
  }
}

function smallest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! < values[best]!) best = i
  return best
}

/** The candidates in random order (Fisher, Yates; Durstenfeld 1964). */
function shuffled(candidates: Int32Array | undefined, n: number, random: () => number): Int32Array {
  const order = candidates ? candidates.slice() : Int32Array.from({ length: n }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const other = order[j]!
    order[j] = order[i]!
    order[i] = other
  }
  return order
}
