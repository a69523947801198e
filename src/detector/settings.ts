import type { DriftSettings } from '../drift/drift-settings.ts'

/**
 * Everything the pure core can be told, in base units (ms, counts, shares). `config.ts` makes it from
 * the user's YAML; tests build it directly. Each limit has a counter for what it dropped.
 */
export interface DetectorSettings {
  readonly seed: number
  /** Target share of normal observations that are flagged, in (0, 0.5]. */
  readonly alpha: number
  /** Name the differences of every judged observation, not only of flagged ones (replay). */
  readonly explainAll: boolean
  readonly assemble: AssembleSettings
  readonly features: FeatureSettings
  readonly sample: SampleSettings
  readonly model: ModelSettings
  readonly accumulate: AccumulateSettings
  readonly drift: DriftSettings
}

export interface AssembleSettings {
  /** A trace is judged when its root has ended and nothing came for this long, in data time. */
  readonly quietMs: number
  /** ... or at the latest this long after its first span was seen. */
  readonly maxWaitMs: number
  readonly maxSpansPerTrace: number
  readonly maxOpenTraces: number
  readonly maxOpenSpans: number
  /** How many ids of judged traces are remembered, to recognise late spans. */
  readonly closedIds: number
  /** A span may move data time ahead by at most this much unless others agree. */
  readonly maxJumpMs: number
}

export interface FeatureSettings {
  /** Attribute keys compared as categories, on the entry span. */
  readonly categories: readonly string[]
  /** `service.name` values whose spans are dropped on ingest (medoscope's own). */
  readonly ignoreServices: readonly string[]
  readonly maxTexts: number
  readonly maxPaths: number
  readonly maxPlaces: number
  readonly maxStrata: number
}

export interface SampleSettings {
  /** Age at which an observation's weight in the reservoirs has halved, data time. */
  readonly halfLifeMs: number
  /** Observations kept over all strata to fit from. */
  readonly size: number
  /** Least and most observations of one stratum. */
  readonly stratumFloor: number
  readonly stratumCap: number
  /** Observations kept to calibrate from; disjoint from the above. */
  readonly calibrationSize: number
}

export interface ModelSettings {
  /** Positions at which a model may be asked for or installed: multiples of this, data time. */
  readonly windowMs: number
  /** Time between two refreshes once the reservoirs are full, data time. */
  readonly refreshMs: number
  /** A stratum is judged once it gave this many observations to fit and to calibrate from. */
  readonly minObservations: number
  /** Calibration observations over all strata before anything is judged. */
  readonly minCalibration: number
  readonly maxClustersPerStratum: number
  /** Sampled observations below which a cluster is not normal. */
  readonly minSupport: number
}

export interface AccumulateSettings {
  /** The stated rate of false anomaly clusters; the only threshold there is. */
  readonly falseClustersPerWeek: number
  readonly bucketMs: number
  /** Silence after which an open cluster closes, data time. */
  readonly silentMs: number
  /** Same id again when the same thing comes back within this time. */
  readonly reopenMs: number
  /** An open cluster that lasts this long asks to be accepted, data time. */
  readonly askAfterMs: number
  /** Open clusters; what opens beyond them is dropped and counted. */
  readonly maxOpenClusters: number
}
