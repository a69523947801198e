import type { IdSets } from '../columns/marks.ts'
import { KIND_INTERNAL, KIND_LOG, STATUS_ERROR } from '../otlp/span-columns.ts'
import { type AssembledTrace, type CloseCause, emptyTrace } from './assembled-trace.ts'
import { SessionClock, type SessionClockState } from './session-clock.ts'
import type { SessionSettings } from './session-settings.ts'

/** From this severity on a record is an error: OTLP's ERROR. */
export const SEVERITY_ERROR = 17
const TWO_TO_32 = 4294967296

/** A log record as its session takes it. */
export interface SessionRecord {
  /** Names the session: an integer of 53 bits. */
  readonly key: number
  /** Vocabulary ids: of the service, and of the template as a name. */
  readonly service: number
  readonly name: number
  readonly severity: number
  /** ms since 1970. */
  readonly timeMs: number
}

interface OpenSession {
  readonly key: number
  /** Position in the log of its first record. */
  readonly offset: bigint
  /** Data time when its first and its last record came. */
  readonly openedMs: number
  touchedMs: number
  readonly services: number[]
  readonly names: number[]
  readonly severities: number[]
  readonly timesMs: number[]
}

export interface SessionCounts {
  /** Log records taken, and of these the ones that came in a session that was handed out. */
  records: number
  recordsOut: number
  /** Sessions handed out, by cause. */
  closedQuiet: number
  closedFull: number
  closedOld: number
  closedEndOfInput: number
  evicted: number
}

export interface SessionAssemblerState {
  readonly clock: SessionClockState
  readonly open: readonly OpenSession[]
  readonly counts: SessionCounts
}

export function emptySessionCounts(): SessionCounts {
  return {
    ...{ records: 0, recordsOut: 0, closedQuiet: 0, closedFull: 0 },
    ...{ closedOld: 0, closedEndOfInput: 0, evicted: 0 },
  }
}

/**
 * Log records to sessions, by data time: one instance a partition, fed with its records in order and drained of
 * closed sessions after each record of the log. A session is handed out as a trace of two levels: an entry that is
 * the session, and below it one span without duration for each record, named after its template.
 */
export class SessionAssembler {
  readonly counts = emptySessionCounts()
  readonly #settings: SessionSettings
  readonly #clock: SessionClock
  /** Vocabulary id of the name of entries. */
  readonly #entryName: number
  /** By key, those that were touched longest ago, in data time, first. */
  readonly #open = new Map<number, OpenSession>()
  /** Closed, not handed out yet. */
  #closed: { readonly session: OpenSession; readonly cause: CloseCause }[] = []
  #handedOut = 0
  readonly #trace: AssembledTrace

  /** @param stride attribute slots of the spans that stand for records */
  constructor(settings: SessionSettings, entryName: number, stride: number) {
    this.#settings = settings
    this.#entryName = entryName
    this.#clock = new SessionClock(settings.maxJumpMs)
    this.#trace = emptyTrace(stride, 64)
  }

  get watermarkMs(): number {
    return this.#clock.watermarkMs
  }

  get openSessions(): number {
    return this.#open.size
  }

  /** One record of the log is there: data time moves, and what is quiet for long enough is due. */
  advance(timesMs: Float64Array): void {
    if (timesMs.length === 0) return
    this.#clock.observe(timesMs.toSorted()[(timesMs.length - 1) >> 1]!)
    for (const session of this.#open.values()) {
      if (this.watermarkMs - session.touchedMs <= this.#settings.gapMs) break
      this.counts.closedQuiet++
      this.#close(session, 'quiet')
    }
  }

  add({ key, service, name, severity, timeMs }: SessionRecord, offset: bigint): void {
    const { maxAgeMs, maxRecords, maxOpen } = this.#settings
    const nowMs = this.watermarkMs
    this.counts.records++
    let session = this.#open.get(key)
    if (session && nowMs - session.openedMs > maxAgeMs) {
      this.counts.closedOld++
      this.#close(session, 'max_wait')
      session = undefined
    }
    if (session === undefined) {
      this.#makeRoom(maxOpen)
      session = {
        ...{ key, offset, openedMs: nowMs, touchedMs: nowMs },
        ...{ services: [], names: [], severities: [], timesMs: [] },
      }
    }
    // What was touched at this time already stands behind all that was touched before.
    const isLast = session.touchedMs === nowMs && session.names.length > 0
    session.touchedMs = nowMs
    session.services.push(service)
    session.names.push(name)
    session.severities.push(severity)
    session.timesMs.push(timeMs)
    if (!isLast) {
      this.#open.delete(key)
      this.#open.set(key, session)
    }
    if (session.names.length < maxRecords) return
    this.counts.closedFull++
    this.#close(session, 'max_wait')
  }

  /** The input is at its end: all that is open is due. */
  flush(): void {
    for (const session of this.#open.values()) {
      this.counts.closedEndOfInput++
      this.#close(session, 'end_of_input')
    }
  }

  /** The next closed session; null once all are handed out. It is valid until the next call. */
  next(): AssembledTrace | null {
    const closed = this.#closed[this.#handedOut]
    if (closed === undefined) {
      this.#closed = []
      this.#handedOut = 0
      return null
    }
    this.#handedOut++
    this.counts.recordsOut += closed.session.names.length
    this.#fill(closed.session, closed.cause)
    return this.#trace
  }

  /** First position still needed: that of the oldest open session, or `nextOffset` if none is open. */
  lowWatermark(nextOffset: bigint): bigint {
    let lowest = nextOffset
    for (const { offset } of this.#open.values()) if (offset < lowest) lowest = offset
    return lowest
  }

  /** Takes note of the texts that open sessions refer to. */
  use(used: IdSets): void {
    used.names.add(this.#entryName)
    for (const { services, names } of this.#open.values()) {
      used.values.addAll(services)
      used.names.addAll(names)
    }
  }

  /** A copy of everything remembered, once all that is closed is handed out. */
  state(): SessionAssemblerState {
    const open = Array.from(this.#open.values(), (session) => structuredCopy(session))
    return { clock: this.#clock.state(), open, counts: { ...this.counts } }
  }

  /** Takes over a state; only valid on a fresh assembler. */
  restore({ clock, open, counts }: SessionAssemblerState): void {
    this.#clock.restore(clock)
    for (const session of open) this.#open.set(session.key, structuredCopy(session))
    Object.assign(this.counts, counts)
  }

  #makeRoom(maxOpen: number): void {
    const [oldest] = this.#open.values()
    if (this.#open.size < maxOpen || oldest === undefined) return
    this.counts.evicted++
    this.#close(oldest, 'evicted')
  }

  #close(session: OpenSession, cause: CloseCause): void {
    this.#open.delete(session.key)
    this.#closed.push({ session, cause })
  }

  /** Writes a session as a trace, its records by time. */
  #fill({ key, services, names, severities, timesMs }: OpenSession, cause: CloseCause): void {
    const trace = this.#trace
    const { columns } = trace
    const order = inOrder(timesMs)
    const firstMs = timesMs[order[0]!]!
    columns.clear()
    trace.count = order.length + 1
    trace.parent = new Int32Array(trace.count)
    trace.startNs = new Float64Array(trace.count)
    trace.durationNs = new Float64Array(trace.count)
    trace.parent[0] = -1
    const entry = columns.add()
    columns.of.service[entry] = services[0]!
    columns.of.name[entry] = this.#entryName
    columns.of.kind[entry] = KIND_INTERNAL
    columns.of.endMs[entry] = timesMs[order.at(-1)!]!
    for (const i of order) {
      const row = columns.add()
      columns.of.service[row] = services[i]!
      columns.of.name[row] = names[i]!
      columns.of.kind[row] = KIND_LOG
      columns.of.status[row] = severities[i]! >= SEVERITY_ERROR ? STATUS_ERROR : 0
      columns.of.endMs[row] = timesMs[i]!
      trace.startNs[row] = (timesMs[i]! - firstMs) * 1e6
    }
    this.#name(key, firstMs, timesMs[order.at(-1)!]!, cause)
  }

  #name(key: number, firstMs: number, lastMs: number, cause: CloseCause): void {
    const trace = this.#trace
    const ns = firstMs * 1e6
    trace.startHi = Math.floor(ns / TWO_TO_32)
    trace.startLo = ns % TWO_TO_32
    trace.endMs = lastMs
    // The key comes again; with the time of its first record it is this session's alone.
    trace.id[0] = Math.floor(key / TWO_TO_32)
    trace.id[1] = key % TWO_TO_32
    trace.id[2] = trace.startHi
    trace.id[3] = trace.startLo
    trace.traceId.set(trace.id)
    trace.part = 'session'
    trace.cause = cause
    trace.rooted = true
    trace.orphans = 0
    trace.truncated = false
  }
}

/** Indices by time; of equal times in the order that they came, which is mostly that of all. */
function inOrder(timesMs: readonly number[]): number[] {
  const order = timesMs.map((_, i) => i)
  const isOrdered = timesMs.every((ms, i) => i === 0 || ms >= timesMs[i - 1]!)
  return isOrdered ? order : order.sort((a, b) => timesMs[a]! - timesMs[b]! || a - b)
}

function structuredCopy(session: OpenSession): OpenSession {
  const { services, names, severities, timesMs } = session
  return {
    ...session,
    services: [...services],
    names: [...names],
    severities: [...severities],
    timesMs: [...timesMs],
  }
}
