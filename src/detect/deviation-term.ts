import type { DeviationTerm, Direction } from './anomaly-cluster.ts'

/** Kinds of series as small integers. The first `PLACE_KINDS` belong to a place, the last to a stratum. */
export const SELF_HIGH = 0
export const SELF_LOW = 1
export const ERRORS = 2
export const COUNT = 3
export const PRESENCE = 4
export const PLACE_KINDS = 5
export const STRUCTURE = 5
/** Grouped like anomalies: no series of its own. */
export const LIKE = 6

const TERMS: readonly DeviationTerm[] = [
  'self_time',
  'self_time',
  'errors',
  'count',
  'presence',
  'structure',
  'like',
]

export function termOf(kind: number): DeviationTerm {
  return TERMS[kind] ?? 'like'
}

export function directionOf(kind: number): Direction {
  return kind === SELF_LOW || kind === PRESENCE ? 'low' : 'high'
}

export function kindOf(term: DeviationTerm, direction: Direction): number {
  if (term === 'self_time') return direction === 'high' ? SELF_HIGH : SELF_LOW
  return TERMS.indexOf(term)
}
