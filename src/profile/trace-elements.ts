import type { AssembledTrace } from '../assemble/assembled-trace.ts'
import type { SlotTable } from '../otlp/attribute-slots.ts'
import { KIND_CLIENT, KIND_PRODUCER } from '../otlp/span-columns.ts'
import { NO_TEXT } from '../otlp/vocabulary.ts'
import { calleeSlots, type ElementTable } from './element-table.ts'

/** Stratum kinds of traces and of log sessions. */
const TRACE_STRATUM = 0
const SESSION_STRATUM = 1

/**
 * A closed trace in terms of elements. Index i is the trace's own (depth-first pre-order). The
 * arrays are reused for the next trace.
 */
export class TraceElements {
  count = 0
  /** The trace behind; valid only as long as it is. */
  trace!: AssembledTrace
  /** Stratum id: the path of the entry. */
  stratum = 0
  element = new Int32Array(256)
  path = new Int32Array(256)
  place = new Int32Array(256)
  /** Duration less the time in which at least one child ran, ns. */
  selfNs = new Float64Array(256)
  readonly #table: ElementTable
  readonly #calleeSlots: Int32Array
  #callee = new Int32Array(256)
  #coveredNs = new Float64Array(256)

  constructor(table: ElementTable, slots: SlotTable) {
    this.#table = table
    this.#calleeSlots = calleeSlots(slots)
  }

  /** Describes `trace`; everything here is overwritten. */
  read(trace: AssembledTrace): void {
    this.trace = trace
    this.count = trace.count
    if (trace.count > this.element.length) this.#grow(trace.count)
    this.#findCallees(trace)
    this.#nameElements(trace)
    this.#takeSelfTimes(trace)
    const kind = trace.part === 'session' ? SESSION_STRATUM : TRACE_STRATUM
    this.stratum = this.#table.strata.intern(kind, this.path[0]!)
  }

  /**
   * Whom span i calls: the one other service among its children; for a client or producer span
   * without such a child, what its attributes say. A span that does more than call (it has children
   * in its own service, or in several others) calls nobody in particular. That holds for servers as
   * well, where client spans are missing: docs/quality.md says what leaving it out brings.
   */
  #findCallees(trace: AssembledTrace): void {
    const { count, parent, columns } = trace
    const { service, kind, attributes } = columns.of
    const { stride } = columns
    const callee = this.#callee
    const UNDECIDED = -1
    for (let i = 0; i < count; i++) callee[i] = UNDECIDED
    for (let i = 1; i < count; i++) {
      const above = parent[i]!
      if (above < 0) continue
      const own = service[above]!
      const other = service[i]!
      const said = callee[above]!
      if (other === own) {
        const calls = isCall(kind[above]!)
        if (!calls) callee[above] = NO_TEXT
      } else if (said === UNDECIDED) callee[above] = other
      else if (said !== other) callee[above] = NO_TEXT
    }
    for (let i = 0; i < count; i++) {
      if (callee[i] !== UNDECIDED) continue
      callee[i] = NO_TEXT
      if (!isCall(kind[i]!)) continue
      for (let s = 0; s < this.#calleeSlots.length; s++) {
        const value = attributes[i * stride + this.#calleeSlots[s]!]!
        if (value === NO_TEXT) continue
        callee[i] = value
        break
      }
    }
  }

  #nameElements(trace: AssembledTrace): void {
    const { count, parent, columns } = trace
    const { service, name, kind } = columns.of
    const table = this.#table
    for (let i = 0; i < count; i++) {
      const element = table.element(service[i]!, name[i]!, kind[i]!, this.#callee[i]!)
      const above = parent[i]!
      this.element[i] = element
      this.path[i] = table.paths.intern(above < 0 ? 0 : this.path[above]!, element)
      this.place[i] = table.places.intern(above < 0 ? 0 : this.element[above]!, element)
    }
  }

  /** Siblings come by start time, so one pass over the spans sees each parent's union of children. */
  #takeSelfTimes(trace: AssembledTrace): void {
    const { count, parent, startNs, durationNs } = trace
    const covered = this.#coveredNs
    for (let i = 0; i < count; i++) {
      const start = startNs[i]!
      const duration = durationNs[i]!
      this.selfNs[i] = duration
      covered[i] = start
      const above = parent[i]!
      if (above < 0) continue
      const parentEnd = startNs[above]! + durationNs[above]!
      const from = Math.max(start, covered[above]!)
      const to = Math.min(start + duration, parentEnd)
      if (to <= from) continue
      this.selfNs[above]! -= to - from
      covered[above] = to
    }
    for (let i = 0; i < count; i++) if (this.selfNs[i]! < 0) this.selfNs[i] = 0
  }

  #grow(least: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(least))
    this.element = new Int32Array(capacity)
    this.path = new Int32Array(capacity)
    this.place = new Int32Array(capacity)
    this.selfNs = new Float64Array(capacity)
    this.#callee = new Int32Array(capacity)
    this.#coveredNs = new Float64Array(capacity)
  }
}

function isCall(kind: number): boolean {
  return kind === KIND_CLIENT || kind === KIND_PRODUCER
}
