import type { OtlpResourceSpans, OtlpSpan } from '../otlp/encode-traces.ts'
import { derive, mix, unit } from './random.ts'
import type { Instance } from './service.ts'
import type { SimulatedRecord } from './simulated-record.ts'
import type { Attributes } from './span-attributes.ts'

/** Spans are kept by tick until their record is due; a record holds 2 to 10 ticks. */
const TICK_NS = 100_000_000
const TICKS_MIN = 2
const TICKS_SPREAD = 9

interface Pending {
  readonly sender: Attributes
  readonly endNs: number
  readonly span: OtlpSpan
}

/**
 * Spans into records as a Collector batches them: what ended within 200 ms to 1 s, by end time,
 * grouped by who sent it, at most `limit` spans each. Holds only what ended after the last record.
 */
export class RecordBatches {
  readonly #startMs: number
  readonly #seed: number
  readonly #limit: number
  readonly #ticks = new Map<number, Pending[]>()
  #records = 0
  /** First tick that no record covered yet, and first tick of the record after the next. */
  #from = 0
  #until: number

  constructor(startMs: number, seed: number, limit: number) {
    this.#startMs = startMs
    this.#seed = mix(seed)
    this.#limit = limit
    this.#until = this.#width()
  }

  /** A span that ended at or after all times that `due` was asked about. */
  add(instance: Instance, endNs: number, span: OtlpSpan): void {
    // A clock that is behind may put an end before a record that is out already.
    const tick = Math.max(this.#from, Math.floor(endNs / TICK_NS))
    const entry = { sender: instance.resource, endNs, span }
    const pending = this.#ticks.get(tick)
    if (pending) pending.push(entry)
    else this.#ticks.set(tick, [entry])
  }

  /** The records that are complete once no span ends before this time any more. */
  *due(nowNs: number): Generator<SimulatedRecord> {
    while (this.#until * TICK_NS <= nowNs) yield* this.#next()
  }

  /** Everything that is left. */
  *rest(): Generator<SimulatedRecord> {
    while (this.#ticks.size > 0) yield* this.#next()
  }

  *#next(): Generator<SimulatedRecord> {
    const spans: Pending[] = []
    for (let tick = this.#from; tick < this.#until; tick++) {
      const pending = this.#ticks.get(tick)
      if (!pending) continue
      for (const entry of pending) spans.push(entry)
      this.#ticks.delete(tick)
    }
    const timeMs = this.#startMs + (this.#until * TICK_NS) / 1e6
    this.#from = this.#until
    this.#records++
    this.#until += this.#width()
    spans.sort((a, b) => a.endNs - b.endNs || (a.span.spanId < b.span.spanId ? -1 : 1))
    for (let i = 0; i < spans.length; i += this.#limit) {
      yield grouped(timeMs, spans.slice(i, i + this.#limit))
    }
  }

  #width(): number {
    const u = unit(derive(this.#seed, this.#records), 1)
    return TICKS_MIN + Math.floor(u * TICKS_SPREAD)
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
