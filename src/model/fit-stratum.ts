import type { Dissimilarity } from '../distance/dissimilarity.ts'
import { diverseMembers } from '../kmedoids/diverse-members.ts'
import { type FittedMedoids, fitMedoids } from '../kmedoids/fit-medoids.ts'
import { STATUS_ERROR } from '../otlp/span-columns.ts'
import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'
import { SeededRandom } from '../stats/random.ts'
import type { FittedCluster, FittedStratum, ModelRequest } from './fit-request.ts'
import { collectShapes } from './shape-surprise.ts'
import type { StratumRange } from './stratum-range.ts'

const MEMBERS = 5
/** A new cluster must bring a fifth of a mean cluster's cost, an old one stays until it brings a tenth. */
const ADD_GAIN = 0.2
const REMOVE_LOSS = 0.1
/** Observations that differ by less than this on average are one way of working. */
const COST_FLOOR = 0.005

/**
 * The normal clusters of one stratum: weighted FasterPAM over all pairs of its sample, started from
 * the previous medoids, k adjusted within its limits. Adds its effort to `effort`.
 */
export function fitStratum(
  request: ModelRequest,
  range: StratumRange,
  members: readonly ScaledProfile[],
  scratch: ProfileScratch,
  dissimilarity: Dissimilarity,
  effort: { distances: number; swaps: number; passes: number },
): FittedStratum {
  const n = members.length
  const distances = allDistances(members, scratch, dissimilarity)
  effort.distances += (n * (n - 1)) / 2
  const weights = request.sampleWeight.slice(range.from, range.to)
  const previous = previousMedoids(request, range)
  const random = new SeededRandom(request.seed ^ Math.imul(range.stratum, 0x9e3779b1))
  const fitted = fitMedoids(distances, n, weights, {
    start: previous.map(({ index }) => index),
    kMax: request.maxClustersPerStratum,
    minSupport: request.minSupport,
    addGain: ADD_GAIN,
    removeLoss: REMOVE_LOSS,
    costFloor: COST_FLOOR,
    random: () => random.next(),
  })
  effort.swaps += fitted.effort.swaps
  effort.passes += fitted.effort.passes
  const input = { range, members, distances, weights }
  const clusters: FittedCluster[] = []
  for (let slot = 0; slot < fitted.medoids.length; slot++) {
    clusters.push(describeCluster(input, fitted, slot, previous))
  }
  return {
    stratum: range.stratum,
    clusters,
    shapes: collectShapes(
      members.filter((_, i) => weights[i]! > 0),
      request.categories,
    ),
    observations: weights.reduce((sum, weight) => sum + weight, 0),
    moved: movedShare(distances, n, weights, fitted, previous),
  }
}

interface PreviousMedoid {
  /** Index within the stratum's sample. */
  readonly index: number
  readonly slot: number
}

/** In slot order, so that survivors keep theirs. */
function previousMedoids(request: ModelRequest, { from, to }: StratumRange): PreviousMedoid[] {
  const found: PreviousMedoid[] = []
  for (let i = from; i < to; i++) {
    const slot = request.previousSlot[i]!
    if (slot >= 0) found.push({ index: i - from, slot })
  }
  return found.sort((a, b) => a.slot - b.slot)
}

function allDistances(
  members: readonly ScaledProfile[],
  scratch: ProfileScratch,
  dissimilarity: Dissimilarity,
): Float32Array {
  const n = members.length
  const distances = new Float32Array(n * n)
  for (let i = 0; i < n; i++) {
    scratch.load(members[i]!)
    scratch.scaled.set(members[i]!.scaled)
    for (let j = i + 1; j < n; j++) {
      const distance = dissimilarity.distance(scratch, members[j]!)
      distances[i * n + j] = distance
      distances[j * n + i] = distance
    }
  }
  return distances
}

interface StratumInput {
  readonly range: StratumRange
  readonly members: readonly ScaledProfile[]
  readonly distances: Float32Array
  readonly weights: Float64Array
}

function describeCluster(
  { range, members, distances, weights }: StratumInput,
  fitted: FittedMedoids,
  slot: number,
  previous: readonly PreviousMedoid[],
): FittedCluster {
  const n = members.length
  const medoid = fitted.medoids[slot]!
  const own: number[] = []
  let weight = 0
  let errors = 0
  let total = 0
  for (let i = 0; i < n; i++) {
    if (fitted.assignment[i] !== slot || weights[i] === 0) continue
    own.push(i)
    weight += weights[i]!
    total += weights[i]! * distances[medoid * n + i]!
    if (members[i]!.status === STATUS_ERROR) errors += weights[i]!
  }
  const spread = Float64Array.from(own, (i) => distances[medoid * n + i]!).sort()
  const radius = spread.length === 0 ? 0 : spread[Math.floor(0.95 * (spread.length - 1))]!
  const before = fitted.origin[slot]! < 0 ? null : previous[fitted.origin[slot]!]!
  const examples = diverseMembers(distances, n, medoid, Int32Array.from(own), MEMBERS)
  return {
    medoid: range.from + medoid,
    previousSlot: before ? before.slot : -1,
    movedBy: before ? distances[before.index * n + medoid]! : 1,
    weight,
    radius,
    meanDistance: weight === 0 ? 0 : total / weight,
    errorShare: weight === 0 ? 0 : errors / weight,
    members: Int32Array.from(examples, (i) => range.from + i),
  }
}

/** Share of the weight whose cluster under the previous medoids was another slot than now. */
function movedShare(
  distances: Float32Array,
  n: number,
  weights: Float64Array,
  fitted: FittedMedoids,
  previous: readonly PreviousMedoid[],
): number {
  if (previous.length === 0) return 0
  let moved = 0
  let total = 0
  for (let i = 0; i < n; i++) {
    if (weights[i] === 0) continue
    let nearest = 0
    for (let m = 1; m < previous.length; m++) {
      const candidate = distances[previous[m]!.index * n + i]!
      if (candidate < distances[previous[nearest]!.index * n + i]!) nearest = m
    }
    total += weights[i]!
    if (fitted.origin[fitted.assignment[i]!] !== nearest) moved += weights[i]!
  }
  return total === 0 ? 0 : moved / total
}
