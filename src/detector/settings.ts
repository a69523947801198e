import type { AccumulateSettings } from '../anomaly-clusters/accumulate-settings.ts'
import type { AssembleSettings } from '../assemble/assemble-settings.ts'
import type { SessionSettings } from '../assemble/session-settings.ts'
import type { DriftSettings } from '../drift/drift-settings.ts'
import type { SampleSettings } from '../sample/sample-settings.ts'
import type { LogSettings } from './log-sessions.ts'

/**
 * Everything the pure core can be told, in base units (ms, counts, shares). `config/` makes it from
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
  /** Null: logs are not judged. Without keys and patterns there are no sessions. */
  readonly logs: (LogSettings & { readonly session: SessionSettings }) | null
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
  /** Data time after which what was not seen is forgotten; sooner where room is short. */
  readonly forgetAfterMs: number
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
