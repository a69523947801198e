import type { DriftStatus } from './drift-monitor.ts'
import type { DriftState } from './stream-watch.ts'

/** The drift of a detector, for metrics and people. */
export interface DriftView {
  /** The stream over all strata first, then the busiest strata. */
  readonly status: readonly DriftStatus[]
  readonly changes: Readonly<Record<DriftState, number>>
  /** Blocks that open anomaly clusters account for; see `StreamWatch`. */
  readonly setAside: number
  readonly stratumName: (stratum: number) => string
}
