import type { Encoding } from '../../contract/log-record.ts'
import type { KafkaConnection, KafkaLog } from './kafka-client.ts'
import type { EnsureTopics } from './kafka-topics.ts'

export interface KafkaSourceSettings extends KafkaConnection {
  readonly groupId: string
  readonly topics: readonly string[]
  /** `auto` looks at each record. */
  readonly encoding: Encoding | 'auto'
  /** Whether records that a Collector marked as logs are handed over, too. */
  readonly withLogs?: boolean | undefined
  /** Where a partition without a committed offset begins. */
  readonly from: 'earliest' | 'latest'
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxBytesPerPartition: number
  /** Longest wait of one fetch; also how long `stop` and going on after a pause take. 200-500 is right. */
  readonly maxWaitMs: number
  /** Limits of the queue; it may exceed them by what one fetch per broker had already brought. */
  readonly queueRecords: number
  readonly queueBytes: number
  /** Most bytes that one compressed record batch may become. */
  readonly maxDecompressedBytes?: number | undefined
  /** The first time that a partition comes to this process, begin with this much history. */
  readonly bootstrapMs?: number | undefined
  readonly ensureTopics?: EnsureTopics | undefined
}

export interface KafkaSourceHooks {
  readonly onEvent?: (event: KafkaSourceEvent) => void
  readonly log?: KafkaLog
  /** Clock of `bootstrapMs`, ms since 1970. */
  readonly now?: () => number
}

/** What an operator may want to know; each is also counted. */
export type KafkaSourceEvent =
  | {
      readonly type: 'joined'
      readonly partitions: readonly string[]
      readonly durationMs: number
    }
  /** Records from `from` up to `to` were gone (retention) when they were wanted. */
  | {
      readonly type: 'gap'
      readonly partition: string
      readonly from: bigint
      readonly to: bigint
    }
  /** The log ended before `from` (topic made anew, or cut): the partition goes on at `to`. */
  | {
      readonly type: 'restarted'
      readonly partition: string
      readonly from: bigint
      readonly to: bigint
    }
  /** A partition that was added to its topic is read from its beginning. */
  | { readonly type: 'partition_added'; readonly partition: string; readonly from: bigint }
  /**
   * The group has no commit of a partition that was read up to `at`: commits expire, and go with their
   * topic. Reading goes on at `at`.
   */
  | { readonly type: 'offsets_gone'; readonly partition: string; readonly at: bigint }
  /** The cluster is not there, or not as it must be; it is asked again, and this is said now and then. */
  | { readonly type: 'waiting'; readonly reason: string; readonly seconds: number }
  /** Records, from `offset` on, in batches that could not be decompressed; skipped. */
  | {
      readonly type: 'unreadable'
      readonly partition: string
      readonly offset: bigint
      readonly records: number
      readonly reason: string
    }
  /** The consumer gave up; another is made after `retryInMs`. */
  | {
      readonly type: 'crashed'
      readonly reason: string
      readonly attempt: number
      readonly retryInMs: number
    }
  /** Kafka did not say where to begin; asked again. */
  | { readonly type: 'start_unknown'; readonly reason: string }
  | { readonly type: 'commit_failed'; readonly reason: string }

/** What has happened so far, for metrics. */
export interface KafkaSourceCounters {
  /** Given to `poll`'s queue. */
  records: number
  bytes: number
  /** Records without a value. */
  skippedEmpty: number
  /** Records whose `otelcol.signal` header names a signal that is not taken. */
  skippedSignal: number
  /** Records in batches that could not be decompressed. */
  skippedUnreadable: number
  /** Fetched but dropped before they were polled; they are fetched again. */
  droppedFromQueue: number
  /** Records that Kafka no longer had when they were wanted, and how often that happened. */
  lost: number
  gaps: number
  /** Logs that ended before the position wanted. */
  restarts: number
  /** Partitions added to a topic that was being read. */
  added: number
  /** Partitions whose commits were gone. */
  offsetsGone: number
  pauses: number
  joins: number
  crashes: number
  commits: number
  /** Refused because the group had moved on: harmless, the records come again. */
  commitsRefused: number
  commitsFailed: number
}

export function zeroCounters(): KafkaSourceCounters {
  return {
    records: 0,
    bytes: 0,
    skippedEmpty: 0,
    skippedSignal: 0,
    skippedUnreadable: 0,
    droppedFromQueue: 0,
    lost: 0,
    gaps: 0,
    restarts: 0,
    added: 0,
    offsetsGone: 0,
    pauses: 0,
    joins: 0,
    crashes: 0,
    commits: 0,
    commitsRefused: 0,
    commitsFailed: 0,
  }
}
