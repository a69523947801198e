import { ALL_STRATA, type DriftMonitor, type DriftStatus } from '../drift/drift-monitor.ts'
import type { DriftState } from '../drift/stream-monitor.ts'

/** The drift of a detector, for metrics and people. */
export interface DriftView {
  /** The stream over all strata first, then the busiest strata. */
  readonly status: readonly StratumDrift[]
  readonly changes: Readonly<Record<DriftState, number>>
  /** Blocks that open anomaly clusters account for; see `StreamMonitor`. */
  readonly setAside: number
}

/** One stream of one stratum, the stratum by its name; null: of all strata together. */
export type StratumDrift = Omit<DriftStatus, 'stratum'> & { readonly stratum: string | null }

export function driftView(drift: DriftMonitor, stratumName: (id: number) => string): DriftView {
  const status = drift.status().map((one) => ({
    ...one,
    stratum: one.stratum === ALL_STRATA ? null : stratumName(one.stratum),
  }))
  return { status, changes: drift.changes, setAside: drift.setAside }
}
