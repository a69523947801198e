import type { OtlpEvent, OtlpSpan } from '../otlp/encode-traces.ts'
import { derive, mix } from './random.ts'
import type { Instance } from './service.ts'
import type { Attributes } from './span-attributes.ts'

const NO_EVENTS: readonly OtlpEvent[] = []
const SERVER = 2
const CONSUMER = 5
const EXCEPTION: Attributes = {
  'exception.type': 'UnavailableError',
  'exception.message': 'the request could not be answered',
}

/** Where spans go; `endNs` on the clock of the instance, ns after the start of the run. */
export type SpanTaker = (instance: Instance, endNs: number, span: OtlpSpan) => void

/** Makes the spans of one request after the other: ids, absolute times, skewed clocks. */
export class SpanWriter {
  /** Of the request since `begin`. */
  traceId = ''
  firstNs = Infinity
  lastNs = 0
  readonly #take: SpanTaker
  readonly #startNs: bigint
  #high = ''
  #seed = 0
  #spans = 0

  constructor(startMs: number, take: SpanTaker) {
    this.#startNs = BigInt(startMs) * 1_000_000n
    this.#take = take
  }

  begin(seed: number): void {
    this.traceId = hex(derive(seed, 1)) + hex(derive(seed, 2)) + hex(derive(seed, 3)) + hex(seed)
    this.firstNs = Infinity
    this.lastNs = 0
    this.#high = hex(derive(seed, 4) | 1)
    this.#seed = seed
    this.#spans = 0
  }

  /** Unique within the request: `mix` is a bijection. */
  nextSpanId(): string {
    return this.#high + hex(mix(this.#seed ^ ++this.#spans))
  }

  add(
    instance: Instance,
    spanId: string,
    parentSpanId: string,
    name: string,
    kind: number,
    startNs: number,
    endNs: number,
    attributes: Attributes,
    failed: boolean,
  ): void {
    const skewed = endNs + instance.skewNs
    if (startNs < this.firstNs) this.firstNs = startNs
    if (skewed > this.lastNs) this.lastNs = skewed
    const end = this.#startNs + BigInt(skewed)
    const thrown = failed && (kind === SERVER || kind === CONSUMER)
    this.#take(instance, skewed, {
      traceId: this.traceId,
      spanId,
      parentSpanId,
      name,
      kind,
      startNs: this.#startNs + BigInt(startNs + instance.skewNs),
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
