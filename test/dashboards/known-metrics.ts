import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { MetricRow } from '../../src/io/telemetry/metric-row.ts'
import { Metrics } from '../../src/io/telemetry/metrics.ts'
import { METRICS } from '../../src/io/telemetry/metrics-table.ts'
import { type PromqlUse, promqlUse } from './promql.ts'

export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export const RULES_FILE = new URL('../../config/rules/medoscope.rules.yml', import.meta.url)

/** All rules of the project. */
export function rules(): Rule[] {
  const file = parse(readFileSync(RULES_FILE, 'utf8')) as { groups: { rules: Rule[] }[] }
  return file.groups.flatMap((group) => group.rules)
}

/** Labels that Prometheus adds to every series. */
const TARGET_LABELS = ['job', 'instance']

/** Labels of each series that can be queried: the table's, the process's, the rules'. */
export async function knownSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const known = new Map<string, readonly string[]>([['up', TARGET_LABELS]])
  const add = (name: string, row: MetricRow): void => {
    const labels = [...(row.labels ?? []), ...TARGET_LABELS]
    known.set(name, labels)
    if (row.type !== 'histogram') return
    known.set(`${name}_bucket`, [...labels, 'le'])
    known.set(`${name}_sum`, labels)
    known.set(`${name}_count`, labels)
  }
  for (const [name, row] of Object.entries<MetricRow>(METRICS)) add(name, row)
  // prom-client's own metrics of the process, as it really serves them.
  for (const { name } of await new Metrics().registry.getMetricsAsJSON()) {
    if (!known.has(name))
      known.set(name, [...TARGET_LABELS, 'le', 'kind', 'type', 'space', 'version'])
  }
  for (const { record } of rules()) if (record) known.set(record, ['job'])
  return known
}

/** What is wrong with a query; empty when it names only what exists and treats counters as such. */
export function faultsOf(expr: string, known: ReadonlyMap<string, readonly string[]>): string[] {
  let use: PromqlUse
  try {
    use = promqlUse(expr)
  } catch (error) {
    return [String(error)]
  }
  const faults: string[] = []
  // What label_join and label_replace write can be grouped by too.
  const made = /label_(join|replace)/.test(expr) ? expr.matchAll(/, "(\w+)", "/g) : []
  const labels = new Set<string>([...made].map(([, label = '']) => label))
  for (const metric of use.metrics) {
    const own = known.get(metric.name)
    if (!own) {
      faults.push(`there is no ${metric.name}`)
      continue
    }
    for (const label of own) labels.add(label)
    for (const label of metric.labels) {
      if (!own.includes(label)) faults.push(`${metric.name} has no label ${label}`)
    }
    const counter = /(_total|_bucket|_sum|_count)$/.test(metric.name)
    if (counter && !metric.range) faults.push(`${metric.name} counts: rate or increase it`)
  }
  for (const label of use.groupedBy) {
    if (!labels.has(label)) faults.push(`no metric of the query has a label ${label}`)
  }
  return faults
}
