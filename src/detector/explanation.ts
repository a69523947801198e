import { lineText } from '../anomaly-clusters/log-words.ts'
import type { Contribution } from '../contract/anomaly.ts'
import type { EmitSurprise } from '../model/shape-surprise.ts'
import { NO_TEXT, type Vocabulary } from '../otlp/vocabulary.ts'
import { calleeName } from '../profile/callee-names.ts'
import type { ElementTable } from '../profile/element-table.ts'
import {
  COUNT,
  ERRORS,
  fromLogTime,
  MAX_SELF,
  PROFILE_STRIDE,
  type Profile,
} from '../profile/profile.ts'
import { timeText } from '../profile/time-text.ts'

/** What explaining needs to know besides the numbers. */
export interface Names {
  readonly table: ElementTable
  readonly values: Vocabulary
  readonly categories: readonly string[]
}

/** A contribution with the path it is about; -1 for a category of the entry. */
export interface RawContribution extends Contribution {
  readonly path: number
}

/**
 * Every named part of a score, largest first, beside the value of medoid `m`.
 * @param explain calls its argument once for each part
 */
export function contributionsOf(
  explain: (emit: EmitSurprise) => void,
  m: Profile,
  { table, values, categories }: Names,
): RawContribution[] {
  const found: RawContribution[] = []
  explain((term, element, measure, value, contribution) => {
    const isCategory = term === 'category'
    const medoid = isCategory ? m.categories[element]! : medoidValue(m, element, measure)
    const text = (id: number | null): string | null =>
      id === null || id === NO_TEXT ? null : values.text(id)
    found.push({
      term,
      element: isCategory ? categories[element]! : table.pathText(element),
      measure,
      value: isCategory ? text(value) : measure === 'presence' && value === 0 ? null : value,
      medoid: isCategory ? text(medoid) : medoid,
      contribution,
      path: isCategory ? -1 : element,
    })
  })
  return found.sort(
    (a, b) =>
      b.contribution - a.contribution ||
      compareTexts(a.term, b.term) ||
      compareTexts(a.element, b.element) ||
      compareTexts(a.measure, b.measure),
  )
}

/** What the medoid has there; null where it does not have the path. */
function medoidValue({ paths, values }: Profile, path: number, measure: string): number | null {
  const row = paths.indexOf(path)
  if (row < 0) return null
  const at = row * PROFILE_STRIDE
  if (measure === 'self_time') return fromLogTime(values[at + MAX_SELF]!)
  return measure === 'errors' ? values[at + ERRORS]! : values[at + COUNT]!
}

/** By code unit, not by locale. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The services of an anomaly, the most suspect first. The self time of a call speaks against its
 * callee; an error against the deepest element that has it. What is new or repeated speaks against the service that does it, what is
 * missing against the one that should have called, each by the topmost element of its chain. Lines of a log say
 * nothing where a span failed: they follow from it.
 */
export function rankServices(
  contributions: readonly RawContribution[],
  table: ElementTable,
): string[] {
  const scores = new Map<string, number>()
  const hasFailed = contributions.some((part) => isFailure(part, table))
  const telling = contributions.filter((part) => !(hasFailed && isLine(part, table)))
  const chains = pathsByMeasure(telling)
  for (const part of telling) {
    if (part.path < 0) continue
    if (!isOwn(part, chains, table)) continue
    const service = suspect(part, table)
    scores.set(service, (scores.get(service) ?? 0) + part.contribution)
  }
  return [...scores.entries()]
    .sort((a, b) => b[1] - a[1] || compareTexts(a[0], b[0]))
    .map(([service]) => service)
}

function pathsByMeasure(contributions: readonly RawContribution[]): Map<string, Set<number>> {
  const chains = new Map<string, Set<number>>()
  for (const { measure, path } of contributions) {
    const paths = chains.get(measure)
    if (paths) paths.add(path)
    else chains.set(measure, new Set([path]))
  }
  return chains
}

/** Whether the contribution is the end of its chain that is to blame. */
function isOwn(
  part: RawContribution,
  chains: Map<string, Set<number>>,
  table: ElementTable,
): boolean {
  const paths = chains.get(part.measure)!
  if (part.measure === 'presence' || part.measure === 'count') {
    return !paths.has(table.paths.parentOf(part.path))
  }
  if (part.measure === 'errors') {
    for (const other of paths) if (table.paths.parentOf(other) === part.path) return false
  }
  return true
}

/** Whom a contribution speaks against: see `rankServices`. */
function suspect({ path, measure, value }: RawContribution, table: ElementTable): string {
  const element = table.paths.elementOf(path)
  if (measure === 'presence' && value === null) {
    const above = table.paths.elementOf(table.paths.parentOf(path))
    return table.serviceText(above) || table.serviceText(element)
  }
  if (measure === 'self_time' && table.callee(element) !== 0)
    return calleeName(table.calleeText(element))
  return table.serviceText(element)
}

/** What one term measures, as a phrase. */
export const MEASURE_PHRASES: Readonly<Record<string, string>> = {
  presence: 'presence',
  self_time: 'self time',
  errors: 'errors',
  count: 'calls',
  value: 'value',
}

/** One plain sentence about the largest difference. */
export function summarise(
  stratum: string,
  contributions: readonly RawContribution[],
  p: number,
  table: ElementTable,
): string {
  const first = mostTelling(contributions, table)
  if (!first) return `${stratum}: as the nearest normal trace (p = ${shortP(p)})`
  return `${stratum}: ${differenceText(first, table)} (p = ${shortP(p)})`
}

function differenceText(part: RawContribution, table: ElementTable): string {
  if (part.path < 0) return `${part.element} ${difference(part)}`
  const element = table.paths.elementOf(part.path)
  if (table.isLog(element)) return lineDifference(part, element, table)
  return `${table.elementText(element)} ${difference(part)}`
}

/** The same of a line of a log. */
function lineDifference(
  { measure, value, medoid }: Contribution,
  element: number,
  table: ElementTable,
): string {
  if (measure === 'presence') {
    return lineText(element, value === null ? 'missing' : 'new', '', table)
  }
  const service = table.serviceText(element)
  const line = table.operationText(element)
  if (measure === 'errors') return `${service} logs ${line} as an error, normally not`
  const often = (count: unknown): string =>
    count === 1 ? 'once' : `${quantity('count', Number(count))} times`
  return `${service} logs ${line} ${often(value)}, normally ${medoid === null ? 'never' : often(medoid)}`
}

/**
 * The largest difference; a failure also where another, such as its error's name, is up to twice as large, or a
 * line of a log: what is logged of a failure follows from it.
 */
function mostTelling(
  contributions: readonly RawContribution[],
  table: ElementTable,
): RawContribution | undefined {
  const [first] = contributions
  const failure = contributions.find((part) => isFailure(part, table))
  if (!first || !failure) return first
  return isLine(first, table) || 2 * failure.contribution >= first.contribution ? failure : first
}

/** Whether it says that a span failed. That a line tells of an error is no failure of its own. */
function isFailure(part: RawContribution, table: ElementTable): boolean {
  return part.measure === 'errors' && !isLine(part, table)
}

function isLine({ path }: RawContribution, table: ElementTable): boolean {
  return path >= 0 && table.isLog(table.paths.elementOf(path))
}

function difference({ measure, value, medoid }: Contribution): string {
  if (measure === 'presence') {
    return value === null ? 'is missing, normally there' : 'is new, normally not there'
  }
  if (measure === 'errors' && !medoid) return 'fails, normally not'
  const phrase = MEASURE_PHRASES[measure] ?? measure
  return `${phrase} ${quantity(measure, value)}, normally ${quantity(measure, medoid)}`
}

/** A value with its unit, three significant digits. */
export function quantity(measure: string, value: number | string | null): string {
  if (measure === 'presence') return value === null ? 'missing' : 'there'
  if (value === null) return 'none'
  if (typeof value === 'string') return value
  return measure === 'self_time' ? timeText(value) : String(Math.round(value * 100) / 100)
}

export function shortP(p: number): string {
  return p < 0.0001 ? p.toExponential(0) : String(Number(p.toPrecision(2)))
}
