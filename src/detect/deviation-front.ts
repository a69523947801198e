import { LIKE } from '../model/series-kind.ts'
import type { DeviationEvidence } from './deviation-evidence.ts'
import type { DeviationSeries } from './deviation-series.ts'

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
  /** Structure: the path that most often differs first, negative where it is missing; 0 elsewhere. */
  path: number
}

export function openFront(
  series: number,
  watched: DeviationSeries,
  timeMs: number,
  peak: number,
): Front {
  return {
    kind: watched.kind[series]!,
    subject: watched.subject[series]!,
    series,
    openedMs: timeMs,
    closedMs: null,
    closing: 0,
    seenN: 0,
    seenC: 0,
    peak,
    activeMs: timeMs,
    n: 0,
    c: 0,
    score: 0,
    firstMs: timeMs,
    lastMs: timeMs,
    typical: Number.NaN,
    normal: watched.normal[series]!,
    rate: watched.rate[series]!,
    unanswered: 0,
    path: 0,
  }
}

/** Brings a front up to date with the evidence and the running bucket, so far (n, c). */
export function refreshFront(
  front: Front,
  evidence: DeviationEvidence,
  running: { n: number; c: number; score: number; unanswered: number },
): void {
  const { series } = front
  front.n = evidence.n[series]! + running.n
  front.c = evidence.c[series]! + running.c
  front.score = evidence.score[series]! + running.score
  front.path = evidence.votes.leader(series)
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
