import type { IdSets } from '../columns/marks.ts'
import { KIND_LOG, STATUS_ERROR } from '../otlp/span-columns.ts'
import { type AssembledTrace, emptyTrace } from './assembled-trace.ts'
import { SEVERITY_ERROR } from './session-assembler.ts'
import { isPlausibleMs } from './span-times.ts'

const TWO_TO_32 = 4294967296
/** Services and names are ids below this: two of them fit a double. */
const STRIDE = 2 ** 26
/** Templates of one operation that are told apart. */
const MOST_TEMPLATES = 128
const ELSEWHERE = -1

/** A log record that names a trace. */
export interface TracedRecord {
  /** Where it came from: a successor without this state must read it again. */
  readonly partition: string
  readonly offset: bigint
  /** Span id, two words; both 0 = none. */
  readonly spanHi: number
  readonly spanLo: number
  /** Vocabulary ids: of the service, and of the template as a name. */
  readonly service: number
  readonly name: number
  readonly severity: number
  /** ms since 1970. */
  readonly timeMs: number
  /** Names the session that it is of if it finds no trace; null = none. */
  readonly sessionKey: number | null
}

/** A record and where it comes to lie. */
interface Grafted {
  readonly record: TracedRecord
  /** Position of the span above it. */
  readonly above: number
  /** Position of the span that it comes before, in the trace without records. */
  readonly before: number
  /** After the trace's start. */
  readonly startNs: number
}

/**
 * Puts log records into a trace, each as an element below its span: named after its template, without duration,
 * in pre-order among the spans by time. Everything else of the trace stays.
 */
export class LogGraft {
  /** Records of the last trace that have no name of their own. */
  otherLines = 0
  readonly #trace: AssembledTrace
  readonly #maxPlaces: number
  /** Vocabulary id of the name of lines that have none. */
  readonly #otherLines: () => number
  /** By operation: the templates that it logs. */
  readonly #templates = new Map<number, Set<number>>()
  #places = 0
  #grafted: Grafted[] = []
  #positionOf = new Int32Array(64)

  /** @param stride attribute slots of spans */
  constructor(stride: number, maxPlaces: number, otherLines: () => number) {
    this.#trace = emptyTrace(stride, 64)
    this.#maxPlaces = maxPlaces
    this.#otherLines = otherLines
  }

  /** Finds where records belong in a trace; returns those that do not belong to it. */
  begin(trace: AssembledTrace, records: readonly TracedRecord[]): TracedRecord[] {
    const left: TracedRecord[] = []
    this.#grafted = []
    for (const record of records) {
      const above = spanOf(trace, record)
      if (above === ELSEWHERE) left.push(record)
      else this.#grafted.push(placed(trace, record, above))
    }
    return left
  }

  /** The trace with the records that were found last. Its arrays are reused. */
  finish(from: AssembledTrace): AssembledTrace {
    const to = this.#trace
    this.#begin(from)
    // What is below a deeper span comes first; records of one time stay in the order in which they came.
    const grafted = this.#grafted.sort(
      (a, b) => a.before - b.before || b.above - a.above || a.startNs - b.startNs,
    )
    let next = 0
    for (let at = 0; at <= from.count; at++) {
      for (; grafted[next]?.before === at; next++) this.#addRecord(grafted[next]!)
      if (at === from.count) break
      this.#positionOf[at] = to.count
      to.columns.copy(this.#add(), from.columns, at)
      const above = from.parent[at]!
      this.#place(above < 0 ? -1 : this.#positionOf[above]!, from.startNs[at]!)
      to.durationNs[to.count - 1] = from.durationNs[at]!
    }
    return to
  }

  /** Names will be those of other things. */
  forget({ values, names }: IdSets): void {
    for (const [key, templates] of this.#templates) {
      const isGone = values.has(Math.floor(key / STRIDE)) || names.has(key % STRIDE)
      for (const name of templates) {
        if ((isGone || names.has(name)) && templates.delete(name)) this.#places--
      }
      if (templates.size === 0) this.#templates.delete(key)
    }
  }

  state(): readonly (readonly [operation: number, templates: readonly number[]])[] {
    return Array.from(this.#templates, ([operation, templates]) => [operation, [...templates]])
  }

  restore(state: ReturnType<LogGraft['state']>): void {
    for (const [operation, templates] of state) {
      this.#templates.set(operation, new Set(templates))
      this.#places += templates.length
    }
  }

  #begin(from: AssembledTrace): void {
    const to = this.#trace
    const count = from.count + this.#grafted.length
    this.otherLines = 0
    if (to.parent.length < count) {
      const room = 2 ** Math.ceil(Math.log2(count))
      to.parent = new Int32Array(room)
      to.startNs = new Float64Array(room)
      to.durationNs = new Float64Array(room)
    }
    if (this.#positionOf.length < count) this.#positionOf = new Int32Array(to.parent.length)
    to.columns.clear()
    to.count = 0
    to.traceId.set(from.traceId)
    to.id.set(from.id)
    to.part = from.part
    to.startHi = from.startHi
    to.startLo = from.startLo
    to.endMs = from.endMs
    to.cause = from.cause
    to.rooted = from.rooted
    to.orphans = from.orphans
    to.truncated = from.truncated
    to.waitNs = from.waitNs
    to.sender = from.sender
  }

  #addRecord({ record, above, startNs }: Grafted): void {
    const { of } = this.#trace.columns
    const parent = this.#positionOf[above]!
    const row = this.#add()
    of.service[row] = record.service
    of.name[row] = this.#nameOf(record, of.service[parent]!, of.name[parent]!)
    of.kind[row] = KIND_LOG
    of.status[row] = record.severity >= SEVERITY_ERROR ? STATUS_ERROR : 0
    of.endMs[row] = record.timeMs
    this.#place(parent, startNs)
    this.#trace.durationNs[row] = 0
  }

  #add(): number {
    const { columns } = this.#trace
    return columns.add()
  }

  #place(parent: number, startNs: number): void {
    const to = this.#trace
    to.parent[to.count] = parent
    to.startNs[to.count] = startNs
    to.count++
  }

  /** The name of the record's template, unless its operation, or all together, have too many. */
  #nameOf({ name }: TracedRecord, service: number, operation: number): number {
    const key = service * STRIDE + operation
    let templates = this.#templates.get(key)
    if (templates?.has(name)) return name
    const isFull = (templates?.size ?? 0) >= MOST_TEMPLATES || this.#places >= this.#maxPlaces
    if (isFull) {
      this.otherLines++
      return this.#otherLines()
    }
    if (templates === undefined) {
      templates = new Set()
      this.#templates.set(key, templates)
    }
    templates.add(name)
    this.#places++
    return name
  }
}

/** Position of the span that a record names; of one that names none that is there, the entry's, or `ELSEWHERE`. */
function spanOf(trace: AssembledTrace, record: TracedRecord): number {
  const found = find(trace, record)
  if (found >= 0) return found
  // A part of a trace leaves what names no span of its own to the part that has the trace's entry.
  if (trace.part !== 'trace') return ELSEWHERE
  return trace.whole !== null && find(trace.whole, record) >= 0 ? ELSEWHERE : 0
}

function find({ columns, count }: AssembledTrace, { spanHi, spanLo }: TracedRecord): number {
  if (spanHi === 0 && spanLo === 0) return -1
  const { spanId } = columns.of
  for (let at = count - 1; at >= 0; at--) {
    if (spanId[at * 2] === spanHi && spanId[at * 2 + 1] === spanLo) return at
  }
  return -1
}

/** Where a record comes to lie: among the children of its span by time, held within the span's own time. */
function placed(trace: AssembledTrace, record: TracedRecord, above: number): Grafted {
  const { count, parent, startNs, durationNs } = trace
  const fromNs = startNs[above]!
  const startMs = (trace.startHi * TWO_TO_32 + trace.startLo) / 1e6
  const sinceNs = isPlausibleMs(record.timeMs) ? (record.timeMs - startMs) * 1e6 : fromNs
  const atNs = Math.min(Math.max(sinceNs, fromNs), fromNs + durationNs[above]!)
  let before = above + 1
  // What is below a span follows it without a gap.
  for (; before < count && parent[before]! >= above; before++) {
    if (parent[before] === above && startNs[before]! > atNs) break
  }
  return { record, above, before, startNs: atNs }
}
