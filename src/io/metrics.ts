import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricName, type MetricRow } from './metrics-table.ts'

export type MetricLabels = Readonly<Record<string, string>>

type Kind<T extends MetricRow['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]

export type CounterName = Kind<'counter'>
export type GaugeName = Kind<'gauge'>
export type HistogramName = Kind<'histogram'>

const NO_LABELS: MetricLabels = {}

/**
 * The table of metrics as prom-client's. Counters follow plain numbers that other code counts: `raise`
 * is given the total, once a batch. Gauges are set when somebody scrapes.
 */
export class Metrics {
  readonly registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #collectors: (() => void)[] = []
  /** Last total of each counter series. */
  readonly #totals = new Map<string, number>()

  /** @param defaults also serve the process's own metrics (memory, event loop, garbage collection) */
  constructor(defaults = true) {
    if (defaults) collectDefaultMetrics({ register: this.registry })
    for (const [name, row] of Object.entries<MetricRow>(METRICS)) this.#declare(name, row)
  }

  /** Brings a counter to a total. A total below the last one (a restart of what counts) adds nothing. */
  raise(name: CounterName, total: number, labels: MetricLabels = NO_LABELS): void {
    const series = name + JSON.stringify(labels)
    const last = this.#totals.get(series) ?? 0
    this.#totals.set(series, total)
    if (total > last) this.#counters.get(name)?.inc(labels, total - last)
  }

  set(name: GaugeName, value: number, labels: MetricLabels = NO_LABELS): void {
    this.#gauges.get(name)?.set(labels, value)
  }

  /** Forgets the series of a gauge whose labels come and go; the next scrape sets those that are left. */
  clear(name: GaugeName): void {
    this.#gauges.get(name)?.reset()
  }

  observe(name: HistogramName, value: number): void {
    this.#histograms.get(name)?.observe(value)
  }

  /** Called at each scrape, to set gauges. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector)
  }

  /** The exposition, in Prometheus' text format. */
  async render(): Promise<string> {
    for (const collect of this.#collectors) collect()
    return this.registry.metrics()
  }

  #declare(name: string, row: MetricRow): void {
    const common = { name, help: row.help, registers: [this.registry] }
    const labelNames = [...(row.labels ?? [])]
    if (row.type === 'counter') this.#counters.set(name, new Counter({ ...common, labelNames }))
    else if (row.type === 'gauge') this.#gauges.set(name, new Gauge({ ...common, labelNames }))
    else {
      const buckets = [...(row.buckets ?? [])]
      this.#histograms.set(name, new Histogram({ ...common, labelNames, buckets }))
    }
  }
}
