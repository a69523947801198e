import { CONSTANTS } from '../baseline/constants.ts'
import { succession } from '../baseline/raw-estimates.ts'
import { SIGNALS } from '../baseline/signals.ts'
import { alternativeShare } from '../evidence/alternatives.ts'
import type { SeriesMonitor } from '../evidence/series-monitor.ts'
import { closingStep } from '../stats/closing-cusum.ts'
import type { AccumulateSettings } from './accumulate-settings.ts'
import type { SimilarAlarm, TestedAlarm } from './alarm.ts'
import type { Cluster } from './cluster.ts'
import { logNormalAgain } from './similar-anomalies.ts'

/** An alarm after a look at it, and why it ends, if it does. */
export interface Looked<A> {
  readonly alarm: A
  readonly ends: 'normal again' | 'silent' | null
}

/** A look at the running bucket. */
export interface Look {
  readonly timeMs: number
  /** Whether the bucket ends here. */
  readonly atEnd: boolean
}

/**
 * Looks at an alarm in the running bucket: it ends when its series has returned to normal, and when it
 * has been open for a bucket at least.
 */
export function lookAt(
  alarm: TestedAlarm,
  { timeMs, atEnd }: Look,
  monitor: SeriesMonitor,
  bucketMs: number,
): Looked<TestedAlarm> {
  const { series } = alarm
  const n = monitor.deviations.occurrences(series)
  if (n === 0) return { alarm, ends: null }
  const peak = Math.max(alarm.peak, monitor.prefix(series))
  const seen = { ...alarm, activeMs: timeMs, peak }
  const ratio = monitor.ratioOf(series, shareSeen(alarm, monitor))
  const closing = closingStep(alarm.closing, ratio)
  const buckets = (timeMs - alarm.openedMs) / bucketMs
  // What has lasted long had as many chances to seem over while it only wavered.
  const odds = Math.max(CONSTANTS.likelyOdds, buckets)
  if (buckets >= 1 && closing > Math.log(odds)) return { alarm: seen, ends: 'normal again' }
  if (!atEnd) return { alarm: seen, ends: null }
  if (ratio <= 0) return { alarm: { ...seen, closing }, ends: null }
  const speakingN = alarm.speakingN + n
  const speakingC = alarm.speakingC + monitor.deviations.bySeries.of.c[series]!
  return { alarm: { ...seen, closing, speakingN, speakingC }, ends: null }
}

/** The share of deviating occurrences seen while it was open; never below the least that is claimed. */
function shareSeen(alarm: TestedAlarm, monitor: SeriesMonitor): number {
  const { evidence, deviations } = monitor
  const { signal, series } = alarm
  const { leastShare } = SIGNALS[signal]
  const least = alternativeShare(CONSTANTS[leastShare], deviations.baseRate(series))
  let n = alarm.speakingN
  let c = alarm.speakingC
  if (n === 0) {
    n = evidence.since.of.n[series]! + deviations.occurrences(series)
    c = evidence.since.of.c[series]! + deviations.bySeries.of.c[series]!
  }
  // A bucket of one call speaks for the alarm whenever that deviates; of all since it began not so many may.
  const ofAll = alarm.n > 0 ? succession(alarm.c, alarm.n) : 1
  return Math.max(least, Math.min(0.99, ofAll, c / Math.max(1, n)))
}

/** Whether nothing was seen of an alarm's subject for so long that it ends. */
export function isSilent(
  alarm: TestedAlarm,
  cluster: Cluster,
  timeMs: number,
  { silentMs, bucketMs }: AccumulateSettings,
): boolean {
  const alone = cluster.alarms.every(({ closedMs }) => closedMs === null)
  // Where others of its cluster have ended it need not be waited for: as in `isActive`.
  const patience = alone ? silentMs : Math.min(silentMs, Math.max(2 * bucketMs, silenceOf(alarm)))
  // Active later than now: data time was wrong then, and was set back.
  return Math.abs(timeMs - alarm.activeMs) > patience
}

/** How long its subject is likely never to have been silent by chance while it was open, as often as it came, ms. */
function silenceOf({ n, firstMs, lastMs }: TestedAlarm): number {
  if (n === 0) return 0
  return (Math.max(0, lastMs - firstMs) / n) * Math.log(CONSTANTS.likelyOdds * n)
}

/**
 * Looks at an alarm of similar anomalies: it ends when their share since the last of them is normal
 * again. `seen`: observations of the entry by now; `baseRate`: of them that are flagged normally.
 */
export function lookAtSimilar(
  alarm: SimilarAlarm,
  seen: number,
  timeMs: number,
  baseRate: number,
  { silentMs, bucketMs }: AccumulateSettings,
): Looked<SimilarAlarm> {
  const since = seen - alarm.seenAtLast
  const n = alarm.n + since - alarm.countedSince
  const counted = { ...alarm, n, countedSince: since }
  if (timeMs - alarm.openedMs < bucketMs) return { alarm: counted, ends: null }
  if (Math.abs(timeMs - alarm.lastMs) > silentMs) return { alarm: counted, ends: 'silent' }
  const share = alarm.c / Math.max(alarm.c, n - since)
  const isNormal = logNormalAgain(share, since, baseRate) > Math.log(CONSTANTS.likelyOdds)
  return { alarm: counted, ends: isNormal ? 'normal again' : null }
}
