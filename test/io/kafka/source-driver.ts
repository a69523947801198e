import type { LogRecord } from '../../../src/contract/log-record.ts'
import type { Source } from '../../../src/contract/source.ts'
import type { EncodePublication } from '../../../src/io/kafka/kafka-sink.ts'
import { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import type {
  KafkaSourceEvent,
  KafkaSourceSettings,
} from '../../../src/io/kafka/kafka-source-settings.ts'
import { publicationText } from '../../contracts/publications.ts'
import { testClient, uniqueName } from '../../kafka-broker.ts'

/** Settings that make rebalances and stops quick. */
export function sourceSettings(
  brokers: readonly string[],
  topic: string,
  changes: Partial<KafkaSourceSettings> = {},
): KafkaSourceSettings {
  return {
    brokers,
    clientId: 'medoscope-test',
    groupId: uniqueName('group'),
    topics: [topic],
    encoding: 'auto',
    from: 'earliest',
    sessionTimeoutMs: 6000,
    heartbeatIntervalMs: 300,
    maxBytesPerPartition: 1 << 20,
    maxWaitMs: 100,
    queueRecords: 500,
    queueBytes: 16 << 20,
    ...changes,
  }
}

export interface DrivenSource {
  readonly source: KafkaSource
  readonly events: KafkaSourceEvent[]
}

/** A started source that remembers its events. */
export async function startSource(settings: KafkaSourceSettings): Promise<DrivenSource> {
  const events: KafkaSourceEvent[] = []
  const source = new KafkaSource(settings, { onEvent: (event) => events.push(event) })
  await source.start()
  return { source, events }
}

/** Polls until `isEnough`, at most 20 s; the caller's expectation then shows what is missing. */
export async function pollUntil(
  source: Source,
  isEnough: (records: readonly LogRecord[], revoked: readonly string[]) => boolean,
): Promise<{ records: LogRecord[]; revoked: string[] }> {
  const records: LogRecord[] = []
  const revoked: string[] = []
  const deadline = Date.now() + 20_000
  while (!isEnough(records, revoked) && Date.now() < deadline) {
    const batch = await source.poll(100, 50)
    if (batch === null) break
    records.push(...batch.records)
    revoked.push(...batch.revoked)
  }
  return { records, revoked }
}

export const pollCount = async (source: Source, count: number): Promise<LogRecord[]> =>
  (await pollUntil(source, (records) => records.length >= count)).records

export const bodyText = (record: LogRecord): string => new TextDecoder().decode(record.body)

/** `offset + 1` of the last record of each partition. */
export function positionsAfter(records: readonly LogRecord[]): Map<string, bigint> {
  return new Map(records.map(({ partition, offset }) => [partition, offset + 1n]))
}

export interface TestMessage {
  readonly key?: string | null
  readonly value: string | Buffer | null
  readonly headers?: Record<string, string>
  readonly partition?: number
  readonly timestamp?: string
}

/**
 * Sends messages with a client of its own, `batch` of them in one record batch (which a broker never
 * splits); `compression` is a `CompressionTypes` number.
 */
export async function produce(
  brokers: readonly string[],
  topic: string,
  messages: readonly TestMessage[],
  { compression = 0, batch = messages.length }: { compression?: number; batch?: number } = {},
): Promise<void> {
  const producer = testClient(brokers).producer({ createPartitioner: () => byNumber })
  await producer.connect()
  try {
    for (let i = 0; i < messages.length; i += batch) {
      const some = messages.slice(i, i + batch)
      await producer.send({ topic, messages: some, compression, acks: -1 })
    }
  } finally {
    await producer.disconnect()
  }
}

/** Messages without a partition go to the first. */
const byNumber = ({ message }: { message: { partition?: number } }): number =>
  message.partition ?? 0

/** `count` messages `prefix0`, `prefix1` … spread over the partitions in turn. */
export function numbered(prefix: string, count: number, partitions = 1): TestMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    value: `${prefix}${i}`,
    partition: i % partitions,
  }))
}

/** An encoder that tests can read. */
export const encodeAsText: EncodePublication = (publication) => ({
  key: null,
  value: new TextEncoder().encode(publicationText(publication)),
  headers: { kind: publication.type },
})
