import type { Instance } from './service.ts'
import type { Attributes } from './span-attributes.ts'

/** How often the Collector sends on what the instances exported. */
const TICK_NS = 200_000_000

/** What is batched: spans or log records. */
interface Item {
  readonly spanId: string
}

interface Pending<I> {
  readonly sender: Attributes
  readonly endNs: number
  readonly item: I
}

/** Items sent together, by who sent them. */
export interface Batch<I> {
  readonly timeMs: number
  readonly count: number
  readonly groups: readonly { readonly attributes: Attributes; readonly items: readonly I[] }[]
}

/**
 * Spans, or log records, into records as SDKs and a Collector batch them: every instance exports what ended since its
 * last export, each at its own times; the Collector sends on what it got within 200 ms, at most
 * `limit` spans a record. So the spans of one trace come in several records, and those of a caller
 * may come before those of its callee. Holds about a second of spans.
 */
export class RecordBatches<I extends Item> {
  readonly #startMs: number
  readonly #limit: number
  readonly #ticks = new Map<number, Pending<I>[]>()
  /** First tick that has not been sent. */
  #next = 0

  constructor(startMs: number, limit: number) {
    this.#startMs = startMs
    this.#limit = limit
  }

  /** A span that ended at or after all times that `due` was asked about. */
  add(instance: Instance, endNs: number, item: I): void {
    const { exportNs, exportPhaseNs } = instance
    const exported = exportPhaseNs + Math.ceil((endNs - exportPhaseNs) / exportNs) * exportNs
    // A clock that is behind may put an end before a record that is out already.
    const tick = Math.max(this.#next, Math.floor(exported / TICK_NS))
    const entry = { sender: instance.resource, endNs, item }
    const pending = this.#ticks.get(tick)
    if (pending) pending.push(entry)
    else this.#ticks.set(tick, [entry])
  }

  /** The records that are complete once no span ends before this time any more. */
  *due(nowNs: number): Generator<Batch<I>> {
    while ((this.#next + 1) * TICK_NS <= nowNs) yield* this.#send()
  }

  /** Everything that is left. */
  *rest(): Generator<Batch<I>> {
    while (this.#ticks.size > 0) yield* this.#send()
  }

  *#send(): Generator<Batch<I>> {
    const spans = this.#ticks.get(this.#next) ?? []
    this.#ticks.delete(this.#next)
    this.#next++
    const timeMs = this.#startMs + (this.#next * TICK_NS) / 1e6
    spans.sort((a, b) => a.endNs - b.endNs || compareIds(a.item, b.item))
    for (let i = 0; i < spans.length; i += this.#limit) {
      yield grouped(timeMs, spans.slice(i, i + this.#limit))
    }
  }
}

function compareIds(a: Item, b: Item): number {
  return a.spanId === b.spanId ? 0 : a.spanId < b.spanId ? -1 : 1
}

function grouped<I>(timeMs: number, pending: readonly Pending<I>[]): Batch<I> {
  const groups = new Map<Attributes, I[]>()
  for (const { sender, item } of pending) {
    const group = groups.get(sender)
    if (group) group.push(item)
    else groups.set(sender, [item])
  }
  return {
    timeMs,
    count: pending.length,
    groups: Array.from(groups, ([attributes, items]) => ({ attributes, items })),
  }
}
