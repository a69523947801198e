import type { TraceEvidence } from './anomaly.ts'
import type { Recalled } from './signature.ts'

/** What a deviation is about; each watched per place (see docs/concepts.md). */
export type DeviationTerm =
  | 'self_time'
  | 'errors'
  | 'no_answer'
  | 'count'
  | 'presence'
  | 'structure'
  | 'category'
  | 'wait'
  | 'like' // flagged observations with no shared place, grouped by k-medoids

export type Direction = 'high' | 'low'

/** How urgent an anomaly cluster is for people: what alert routes go by. */
export type Severity = 'information' | 'warning' | 'critical'

/** How the requests of an entry operation fared while an anomaly cluster lasted. */
export interface Impact {
  /** Service and operation. */
  readonly entry: string
  readonly requests: number
  /** Those that failed, and those that only were slow beyond their normal tail. */
  readonly failed: number
  readonly slow: number
  /** Of both. */
  readonly share: number
}

export type ClusterState = 'open' | 'resolved' | 'accepted'

/** One anomaly cluster as published, and as one line of `replay --clusters`. Times: data time, ms. */
export interface AnomalyCluster {
  readonly id: string
  readonly state: ClusterState
  /** Whether people are to be told: it is more than information, and more than what is known to come back. */
  readonly alerts: boolean
  /** What like it there was before; null where there was nothing. */
  readonly signature: Recalled | null
  /** Open for so long that it may be a change that stays: fault or new normal is for a person to say. */
  readonly asksAcceptance: boolean
  readonly openedMs: number
  readonly closedMs: number | null
  /** First and last deviating observation. */
  readonly firstMs: number
  readonly lastMs: number
  /** `parent operation -> service operation` */
  readonly place: string
  readonly term: DeviationTerm
  readonly direction: Direction
  /** The most suspect first. */
  readonly services: readonly string[]
  /** The service first suspected; it never changes, so that alerts keep their labels. */
  readonly suspect: string
  /** The highest that it has had. */
  readonly severity: Severity
  /** Entry operations whose requests suffer, the one that suffers most first. */
  readonly impact: readonly Impact[]
  /** Deviating occurrences of all occurrences since the first one. */
  readonly observations: number
  readonly occurrences: number
  readonly rate: number
  readonly normalRate: number
  /** Strength of the evidence (mean of e-detectors); finite. */
  readonly eValue: number
  /** Typical and normal value: ms for self time and waits, calls for counts; null for other terms. */
  readonly typical: number | null
  readonly normal: number | null
  /** The one sentence a person reads. */
  readonly sentence: string
  readonly representative: TraceEvidence | null
  readonly nearestNormal: TraceEvidence | null
  /** Trace ids of 3-5 diverse members. */
  readonly members: readonly string[]
  readonly mergedFrom: readonly string[]
  /** The cluster that it turned out to be part of; it is over then. */
  readonly mergedInto: string | null
  readonly model: string | null
}

export type ClusterChangeKind = 'opened' | 'updated' | 'closed' | 'merged' | 'split' | 'accepted'

export interface AnomalyClusterChange {
  readonly change: ClusterChangeKind
  /** Data time of the change, ms. */
  readonly timeMs: number
  readonly cluster: AnomalyCluster
}
