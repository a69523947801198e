import type { OtlpEvent, OtlpSpan } from '../otlp/encode-traces.ts'
import { derive, mix, seedOf } from './random.ts'
import type { Instance } from './service.ts'
import type { Attributes } from './span-attributes.ts'
import { SPAN_KIND } from './span-kind.ts'

const NO_EVENTS: readonly OtlpEvent[] = []
const EXCEPTION: Attributes = {
  'exception.type': 'UnavailableError',
  'exception.message': 'the request could not be answered',
}

/** Where spans go; `endNs` on the clock of the instance, ns after the start of the run. */
export type SpanTaker = (instance: Instance, endNs: number, span: OtlpSpan) => void

/** Makes the spans of one request after the other: ids, absolute times, skewed clocks. */
export class SpanWriter {
  /** Of the request since `begin`: its id, and the latest end of its spans. */
  traceId = ''
  lastNs = 0
  readonly #take: SpanTaker
  readonly #startNs: bigint
  /** Runs of one seed that start at other times have other trace ids, as when a load is restarted. */
  readonly #salt: number
  #high = ''
  #seed = 0
  #spans = 0

  constructor(startMs: number, take: SpanTaker) {
    this.#startNs = BigInt(startMs) * 1_000_000n
    this.#salt = seedOf(String(startMs))
    this.#take = take
  }

  begin(seed: number): void {
    const own = derive(this.#salt, seed)
    this.traceId = hex(derive(own, 1)) + hex(derive(own, 2)) + hex(derive(own, 3)) + hex(seed)
    this.lastNs = 0
    this.#high = hex(derive(seed, 4) | 1)
    this.#seed = seed
    this.#spans = 0
  }

  /** Unique within the request: `mix` is a bijection. */
  nextSpanId(): string {
    return this.#high + hex(mix(this.#seed ^ ++this.#spans))
  }

  /** A span that began at `begin` and ended at `endNs`, ns after the start of the run. */
  add(
    sender: { readonly instance: Instance },
    spanId: string,
    begin: { readonly parent: string; readonly startNs: number },
    name: string,
    kind: number,
    endNs: number,
    attributes: Attributes,
    failed: boolean,
  ): void {
    const { instance } = sender
    const skewed = endNs + instance.skewNs
    if (skewed > this.lastNs) this.lastNs = skewed
    const end = this.#startNs + BigInt(skewed)
    const thrown = failed && (kind === SPAN_KIND.server || kind === SPAN_KIND.consumer)
    this.#take(instance, skewed, {
      traceId: this.traceId,
      spanId,
      parentSpanId: begin.parent,
      name,
      kind,
      startNs: this.#startNs + BigInt(begin.startNs + instance.skewNs),
      endNs: end,
      attributes,
      events: thrown ? [{ name: 'exception', timeNs: end, attributes: EXCEPTION }] : NO_EVENTS,
      status: failed ? 2 : 0,
    })
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
