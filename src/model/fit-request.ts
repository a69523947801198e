import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { PackedProfiles } from '../profile/profile.ts'
import type { Calibration } from './calibration.ts'
import type { Scales } from './scales.ts'
import type { KnownShapes } from './shape-surprise.ts'

/** The stratum under which rare ones are fitted and judged together. */
export const POOLED = OTHER_PAIR

/** Everything that fitting a model needs, as flat arrays. */
export interface ModelRequest {
  /** Version that the model will have. */
  readonly version: number
  readonly seed: number
  /** Data time at which it was asked for, ms. */
  readonly timeMs: number
  readonly alpha: number
  readonly minObservations: number
  readonly maxClustersPerStratum: number
  readonly minSupport: number
  /** Number of configured categories. */
  readonly categories: number
  /** The fit sample; previous medoids that left it are appended with weight 0. */
  readonly sample: PackedProfiles
  /** Stratum of each sampled observation, ascending. */
  readonly sampleStratum: Int32Array<ArrayBuffer>
  /** 1 for a sampled observation, 0 for a previous medoid that is only a candidate. */
  readonly sampleWeight: Float64Array<ArrayBuffer>
  /** Slot in the previous model whose medoid this is, or -1. */
  readonly previousSlot: Int32Array<ArrayBuffer>
  /** Strata that are too rare for a range of their own: they are judged by that of `POOLED`. Ascending. */
  readonly pooled: Int32Array<ArrayBuffer>
  readonly calibration: PackedProfiles
  readonly calibrationStratum: Int32Array<ArrayBuffer>
  /** The path of its entry; 0 where it is not told apart. */
  readonly calibrationEntry: Int32Array<ArrayBuffer>
}

/** A model as fitted: indices into the request's sample, and everything that does not name one. */
export interface FittedModel {
  readonly version: number
  readonly timeMs: number
  readonly scales: Scales
  readonly strata: readonly FittedStratum[]
  readonly calibration: Calibration
  readonly effort: FitEffort
}

export interface FittedStratum {
  readonly stratum: number
  readonly clusters: readonly FittedCluster[]
  readonly shapes: KnownShapes
  /** Sampled observations. */
  readonly observations: number
  /** Share of the sample's weight that changed its cluster since the previous model; 0 at first. */
  readonly moved: number
}

export interface FittedCluster {
  /** Index of the medoid in the sample. */
  readonly medoid: number
  /** Slot of the previous model that this cluster goes on from, or -1: it is new. */
  readonly previousSlot: number
  /** How far the medoid moved from that slot's previous one, in [0, 1]. */
  readonly movedBy: number
  /** Sampled observations nearest to it. */
  readonly weight: number
  /** 95 % quantile of their distances. */
  readonly radius: number
  readonly meanDistance: number
  readonly errorShare: number
  /** 3-5 diverse examples, indices in the sample; the medoid first. */
  readonly members: Int32Array<ArrayBuffer>
}

/** What it cost, in numbers that do not depend on the machine. */
export interface FitEffort {
  readonly observations: number
  readonly calibrated: number
  readonly distances: number
  readonly swaps: number
  readonly passes: number
}
