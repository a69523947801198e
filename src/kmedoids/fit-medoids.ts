import {
  type Assignment,
  assignToMedoids,
  checkInput,
  checkMedoids,
  emptyAssignment,
  supportOf,
  totalDeviation,
} from './assignment.ts'
import { runFasterPam } from './faster-pam.ts'
import { growMedoids } from './grow-medoids.ts'
import { removalLoss } from './medoid-prices.ts'
import { matrixBoard } from './swap-board.ts'

export interface FitMedoidsOptions {
  /** Medoids to begin with, in slot order; may be none. */
  readonly start: readonly number[]
  readonly kMax: number
  /** Weight of its points below which a cluster is none. */
  readonly minSupport: number
  /** A new medoid must be worth more than this many mean cluster costs (c_add). */
  readonly addGain: number
  /** One of the start goes when it is worth no more than this many (c_del, at most c_add). */
  readonly removeLoss: number
  /** Numbers in [0, 1), seeded by the caller. */
  readonly random: () => number
  /** A swap must gain more than tauFactor / k of the loss. Default 0.02. */
  readonly tauFactor?: number
  /** Mean distance to the medoids below which the data counts as this spread. Default 0. */
  readonly costFloor?: number
  /**
   * Counts in place of the mean cluster cost: then each medoid has to be worth the same, however many there
   * are and however far the points lie apart (facility location; Kulis and Jordan, ICML 2012).
   */
  readonly clusterCost?: number
  /** Rounds of growing, swapping and pruning at the most. Default 6. */
  readonly maxRounds?: number
  /** As in `fasterPam`, per round. */
  readonly maxPasses?: number
}

export interface FittedMedoids extends Assignment {
  /** Survivors of the start in their order, then the new ones. */
  readonly medoids: Int32Array
  /** For each slot its position in `start`, or -1 for a new one. */
  readonly origin: Int32Array
  /** Weight of the points of each slot. */
  readonly support: Float64Array
  /** Total deviation; Infinity without medoids. */
  readonly loss: number
  readonly effort: FitEffort
}

interface FitEffort {
  readonly rounds: number
  readonly swaps: number
  readonly passes: number
  /** Distances read. */
  readonly evaluations: number
  /** New slots in the result, and slots of the start that are not in it. */
  readonly added: number
  readonly removed: number
  /** Whether the last round changed nothing: then a fit that starts from the result returns it. */
  readonly converged: boolean
}

/** What a fit works on: k = medoids.length slots, and where they came from. */
interface Fit {
  readonly distances: Float32Array
  readonly n: number
  readonly weights: Float64Array
  readonly options: FitMedoidsOptions
  readonly medoids: number[]
  readonly origin: number[]
  readonly state: Assignment
  readonly totalWeight: number
  evaluations: number
  swaps: number
  passes: number
}

/**
 * Medoids and their number k, from the medoids of last time. Each round
 * 1. grows: adds the best points until kMax, however little they bring,
 * 2. prunes: new ones that are not worth c_add mean cluster costs, then old ones not worth c_del, then
 *    and always those without support, each priced exactly by its removal loss,
 * 3. swaps: weighted FasterPAM with hysteresis tau, and prunes what that left,
 * until a round changes nothing. Growing too far first is what finds several new clusters at once:
 * against k far too small, the mean cost is that of unrelated things and no single one stands out.
 * c_add > c_del is the hysteresis of k: what was added does not go for the same reason it came.
 *
 * A cluster below `minSupport` is dissolved and its points are assigned to the next medoid, far away as
 * it may be. Where all points together weigh less than that, or there are none, there is no medoid.
 *
 * `distances` and `weights` as in `fasterPam`; O(n^2) a round plus O(n k kMax) to prune. Throws
 * RangeError on malformed input or options.
 */
export function fitMedoids(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  options: FitMedoidsOptions,
): FittedMedoids {
  checkInput(distances, n, weights)
  checkMedoids(options.start, n)
  checkOptions(options)
  const fit: Fit = {
    distances,
    n,
    weights,
    options,
    medoids: [...options.start],
    origin: options.start.map((_, i) => i),
    state: emptyAssignment(n),
    totalWeight: weights.reduce((sum, w) => sum + w, 0),
    evaluations: 0,
    swaps: 0,
    passes: 0,
  }
  let rounds = 0
  let converged = false
  if (n === 0 || fit.totalWeight < options.minSupport) {
    fit.medoids.length = 0
    fit.origin.length = 0
    converged = true
  }
  while (!converged && rounds < (options.maxRounds ?? 6)) {
    converged = !runRound(fit)
    rounds++
  }
  assignToMedoids(distances, n, fit.medoids, fit.state)
  return resultOf(fit, rounds, converged)
}

/** Returns whether it changed anything, be it only for a while. */
function runRound(fit: Fit): boolean {
  const { distances, n, weights, options, medoids, origin, state } = fit
  const before = medoids.slice()
  const kMax = Math.min(options.kMax, n)
  assignToMedoids(distances, n, medoids, state)
  fit.evaluations += growMedoids(distances, n, weights, state, medoids, {
    kMax,
    minSupport: options.minSupport,
    // No final threshold can be lower than this, so what gains less would go again.
    minGain: options.addGain * clusterCost(fit, 0, kMax),
  })
  while (origin.length < medoids.length) origin.push(-1)
  prune(fit, before.length)
  let changed = !sameAs(before, medoids)
  const swapped = Int32Array.from(medoids)
  const result = runFasterPam(matrixBoard(distances, n, weights), swapped, {
    random: options.random,
    tau: (options.tauFactor ?? 0.02) / medoids.length,
    minSupport: options.minSupport,
    ...(options.maxPasses === undefined ? {} : { maxPasses: options.maxPasses }),
  })
  swapped.forEach((medoid, slot) => {
    medoids[slot] = medoid
  })
  fit.evaluations += result.evaluations
  fit.swaps += result.swaps
  fit.passes += result.passes
  changed ||= result.swaps > 0
  if (result.swaps > 0) identify(fit, result)
  prune(fit, medoids.length)
  return changed || !sameAs(before, medoids)
}

/**
 * Settles which slot continues which of the start, as swaps may move a slot anywhere: a slot continues
 * the nearest of those old medoids that are assigned to it and lie within its radius (its farthest point
 * that has weight). Puts the slots in the order of the start again, new ones behind.
 */
function identify(fit: Fit, { assignment, nearest }: Assignment): void {
  const { weights, options, medoids, origin } = fit
  const radius = new Float64Array(medoids.length)
  for (let o = 0; o < fit.n; o++) {
    const slot = assignment[o]!
    if (weights[o]! > 0 && nearest[o]! > radius[slot]!) radius[slot] = nearest[o]!
  }
  origin.fill(-1)
  options.start.forEach((old, i) => {
    const slot = assignment[old]!
    const rival = options.start[origin[slot]!]
    if (nearest[old]! > radius[slot]!) return
    if (rival === undefined || nearest[old]! < nearest[rival]!) origin[slot] = i
  })
  const rank = (slot: number): number => (origin[slot]! < 0 ? Infinity : origin[slot]!)
  const order = medoids
    .map((_, slot) => slot)
    .sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : a - b))
  const sorted = order.map((slot) => ({ medoid: medoids[slot]!, origin: origin[slot]! }))
  sorted.forEach((it, slot) => {
    medoids[slot] = it.medoid
    origin[slot] = it.origin
  })
}

function sameAs(before: readonly number[], medoids: readonly number[]): boolean {
  return before.length === medoids.length && before.every((m, slot) => m === medoids[slot])
}

/**
 * Removes medoids one by one, until all that are left have their support and their worth. Slots from
 * `tentative` on were added a moment ago and are the first to be doubted: what is not worth adding to
 * the others must not push one of them out.
 */
function prune(fit: Fit, tentative: number): void {
  const { distances, n, medoids, origin, state } = fit
  let settled = tentative
  for (;;) {
    assignToMedoids(distances, n, medoids, state)
    const slot = medoids.length > 1 ? nextToGo(fit, settled) : -1
    if (slot < 0) return
    medoids.splice(slot, 1)
    origin.splice(slot, 1)
    if (slot < settled) settled--
  }
}

/** The slot to remove next, or -1: what lacks support, then by worth: tentative, new, old ones. */
function nextToGo(fit: Fit, settled: number): number {
  const { weights, options, medoids, origin, state } = fit
  const k = medoids.length
  const support = supportOf(state.assignment, weights, k)
  const frail = slotOfLeast(support, () => true)
  if (support[frail]! < options.minSupport) return frail
  const worth = removalLoss(state, weights, k)
  const loss = totalDeviation(state.nearest, weights)
  const cost = clusterCost(fit, loss, k)
  const tentative = slotOfLeast(worth, (slot) => slot >= settled)
  if (tentative >= 0 && worth[tentative]! <= options.addGain * cost) return tentative
  const young = slotOfLeast(worth, (slot) => origin[slot]! < 0)
  if (young >= 0 && worth[young]! <= options.addGain * cost) return young
  const old = slotOfLeast(worth, (slot) => origin[slot]! >= 0)
  if (old >= 0 && worth[old]! <= options.removeLoss * cost) return old
  return k > options.kMax ? slotOfLeast(worth, () => true) : -1
}

function clusterCost({ options, totalWeight }: Fit, loss: number, k: number): number {
  return options.clusterCost ?? Math.max(loss, (options.costFloor ?? 0) * totalWeight) / k
}

/** The eligible slot with the least value, among equals the newest; -1 where none is eligible. */
function slotOfLeast(values: Float64Array, eligible: (slot: number) => boolean): number {
  let best = -1
  for (let slot = values.length - 1; slot >= 0; slot--) {
    if (eligible(slot) && (best < 0 || values[slot]! < values[best]!)) best = slot
  }
  return best
}

function resultOf(fit: Fit, rounds: number, converged: boolean): FittedMedoids {
  const { weights, options, medoids, origin, state } = fit
  const survivors = origin.filter((slot) => slot >= 0).length
  return {
    ...state,
    medoids: Int32Array.from(medoids),
    origin: Int32Array.from(origin),
    support: supportOf(state.assignment, weights, medoids.length),
    loss: medoids.length === 0 ? Infinity : totalDeviation(state.nearest, weights),
    effort: {
      rounds,
      swaps: fit.swaps,
      passes: fit.passes,
      evaluations: fit.evaluations,
      added: medoids.length - survivors,
      removed: options.start.length - survivors,
      converged,
    },
  }
}

function checkOptions(options: FitMedoidsOptions): void {
  const { kMax, minSupport, addGain, removeLoss } = options
  if (!Number.isInteger(kMax) || kMax < 1) {
    throw new RangeError(`kMax must be a whole number of at least 1, got ${kMax}.`)
  }
  if (!(minSupport >= 0)) throw new RangeError(`minSupport must be at least 0, got ${minSupport}.`)
  if (!(removeLoss >= 0 && removeLoss <= addGain)) {
    throw new RangeError(`Need 0 <= removeLoss <= addGain, got ${removeLoss} and ${addGain}.`)
  }
}
