import type { IdSets } from '../columns/marks.ts'
import type { SpanColumns } from '../otlp/span-columns.ts'
import { hashWords } from '../stats/random.ts'
import type { AssembleSettings } from './assemble-settings.ts'
import { type AssembledTrace, type CloseCause, emptyTrace } from './assembled-trace.ts'
import { type AssemblerCounts, emptyCounts } from './assembler-counts.ts'
import type { ClockDisagreement } from './clock-senders.ts'
import { ClosedIds, type ClosedIdsState } from './closed-ids.ts'
import { type ClockMove, DataClock, type DataClockState } from './data-clock.ts'
import { type LateService, LateServices, type LateServicesState } from './late-services.ts'
import {
  LATE,
  LONG,
  MID_LOG,
  OpenTraces,
  type OpenTracesState,
  ROOT_SEEN,
  SPANS_DROPPED,
  UNKEYED,
} from './open-traces.ts'
import { SpanStore } from './span-store.ts'
import { isPlausibleMs } from './span-times.ts'
import { TraceBuilder } from './trace-builder.ts'
import type { TraceFate } from './trace-logs.ts'

/** The slot of the span before says nothing about this one. */
const UNKNOWN = -1
/** What becomes of a segment. */
const HANDED_OUT = 0
const PUT_BACK = 1
const DROPPED = 2
/** How often a trace may be dated anew: as often as a trace can wait until a jump is agreed on. */
const MAX_REDATES = 8

/** Rises when a state of before cannot be read any more. */
const STATE_FORMAT = 4

/** Everything an assembler remembers, as plain data: numbers and typed arrays, live rows only. */
export interface AssemblerState {
  readonly format: number
  /** Attribute slots a span. */
  readonly stride: number
  readonly clock: DataClockState
  /** Traces first seen up to here (data time) may have begun before the log was read; -1 = none. */
  readonly midLogUntilMs: number
  readonly open: OpenTracesState
  readonly closed: ClosedIdsState
  readonly late: LateServicesState
  readonly counts: AssemblerCounts
}

export interface AssemblerOptions {
  /**
   * The log is read from somewhere after its beginning, so the first traces may lack spans that lie
   * before. Those first seen within `maxWaitMs` and incomplete are handed out as truncated.
   */
  readonly startedMidLog?: boolean
}

/**
 * Spans to traces, by data time: one instance a partition, fed with its records in order and drained
 * of closed traces after each. What comes out, and when, is a function of the records alone, however
 * they were polled.
 *
 * A trace closes when data time has passed its deadline: `quietMs` after its root ended and its last
 * span came, at the latest `maxWaitMs` after its first span was seen. Traces due at the same record
 * close in the order (deadline, trace id); those that a cap evicts close before them.
 *
 * A closed trace falls into segments, each an observation of its own: what a consumer does with a message
 * is one. What comes for a trace that was handed out is gathered again and handed out when it is quiet:
 * each span whose parent is not there begins a segment. Of a trace that is over, only what ended after it
 * was handed out counts, as the rest came late or twice; it is dropped, and counted by service. Of one
 * that went on all the time (a run of minutes, a loop under one trace) everything counts, and what is
 * still going on when it is cut goes on in the next part.
 */
export class TraceAssembler {
  readonly counts: AssemblerCounts
  openSpans = 0
  readonly #settings: AssembleSettings
  readonly #clock: DataClock
  readonly #open = new OpenTraces()
  readonly #store: SpanStore
  readonly #closed: ClosedIds
  readonly #builder = new TraceBuilder()
  readonly #late = new LateServices()
  /** What was closed last. */
  readonly #trace: AssembledTrace
  /** What `next` hands out of it where it falls into segments. */
  readonly #segment: AssembledTrace
  /** Where the next segment of it is looked for; -1 = nowhere. */
  #nextTop = -1
  /** What becomes of its segments, by the position at which they begin. */
  #withheld = new Uint8Array(64)
  #offset = 0n
  /** Closed to make room, in order, and not drained yet; each has arrays of its own. */
  readonly #evicted: AssembledTrace[] = []
  /** How many of them were. */
  #handedOut = 0
  /** Whether everything that is closed by now was handed out. */
  #drained = true
  #isEnd = false
  /** Traces first seen up to here may have begun before the log was read; -1 = none. */
  #midLogUntilMs: number

  /**
   * @param stride attribute slots a span, as in the columns that will come
   * @throws RangeError if a cap leaves room for nothing
   */
  constructor(settings: AssembleSettings, stride: number, options: AssemblerOptions = {}) {
    for (const cap of ['maxSpansPerTrace', 'maxOpenTraces', 'maxOpenSpans'] as const) {
      if (!(settings[cap] >= 1)) throw new RangeError(`${cap} is ${settings[cap]}, expected >= 1`)
    }
    this.counts = emptyCounts()
    this.#settings = settings
    this.#clock = new DataClock(settings.maxJumpMs)
    this.#store = new SpanStore(stride)
    this.#closed = new ClosedIds(settings.closedIds)
    this.#trace = emptyTrace(stride, 64)
    this.#segment = emptyTrace(stride, 64)
    this.#midLogUntilMs = options.startedMidLog === true ? 0 : -1
  }

  /** Data time, ms since 1970; 0 before the first plausible time. Goes back only if it started wrong. */
  get watermarkMs(): number {
    return this.#clock.watermarkMs
  }

  get openTraces(): number {
    return this.#open.count
  }

  /** Services whose spans came too late, those with the most dropped spans first; and those of the others. */
  lateServices(): { services: LateService[]; others: number } {
    return { services: this.#late.worst(), others: this.#late.others }
  }

  /** Services whose spans were ahead of data time. */
  clockDisagreement(): ClockDisagreement[] {
    return this.#clock.disagreeing()
  }

  /**
   * Takes the spans of one record, all of them. What is closed then is to be drained by `next`.
   * @param offset position of the record in its partition
   * @param keyed whether the record had a key, i.e. spans of one trace share a partition
   * @throws Error where the record before was not drained
   */
  add(columns: SpanColumns, offset: bigint, keyed: boolean): void {
    if (!this.#drained) throw new Error('Closed traces wait: call next() until it gives null.')
    this.#drained = false
    this.#offset = offset
    if (columns.stride !== this.#store.stride) {
      throw new RangeError(
        `Spans have ${columns.stride} attribute slots, expected ${this.#store.stride}`,
      )
    }
    const before = this.#clock.watermarkMs
    const move = this.#clock.observe(columns, this.counts)
    if (move !== 'on') this.#redate(move, before)
    this.counts.records++
    this.counts.spans += columns.count
    const { traceId } = columns.of
    const keyFlag = keyed ? 0 : UNKEYED
    let slot = UNKNOWN
    for (let row = 0; row < columns.count; row++) {
      if (isInvalid(columns, row)) {
        this.counts.invalidIds++
        slot = UNKNOWN
        continue
      }
      if (slot === UNKNOWN || !isSameTrace(traceId, row)) slot = this.#slotOf(columns, row, offset)
      if (this.#append(slot, columns, row, keyFlag)) continue
      this.#drop(columns.of.service[row]!)
      slot = UNKNOWN
    }
  }

  /** The input is at its end: all that is open is due, in the order (deadline, trace id). */
  flush(): void {
    this.#isEnd = true
    this.#drained = false
  }

  /**
   * The next closed trace; null once all are handed out. It is valid until the next call.
   * @param untilMs what is due later than this stays open, though data time has passed it
   */
  next(untilMs = Number.POSITIVE_INFINITY): AssembledTrace | null {
    const evicted = this.#evicted[this.#handedOut]
    if (evicted !== undefined) {
      this.#handedOut++
      return evicted
    }
    const segment = this.#nextSegment(this.#trace, this.#segment)
    if (segment) return segment
    const nowMs = this.#clock.watermarkMs
    const slot = this.#open.due(this.#isEnd ? Number.POSITIVE_INFINITY : Math.min(nowMs, untilMs))
    if (slot < 0) {
      this.#isEnd = false
      this.#drained = true
      this.#evicted.length = this.#handedOut = 0
      return null
    }
    const cause = this.#isEnd ? 'end_of_input' : this.#causeOf(slot)
    if (this.#close(slot, cause, this.#trace)) return this.#trace
    this.#nextTop = 0
    return this.next(untilMs)
  }

  /** What became of the trace with this id (4 words). */
  fateOf(traceId: Uint32Array): TraceFate {
    if (this.#open.index.find(traceId, 0) >= 0) return 'open'
    return this.#closed.find(traceId, 0) >= 0 ? 'closed' : 'unknown'
  }

  /** First position still needed: that of the oldest open trace, or `nextOffset` if none is open. */
  lowWatermark(nextOffset: bigint): bigint {
    return this.#open.count === 0 ? nextOffset : this.#open.of.firstOffset[this.#open.oldest]!
  }

  /** Takes note of the texts that open traces and what is said of senders refer to. */
  use(used: IdSets): void {
    this.#store.use(this.#open.rows(this.#store).rows, used)
    for (const { service } of this.#late.worst()) used.values.add(service)
    used.values.addAll(this.#clock.services())
  }

  /** A copy of everything remembered, once all that is closed is handed out; `restore` goes on from it as if nothing had happened. */
  state(): AssemblerState {
    return {
      format: STATE_FORMAT,
      stride: this.#store.stride,
      clock: this.#clock.state(),
      midLogUntilMs: this.#midLogUntilMs,
      open: this.#open.state(this.#store),
      closed: this.#closed.state(),
      late: this.#late.state(),
      counts: { ...this.counts },
    }
  }

  /**
   * An assembler that goes on where the one of `state` was. Settings may differ from its.
   * @throws Error if the state is of another format or stride, or damaged
   */
  static restore(
    state: AssemblerState,
    settings: AssembleSettings,
    stride: number,
  ): TraceAssembler {
    if (state.format !== STATE_FORMAT) {
      throw new Error(
        `The assembler's state has format ${state.format}; this version reads ${STATE_FORMAT}`,
      )
    }
    if (state.stride !== stride) {
      throw new Error(
        `The assembler's state has ${state.stride} attribute slots a span, expected ${stride}`,
      )
    }
    const assembler = new TraceAssembler(settings, stride)
    assembler.#clock.restore(state.clock)
    assembler.#midLogUntilMs = state.midLogUntilMs
    assembler.openSpans = assembler.#open.restore(state.open, assembler.#store)
    Object.assign(assembler.counts, state.counts)
    assembler.counts.closedIdsForgotten += assembler.#closed.restore(state.closed)
    assembler.#late.restore(state.late)
    return assembler
  }

  /** The slot of the span's trace, opened if it is new, or if the trace was handed out before. */
  #slotOf(columns: SpanColumns, row: number, offset: bigint): number {
    const { traceId } = columns.of
    const slot = this.#open.index.find(traceId, row * 4)
    if (slot >= 0) return slot
    const closed = this.#closed.find(traceId, row * 4)
    if (this.#open.count >= this.#settings.maxOpenTraces) {
      this.counts.evictedForTraces++
      this.#evict(this.#open.oldest)
    }
    const nowMs = this.#clock.watermarkMs
    const deadline = nowMs + this.#settings.maxWaitMs
    const opened = this.#open.open(traceId, row * 4, offset, nowMs, deadline)
    if (closed >= 0) this.#open.of.flags[opened] = this.#closed.isLong(closed) ? LATE | LONG : LATE
    else if (nowMs <= this.#midLogUntilMs) this.#open.of.flags[opened] = MID_LOG
    return opened
  }

  /** Adds the span to its trace; false if making room for it closed that very trace. */
  #append(slot: number, columns: SpanColumns, row: number, keyFlag: number): boolean {
    const open = this.#open
    const { of } = open
    const { parentId, endMs } = columns.of
    const isRoot = parentId[row * 2] === 0 && parentId[row * 2 + 1] === 0
    let flags = of.flags[slot]! | keyFlag | (isRoot ? ROOT_SEEN : 0)
    if (of.spans[slot]! >= this.#settings.maxSpansPerTrace) {
      this.counts.overlongSpans++
      flags |= SPANS_DROPPED
    } else {
      while (this.openSpans >= this.#settings.maxOpenSpans) {
        const oldest = open.oldest
        this.counts.evictedForSpans++
        this.#evict(oldest)
        if (oldest === slot) return false
      }
      open.append(slot, this.#store.put(columns, row, open.links.tail[slot]!))
      this.openSpans++
    }
    of.flags[slot] = flags
    const end = endMs[row]!
    if (isPlausibleMs(end)) {
      if (end > of.latestEndMs[slot]!) of.latestEndMs[slot] = end
      // What cannot be believed counts as the latest that can: nobody waits for a wrong clock.
      const ended = Math.min(end, this.#clock.believedMs)
      if (isRoot && ended > of.rootEndMs[slot]!) of.rootEndMs[slot] = ended
    }
    this.#touch(slot)
    return true
  }

  /** Sets the deadline of a trace whose last span came just now. */
  #touch(slot: number): void {
    const { firstSeenMs, flags, rootEndMs } = this.#open.of
    let deadline = firstSeenMs[slot]! + this.#settings.maxWaitMs
    if ((flags[slot]! & (ROOT_SEEN | LATE)) !== 0) {
      const rootEnd = rootEndMs[slot]!
      const nowMs = this.#clock.watermarkMs
      const quiet = (rootEnd > nowMs ? rootEnd : nowMs) + this.#settings.quietMs
      if (quiet < deadline) deadline = quiet
    }
    this.#open.setDeadline(slot, deadline)
  }

  /**
   * Data time was set anew. Traces that were dated by the old time would all be due (or never): those
   * that ended after it, or all if it was wrong altogether, count as first seen now.
   */
  #redate(move: ClockMove, before: number): void {
    const open = this.#open
    const { latestEndMs, redated, firstSeenMs } = open.of
    const nowMs = this.#clock.watermarkMs
    for (let slot = open.oldest; slot >= 0; slot = open.newer(slot)) {
      if (move === 'jump') {
        if (latestEndMs[slot]! <= before || redated[slot]! >= MAX_REDATES) continue
        redated[slot]!++
      }
      firstSeenMs[slot] = nowMs
      this.#touch(slot)
    }
    const isMidLog = this.#midLogUntilMs >= before
    if (move === 'set' && isMidLog) this.#midLogUntilMs = nowMs + this.#settings.maxWaitMs
  }

  /** Why a trace that is due is due. */
  #causeOf(slot: number): CloseCause {
    const { firstSeenMs, flags, deadlineMs } = this.#open.of
    const latest = firstSeenMs[slot]! + this.#settings.maxWaitMs
    const isQuiet = (flags[slot]! & (ROOT_SEEN | LATE)) !== 0 && deadlineMs[slot]! < latest
    return isQuiet ? 'quiet' : 'max_wait'
  }

  /** Closes a trace to make room, long before it is drained. */
  #evict(slot: number): void {
    const trace = emptyTrace(this.#store.stride, this.#open.of.spans[slot]!)
    if (this.#close(slot, 'evicted', trace)) {
      this.#evicted.push(trace)
      return
    }
    this.#nextTop = 0
    for (;;) {
      const segment = this.#nextSegment(trace, emptyTrace(this.#store.stride, trace.count))
      if (!segment) return
      this.#evicted.push(segment)
    }
  }

  /** Cuts out the next segment of the trace closed last; null once all are handed out. */
  #nextSegment(trace: AssembledTrace, segment: AssembledTrace): AssembledTrace | null {
    if (this.#nextTop < 0) return null
    const { counts } = this
    for (let at = this.#nextTop; at < trace.count; at++) {
      if (this.#builder.topOf(at) !== at || this.#withheld[at] !== HANDED_OUT) continue
      this.#builder.cut(trace, at, segment, this.#clock.watermarkMs)
      this.#nextTop = at + 1
      const isLate = trace.part === 'late'
      segment.traceId.set(trace.traceId)
      segment.cause = trace.cause
      segment.truncated = trace.truncated
      segment.whole = trace
      segment.part = isLate ? 'late' : at === 0 ? 'trace' : 'consumer'
      if (isLate) segment.rooted = true
      if (isLate) counts.lateSegments++
      else if (at > 0) counts.consumerSegments++
      nameSegment(segment)
      counts.spansOut += segment.count
      return segment
    }
    this.#nextTop = -1
    return null
  }

  /** Takes a trace out of what is open and describes it in `trace`; false if it falls into segments. */
  #close(slot: number, cause: CloseCause, trace: AssembledTrace): boolean {
    const open = this.#open
    const { counts } = this
    const nowMs = this.#clock.watermarkMs
    const head = open.links.head[slot]!
    const spans = open.of.spans[slot]!
    const flags = open.of.flags[slot]!
    const isLong = this.#isLong(slot, cause)
    const apart = (flags & LATE) !== 0 || (isLong && (flags & ROOT_SEEN) === 0)
    const { id } = open.index.slots.of
    const before = (flags & LATE) === 0 ? -1 : this.#closed.sentMs(id, slot * 4)
    const segments = this.#builder.build(
      trace,
      this.#store,
      head,
      spans,
      nowMs,
      counts,
      apart,
      before,
    )
    for (let word = 0; word < 4; word++) {
      trace.id[word] = trace.traceId[word] = id[slot * 4 + word]!
    }
    const incomplete = !trace.rooted || trace.orphans > 0
    trace.part = apart ? 'late' : 'trace'
    trace.cause = cause
    trace.truncated = (flags & SPANS_DROPPED) !== 0
    if (!apart) {
      if (incomplete && (flags & MID_LOG) !== 0) trace.truncated = true
      this.#countClosed(trace, flags)
    }
    this.openSpans -= spans
    this.#store.release(head, open.links.tail[slot]!)
    open.release(slot)
    if (apart) this.#withhold(trace, flags, isLong && cause === 'max_wait')
    else this.#handOutAll(trace.count)
    // A message that no span of its own sends was sent by the end of the trace.
    const { sentMs } = this.#builder
    const isFirst = (flags & LATE) === 0
    const lastSentMs = isFirst && sentMs < 0 ? trace.endMs : sentMs
    counts.closedIdsForgotten += this.#closed.add(trace.traceId, 0, nowMs, isLong, lastSentMs)
    if (apart || segments > 1) return false
    counts.spansOut += trace.count
    return true
  }

  /** Whether more is to be expected of a trace that is closed: spans came to the end of the longest wait. */
  #isLong(slot: number, cause: CloseCause): boolean {
    const { flags, latestEndMs } = this.#open.of
    if ((flags[slot]! & LONG) !== 0) return true
    if (cause !== 'max_wait') return false
    if ((flags[slot]! & LATE) !== 0) return true
    return latestEndMs[slot]! > this.#clock.watermarkMs - this.#settings.maxWaitMs / 2
  }

  #countClosed(trace: AssembledTrace, flags: number): void {
    const { counts } = this
    if (trace.cause === 'quiet') counts.closedQuiet++
    else if (trace.cause === 'max_wait') counts.closedMaxWait++
    else if (trace.cause === 'end_of_input') counts.closedEndOfInput++
    if (!trace.rooted) counts.rootless++
    if (trace.orphans > 0) counts.orphaned++
    if (trace.truncated) counts.truncated++
    if ((flags & UNKEYED) !== 0 && (!trace.rooted || trace.orphans > 0)) counts.incompleteUnkeyed++
  }

  /**
   * Says which segments are not handed out: those that ended before the trace was handed out, which came
   * late or twice and are dropped, and, if it `goesOn`, those that do so, which are put back.
   */
  #withhold(trace: AssembledTrace, flags: number, goesOn: boolean): void {
    const { count, traceId } = trace
    const { endMs, service } = trace.columns.of
    const nowMs = this.#clock.watermarkMs
    this.#handOutAll(count)
    const isOver = (flags & (LATE | LONG)) === LATE
    const closed = isOver ? this.#closed.find(traceId, 0) : -1
    const overMs = closed < 0 ? 0 : this.#closed.closedMs(closed)
    const goesOnMs = goesOn ? nowMs - this.#settings.quietMs : Number.POSITIVE_INFINITY
    this.#withheld.fill(DROPPED, 0, count)
    for (let at = 0; at < count; at++) {
      const top = this.#builder.topOf(at)
      const end = endMs[at]!
      if (end > overMs && this.#withheld[top] === DROPPED) this.#withheld[top] = HANDED_OUT
      if (end > goesOnMs && end <= nowMs) this.#withheld[top] = PUT_BACK
    }
    let slot = UNKNOWN
    for (let at = 0; at < count; at++) {
      const fate = this.#withheld[this.#builder.topOf(at)]!
      if (fate === DROPPED) this.#drop(service[at]!)
      if (fate !== PUT_BACK) continue
      if (slot === UNKNOWN) {
        slot = this.#open.open(traceId, 0, this.#offset, nowMs, nowMs + this.#settings.maxWaitMs)
        this.#open.of.flags[slot] = LATE | LONG | (flags & (UNKEYED | SPANS_DROPPED))
      }
      this.#open.append(slot, this.#store.put(trace.columns, at, this.#open.links.tail[slot]!))
      this.openSpans++
      const latest = this.#open.of.latestEndMs
      if (endMs[at]! > latest[slot]!) latest[slot] = endMs[at]!
    }
    if (slot !== UNKNOWN) this.#touch(slot)
  }

  #handOutAll(count: number): void {
    if (this.#withheld.length < count) this.#withheld = new Uint8Array(count * 2)
    this.#withheld.fill(HANDED_OUT, 0, count)
  }

  /** Counts a span that came too late. */
  #drop(service: number): void {
    this.counts.lateSpans++
    this.#late.count(service)
  }
}

/** Names the observation: a part of a trace by the trace and the span that it begins with. */
function nameSegment({ part, id, traceId, columns }: AssembledTrace): void {
  const { spanId } = columns.of
  for (let word = 0; word < 4; word++) {
    id[word] =
      part === 'trace'
        ? traceId[word]!
        : hashWords(
            traceId[0]! ^ spanId[0]!,
            traceId[1]! ^ spanId[1]!,
            traceId[2]!,
            traceId[3]!,
            word,
          )
  }
}

/** OTLP calls an id of zeroes invalid; taken at its word it would join what does not belong together. */
function isInvalid(columns: SpanColumns, row: number): boolean {
  const { spanId, traceId } = columns.of
  if (spanId[row * 2] === 0 && spanId[row * 2 + 1] === 0) return true
  const at = row * 4
  return (
    traceId[at] === 0 && traceId[at + 1] === 0 && traceId[at + 2] === 0 && traceId[at + 3] === 0
  )
}

/** Whether the span is of the same trace as the one before; `row` > 0. */
function isSameTrace(traceId: Uint32Array, row: number): boolean {
  const at = row * 4
  return (
    traceId[at] === traceId[at - 4] &&
    traceId[at + 1] === traceId[at - 3] &&
    traceId[at + 2] === traceId[at - 2] &&
    traceId[at + 3] === traceId[at - 1]
  )
}
