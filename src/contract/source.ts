import type { LogRecord } from './log-record.ts'

/**
 * The source seam: where the ordered log comes from. A source pushes nothing; the pipeline polls.
 * Push clients (kafkajs, HTTP) put records into a bounded queue behind `poll`, and their
 * back-pressure is that they wait for room in it.
 */
export interface Source {
  readonly name: string
  /** Connects; rejects with a message that says what to do. Called once. */
  start(): Promise<void>
  /**
   * Up to `maxRecords` records, or what came within `maxWaitMs` (possibly none). `null`: this source
   * is at its end and will never give another record (a file). Positions rise within a partition.
   */
  poll(maxRecords: number, maxWaitMs: number): Promise<SourceBatch | null>
  /**
   * Everything before `offsets[partition]` is done with and need not be given again after a crash.
   * May be called with any partition that this source ever gave, also a revoked one (ignored).
   */
  commit(offsets: ReadonlyMap<string, bigint>): Promise<void>
  /** Starts again at these positions (next offset wanted). Only called before the first poll of a partition's records. */
  seek(offsets: ReadonlyMap<string, bigint>): Promise<void>
  /** Records behind the end of the log, by partition; empty where the source cannot know. */
  lag(): ReadonlyMap<string, SourceLag>
  /**
   * Stops taking new input; `poll` still gives what was accepted, then `null`. Only for sources whose
   * senders will not send again what they were told is accepted (HTTP).
   */
  drain?(): Promise<void>
  /** Stops taking input, then releases everything. Safe before `start` and when called twice. */
  stop(): Promise<void>
}

export interface SourceLag {
  readonly records: number
}

export interface SourceBatch {
  readonly records: readonly LogRecord[]
  /** Partitions that this process no longer owns: their open traces are dropped, not judged. */
  readonly revoked: readonly string[]
}
