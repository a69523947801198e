import type { DeviationTerm, Direction } from '../contract/anomaly-cluster.ts'
import { SIGNAL_LIST, SIGNALS, signalOf } from './signals.ts'

/** Numbers of the signals, for those who do not use the table yet. */
export const SELF_HIGH = SIGNALS.selfTimeP90.number
export const SELF_LOW = SIGNALS.selfTimeP10.number
export const SELF_FAR = SIGNALS.selfTimeP99.number
export const ERRORS = SIGNALS.errors.number
export const COUNT = SIGNALS.count.number
export const PRESENCE = SIGNALS.presence.number
export const APPEARANCE = SIGNALS.appearance.number
export const UNSEEN = SIGNALS.unseen.number
export const PLACE_KINDS = SIGNAL_LIST.filter(({ subject }) => subject === 'place').length
export const STRUCTURE = SIGNALS.structure.number
export const CATEGORY = SIGNALS.category.number
export const LIKE = SIGNALS.similarAnomalies.number

export function termOf(kind: number): DeviationTerm {
  return signalOf(kind).term
}

export function directionOf(kind: number): Direction {
  return signalOf(kind).direction
}
