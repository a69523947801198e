import type { IdSets } from '../columns/marks.ts'
import { hashWords, keyOfHashes } from '../stats/random.ts'
import type { AssembledTrace } from './assembled-trace.ts'
import { LateServices, type LateServicesState } from './late-services.ts'
import { LogGraft, type TracedRecord } from './log-graft.ts'

/** How log records find their traces. */
export interface TraceLogSettings {
  /** How long a trace that is complete waits for logs that are behind, data time. */
  readonly waitMs: number
  /** Further records of a trace are dropped. */
  readonly maxRecords: number
  /** Records that wait for their traces, of all partitions; beyond it the oldest no longer wait. */
  readonly maxWaiting: number
}

/** The records of one trace. */
interface WaitingTrace {
  readonly traceId: readonly [number, number, number, number]
  /** Data time from which they have waited for long enough. */
  deadlineMs: number
  readonly records: TracedRecord[]
}

/** What is known of the spans of a trace: some wait, all were handed out, none came. */
export type TraceFate = 'open' | 'closed' | 'unknown'

/** Records, in numbers that only rise: `taken = joined + late + lone + overlong + crowded out + lost + waiting`. */
export interface TraceLogCounts {
  taken: number
  joined: number
  /** Came after their trace was handed out. */
  late: number
  /** No span of their trace came in time. */
  lone: number
  /** Beyond `maxRecords` of their trace. */
  overlong: number
  /** No longer waited for, to make room for others. */
  crowdedOut: number
  /** Of partitions that were dropped. */
  lost: number
  /** Of those that joined: the ones without a name of their own, as their operation has too many templates. */
  otherLines: number
}

export function emptyTraceLogCounts(): TraceLogCounts {
  return {
    ...{ taken: 0, joined: 0, late: 0, lone: 0 },
    ...{ overlong: 0, crowdedOut: 0, lost: 0, otherLines: 0 },
  }
}

export interface TraceLogsState {
  readonly waiting: readonly WaitingTrace[]
  readonly counts: TraceLogCounts
  readonly late: LateServicesState
  readonly lone: LateServicesState
  readonly places: ReturnType<LogGraft['state']>
}

/**
 * Log records that wait for their traces, of all partitions, as a trace's logs come on others than its
 * spans. A trace takes its records when it is handed out. The assembly of spans knows nothing of this, so that
 * a trace without records is what it would be without logs.
 */
export class TraceLogs {
  readonly counts = emptyTraceLogCounts()
  waiting = 0
  readonly #settings: TraceLogSettings
  readonly #maxWaitMs: number
  /** By trace, those that came first first. */
  readonly #traces = new Map<number, WaitingTrace>()
  /** No longer waited for: given back by `expire`. */
  #crowdedOut: TracedRecord[] = []
  /** By service: which records came too late, and which found no trace. */
  readonly #late = new LateServices()
  readonly #lone = new LateServices()
  readonly #graft: LogGraft

  /**
   * @param maxWaitMs how long records wait for a span of theirs, data time
   * @param stride attribute slots of spans
   * @param maxPlaces pairs of operation and template that are told apart
   * @param otherLines vocabulary id of the name of those beyond
   */
  constructor(
    settings: TraceLogSettings,
    maxWaitMs: number,
    stride: number,
    maxPlaces: number,
    otherLines: () => number,
  ) {
    this.#settings = settings
    this.#maxWaitMs = maxWaitMs
    this.#graft = new LogGraft(stride, maxPlaces, otherLines)
  }

  /** A record of the trace whose id is at `words[at .. at + 3]`. */
  add(words: Uint32Array, at: number, record: TracedRecord, nowMs: number): void {
    const { maxRecords, maxWaiting } = this.#settings
    const key = keyOf(words, at)
    this.counts.taken++
    let trace = this.#traces.get(key)
    if (trace === undefined) {
      const traceId = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!] as const
      trace = { traceId, deadlineMs: nowMs + this.#maxWaitMs, records: [] }
      this.#traces.set(key, trace)
    }
    if (trace.records.length >= maxRecords) {
      this.counts.overlong++
      return
    }
    trace.records.push(record)
    this.waiting++
    while (this.waiting > maxWaiting) this.#crowdOut()
  }

  /**
   * The trace with its records, if there are any: each hangs below the span that it names, or else below the
   * entry. Of a trace in parts each part takes those that name its spans, and the part with the trace's entry
   * those that name no span of any part. What comes back is valid until the next call.
   */
  join(trace: AssembledTrace): AssembledTrace {
    if (this.waiting === 0) return trace
    const key = keyOf(trace.traceId, 0)
    const found = this.#traces.get(key)
    if (found === undefined) return trace
    const left = this.#graft.begin(trace, found.records)
    const taken = found.records.length - left.length
    this.counts.joined += taken
    this.waiting -= taken
    if (left.length === 0) this.#traces.delete(key)
    else if (taken > 0) this.#traces.set(key, { ...found, records: left })
    if (taken === 0) return trace
    const joined = this.#graft.finish(trace)
    this.counts.otherLines += this.#graft.otherLines
    return joined
  }

  /**
   * Records that have waited for long enough and whose traces are not open, and those that were crowded out: to
   * be judged elsewhere if they can. Those that were late are only counted.
   */
  expire(nowMs: number, fateOf: (traceId: Uint32Array) => TraceFate): TracedRecord[] {
    const lone = this.#crowdedOut
    if (lone.length > 0) this.#crowdedOut = []
    for (const [key, trace] of this.#traces) {
      if (trace.deadlineMs > nowMs) break
      const fate = fateOf(Uint32Array.from(trace.traceId))
      this.#traces.delete(key)
      if (fate === 'open') {
        trace.deadlineMs = nowMs + this.#maxWaitMs
        this.#traces.set(key, trace)
        continue
      }
      this.waiting -= trace.records.length
      this.#count(trace.records, fate)
      if (fate === 'unknown') for (const record of trace.records) lone.push(record)
    }
    return lone
  }

  /** First position of a partition that is still needed, `nextOffset` if none is. */
  lowWatermark(partition: string, nextOffset: bigint): bigint {
    let lowest = nextOffset
    for (const { records } of this.#traces.values()) {
      for (const record of records) {
        if (record.partition === partition && record.offset < lowest) lowest = record.offset
      }
    }
    return lowest
  }

  /** Forgets the records of a partition that this process no longer owns. */
  drop(partition: string): void {
    for (const [key, trace] of this.#traces) {
      const kept = trace.records.filter((record) => record.partition !== partition)
      const lost = trace.records.length - kept.length
      if (lost === 0) continue
      this.waiting -= lost
      this.counts.lost += lost
      if (kept.length === 0) this.#traces.delete(key)
      else this.#traces.set(key, { ...trace, records: kept })
    }
  }

  /** Services whose records came too late, and whose found no trace, those with the most first. */
  unjoined(): { late: LateServicesState; lone: LateServicesState } {
    return { late: this.#late.state(), lone: this.#lone.state() }
  }

  /** Takes note of the texts that waiting records, and what is said of services, refer to. */
  use(used: IdSets): void {
    const waiting = [...this.#traces.values()].flatMap(({ records }) => records)
    for (const { service, name } of [...waiting, ...this.#crowdedOut]) {
      used.values.add(service)
      used.names.add(name)
    }
    for (const { service } of [...this.#late.worst(), ...this.#lone.worst()]) {
      used.values.add(service)
    }
  }

  /** Ids will be those of other texts. */
  forget(gone: IdSets): void {
    this.#graft.forget(gone)
  }

  state(): TraceLogsState {
    return {
      waiting: Array.from(this.#traces.values(), (trace) => ({
        ...trace,
        records: [...trace.records],
      })),
      counts: { ...this.counts },
      late: this.#late.state(),
      lone: this.#lone.state(),
      places: this.#graft.state(),
    }
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore({ waiting, counts, late, lone, places }: TraceLogsState): void {
    for (const trace of waiting) {
      this.#traces.set(keyOf(Uint32Array.from(trace.traceId), 0), {
        ...trace,
        records: [...trace.records],
      })
      this.waiting += trace.records.length
    }
    Object.assign(this.counts, counts)
    this.#late.restore(late)
    this.#lone.restore(lone)
    this.#graft.restore(places)
  }

  #crowdOut(): void {
    const oldest = this.#traces.entries().next().value
    if (oldest === undefined) return
    const [key, { records }] = oldest
    this.#traces.delete(key)
    this.waiting -= records.length
    this.counts.crowdedOut += records.length
    for (const { service } of records) this.#lone.count(service)
    for (const record of records) this.#crowdedOut.push(record)
  }

  #count(records: readonly TracedRecord[], fate: TraceFate): void {
    const [services, what] =
      fate === 'closed' ? ([this.#late, 'late'] as const) : ([this.#lone, 'lone'] as const)
    this.counts[what] += records.length
    for (const { service } of records) services.count(service)
  }
}

/** Stands for a trace id: 53 bits. */
function keyOf(words: Uint32Array, at: number): number {
  const a = words[at]!
  const b = words[at + 1]!
  const c = words[at + 2]!
  const d = words[at + 3]!
  return keyOfHashes(hashWords(a, b, c, d, 0x3c6ef372), hashWords(d, c, b, a, 0x510e527f))
}
