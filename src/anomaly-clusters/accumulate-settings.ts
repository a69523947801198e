import type { SeveritySettings } from './severity.ts'

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
  readonly severity: SeveritySettings
}
