import { LIKE } from '../baseline/series-kind.ts'
import type { DeviationEvidence } from '../evidence/deviation-evidence.ts'
import type { MonitoredSeries } from '../evidence/monitored-series.ts'

/**
 * One open series of an anomaly cluster: a place that deviates, and the test of when it stops. Plain
 * data; numbers about the past are taken over from the evidence when it closes.
 */
export interface Front {
  readonly kind: number
  readonly subject: number
  /** Number of its series under the null in effect. */
  series: number
  openedMs: number
  /** null while it is open. */
  closedMs: number | null
  /** CUSUM of ln(null / rate seen while open). */
  closing: number
  /** Occurrences and deviations of the buckets that spoke for it. */
  seenN: number
  seenC: number
  /** Greatest ln M. */
  peak: number
  /** Last time that its place was seen at all. */
  activeMs: number
  // As of its end, or of the last bucket.
  n: number
  c: number
  score: number
  firstMs: number
  lastMs: number
  typical: number
  normal: number
  rate: number
  unanswered: number
  /**
   * Structure: the path that most often differs first, negative where it is missing. Categories: the
   * vote for the value that is most often unusual (see path-votes.ts). 0 elsewhere.
   */
  path: number
  /** Like anomalies: the service that most of them accuse; '' elsewhere. */
  service: string
}

export function emptyFront(kind: number, subject: number, series: number, timeMs: number): Front {
  return {
    kind,
    subject,
    series,
    openedMs: timeMs,
    closedMs: null,
    closing: 0,
    seenN: 0,
    seenC: 0,
    peak: 0,
    activeMs: timeMs,
    n: 0,
    c: 0,
    score: 0,
    firstMs: timeMs,
    lastMs: timeMs,
    typical: Number.NaN,
    normal: Number.NaN,
    rate: 0,
    unanswered: 0,
    path: 0,
    service: '',
  }
}

/** `rate`: the share that deviates normally in a bucket like the one it opens in. */
export function openFront(
  series: number,
  monitored: MonitoredSeries,
  timeMs: number,
  peak: number,
  rate: number,
): Front {
  const { signal, subject, normal } = monitored.rows.of
  return {
    ...emptyFront(signal[series]!, subject[series]!, series, timeMs),
    peak,
    normal: normal[series]!,
    rate,
  }
}

/** Brings a front up to date with the evidence and the running bucket, so far (n, c). */
export function refreshFront(
  front: Front,
  evidence: DeviationEvidence,
  running: { n: number; c: number; score: number; unanswered: number },
): void {
  const { series, kind } = front
  if (kind === LIKE) return
  front.n = evidence.n[series]! + running.n
  front.c = evidence.c[series]! + running.c
  front.score = evidence.score[series]! + running.score
  front.path = evidence.votes.leader(series) || front.path
  front.unanswered = evidence.unanswered[series]! + running.unanswered
  front.firstMs = evidence.firstMs[series]! || front.firstMs
  front.lastMs = Math.max(front.lastMs, evidence.lastMs[series]!)
  const typical = evidence.recent.median(series)
  if (!Number.isNaN(typical)) front.typical = typical
}

/** Identity of a series beyond one null. */
export function seriesKey(kind: number, subject: number): number {
  return subject * (LIKE + 1) + kind
}

export function kindOfKey(key: number): number {
  return key % (LIKE + 1)
}

export function subjectOfKey(key: number): number {
  return Math.floor(key / (LIKE + 1))
}
