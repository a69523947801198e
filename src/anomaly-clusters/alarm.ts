import {
  SIGNAL_LIST,
  SIGNALS,
  type SignalName,
  type Subject,
  signalOf,
} from '../baseline/signals.ts'
import type { SeriesEvidence } from '../evidence/series-evidence.ts'
import type { RunningCounts, SeriesMonitor } from '../evidence/series-monitor.ts'

/** Signals whose series are about this. */
type SignalOf<S extends Subject> = {
  [N in SignalName]: (typeof SIGNALS)[N]['subject'] extends S ? N : never
}[SignalName]

/** What every alarm says: what deviates where, since when, how often, and how sure that is. */
interface AlarmFacts {
  /** Id of the place, or of the entry operation's stratum. */
  readonly subject: number
  /** Number of its series under the null in effect; below 0 where it has none of its own. */
  readonly series: number
  readonly openedMs: number
  /** null while it is open. */
  readonly closedMs: number | null
  /** Greatest ln of the evidence for it. */
  readonly peak: number
  /** Occurrences since it began, and how many of them deviate. */
  readonly n: number
  readonly c: number
  /** How much it says against its suspect. */
  readonly score: number
  /** First and last deviating observation. */
  readonly firstMs: number
  readonly lastMs: number
  /** Share that deviates normally. */
  readonly baseRate: number
}

/** What the alarm of a series has besides: the test of whether that is normal again. */
interface TestedFacts extends AlarmFacts {
  /** When its subject was seen last, as a look at the running bucket found it. */
  readonly activeMs: number
  /** CUSUM of ln(normal / share seen while open), at the end of the last bucket. */
  readonly closing: number
  /** Occurrences, and deviating ones, of the buckets that rather spoke for the alarm than for normal. */
  readonly speakingN: number
  readonly speakingC: number
  /** Occurrences, and deviating ones, of the series that were counted before it began. */
  readonly beforeN: number
  readonly beforeC: number
  /**
   * What most deviating observations have in common, as far as it is known; else 0. Of a place: the path
   * of the child that it never had, or what its errors are called (see profile/failures.ts). Of an entry: the path that differs, negative where it is missing; the
   * path that fails, negative where nobody answers; or the unusual value of a category (see path-votes.ts).
   */
  readonly vote: number
}

/** A call between two operations deviates, or an operation's own work. */
export interface PlaceAlarm extends TestedFacts {
  readonly on: 'place'
  readonly signal: SignalOf<'place'>
  /** Deviating occurrences that were called and did not answer. */
  readonly unanswered: number
  /** Deviating value and normal one, ns or calls; NaN where there is none. */
  readonly typical: number
  readonly normal: number
}

/** The observations of an entry operation are unusual as a whole: their calls or their attributes. */
export interface EntryAlarm extends TestedFacts {
  readonly on: 'entry operation'
  readonly signal: SignalOf<'entry operation'>
}

/** Flagged observations of an entry operation are similar to each other, and share no place. */
export interface SimilarAlarm extends AlarmFacts {
  readonly on: 'similar anomalies'
  readonly signal: 'similarAnomalies'
  /** The service that most of them blame. */
  readonly service: string
  /** Observations of the entry when the last of them came, and how many of those since then `n` has. */
  readonly seenAtLast: number
  readonly countedSince: number
}

export type TestedAlarm = PlaceAlarm | EntryAlarm
export type Alarm = TestedAlarm | SimilarAlarm

/** A new alarm of a series whose evidence has reached ln `peak`. */
export function raisedAlarm(
  { series: monitored, deviations, evidence }: SeriesMonitor,
  series: number,
  timeMs: number,
  peak: number,
): TestedAlarm {
  const { signal, subject, normal } = monitored.rows.of
  const { name, subject: on } = signalOf(signal[series]!)
  const since = evidence.since.of
  const facts = {
    subject: subject[series]!,
    series,
    openedMs: timeMs,
    closedMs: null,
    peak,
    n: 0,
    c: 0,
    score: 0,
    firstMs: since.firstMs[series]! || timeMs,
    lastMs: timeMs,
    baseRate: deviations.baseRate(series),
    activeMs: timeMs,
    closing: 0,
    speakingN: 0,
    speakingC: 0,
    beforeN: since.beforeN[series]!,
    beforeC: since.beforeC[series]!,
    vote: 0,
  }
  if (on !== 'place')
    return { on: 'entry operation', signal: name as EntryAlarm['signal'], ...facts }
  const values = { unanswered: 0, typical: Number.NaN, normal: normal[series]! }
  return { on, signal: name as PlaceAlarm['signal'], ...facts, ...values }
}

/** The alarm with what its evidence and the running bucket say by now. */
export function refreshedAlarm(
  alarm: TestedAlarm,
  evidence: SeriesEvidence,
  running: RunningCounts,
): TestedAlarm {
  const { series } = alarm
  const since = evidence.since.of
  const facts = {
    // Up to the last one that deviates: what is normal again is not part of it.
    n: Math.max(0, since.onsetN[series]! - alarm.beforeN),
    c: Math.max(0, since.onsetC[series]! - alarm.beforeC),
    score: since.score[series]! + running.score,
    vote: evidence.votes.leader(series) || alarm.vote,
    lastMs: Math.max(alarm.lastMs, since.lastMs[series]!),
  }
  if (alarm.on !== 'place') return { ...alarm, ...facts }
  const unanswered = since.unanswered[series]! + running.unanswered
  const typical = evidence.recent.median(series)
  return {
    ...alarm,
    ...facts,
    unanswered,
    typical: Number.isNaN(typical) ? alarm.typical : typical,
  }
}

/** Identity of what deviates beyond one null, in one number. */
export function keyOf(signal: SignalName, subject: number): number {
  return subject * SIGNAL_LIST.length + SIGNALS[signal].number
}

/** The two numbers of a key: of the signal, and of the subject. */
export function partsOfKey(key: number): [signal: number, subject: number] {
  return [key % SIGNAL_LIST.length, Math.floor(key / SIGNAL_LIST.length)]
}

/** Whether two alarms are about the same: one signal of one subject. */
export function isSameAlarm(a: Alarm, b: Alarm): boolean {
  return a.signal === b.signal && a.subject === b.subject
}
