import type { AssembledTrace } from '../assemble/assembled-trace.ts'
import type { SlotTable } from '../otlp/attribute-slots.ts'
import {
  KIND_CLIENT,
  KIND_INTERNAL,
  KIND_LOG,
  KIND_PRODUCER,
  KIND_SERVER,
} from '../otlp/span-columns.ts'
import { NO_TEXT } from '../otlp/vocabulary.ts'
import { CalleeNames } from './callee-names.ts'
import type { ElementTable } from './element-table.ts'
import { Failures } from './failures.ts'
import { SpanOperations } from './span-operations.ts'

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
  /** Duration less the time in which at least one child ran, or a call beside it that it waited for, ns. */
  selfNs = new Float64Array(256)
  /** 1 where a span failed whose failures count: see `Failures`. */
  failed = new Uint8Array(256)
  /** 1 where a call failed because nobody answered. */
  unanswered = new Uint8Array(256)
  readonly #table: ElementTable
  readonly #operations: SpanOperations
  readonly #names: CalleeNames
  readonly #failures: Failures
  #callee = new Int32Array(256)
  #coveredNs = new Float64Array(256)
  /** By parent: its child that may wait for the calls after it, or -1. */
  #waiter = new Int32Array(256)

  constructor(table: ElementTable, slots: SlotTable) {
    this.#table = table
    this.#operations = new SpanOperations(table)
    this.#names = new CalleeNames(slots, table, this.#operations)
    this.#failures = new Failures(slots, (value) => table.valueText(value))
  }

  /** The ids of values may stand for other texts from here on. */
  forget(): void {
    this.#names.forget()
    this.#failures.forget()
  }

  /** Describes `trace`; everything here is overwritten. */
  read(trace: AssembledTrace): void {
    this.trace = trace
    this.count = trace.count
    if (trace.count > this.element.length) this.#grow(trace.count)
    this.#operations.begin(trace.count)
    this.#findCallees(trace)
    this.#nameElements(trace)
    this.#takeSelfTimes(trace)
    if (trace.sender !== NO_TEXT) this.#table.learnSender(this.element[0]!, trace.sender)
    const kind = this.isRequest ? TRACE_STRATUM : SESSION_STRATUM
    this.stratum = this.#table.strata.intern(kind, this.path[0]!)
  }

  /**
   * Whom span i calls: the one other service among its children; for a client or producer span
   * without such a child, whoever answered such calls before, else what its attributes say. A span
   * that does more than call (it has children in its own service, or in several others) calls nobody
   * in particular. That holds for servers as well, where client spans are missing: docs/quality.md
   * says what leaving it out brings. One that failed before anybody answered is named as those that are
   * answered: else the failures of a proxy whose upstream is away would be those of another operation.
   */
  #findCallees(trace: AssembledTrace): void {
    const { count, parent, columns } = trace
    const { service, kind } = columns.of
    const callee = this.#callee
    const UNDECIDED = -1
    for (let i = 0; i < count; i++) callee[i] = UNDECIDED
    for (let i = 1; i < count; i++) {
      const above = parent[i]!
      if (above < 0 || kind[i] === KIND_LOG) continue
      const own = service[above]!
      const other = service[i]!
      const said = callee[above]!
      if (other === own && !(isCall(kind[above]!) && kind[i] === KIND_SERVER)) {
        if (!isCall(kind[above]!)) callee[above] = NO_TEXT
      } else if (said === UNDECIDED) callee[above] = other
      else if (said !== other) callee[above] = NO_TEXT
    }
    for (let i = 0; i < count; i++) {
      const answered = callee[i] !== UNDECIDED
      const { failed, unanswered } = this
      failed[i] = Number(this.#failures.hasFailed(columns, i, i === 0))
      unanswered[i] = 0
      if (!isCall(kind[i]!)) {
        if (!answered) callee[i] = NO_TEXT
        if (i > 0 && (kind[i] === KIND_INTERNAL || kind[i] === KIND_LOG)) continue
        if (!answered && failed[i] === 1) callee[i] = this.#names.usualAnswererOf(columns, i, i)
        else this.#names.learnAnswer(columns, i, i, callee[i]!)
        continue
      }
      const caller = parent[i]! < 0 ? i : parent[i]!
      if (answered) {
        if (callee[i] !== NO_TEXT) this.#names.learn(columns, i, caller, callee[i]!)
        continue
      }
      const known = this.#names.answererOf(columns, i, caller)
      callee[i] = known === NO_TEXT ? this.#names.said(columns, i) : known
      if (failed[i] === 1) {
        unanswered[i] = Number(this.#failures.wasUnanswered(columns, i, known !== NO_TEXT))
      }
    }
  }

  /** Whether it is a request that somebody made, not a session of a log. */
  get isRequest(): boolean {
    return this.trace.part !== 'session'
  }

  /** The text that tells the failure of span i, as a vote (see `Failures`); 0 = none does. */
  errorVote(i: number): number {
    return this.#failures.errorVote(this.trace.columns, i)
  }

  #nameElements(trace: AssembledTrace): void {
    const { count, parent, columns } = trace
    const { kind } = columns.of
    const { element, path, place } = this
    for (let i = 0; i < count; i++) {
      const above = parent[i]!
      const step = this.#table.step(
        above < 0 ? 0 : path[above]!,
        above < 0 ? 0 : element[above]!,
        this.#operations.of(columns, i),
        kind[i]!,
        this.#callee[i]!,
      )
      element[i] = step.element
      path[i] = step.path
      place[i] = step.place
    }
  }

  /**
   * Siblings come by start time, so one pass over the spans sees each parent's union of children.
   *
   * A handler of a reactive framework is not the parent of the call it makes but stands beside it: an
   * internal span waits for the calls among its siblings that start while it runs.
   */
  #takeSelfTimes(trace: AssembledTrace): void {
    const { count, parent, startNs, durationNs, columns } = trace
    const { kind } = columns.of
    const covered = this.#coveredNs
    const waiter = this.#waiter
    for (let i = 0; i < count; i++) {
      const start = startNs[i]!
      this.selfNs[i] = durationNs[i]!
      covered[i] = start
      waiter[i] = -1
      const above = parent[i]!
      if (above < 0 || kind[i] === KIND_LOG) continue
      const end = start + durationNs[i]!
      this.#cover(trace, above, start, end)
      if (kind[i] === KIND_INTERNAL) waiter[above] = i
      else if (waiter[above]! >= 0 && isCall(kind[i]!)) {
        this.#cover(trace, waiter[above]!, start, end)
      }
    }
    for (let i = 0; i < count; i++) if (this.selfNs[i]! < 0) this.selfNs[i] = 0
  }

  /** Takes from a span the time in which another ran, as far as no earlier one has. */
  #cover({ startNs, durationNs }: AssembledTrace, i: number, start: number, end: number): void {
    const covered = this.#coveredNs
    const from = Math.max(start, covered[i]!)
    const to = Math.min(end, startNs[i]! + durationNs[i]!)
    if (to <= from) return
    this.selfNs[i]! -= to - from
    covered[i] = to
  }

  #grow(least: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(least))
    this.element = new Int32Array(capacity)
    this.path = new Int32Array(capacity)
    this.place = new Int32Array(capacity)
    this.selfNs = new Float64Array(capacity)
    this.failed = new Uint8Array(capacity)
    this.unanswered = new Uint8Array(capacity)
    this.#callee = new Int32Array(capacity)
    this.#coveredNs = new Float64Array(capacity)
    this.#waiter = new Int32Array(capacity)
  }
}

function isCall(kind: number): boolean {
  return kind === KIND_CLIENT || kind === KIND_PRODUCER
}
