import { CONSTANTS } from '../baseline/constants.ts'
import { SIGNALS } from '../baseline/signals.ts'
import type { DeviationTerm, Severity } from '../contract/anomaly-cluster.ts'
import { logShareExcess } from '../stats/share-evidence.ts'
import type { Alarm } from './alarm.ts'
import type { RequestCounts } from './recent-requests.ts'

/** Shares of an entry operation's requests that fail, or are slow, from which a cluster has a severity. */
export interface SeveritySettings {
  readonly criticalFailed: number
  readonly criticalSlow: number
  readonly warningFailed: number
  readonly warningSlow: number
}

const RANK: Readonly<Record<Severity, number>> = { information: 0, warning: 1, critical: 2 }

/** The more urgent of two: while a cluster lasts its severity only rises, so that its alert stays. */
export function moreSevere(a: Severity, b: Severity): Severity {
  return RANK[a] >= RANK[b] ? a : b
}

/** Terms that say that something is unlike what it was, not that it is worse. */
const MERELY_DIFFERENT: ReadonlySet<DeviationTerm> = new Set(['structure', 'category', 'like'])

/** Whether an alarm says that something is worse: it fails, is slower, is missing or is called more often. */
function isForTheWorse(alarm: Alarm): boolean {
  const { term, direction } = SIGNALS[alarm.signal]
  if (alarm.signal === 'structure') return alarm.vote < 0
  // A call that some make and now most make: another mix of requests, or what follows from a failure.
  if (alarm.signal === 'appearance') return false
  return !MERELY_DIFFERENT.has(term) && (direction === 'high' || term === 'presence')
}

/**
 * How urgent a cluster is, from who suffers: an entry operation's share of requests that fail, or that
 * are slow beyond their normal tail, for a critical one plainly so. What is worse within, though no
 * request suffers from it yet, is a warning; what is only faster, fewer or merely different is information.
 */
export function severityOf(
  impact: readonly RequestCounts[],
  alarms: readonly Alarm[],
  { criticalFailed, criticalSlow, warningFailed, warningSlow }: SeveritySettings,
): Severity {
  const sure = Math.log(CONSTANTS.likelyOdds)
  const fails = (least: number): boolean =>
    impact.some(({ requests, failed }) => failed >= CONSTANTS.several && failed >= least * requests)
  // What is slow is estimated, some are on any day, and severity only rises: it must be sure at any look.
  const isSlow = (what: 'slow' | 'plainlySlow', least: number): boolean =>
    impact.some(
      ({ requests, [what]: slow }) =>
        slow >= CONSTANTS.several && logShareExcess(slow, requests, least) >= sure,
    )
  // Nobody is woken for requests that take a little longer, be it all of them.
  if (fails(criticalFailed) || isSlow('plainlySlow', criticalSlow)) return 'critical'
  if (fails(warningFailed) || isSlow('slow', warningSlow)) return 'warning'
  return alarms.some(isForTheWorse) ? 'warning' : 'information'
}
