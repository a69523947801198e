/** What observations differ in: the terms of the dissimilarity, and of the score. */
export type Term = 'structure' | 'latency' | 'outcome' | 'volume' | 'category'

/** One named part of a score, beside the nearest medoid; they sum to it. */
export interface Contribution {
  readonly term: Term
  /** The call path, e.g. `frontend GET /cart > cart GetCart`; or the category's attribute key. */
  readonly element: string
  /** What differs: `presence`, `self_time`, `errors`, `count`, or `value`. */
  readonly measure: string
  /** The observation's value: ms for times, a count, a text; null = not there. */
  readonly value: number | string | null
  /** The medoid's value in the same unit. */
  readonly medoid: number | string | null
  readonly contribution: number
}

/** A template of log lines that came more or less often than in the nearest normal observation. */
export interface TemplateDifference {
  readonly service: string
  /** What its lines have in common, in quotation marks. */
  readonly template: string
  readonly count: number
  readonly normal: number
  /** One of its lines, masked; empty where none is kept any more. */
  readonly example: string
}

/** Why a verdict says what it says; a closed set. */
export type Reason =
  | 'normal'
  | 'time' // its elements worked for much longer than usual
  | 'shape' // it did something surprising: other calls, errors, more of them, another category
  | 'learning' // its stratum has no calibrated model yet: no p-value
  | 'incomplete' // spans are missing for a known cause (start of the log, cap): no p-value

export interface Verdict {
  /** Of a log session a name of its own; else the trace id, 32 lower-case hex digits; of a part of a trace also `-` and the span id that it begins with, 16 more. */
  readonly id: string
  /** End of the observation, data time, ms since 1970. */
  readonly timeMs: number
  readonly kind: 'trace' | 'session'
  /**
   * How strange it is in its time and in its shape, each over what is flagged: from 1 on where one of
   * them decides. Null while learning.
   */
  readonly score: number | null
  /** Calibrated p-value in (0, 1]; null while learning. */
  readonly p: number | null
  /** Of each question by itself. */
  readonly pTime: number | null
  readonly pShape: number | null
  readonly anomalous: boolean
  /** Id of the nearest normal cluster. */
  readonly cluster: string | null
  readonly reason: Reason
  readonly stratum: string
  /** Services, the most suspect first. Only filled for anomalies. */
  readonly services: readonly string[]
  /** Largest first; sums to the score within 1e-9. Only filled where asked for (anomalies, replay). */
  readonly contributions: readonly Contribution[]
  /** Of log lines, the largest difference first; not there where there are none. Filled where contributions are. */
  readonly templates?: readonly TemplateDifference[]
  /** Version of the model that judged; null while learning. */
  readonly model: string | null
}

/** One span of a kept trace: only what the features use. */
export interface EvidenceSpan {
  /** Index of the parent in the list, -1 for the entry; parents come before their children. */
  readonly parent: number
  readonly service: string
  readonly operation: string
  /** OTLP's; 6 = a line of a log. */
  readonly kind: number
  readonly status: number
  /** From the start of the trace, ms. */
  readonly startMs: number
  readonly durationMs: number
  readonly selfMs: number
  /** The configured attributes that the span had. */
  readonly attributes: Readonly<Record<string, string>>
}

/** A trace as it is kept for people to look at. */
export interface TraceEvidence {
  readonly traceId: string
  /** Start of the trace, ms since 1970. */
  readonly startMs: number
  readonly spans: readonly EvidenceSpan[]
}

/** A verdict that says anomalous, with its evidence: the contrast pair. */
export interface Anomaly {
  /** Deterministic: the same input gives the same id. */
  readonly id: string
  readonly verdict: Verdict
  /** Id of the open anomaly cluster it belongs to, if any. */
  readonly anomalyCluster: string | null
  /** Id of the root span, 16 hex digits; '' if the root is missing. */
  readonly spanId: string
  /** One plain sentence. */
  readonly summary: string
  readonly trace: TraceEvidence
  readonly nearestNormal: TraceEvidence | null
}
