import {
  APPEARANCE,
  CATEGORY,
  COUNT,
  ERRORS,
  LIKE,
  PLACE_KINDS,
  PRESENCE,
  SELF_FAR,
  SELF_HIGH,
  SELF_LOW,
  STRUCTURE,
  UNSEEN,
} from '../baseline/series-kind.ts'
import { readCategoryVote } from '../evidence/path-votes.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import { timeText } from '../profile/time-text.ts'
import type { Front } from './deviation-front.ts'

/** Where it is: the place as the table names it, or the entry and the path that differs. */
export function placeText(
  front: Pick<Front, 'kind' | 'subject' | 'path'>,
  table: ElementTable,
): string {
  if (front.kind === LIKE || front.kind === CATEGORY) return table.stratumText(front.subject)
  if (front.kind !== STRUCTURE) return table.placeText(front.subject)
  const entry = table.stratumText(front.subject)
  if (front.path === 0) return entry
  return `${entry}: ${table.elementText(table.paths.elementOf(Math.abs(front.path)))}`
}

/** The one sentence about a front that a person reads. */
export function sentenceOf(
  front: Front,
  table: ElementTable,
  reader: Pick<EvidenceReader, 'categoryText'>,
): string {
  const where = shortPlace(front, table)
  const { n, c } = front
  const since = `since ${clockText(front.firstMs)}`
  const normally = `normally ${percent(front.rate)}`
  const typical = timeText(front.typical / 1e6)
  const normal = timeText(front.normal / 1e6)
  switch (front.kind) {
    case SELF_HIGH:
      return `${where}: self time above its normal p90 in ${c} of ${n} calls ${since}, ${normally}; typical ${typical}, normally ${normal}`
    case SELF_FAR:
      return `${where}: self time above its normal p99 in ${c} of ${n} calls ${since}, ${normally}; typical ${typical}, normally ${normal}`
    case SELF_LOW:
      return `${where}: self time below its normal p10 in ${c} of ${n} calls ${since}, ${normally}; typical ${typical}, normally ${normal}`
    case ERRORS:
      return `${where}: ${c} of ${n} calls fail ${since}, ${normally}`
    case COUNT:
      return `${where}: called more often than usual by ${c} of ${n} callers ${since}, ${normally}; typically ${times(front.typical)}, normally ${times(front.normal)}`
    case APPEARANCE:
      return `${where}: made in ${c} of ${n} cases ${since}, ${normally}`
    case PRESENCE:
      return `${where}: missing in ${c} of ${n} calls that normally make it ${since}, ${normally}`
    case UNSEEN:
      return `${where}: does what it never did, ${table.elementText(table.paths.elementOf(front.path))}, in ${c} of ${n} calls ${since}`
    case LIKE:
      return `${where}: ${c} of ${n} observations are strange in the same way ${since}, ${normally} are strange at all`
    case CATEGORY: {
      const { category, value } = readCategoryVote(front.path)
      return `${where}: ${c} of ${n} observations have unusual attributes ${since}, most often ${reader.categoryText(category, value)}, ${normally}`
    }
    default:
      return `${where} ${front.path < 0 ? 'is missing' : 'differs'}: ${c} of ${n} observations have an unusual set of calls ${since}, ${normally}`
  }
}

/** The place as people say it: who calls whom. */
function shortPlace(front: Front, table: ElementTable): string {
  if (front.kind >= PLACE_KINDS) return placeText(front, table)
  const parent = table.places.callerOf(front.subject)
  const element = table.places.calleeOf(front.subject)
  const own = table.serviceText(element)
  const operation = table.operationText(element)
  if (table.callee(element) !== 0) return `${own} → ${table.calleeText(element)} ${operation}`
  if (parent === 0) return `${own} ${operation}`
  const above = table.serviceText(parent)
  return above === own ? `${own} ${operation}` : `${above} → ${own} ${operation}`
}

function times(count: number): string {
  if (!Number.isFinite(count)) return 'often'
  const whole = Math.round(count)
  return whole === 1 ? 'once' : `${whole} times`
}

function percent(share: number): string {
  const value = share * 100
  return `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))} %`
}

/** HH:MM:SS in UTC. */
export function clockText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000) % 86_400
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}
