import type { DeviationTerm, Direction } from '../contract/anomaly-cluster.ts'

/** Kinds of series as small integers. Those below `PLACE_KINDS` belong to a place. */
export const SELF_HIGH = 0
export const SELF_LOW = 1
/** Self time beyond nearly everything that was ever normal. */
export const SELF_FAR = 2
export const ERRORS = 3
export const COUNT = 4
/** An expected child is missing. */
export const PRESENCE = 5
/** An optional child is there far more often than usual. */
export const APPEARANCE = 6
/** An operation does what it never did: a child in a place that the reference does not know. */
export const UNSEEN = 7
export const PLACE_KINDS = 8
/** Structurally unusual observations: belongs to a stratum. */
export const STRUCTURE = 8
/** Observations with an unusual value in a category of their entry: belongs to a stratum. */
export const CATEGORY = 9
/** Grouped like anomalies: no series of its own. */
export const LIKE = 10

const TERMS: readonly DeviationTerm[] = [
  'self_time',
  'self_time',
  'self_time',
  'errors',
  'count',
  'presence',
  'presence',
  'structure',
  'structure',
  'category',
  'like',
]

export function termOf(kind: number): DeviationTerm {
  return TERMS[kind] ?? 'like'
}

export function directionOf(kind: number): Direction {
  return kind === SELF_LOW || kind === PRESENCE ? 'low' : 'high'
}
