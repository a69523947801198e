import type { OtlpLogRecord } from '../otlp/encode-logs.ts'
import type { OtlpEvent, OtlpSpan } from '../otlp/encode-traces.ts'
import { derive, mix, seedOf } from './random.ts'
import type { Instance } from './service.ts'
import type { LogLine } from './shop-log-lines.ts'
import type { Attributes } from './span-attributes.ts'
import { SPAN_KIND } from './span-kind.ts'

const NO_EVENTS: readonly OtlpEvent[] = []
const EXCEPTION: Attributes = {
  'exception.type': 'UnavailableError',
  'exception.message': 'the request could not be answered',
}

/** Where spans go; `endNs` on the clock of the instance, ns after the start of the run. */
export type SpanTaker = (instance: Instance, endNs: number, span: OtlpSpan) => void

/** The same for log lines. */
type LogTaker = (instance: Instance, timeNs: number, record: OtlpLogRecord) => void

/** Makes the spans and log lines of one request after the other: ids, absolute times, skewed clocks. */
export class SpanWriter {
  /** Of the request since `begin`: its id, and the latest end of its spans. */
  traceId = ''
  lastNs = 0
  readonly #take: SpanTaker
  readonly #takeLog: LogTaker | null
  readonly #startNs: bigint
  /** Runs of one seed that start at other times have other trace ids, as when a load is restarted. */
  readonly #salt: number
  #high = ''
  #seed = 0
  #spans = 0

  /** Without `takeLog` nothing is logged. */
  constructor(startMs: number, take: SpanTaker, takeLog: LogTaker | null = null) {
    this.#startNs = BigInt(startMs) * 1_000_000n
    this.#salt = seedOf(String(startMs))
    this.#take = take
    this.#takeLog = takeLog
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

  /** A line logged at `timeNs`, ns after the start of the run, in a span. */
  log(
    { instance, spanId }: { readonly instance: Instance; readonly spanId: string },
    { text, severity }: LogLine,
    timeNs: number,
    seed: number,
  ): void {
    const skewed = timeNs + instance.skewNs
    this.#takeLog?.(instance, skewed, {
      traceId: this.traceId,
      spanId,
      timeMs: Number(this.#startNs / 1_000_000n) + skewed / 1e6,
      severityNumber: severity,
      severityText: '',
      body: filled(text, seed),
      eventName: '',
      attributes: {},
    })
  }
}

/** Text of a line, with the values that it has in the request of this seed. */
function filled(text: string, seed: number): string {
  return text
    .replace('{id}', () => hex(derive(seed, 1)))
    .replace('{n}', () => String(1 + (derive(seed, 2) % 9000)))
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
