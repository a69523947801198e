import type { OtlpResourceSpans, OtlpSpan } from '../otlp/encode-traces.ts'
import type { Instance } from './service.ts'
import type { SimulatedRecord } from './simulated-record.ts'
import type { Attributes } from './span-attributes.ts'

/** How often the Collector sends on what the instances exported. */
const TICK_NS = 200_000_000

interface Pending {
  readonly sender: Attributes
  readonly endNs: number
  readonly span: OtlpSpan
}

/**
 * Spans into records as SDKs and a Collector batch them: every instance exports what ended since its
 * last export, each at its own times; the Collector sends on what it got within 200 ms, at most
 * `limit` spans a record. So the spans of one trace come in several records, and those of a caller
 * may come before those of its callee. Holds about a second of spans.
 */
export class RecordBatches {
  readonly #startMs: number
  readonly #limit: number
  readonly #ticks = new Map<number, Pending[]>()
  /** First tick that has not been sent. */
  #next = 0

  constructor(startMs: number, limit: number) {
    this.#startMs = startMs
    this.#limit = limit
  }

  /** A span that ended at or after all times that `due` was asked about. */
  add(instance: Instance, endNs: number, span: OtlpSpan): void {
    const { exportNs, exportPhaseNs } = instance
    const exported = exportPhaseNs + Math.ceil((endNs - exportPhaseNs) / exportNs) * exportNs
    // A clock that is behind may put an end before a record that is out already.
    const tick = Math.max(this.#next, Math.floor(exported / TICK_NS))
    const entry = { sender: instance.resource, endNs, span }
    const pending = this.#ticks.get(tick)
    if (pending) pending.push(entry)
    else this.#ticks.set(tick, [entry])
  }

  /** The records that are complete once no span ends before this time any more. */
  *due(nowNs: number): Generator<SimulatedRecord> {
    while ((this.#next + 1) * TICK_NS <= nowNs) yield* this.#send()
  }

  /** Everything that is left. */
  *rest(): Generator<SimulatedRecord> {
    while (this.#ticks.size > 0) yield* this.#send()
  }

  *#send(): Generator<SimulatedRecord> {
    const spans = this.#ticks.get(this.#next) ?? []
    this.#ticks.delete(this.#next)
    this.#next++
    const timeMs = this.#startMs + (this.#next * TICK_NS) / 1e6
    spans.sort((a, b) => a.endNs - b.endNs || (a.span.spanId < b.span.spanId ? -1 : 1))
    for (let i = 0; i < spans.length; i += this.#limit) {
      yield grouped(timeMs, spans.slice(i, i + this.#limit))
    }
  }
}

function grouped(timeMs: number, spans: readonly Pending[]): SimulatedRecord {
  const groups = new Map<Attributes, OtlpSpan[]>()
  for (const { sender, span } of spans) {
    const group = groups.get(sender)
    if (group) group.push(span)
    else groups.set(sender, [span])
  }
  const resources: OtlpResourceSpans[] = []
  for (const [attributes, found] of groups) resources.push({ attributes, spans: found })
  return { timeMs, spanCount: spans.length, resources }
}
