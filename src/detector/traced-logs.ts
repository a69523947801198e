import type { AssembledTrace } from '../assemble/assembled-trace.ts'
import type { SessionAssembler } from '../assemble/session-assembler.ts'
import type { TraceAssembler } from '../assemble/trace-assembler.ts'
import { type TraceFate, TraceLogs, type TraceLogsState } from '../assemble/trace-logs.ts'
import type { LogColumns } from '../otlp/log-columns.ts'
import type { ToTrace } from './log-sessions.ts'
import type { DetectorSettings } from './settings.ts'
import type { Tables } from './tables.ts'

/** Records wait for spans that are behind them for so many times the longest wait of a trace, no longer. */
const MOST_BEHIND = 10

/** One partition of the log, as far as traces and their logs go. */
interface Shard {
  readonly assembler: TraceAssembler
  readonly sessions: SessionAssembler | null
}

/**
 * Brings traces and their logs together, over all partitions: each moves in its own data time, so whoever is
 * ahead waits for a while.
 */
export class TracedLogs {
  readonly logs: TraceLogs
  readonly #shards: ReadonlyMap<string, Shard>
  readonly #waitMs: number
  readonly #mostBehindMs: number

  private constructor(
    logs: TraceLogs,
    shards: ReadonlyMap<string, Shard>,
    waitMs: number,
    ms: number,
  ) {
    this.logs = logs
    this.#shards = shards
    this.#waitMs = waitMs
    this.#mostBehindMs = ms
  }

  /** Null where the settings say that logs do not join their traces. */
  static of(
    { logs, assemble, features }: DetectorSettings,
    tables: Tables,
    shards: ReadonlyMap<string, Shard>,
  ): TracedLogs | null {
    const settings = logs?.traces
    if (settings === undefined) return null
    // The other half is for calls.
    const maxPlaces = features.maxPlaces / 2
    const { slots, templates } = tables
    const { maxWaitMs } = assemble
    const waiting = new TraceLogs(settings, maxWaitMs, slots.stride, maxPlaces, () =>
      templates.otherLines(),
    )
    return new TracedLogs(waiting, shards, settings.waitMs, MOST_BEHIND * maxWaitMs)
  }

  /** Takes records of a body that name a trace. Where no spans were ever read, those with a session stay in it. */
  taker(columns: LogColumns, partition: string, offset: bigint): ToTrace {
    const nowMs = this.#nowMs()
    const hasSpans = this.#spansMs() > 0
    const { traceId, spanId } = columns.of
    return (row, record) => {
      if (!hasSpans && record.sessionKey !== null) return false
      const span = { spanHi: spanId[row * 2]!, spanLo: spanId[row * 2 + 1]! }
      this.logs.add(traceId, row * 4, { partition, offset, ...span, ...record }, nowMs)
      return true
    }
  }

  join(trace: AssembledTrace): AssembledTrace {
    return this.logs.join(trace)
  }

  /**
   * Up to where traces may be handed out: those whose logs may still come wait. A partition of logs that
   * is further behind than anybody waits, or silent, is not waited for.
   */
  reachMs(watermarkMs: number): number {
    let reach = Number.POSITIVE_INFINITY
    for (const { sessions } of this.#shards.values()) {
      const ms = sessions?.watermarkMs ?? 0
      if (ms > 0 && ms >= watermarkMs - this.#waitMs && ms < reach) reach = ms
    }
    return reach
  }

  /** Gives records that found no trace to the sessions that they have a key of. */
  release(isEnd = false): void {
    const nowMs = isEnd ? Number.POSITIVE_INFINITY : this.#nowMs()
    for (const record of this.logs.expire(nowMs, (traceId) => this.#fateOf(traceId))) {
      const { sessionKey, partition, offset } = record
      if (sessionKey === null) continue
      this.#shards.get(partition)?.sessions?.add({ ...record, key: sessionKey }, offset)
    }
  }

  state(): TraceLogsState {
    return this.logs.state()
  }

  restore(state: TraceLogsState): void {
    this.logs.restore(state)
  }

  #fateOf(traceId: Uint32Array): TraceFate {
    let fate: TraceFate = 'unknown'
    for (const { assembler } of this.#shards.values()) {
      const here = assembler.fateOf(traceId)
      if (here === 'open') return 'open'
      if (here === 'closed') fate = 'closed'
    }
    return fate
  }

  /** The time by which records wait: that of the spans, as long as these are not hopelessly behind. */
  #nowMs(): number {
    const spansMs = this.#spansMs()
    let logsMs = 0
    for (const { sessions } of this.#shards.values()) {
      logsMs = Math.max(logsMs, sessions?.watermarkMs ?? 0)
    }
    return spansMs === 0 ? logsMs : Math.max(spansMs, logsMs - this.#mostBehindMs)
  }

  /** Data time of the partition of spans that is behind the others, but not silent. */
  #spansMs(): number {
    let latest = 0
    for (const { assembler } of this.#shards.values()) {
      latest = Math.max(latest, assembler.watermarkMs)
    }
    let slowest = latest
    for (const { assembler } of this.#shards.values()) {
      const ms = assembler.watermarkMs
      if (ms > 0 && ms >= latest - this.#mostBehindMs && ms < slowest) slowest = ms
    }
    return slowest
  }
}
