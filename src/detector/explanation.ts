import type { Contribution } from '../contract/anomaly.ts'
import type { Dissimilarity } from '../distance/dissimilarity.ts'
import type { Vocabulary } from '../otlp/vocabulary.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'
import { timeText } from '../profile/time-text.ts'

/** What explaining needs to know besides the pair. */
export interface Names {
  readonly table: ElementTable
  readonly values: Vocabulary
  readonly categories: readonly string[]
}

/** A contribution with the path it is about; -1 for a category of the entry. */
export interface RawContribution extends Contribution {
  readonly path: number
}

/** Every named difference between the observation in `x` and medoid `m`, largest first. */
export function contributionsOf(
  x: ProfileScratch,
  m: ScaledProfile,
  dissimilarity: Dissimilarity,
  { table, values, categories }: Names,
): RawContribution[] {
  const found: RawContribution[] = []
  dissimilarity.explain(x, m, (term, element, measure, value, medoid, contribution) => {
    const isCategory = term === 'category'
    found.push({
      term,
      element: isCategory ? categories[element]! : table.pathText(element),
      measure,
      value: isCategory ? textOrNull(values, value) : presence(measure, value),
      medoid: isCategory ? textOrNull(values, medoid) : presence(measure, medoid),
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

function textOrNull(values: Vocabulary, value: number | string): string | null {
  return value === 0 ? null : values.text(Number(value))
}

/** Something that is not there has no value. */
function presence(measure: string, value: number | string): number | string | null {
  return measure === 'presence' && value === 0 ? null : value
}

/** By code unit, not by locale. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The services of an anomaly, the most suspect first. A duration names nobody, since it holds its
 * callees' time; the self time of a call speaks against its callee; an error against the deepest
 * element that has it. What is new or repeated speaks against the service that does it, what is
 * missing against the one that should have called, each by the topmost element of its chain.
 */
export function rankServices(
  contributions: readonly RawContribution[],
  table: ElementTable,
): string[] {
  const scores = new Map<string, number>()
  const chains = pathsByMeasure(contributions)
  for (const part of contributions) {
    if (part.path < 0 || part.measure === 'duration') continue
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
  return part.measure !== 'status'
}

/** Whom a contribution speaks against: see `rankServices`. */
function suspect({ path, measure, value }: RawContribution, table: ElementTable): string {
  const element = table.paths.elementOf(path)
  if (measure === 'presence' && value === null) {
    const above = table.paths.elementOf(table.paths.parentOf(path))
    return table.serviceText(above) || table.serviceText(element)
  }
  if (measure === 'self_time' && table.callee(element) !== 0) return table.calleeText(element)
  return table.serviceText(element)
}

/** What one term measures, as a phrase. */
export const MEASURE_PHRASES: Readonly<Record<string, string>> = {
  presence: 'presence',
  self_time: 'self time',
  duration: 'duration',
  errors: 'errors',
  status: 'status',
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
  // A self time says more than the duration that holds it.
  const first = contributions.find(({ measure }) => measure !== 'duration') ?? contributions[0]
  if (!first) return `${stratum}: as the nearest normal trace (p = ${shortP(p)})`
  const where =
    first.path < 0 ? first.element : table.elementText(table.paths.elementOf(first.path))
  return `${stratum}: ${where} ${difference(first)} (p = ${shortP(p)})`
}

function difference({ measure, value, medoid }: Contribution): string {
  if (measure === 'presence') {
    return value === null ? 'is missing, normally there' : 'is new, normally not there'
  }
  const phrase = MEASURE_PHRASES[measure] ?? measure
  return `${phrase} ${quantity(measure, value)}, normally ${quantity(measure, medoid)}`
}

/** A value with its unit, three significant digits. */
export function quantity(measure: string, value: number | string | null): string {
  if (value === null) return 'none'
  if (typeof value === 'string') return value
  if (measure !== 'self_time' && measure !== 'duration')
    return String(Math.round(value * 100) / 100)
  return timeText(value)
}

export function shortP(p: number): string {
  return p < 0.0001 ? p.toExponential(0) : String(Number(p.toPrecision(2)))
}
