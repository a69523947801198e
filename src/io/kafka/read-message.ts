import type { Batch, IHeaders, KafkaMessage } from 'kafkajs'
import type { Encoding, LogRecord } from '../../contract/log-record.ts'
import { detectEncoding } from '../../otlp/record-encoding.ts'
import type { KafkaSourceCounters, KafkaSourceSettings } from './kafka-source-settings.ts'
import type { RecordQueue } from './partition-queue.ts'
import { UNREADABLE_HEADER } from './unreadable-batch.ts'

/** Set by a Collector with `signal_header`, so that one topic can carry several signals. */
const SIGNAL_HEADER = 'otelcol.signal'

export type SkipReason = 'empty' | 'signal' | 'unreadable'

/** A Kafka message as a record of the log, or why it is none. */
export function readMessage(
  message: KafkaMessage,
  partition: string,
  encoding: Encoding | 'auto',
  withLogs = false,
): LogRecord | SkipReason {
  const { value, headers, key, timestamp } = message
  if (value === null) {
    return headers !== undefined && UNREADABLE_HEADER in headers ? 'unreadable' : 'empty'
  }
  // An empty message is valid protobuf: no spans, and nothing to decode.
  if (value.length === 0) return 'empty'
  const signal = headerText(headers, SIGNAL_HEADER)
  const isTaken = signal === '' || signal === 'traces' || (withLogs && signal === 'logs')
  if (!isTaken) return 'signal'
  return {
    partition,
    offset: BigInt(message.offset),
    encoding: encoding === 'auto' ? detectEncoding(value) : encoding,
    body: value,
    // Producers without a clock write -1.
    timestampMs: Math.max(0, Number(timestamp)),
    keyed: key !== null,
  }
}

export interface UnreadableRecords {
  readonly offset: bigint
  readonly records: number
  readonly reason: string
}

/** Puts the records of a fetched batch into the queue and counts the others; null: all were readable. */
export function readMessages(
  messages: readonly KafkaMessage[],
  partition: string,
  { encoding, withLogs }: Pick<KafkaSourceSettings, 'encoding' | 'withLogs'>,
  queue: RecordQueue,
  counters: KafkaSourceCounters,
): UnreadableRecords | null {
  let unreadable = 0
  let first: KafkaMessage | null = null
  for (const message of messages) {
    const read = readMessage(message, partition, encoding, withLogs)
    if (typeof read === 'object') {
      queue.push(read)
      counters.records++
      counters.bytes += read.body.length
    } else if (read === 'empty') counters.skippedEmpty++
    else if (read === 'signal') counters.skippedSignal++
    else {
      unreadable++
      first ??= message
    }
  }
  if (first === null) return null
  counters.skippedUnreadable += unreadable
  const reason = headerText(first.headers, UNREADABLE_HEADER)
  return { offset: BigInt(first.offset), records: unreadable, reason }
}

/** Text of a header, of the first of several of the same name; '' where there is none. */
function headerText(headers: IHeaders | undefined, name: string): string {
  const value = headers?.[name]
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined || first === null ? '' : first.toString()
}

/** The offset that was asked for; its field exists in kafkajs 2.2.4 but not in its types. */
export function fetchedOffset(batch: Batch): bigint {
  const { fetchedOffset: asked } = batch as Batch & { readonly fetchedOffset?: string }
  return BigInt(asked ?? batch.firstOffset() ?? batch.lastOffset())
}
