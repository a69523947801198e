import type { DeviationTerm, Direction } from './anomaly-cluster.ts'

/** What a place did in one stretch of time. Times: data time, ms. */
export interface TimelinePoint {
  readonly fromMs: number
  readonly toMs: number
  readonly calls: number
  readonly failed: number
  /** Quantiles of the self time, ms. */
  readonly p50: number
  readonly p99: number
}

/** What is normal in a place, by its baseline; null where it does not say. Self times in ms. */
export interface NormalBand {
  readonly p10: number | null
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  /** Share of calls that fail. */
  readonly failed: number | null
}

/** A place over time, from half an hour before its cluster began. */
export interface PlaceTimeline {
  readonly place: string
  readonly normal: NormalBand
  readonly points: readonly TimelinePoint[]
}

/** One of the things that deviate in a cluster. */
export interface Deviating {
  /** Service that makes the call; '' where the work is a service's own. */
  readonly caller: string
  readonly service: string
  readonly operation: string
  readonly term: DeviationTerm
  readonly direction: Direction
  readonly firstMs: number
  /** Deviating occurrences, of all of them. */
  readonly observations: number
  readonly occurrences: number
  readonly normalRate: number
  readonly isOver: boolean
}

/** What the page of a cluster shows beside what is published of it. */
export interface ClusterDetail {
  readonly timeline: PlaceTimeline | null
  /** What says most comes first. */
  readonly deviating: readonly Deviating[]
}
