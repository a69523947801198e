import type { OtlpSpan } from '../../src/otlp/encode-traces.ts'
import { type SimulationOptions, simulate } from '../../src/simulate/simulate.ts'
import type { TraceLabel } from '../../src/simulate/trace-label.ts'

/** A span with who sent it, and with its tree resolved. Times: ms. */
export interface CollectedSpan {
  readonly span: OtlpSpan
  readonly service: string
  readonly instance: string
  readonly parent: CollectedSpan | null
  readonly children: readonly CollectedSpan[]
  readonly durationMs: number
  /** Duration less the union of the children's times (asynchronous ones aside). */
  readonly selfMs: number
}

export interface CollectedTrace {
  readonly label: TraceLabel
  readonly spans: readonly CollectedSpan[]
}

export const START_MS = 1_790_000_000_000

/** Defaults for the tests: less than half a minute, 1,500 traces or so, no daily swing. */
export const BASE = {
  seed: 7,
  startMs: START_MS,
  durationMs: 25_000,
  tracesPerSecond: 60,
  dailySwing: 0,
} as const

/** Simulates and puts the spans of each trace together again, in the order of the traces. */
export function collect(options: Partial<SimulationOptions> = {}): CollectedTrace[] {
  const labels: TraceLabel[] = []
  const spans = new Map<string, Mutable[]>()
  for (const record of simulate({ ...BASE, ...options, onTrace: (label) => labels.push(label) })) {
    for (const group of record.resources) {
      for (const span of group.spans) {
        const own = spans.get(span.traceId) ?? []
        spans.set(span.traceId, own)
        own.push({
          span,
          service: String(group.attributes['service.name']),
          instance: String(group.attributes['service.instance.id']),
          parent: null,
          children: [],
          durationMs: Number(span.endNs - span.startNs) / 1e6,
          selfMs: 0,
        })
      }
    }
  }
  return labels.map((label) => ({ label, spans: resolve(spans.get(label.traceId) ?? []) }))
}

type Mutable = {
  -readonly [K in keyof CollectedSpan]: CollectedSpan[K] extends readonly CollectedSpan[]
    ? Mutable[]
    : CollectedSpan[K]
}

function resolve(spans: Mutable[]): CollectedSpan[] {
  spans.sort(
    (a, b) => Number(a.span.startNs - b.span.startNs) || (a.span.spanId < b.span.spanId ? -1 : 1),
  )
  const byId = new Map(spans.map((item) => [item.span.spanId, item]))
  for (const item of spans) {
    const parent = byId.get(item.span.parentSpanId)
    if (!parent) continue
    item.parent = parent
    parent.children.push(item)
  }
  for (const item of spans) item.selfMs = item.durationMs - coveredMs(item.children)
  return spans
}

function coveredMs(children: Mutable[]): number {
  children.sort((a, b) => Number(a.span.startNs - b.span.startNs))
  let covered = 0n
  let until = 0n
  for (const { span } of children) {
    if (span.kind === 5) continue
    const from = span.startNs > until ? span.startNs : until
    if (span.endNs > from) covered += span.endNs - from
    if (span.endNs > until) until = span.endNs
  }
  return Number(covered) / 1e6
}

export function servedBy(traces: readonly CollectedTrace[], service: string): CollectedSpan[] {
  return traces.flatMap(({ spans }) =>
    spans.filter((item) => item.service === service && item.span.kind === 2),
  )
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export function share<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.filter(test).length / items.length
}
