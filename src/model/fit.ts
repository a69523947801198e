import { Dissimilarity } from '../distance/dissimilarity.ts'
import {
  type PackedProfiles,
  ProfileScratch,
  type ScaledProfile,
  unpackProfile,
} from '../profile/profile.ts'
import { calibrate } from './calibration.ts'
import {
  type FitEffort,
  type FittedModel,
  type FittedStratum,
  type ModelRequest,
  POOLED,
} from './fit-request.ts'
import { fitScales } from './fit-scales.ts'
import { fitStratum } from './fit-stratum.ts'
import { nearestMedoid } from './nearest-medoid.ts'
import { PathSetLookup } from './path-sets.ts'
import { Scaler } from './scales.ts'
import { type StratumRange, strataRanges } from './stratum-range.ts'

/**
 * Fits a model: scales, then per stratum weighted FasterPAM from the previous medoids, then the
 * calibration on observations that the fit did not use. Pure: the same request gives the same result.
 */
export function fitModel(request: ModelRequest): {
  readonly model: FittedModel
  /** Which calibration observations the model knows the stratum of, and how novel they are to it. */
  readonly scored: ScoredNovelty
} {
  const { sample, sampleStratum, sampleWeight } = request
  const ranges = strataRanges(sampleStratum).filter(
    ({ from, to }) => sum(sampleWeight, from, to) >= request.minObservations,
  )
  const scales = fitScales(sample, sampleWeight, ranges)
  const scaler = new Scaler(scales)
  const scratch = new ProfileScratch(new Int32Array(request.categories))
  const dissimilarity = new Dissimilarity()
  const effort = { observations: 0, calibrated: 0, distances: 0, swaps: 0, passes: 0 }
  const strata: FittedStratum[] = []
  const medoids: ScaledProfile[][] = []
  for (const range of ranges) {
    const members = scaledProfiles(sample, range, scaler, scratch)
    const fitted = fitStratum(request, range, members, scratch, dissimilarity, effort)
    if (fitted.clusters.length === 0) continue
    strata.push(fitted)
    medoids.push(fitted.clusters.map(({ medoid }) => members[medoid - range.from]!))
    effort.observations += fitted.observations
  }
  const scored = scoreCalibration(request, strata, medoids, scaler, scratch, dissimilarity)
  const calibration = calibrate(scored, scored.clusterStrata, request.alpha)
  effort.calibrated = calibration.count
  return {
    model: {
      version: request.version,
      timeMs: request.timeMs,
      scales,
      strata,
      calibration,
      effort: effort satisfies FitEffort,
    },
    scored,
  }
}

function scaledProfiles(
  sample: PackedProfiles,
  { from, to }: StratumRange,
  scaler: Scaler,
  scratch: ProfileScratch,
): ScaledProfile[] {
  const profiles: ScaledProfile[] = []
  for (let i = from; i < to; i++) {
    scratch.loadPacked(sample, i)
    scaler.apply(scratch)
    const scaled = scratch.scaled.slice(0, scratch.count * 2)
    profiles.push({ ...unpackProfile(sample, i), scaled })
  }
  return profiles
}

/** The calibration observations as the new model sees them. */
function scoreCalibration(
  request: ModelRequest,
  strata: readonly FittedStratum[],
  medoids: readonly ScaledProfile[][],
  scaler: Scaler,
  scratch: ProfileScratch,
  dissimilarity: Dissimilarity,
): ScoredCalibration {
  const indexOf = new Map(strata.map(({ stratum }, index) => [stratum, index]))
  const pool = indexOf.get(POOLED)
  if (pool !== undefined) for (const stratum of request.pooled) indexOf.set(stratum, pool)
  const lookups = strata.map(({ pathSets }) => new PathSetLookup(pathSets))
  const firstCluster = [0]
  for (const { clusters } of strata) firstCluster.push(firstCluster.at(-1)! + clusters.length)
  const stratum: number[] = []
  const cluster: number[] = []
  const distance: number[] = []
  const novelty: number[] = []
  for (let i = 0; i < request.calibration.count; i++) {
    const at = indexOf.get(request.calibrationStratum[i]!)
    if (at === undefined) continue
    scratch.loadPacked(request.calibration, i)
    scaler.apply(scratch)
    const nearest = nearestMedoid(scratch, medoids[at]!, dissimilarity)
    stratum.push(strata[at]!.stratum)
    cluster.push(firstCluster[at]! + nearest.index)
    distance.push(nearest.distance)
    novelty.push(lookups[at]!.novelty(scratch).score)
  }
  return {
    stratum: Int32Array.from(stratum),
    cluster: Int32Array.from(cluster),
    distance: Float64Array.from(distance),
    novelty: Float64Array.from(novelty),
    clusterStrata: Int32Array.from(
      strata.flatMap(({ stratum: of, clusters }) => clusters.map(() => of)),
    ),
  }
}

/** Of each scored calibration observation its stratum and how new its set of call paths is. */
export interface ScoredNovelty {
  readonly stratum: Int32Array
  readonly novelty: Float64Array
}

interface ScoredCalibration extends ScoredNovelty {
  readonly cluster: Int32Array
  readonly distance: Float64Array
  /** Stratum of each cluster (global index). */
  readonly clusterStrata: Int32Array
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += values[i]!
  return total
}
