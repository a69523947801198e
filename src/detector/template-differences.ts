import type { TemplateDifference } from '../contract/anomaly.ts'
import { type KeptTrace, MOST_SPANS } from '../profile/kept-trace.ts'
import type { Tables } from './tables.ts'
import { isTemplateName } from './template-names.ts'

/** Differences that are told of one observation. */
const MOST_TOLD = 20

/**
 * Templates of log lines that came more or less often than in the nearest normal observation, the largest
 * difference first, with a masked line of each. Both are looked at as far as normal ones are kept.
 *
 * @param elements of the observation's spans, `count` of them
 */
export function templateDifferences(
  elements: Int32Array,
  count: number,
  normal: KeptTrace,
  tables: Tables,
): TemplateDifference[] {
  const more = new Map<number, { count: number; normal: number }>()
  const add = (element: number, side: 'count' | 'normal'): void => {
    const counted = more.get(element) ?? { count: 0, normal: 0 }
    counted[side]++
    more.set(element, counted)
  }
  for (let i = 0; i < Math.min(count, MOST_SPANS); i++) add(elements[i]!, 'count')
  for (const element of normal.element) add(element, 'normal')
  const told: TemplateDifference[] = []
  for (const [element, counted] of more) {
    if (counted.count === counted.normal) continue
    const name = tables.elements.operation(element)
    const template = tables.names.text(name)
    if (!isTemplateName(template)) continue
    const service = tables.elements.service(element)
    const example = tables.templates.example(service, name)
    told.push({ service: tables.values.text(service), template, example, ...counted })
  }
  const size = (one: TemplateDifference): number => Math.abs(one.count - one.normal)
  return told
    .sort((a, b) => size(b) - size(a) || (a.template < b.template ? -1 : 1))
    .slice(0, MOST_TOLD)
}
