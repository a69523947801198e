import { Dissimilarity } from '../distance/dissimilarity.ts'
import {
  type PackedProfiles,
  ProfileScratch,
  type ScaledProfile,
  unpackProfile,
} from '../profile/profile.ts'
import { calibrate, type Scored } from './calibration.ts'
import { excessTime } from './excess-time.ts'
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
import { Scaler } from './scales.ts'
import { ShapeSurprise } from './shape-surprise.ts'
import { type StratumRange, strataRanges } from './stratum-range.ts'

/**
 * Fits a model: scales, then per stratum weighted FasterPAM from the previous medoids, then the
 * calibration on observations that the fit did not use. Pure: the same request gives the same result.
 */
export function fitModel(request: ModelRequest): {
  readonly model: FittedModel
  /** Which calibration observations the model knows the stratum of, and how novel they are to it. */
  readonly scored: ScoredStructure
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
  const calibration = calibrate(scored, strata.length, request.alpha)
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
    scored: {
      stratum: scored.stratum.map((index) => strata[index]!.stratum),
      structure: scored.structure,
    },
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
): Scored {
  const { calibration, calibrationStratum, pooled } = request
  const indexOf = new Map(strata.map(({ stratum }, index) => [stratum, index]))
  const pool = indexOf.get(POOLED)
  if (pool !== undefined) for (const stratum of pooled) indexOf.set(stratum, pool)
  const known = Array.from(calibrationStratum.keys()).filter((i) =>
    indexOf.has(calibrationStratum[i]!),
  )
  const scored = {
    stratum: Int32Array.from(known, (i) => indexOf.get(calibrationStratum[i]!)!),
    excessMs: new Float64Array(known.length),
    expectedMs: new Float64Array(known.length),
    shape: new Float64Array(known.length),
    structure: new Float64Array(known.length),
    distance: new Float64Array(known.length),
  }
  const shapes = strata.map(({ shapes }) => new ShapeSurprise(shapes, scaler))
  const time = { excessMs: 0, expectedMs: 0 }
  known.forEach((i, to) => {
    const at = scored.stratum[to]!
    scratch.loadPacked(calibration, i)
    scaler.apply(scratch)
    excessTime(scratch, scaler, time)
    scored.excessMs[to] = time.excessMs
    scored.expectedMs[to] = time.expectedMs
    scored.shape[to] = shapes[at]!.of(scratch, time.expectedMs === 0)
    scored.structure[to] = shapes[at]!.structure
    scored.distance[to] = nearestMedoid(scratch, medoids[at]!, dissimilarity).distance
  })
  return scored
}

/** Of each scored calibration observation its stratum and how surprising its set of call paths is. */
export interface ScoredStructure {
  readonly stratum: Int32Array
  /** Nats. */
  readonly structure: Float64Array
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += values[i]!
  return total
}
