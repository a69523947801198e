import { CONSTANTS } from '../baseline/constants.ts'
import { SIGNALS } from '../baseline/signals.ts'
import { readCategoryVote } from '../evidence/path-votes.ts'
import { KIND_CLIENT, KIND_PRODUCER } from '../otlp/span-columns.ts'
import { calleeName } from '../profile/callee-names.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { errorName } from '../profile/failures.ts'
import { timeText } from '../profile/time-text.ts'
import type { Alarm, EntryAlarm, PlaceAlarm, TestedAlarm } from './alarm.ts'
import type { EntryImpact } from './impact.ts'
import { lineText, loggedCause } from './log-words.ts'

/** What a sentence needs to know besides the names of places. */
export interface SentenceNames {
  /** A value of a configured category as people read it. */
  categoryText(category: number, value: number): string
  /** Whether the baseline does not know what a call path ends in. */
  isNew(path: number): boolean
}

/** Where it is: the place as the table names it, or the entry and the path that differs. */
export function placeText(alarm: Alarm, table: ElementTable): string {
  if (alarm.on === 'place') return table.placeText(alarm.subject)
  const entry = table.stratumText(alarm.subject)
  if (alarm.signal !== 'structure' || alarm.vote === 0) return entry
  return `${entry}: ${pathText(alarm, table)}`
}

/** Share of occurrences that deviates normally: what the baseline of the alarm's place has seen. */
export function normalShare(alarm: Alarm): number {
  if (alarm.on !== 'place' || Number.isNaN(alarm.normal)) return alarm.baseRate
  if (alarm.signal === 'presence') return 1 - alarm.normal
  const { unit, subject } = SIGNALS[alarm.signal]
  return unit === null && subject === 'place' ? alarm.normal : alarm.baseRate
}

/**
 * What a person reads: who suffers, since when, and who is to blame, with the evidence; without its full
 * stop. The impact: of the entry operations, those that suffer most first.
 */
export function sentenceOf(
  alarm: Alarm,
  impact: readonly EntryImpact[],
  sinceMs: number,
  table: ElementTable,
  names: SentenceNames,
): string {
  const since = ` since ${clockText(sinceMs)}`
  const worst = impact.find(isWorthSaying)
  if (!worst) return causeOf(alarm, since, table, names)
  const { stratum, requests, failed, slow } = worst
  const [count, words] = failed >= slow ? [failed, 'fail'] : [slow, 'are slow']
  const who = `${table.stratumText(stratum)}: ${percent(count / requests)} of requests ${words}`
  return `${who}${since}. ${causeOf(alarm, '', table, names)}`
}

/** Whether it is said first that they suffer. One in a hundred is slow beyond its normal tail on any day. */
function isWorthSaying({ requests, failed, slow }: EntryImpact): boolean {
  const { several, few, farQuantile } = CONSTANTS
  const isMany = (count: number, share: number): boolean =>
    count >= Math.max(several, share * requests)
  return isMany(failed, 1 - farQuantile) || isMany(slow, few)
}

/** `since`: to be said after the verb, or ''. */
function causeOf(alarm: Alarm, since: string, table: ElementTable, names: SentenceNames): string {
  switch (alarm.on) {
    case 'place':
      return placeCause(alarm, since, table)
    case 'entry operation':
      return entryCause(alarm, since, table, names)
    case 'similar anomalies': {
      const normally = `normally ${often(alarm.baseRate)} at all`
      return `${table.stratumText(alarm.subject)}: ${counts(alarm)} requests are strange in the same way${since}, ${normally}`
    }
  }
}

function placeCause(alarm: PlaceAlarm, since: string, table: ElementTable): string {
  const { signal, subject, typical, normal } = alarm
  const where = shortPlace(subject, table)
  const of = callerText(subject, table)
  const shares = `${counts(alarm)} calls`
  if (isLogged(signal) && table.isLog(table.places.calleeOf(subject))) {
    const often = { typically: times(typical), normally: times(normal) }
    const share = shareText(alarm)
    return loggedCause(
      { signal, place: subject, since, counts: counts(alarm), ...often, share },
      table,
    )
  }
  switch (signal) {
    case 'noAnswer':
      return `${calleeText(subject, table)} does not answer${errorText(alarm, table)}${since}${failing(alarm, subject, table)}`
    case 'errors':
      return `${calleeText(subject, table)} fails${errorText(alarm, table)}${since}${failing(alarm, subject, table)}`
    case 'selfTimeP90':
    case 'selfTimeP99':
      return `${workText(subject, table)} is slower${since}: ${timesOf(typical, normal)}, in ${shares}`
    case 'selfTimeP10':
      return `${workText(subject, table)} is faster${since}: ${timesOf(typical, normal)}, in ${shares}`
    case 'count':
      return `${where} is called more often${since}: typically ${times(typical)}, normally ${times(normal)}, by ${counts(alarm)} callers`
    case 'appearance':
      return `${where} is called more often${since}: in ${shares}${of}, normally in ${percent(normalShare(alarm))}`
    case 'presence': {
      const normally = `normally ${often(normalShare(alarm))}`
      return table.isAnswer(subject)
        ? `${calleeText(subject, table)} sends no spans${since}: for ${counts(alarm)} ${callsText(subject, table)}, ${normally}`
        : `${where} is missing${since}: in ${shares}${of}, ${normally}`
    }
    case 'wait':
      return `${messagesText(subject, table)} wait longer${since}: ${timesOf(typical, normal)}, in ${counts(alarm)}`
    case 'unseen':
      return `${newText(alarm, since, table)}: in ${shares} of ${where}`
  }
}

/** Signals that say how often a line is logged. */
function isLogged(signal: PlaceAlarm['signal']): signal is 'count' | 'appearance' | 'presence' {
  return signal === 'count' || signal === 'appearance' || signal === 'presence'
}

function shareText(alarm: PlaceAlarm): string {
  const share = normalShare(alarm)
  return alarm.signal === 'presence' ? often(share) : percent(share)
}

/** What is there that never was: a call, or a line of a log. */
function newText(alarm: TestedAlarm, since: string, table: ElementTable): string {
  const element = table.paths.elementOf(Math.abs(alarm.vote))
  if (table.isLog(element)) return lineText(element, 'new', since, table)
  return `${pathText(alarm, table)} is new${since}`
}

function entryCause(
  alarm: EntryAlarm,
  since: string,
  table: ElementTable,
  names: SentenceNames,
): string {
  const entry = table.stratumText(alarm.subject)
  if (alarm.signal === 'failures') return failuresCause(alarm, entry, since, table, names)
  const requests = `${counts(alarm)} requests of ${entry}`
  // Less than the least base rate was seen: how much less is not known.
  const normally =
    alarm.baseRate > CONSTANTS.hardlyEver ? `, normally ${percent(alarm.baseRate)}` : ''
  if (alarm.signal === 'category') {
    const { category, value } = readCategoryVote(alarm.vote)
    return `${names.categoryText(category, value)} is sent more often${since}: ${requests} have unusual attributes${normally}`
  }
  if (alarm.vote === 0) return `${requests} make unusual calls${since}${normally}`
  const element = table.paths.elementOf(Math.abs(alarm.vote))
  if (alarm.vote < 0 && table.isAnswer(table.placeOfPath(-alarm.vote))) {
    return `${elementText(element, table)} sends no spans${since}: for ${requests}${normally}`
  }
  const how = alarm.vote < 0 ? 'missing' : names.isNew(alarm.vote) ? 'new' : 'more often'
  const what = table.isLog(element)
    ? lineText(element, how, since, table)
    : `${pathText(alarm, table)} ${how === 'more often' ? 'is called more often' : `is ${how}`}${since}`
  return `${what}: in ${requests}${normally}`
}

/** `edge GET /v2/items is new and fails, as items GET /items does: 30 of 30 requests`. */
function failuresCause(
  alarm: EntryAlarm,
  entry: string,
  since: string,
  table: ElementTable,
  names: SentenceNames,
): string {
  const { subject, vote, n, c } = alarm
  const path = table.strata.entryOf(subject)
  const what = names.isNew(path) ? 'is new and fails' : 'fails'
  const place = table.placeOfPath(Math.abs(vote))
  const does = vote < 0 ? 'does not answer' : 'does'
  const why = vote === 0 || vote === path ? '' : `, as ${calleeText(place, table)} ${does}`
  const share = c < n ? ` in ${percent(c / n)}` : ''
  return `${entry} ${what}${since}${why}${why && share ? ',' : ''}${share}: ${counts(alarm)} requests`
}

/** ` in 20 %: 32 of 160 calls from gateway, normally never`. */
function failing(alarm: PlaceAlarm, subject: number, table: ElementTable): string {
  const { n, c } = alarm
  const share = c < n ? ` in ${percent(c / n)}` : ''
  const normal = normalShare(alarm)
  const normally = normal < 0.0005 ? '' : `, normally ${often(normal)}`
  return `${share}: ${c} of ${n} ${callsText(subject, table)}${normally}`
}

/** ` (connection refused)`; nothing where errors have no name. */
function errorText({ vote }: PlaceAlarm, table: ElementTable): string {
  const text = errorName(vote, (value) => table.valueText(value))
  return text === '' ? '' : ` (${text})`
}

/** The element that the differing path ends in. */
function pathText({ vote }: TestedAlarm, table: ElementTable): string {
  const element = table.paths.elementOf(Math.abs(vote))
  return element <= 0 ? '(other)' : elementText(element, table)
}

function elementText(element: number, table: ElementTable): string {
  const own = `${table.serviceText(element)} ${table.operationText(element)}`
  return table.callee(element) === 0 ? own : `${own} → ${calleeName(table.calleeText(element))}`
}

/** Who is to answer in a place: the callee of a call, else the operation itself. */
function calleeText(subject: number, table: ElementTable): string {
  const element = table.places.calleeOf(subject)
  const own = `${table.serviceText(element)} ${table.operationText(element)}`
  return isCall(element, table) ? calleeName(table.calleeText(element)) : own
}

/** Whether the element is a call of somebody, not the work of who answers. */
function isCall(element: number, table: ElementTable): boolean {
  const kind = table.kind(element)
  return (kind === KIND_CLIENT || kind === KIND_PRODUCER) && table.callee(element) !== 0
}

/** What is counted there: calls, with who makes them, or an entry's own requests. */
function callsText(subject: number, table: ElementTable): string {
  const element = table.places.calleeOf(subject)
  const parent = table.places.callerOf(subject)
  const own = table.serviceText(element)
  if (isCall(element, table)) return `calls from ${own}`
  if (parent === 0) return 'requests'
  const above = table.serviceText(parent)
  return above === own ? 'calls' : `calls from ${above}`
}

/** ` of orders POST /orders`: whose calls a child belongs to. */
function callerText(subject: number, table: ElementTable): string {
  const parent = table.places.callerOf(subject)
  return parent === 0 ? '' : ` of ${table.serviceText(parent)} ${table.operationText(parent)}`
}

/** `messages from orders to mailer (mails process)`. */
function messagesText(subject: number, table: ElementTable): string {
  const element = table.places.calleeOf(subject)
  const sender = table.senderText(element)
  const from = sender === '' ? '' : ` from ${sender}`
  return `messages${from} to ${table.serviceText(element)} (${table.operationText(element)})`
}

/** The place as people say it: who calls whom. */
function shortPlace(subject: number, table: ElementTable): string {
  const parent = table.places.callerOf(subject)
  const element = table.places.calleeOf(subject)
  const own = table.serviceText(element)
  const operation = table.operationText(element)
  if (table.callee(element) !== 0) {
    return `${own} → ${calleeName(table.calleeText(element))} ${operation}`
  }
  if (parent === 0) return `${own} ${operation}`
  const above = table.serviceText(parent)
  return above === own ? `${own} ${operation}` : `${above} → ${own} ${operation}`
}

/** Whose own time it is: of an internal span, the operation that it is a part of. */
function workText(subject: number, table: ElementTable): string {
  const element = table.places.calleeOf(subject)
  const whole = table.enclosing(subject)
  if (whole === element) return shortPlace(subject, table)
  return `${table.serviceText(whole)} ${table.operationText(whole)}`
}

function counts({ n, c }: Alarm): string {
  return `${c} of ${n}`
}

function timesOf(typical: number, normal: number): string {
  return `typically ${timeText(typical / 1e6)}, normally ${timeText(normal / 1e6)}`
}

function times(count: number): string {
  if (!Number.isFinite(count)) return 'often'
  const whole = Math.round(count)
  return whole === 1 ? 'once' : `${whole} times`
}

/** A share as what is normal: `never`, or `2 %`. */
function often(share: number): string {
  return share < 0.0005 ? 'never' : percent(share)
}

function percent(share: number): string {
  const value = share * 100
  // Nearly all is not all.
  if (value >= 99.5 && value < 100) return `${Math.floor(value * 10) / 10} %`
  return `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))} %`
}

/** HH:MM:SS in UTC. */
export function clockText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000) % 86_400
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}
