import { readCategoryVote } from '../evidence/path-votes.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { EvidenceReader } from '../profile/kept-trace.ts'
import { timeText } from '../profile/time-text.ts'
import type { Alarm, PlaceAlarm, TestedAlarm } from './alarm.ts'

/** Where it is: the place as the table names it, or the entry and the path that differs. */
export function placeText(alarm: Alarm, table: ElementTable): string {
  if (alarm.on === 'place') return table.placeText(alarm.subject)
  const entry = table.stratumText(alarm.subject)
  if (alarm.signal !== 'structure' || alarm.vote === 0) return entry
  return `${entry}: ${pathText(alarm, table)}`
}

/** The one sentence about an alarm that a person reads. */
export function sentenceOf(
  alarm: Alarm,
  table: ElementTable,
  reader: Pick<EvidenceReader, 'categoryText'>,
): string {
  const { n, c } = alarm
  const since = `since ${clockText(alarm.firstMs)}`
  const normally = `normally ${percent(alarm.baseRate)}`
  const where = alarm.on === 'place' ? shortPlace(alarm, table) : placeText(alarm, table)
  if (alarm.on === 'place') return `${where}: ${placeWords(alarm, table, since, normally)}`
  if (alarm.on === 'similar anomalies') {
    return `${where}: ${c} of ${n} observations are strange in the same way ${since}, ${normally} are strange at all`
  }
  if (alarm.signal === 'category') {
    const { category, value } = readCategoryVote(alarm.vote)
    return `${where}: ${c} of ${n} observations have unusual attributes ${since}, most often ${reader.categoryText(category, value)}, ${normally}`
  }
  return `${where} ${alarm.vote < 0 ? 'is missing' : 'differs'}: ${c} of ${n} observations have an unusual set of calls ${since}, ${normally}`
}

function placeWords(
  alarm: PlaceAlarm,
  table: ElementTable,
  since: string,
  normally: string,
): string {
  const { signal, n, c, typical, normal } = alarm
  const selfTime = (tail: string): string =>
    `self time ${tail} in ${c} of ${n} calls ${since}, ${normally}; typical ${timeText(typical / 1e6)}, normally ${timeText(normal / 1e6)}`
  switch (signal) {
    case 'selfTimeP90':
      return selfTime('above its normal p90')
    case 'selfTimeP99':
      return selfTime('above its normal p99')
    case 'selfTimeP10':
      return selfTime('below its normal p10')
    case 'errors':
      return `${c} of ${n} calls fail ${since}, ${normally}`
    case 'count':
      return `called more often than usual by ${c} of ${n} callers ${since}, ${normally}; typically ${times(typical)}, normally ${times(normal)}`
    case 'appearance':
      return `made in ${c} of ${n} cases ${since}, ${normally}`
    case 'presence':
      return `missing in ${c} of ${n} calls that normally make it ${since}, ${normally}`
    case 'unseen':
      return `does what it never did, ${pathText(alarm, table)}, in ${c} of ${n} calls ${since}`
  }
}

/** The element that the differing path ends in. */
function pathText({ vote }: TestedAlarm, table: ElementTable): string {
  return table.elementText(table.paths.elementOf(Math.abs(vote)))
}

/** The place as people say it: who calls whom. */
function shortPlace({ subject }: PlaceAlarm, table: ElementTable): string {
  const parent = table.places.callerOf(subject)
  const element = table.places.calleeOf(subject)
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
