import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client'
import type { MetricRow } from './metric-row.ts'
import { METRICS, type MetricName } from './metrics-table.ts'

export type MetricLabels = Readonly<Record<string, string>>

type Kind<T extends MetricRow['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]

export type CounterName = Kind<'counter'>
export type GaugeName = Kind<'gauge'>
export type HistogramName = Kind<'histogram'>

const NO_LABELS: MetricLabels = {}
/** Values that a histogram is given at once, at the latest. */
const MOST_WAITING = 512

/**
 * The table of metrics as prom-client's. Counters follow plain numbers that other code counts: `raise`
 * is given the total when somebody scrapes, as gauges are, and histograms their values.
 */
export class Metrics {
  readonly registry = new Registry<OpenMetricsContentType>()
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #histograms = new Map<string, Histogram>()
  /** Values that a histogram has not been given yet. */
  readonly #waiting = new Map<string, number[]>()
  readonly #collectors: (() => void)[] = []
  /** Last total of each counter series. */
  readonly #totals = new Map<string, number>()

  /** @param defaults also serve the process's own metrics (memory, event loop, garbage collection) */
  constructor(defaults = true) {
    // The form that can carry exemplars; the plain one is made from it.
    this.registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    if (defaults) collectDefaultMetrics({ register: this.registry })
    for (const [name, row] of Object.entries<MetricRow>(METRICS)) this.#declare(name, row)
  }

  /** Brings a counter to a total. A total below the last one (a restart of what counts) adds nothing. */
  raise(name: CounterName, total: number, labels: MetricLabels = NO_LABELS): void {
    const series = name + JSON.stringify(labels)
    const last = this.#totals.get(series)
    this.#totals.set(series, total)
    // A new series begins at 0 even so: from nothing to 1 is no increase to Prometheus.
    const added = total - (last ?? 0)
    if (added > 0 || last === undefined) this.#counters.get(name)?.inc(labels, Math.max(0, added))
  }

  set(name: GaugeName, value: number, labels: MetricLabels = NO_LABELS): void {
    this.#gauges.get(name)?.set(labels, value)
  }

  /** Forgets the series of a gauge whose labels come and go; the next scrape sets those that are left. */
  clear(name: GaugeName): void {
    this.#gauges.get(name)?.reset()
  }

  /** Drops a counter series whose label will not come again. */
  forget(name: CounterName, labels: MetricLabels): void {
    this.#totals.delete(name + JSON.stringify(labels))
    this.#counters.get(name)?.remove(labels)
  }

  /** @param traceId a trace that shows this value: becomes the exemplar of its bucket */
  observe(name: HistogramName, value: number, traceId?: string): void {
    if (traceId !== undefined) {
      const exemplarLabels = { trace_id: traceId }
      this.#histograms.get(name)?.observe({ labels: NO_LABELS, value, exemplarLabels })
      return
    }
    // One at a time, once a batch, prom-client's code would be cold each time.
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) this.#waiting.set(name, [value])
    else if (waiting.push(value) >= MOST_WAITING) this.#give(name, waiting)
  }

  /** Called at each scrape, to raise counters and set gauges. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector)
  }

  /** The exposition: OpenMetrics with exemplars for who asks for it, else Prometheus' text format. */
  async render(openMetrics = false): Promise<string> {
    for (const collect of this.#collectors) collect()
    for (const [name, waiting] of this.#waiting) this.#give(name, waiting)
    const text = await this.registry.metrics()
    return openMetrics ? text : plainText(text)
  }

  #give(name: string, waiting: number[]): void {
    const histogram = this.#histograms.get(name)
    for (const value of waiting) histogram?.observe({ labels: NO_LABELS, value })
    waiting.length = 0
  }

  #declare(name: string, row: MetricRow): void {
    const common = { name, help: row.help, registers: [this.registry] }
    const labelNames = [...(row.labels ?? [])]
    if (row.type === 'counter') this.#counters.set(name, new Counter({ ...common, labelNames }))
    else if (row.type === 'gauge') this.#gauges.set(name, new Gauge({ ...common, labelNames }))
    else {
      const buckets = [...(row.buckets ?? [])]
      this.#histograms.set(
        name,
        new Histogram({ ...common, labelNames, buckets, enableExemplars: true }),
      )
    }
  }
}

/** OpenMetrics as the older text format: counters declared by their full name, no exemplars, no end mark. */
function plainText(openMetrics: string): string {
  const lines = openMetrics.split('\n')
  const counters = new Set<string>()
  for (const line of lines) {
    const counter = /^# TYPE (\S+) counter$/.exec(line)?.[1]
    if (counter !== undefined) counters.add(counter)
  }
  return lines
    .filter((line) => line !== '# EOF')
    .map((line) => {
      const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+)(.*)$/.exec(line) ?? []
      if (kind !== undefined) return counters.has(name) ? `# ${kind} ${name}_total${rest}` : line
      return line.replace(/ # \{trace_id="[^"]*"\}.*$/, '')
    })
    .join('\n')
}
