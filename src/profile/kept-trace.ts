import type { EvidenceSpan, TraceEvidence } from '../contract/anomaly.ts'
import type { Vocabulary } from '../otlp/vocabulary.ts'
import type { ElementTable } from './element-table.ts'
import type { TraceElements } from './trace-elements.ts'

/** Spans of one trace that are kept; a giant trace is cut here, in pre-order, so parents stay. */
export const MOST_SPANS = 512
const START = 0
const DURATION = 1
const SELF = 2
const TIMES = 3

/**
 * A real trace, as it is kept for people to look at: only what the features use, in numbers. Names
 * are looked up when somebody looks (`evidenceOf`).
 */
export interface KeptTrace {
  /** Trace id, four words. */
  readonly traceId: Uint32Array<ArrayBuffer>
  /** Names the observation: see `AssembledTrace`. */
  readonly id: Uint32Array<ArrayBuffer>
  /** Start, ns since 1970, two words. */
  readonly start: Uint32Array<ArrayBuffer>
  /** Span id of the entry, two words. */
  readonly entrySpan: Uint32Array<ArrayBuffer>
  readonly parent: Int32Array<ArrayBuffer>
  readonly element: Int32Array<ArrayBuffer>
  readonly status: Uint8Array<ArrayBuffer>
  /** Start after the trace's start, duration, self time: ns, three a span. */
  readonly times: Float64Array<ArrayBuffer>
  /** Values of the configured categories, the same number a span; 0 = missing. */
  readonly categories: Int32Array<ArrayBuffer>
}

export function keepTrace(elements: TraceElements, categorySlots: Int32Array): KeptTrace {
  const { trace } = elements
  const count = Math.min(elements.count, MOST_SPANS)
  const { columns } = trace
  const width = categorySlots.length
  const kept = {
    traceId: trace.traceId.slice(0, 4),
    id: trace.id.slice(0, 4),
    start: Uint32Array.of(trace.startHi, trace.startLo),
    entrySpan: columns.of.spanId.slice(0, 2),
    parent: trace.parent.slice(0, count),
    element: elements.element.slice(0, count),
    status: new Uint8Array(count),
    times: new Float64Array(count * TIMES),
    categories: new Int32Array(count * width),
  }
  for (let i = 0; i < count; i++) {
    kept.status[i] = columns.of.status[i]!
    kept.times[i * TIMES + START] = trace.startNs[i]!
    kept.times[i * TIMES + DURATION] = trace.durationNs[i]!
    kept.times[i * TIMES + SELF] = elements.selfNs[i]!
    for (let c = 0; c < width; c++) {
      kept.categories[i * width + c] =
        columns.of.attributes[i * columns.stride + categorySlots[c]!]!
    }
  }
  return kept
}

/** Turns kept numbers into names; made once for a detector. */
export class EvidenceReader {
  readonly #table: ElementTable
  readonly #names: Vocabulary
  readonly #values: Vocabulary
  readonly #categories: readonly string[]

  constructor(
    table: ElementTable,
    names: Vocabulary,
    values: Vocabulary,
    categories: readonly string[],
  ) {
    this.#table = table
    this.#names = names
    this.#values = values
    this.#categories = categories
  }

  read(kept: KeptTrace): TraceEvidence {
    const spans: EvidenceSpan[] = []
    for (let i = 0; i < kept.element.length; i++) spans.push(this.#span(kept, i))
    return {
      traceId: hexWords(kept.traceId),
      startMs: kept.start[0]! * 4294.967296 + kept.start[1]! / 1e6,
      spans,
    }
  }

  /** A value of a configured category as people read it. */
  categoryText(category: number, value: number): string {
    const key = this.#categories[category] ?? '(unknown)'
    return value === 0 ? `no ${key}` : `${key} ${this.#values.text(value)}`
  }

  #span(kept: KeptTrace, i: number): EvidenceSpan {
    const element = kept.element[i]!
    const attributes: Record<string, string> = {}
    const width = this.#categories.length
    for (let c = 0; c < width; c++) {
      const value = kept.categories[i * width + c]!
      if (value !== 0) attributes[this.#categories[c]!] = this.#values.text(value)
    }
    return {
      parent: kept.parent[i]!,
      service: this.#table.serviceText(element),
      operation: this.#names.text(this.#table.operation(element)),
      kind: this.#table.kind(element),
      status: kept.status[i]!,
      startMs: kept.times[i * TIMES + START]! / 1e6,
      durationMs: kept.times[i * TIMES + DURATION]! / 1e6,
      selfMs: kept.times[i * TIMES + SELF]! / 1e6,
      attributes,
    }
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal of big-endian words. */
export function hexWords(words: Uint32Array): string {
  let text = ''
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    text += HEX[word >>> 24]! + HEX[(word >>> 16) & 0xff]! + HEX[(word >>> 8) & 0xff]!
    text += HEX[word & 0xff]!
  }
  return text
}
