import type { Severity } from '../contract/anomaly-cluster.ts'
import type { EntryImpact } from './impact.ts'

/** What was told of a cluster and is to stay true: its identity for people, and who has suffered so far. */
export interface Story {
  /** The service that was suspected first; '' before anything was told. */
  readonly suspect: string
  /** Since when: first deviating observation of what was told first, data time, ms; 0 before. */
  readonly sinceMs: number
  /** Key of the alarm that its sentence is about; -1 before anything was told. */
  readonly lead: number
  /** The highest that it has had. */
  readonly severity: Severity
  readonly impact: readonly EntryImpact[]
  /** The cluster that it turned out to be part of. */
  readonly mergedInto: string | null
}

export const UNTOLD: Story = {
  suspect: '',
  sinceMs: 0,
  lead: -1,
  severity: 'information',
  impact: [],
  mergedInto: null,
}
