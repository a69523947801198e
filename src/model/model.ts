import type { Churn } from '../contract/installed-model.ts'
import type { KeptTrace } from '../profile/kept-trace.ts'
import type { ScaledProfile } from '../profile/profile.ts'
import type { Calibration } from './calibration.ts'
import type { FitEffort } from './fit-request.ts'
import type { Scales } from './scales.ts'
import type { KnownShapes } from './shape-surprise.ts'

/**
 * What is normal: an immutable version, installed at a position in the log. Plain data; element and
 * path ids are those of the detector that made it.
 */
export interface Model {
  /** Hash of the content: the same normal gives the same id. */
  readonly id: string
  readonly version: number
  /** Data time at which it was fitted, ms. */
  readonly fittedMs: number
  /** Data time from which it judges, ms. */
  readonly installedMs: number
  readonly scales: Scales
  readonly strata: readonly StratumModel[]
  /** Strata that are judged together as `POOLED`, since each is too rare by itself; ascending. */
  readonly pooled: readonly number[]
  readonly calibration: Calibration
  readonly churn: Churn
  readonly effort: FitEffort
}

export interface StratumModel {
  readonly stratum: number
  readonly clusters: readonly NormalCluster[]
  readonly shapes: KnownShapes
  readonly observations: number
  /** Share of its sample that changed its cluster with this version. */
  readonly moved: number
}

export interface NormalCluster {
  /** Survives refreshes; a new one only when the medoid moved by more than the radius. */
  readonly id: string
  /** Index over all strata, in order. */
  readonly index: number
  readonly medoid: ScaledProfile
  /** The medoid itself, for people; members[0] is the same trace. */
  readonly members: readonly KeptTrace[]
  readonly weight: number
  readonly radius: number
  readonly meanDistance: number
  readonly errorShare: number
  /** Data time at which this id first and last was part of a model, ms. */
  readonly firstSeenMs: number
  readonly lastSeenMs: number
}
