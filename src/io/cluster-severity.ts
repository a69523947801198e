import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'

/** How urgent an anomaly cluster is for people: what alert routes go by. */
export type Severity = 'critical' | 'warning' | 'info'

/** A time or count this many times its normal value is felt by users, not only measurable. */
const FELT_FACTOR = 3
/** From this share of the calls on it is the rule rather than the exception. */
const MOST_CALLS = 0.5
/** Errors hurt sooner than slowness: already this share of the calls is critical. */
const MANY_ERRORS = 0.2

/**
 * Severity of a cluster from what it says of itself, whatever its evidence: the evidence decides
 * whether it is real, the severity how much it hurts. Less of something (faster, fewer errors) and
 * groups of alike but scattered anomalies never wake anybody, nor does what is known to come back.
 */
export function severityOf(cluster: AnomalyCluster): Severity {
  const { term, direction, rate, typical, normal } = cluster
  if (!cluster.alerts || term === 'like') return 'info'
  if (term === 'category') return 'warning'
  if (direction === 'low' && term !== 'presence') return 'info'
  if (term === 'errors') return rate >= MANY_ERRORS ? 'critical' : 'warning'
  if (rate < MOST_CALLS) return 'warning'
  if (term === 'presence') return 'critical'
  if (term === 'self_time' || term === 'count') {
    const felt = typical !== null && normal !== null && typical >= FELT_FACTOR * normal
    return felt ? 'critical' : 'warning'
  }
  return 'warning'
}

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 }

/** The more urgent of two: while a cluster is open its severity only rises, so that its alert keeps its labels. */
export function moreSevere(a: Severity, b: Severity): Severity {
  return RANK[a] >= RANK[b] ? a : b
}
