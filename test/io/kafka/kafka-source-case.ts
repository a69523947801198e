import { expect } from 'vitest'
import { KafkaSource } from '../../../src/io/kafka/kafka-source.ts'
import type { SourceBench, SourceCase } from '../../contracts/source-contract.ts'
import { createTopic, kafkaBrokers, uniqueName } from '../../kafka-broker.ts'
import { produce, sourceSettings } from './source-driver.ts'

const brokers = await kafkaBrokers()
const PARTITIONS = 2
const QUEUE_RECORDS = 20
/** One record batch of the log: what a fetch brings may exceed the queue by that much. */
const BATCH = 5

export const kafkaSourceCase: SourceCase = {
  name: 'KafkaSource',
  open: brokers === null ? null : () => open(brokers),
  partitions: PARTITIONS,
  isDurable: true,
  isSeekable: true,
  hasEnd: false,
}

async function open(addresses: readonly string[]): Promise<SourceBench> {
  const topic = await createTopic(addresses, PARTITIONS)
  const groupId = uniqueName('group')
  const polled = new Map<unknown, number>()
  const make = (): KafkaSource =>
    new KafkaSource(
      sourceSettings(addresses, topic, {
        groupId,
        queueRecords: QUEUE_RECORDS,
        maxBytesPerPartition: 100,
      }),
    )
  return {
    source: () => counting(make(), polled),
    append: async (partition, bodies) => {
      const messages = bodies.map((body) => ({ value: Buffer.from(body), partition }))
      await produce(addresses, topic, messages, { batch: BATCH })
    },
    partitionName: (partition) => `${topic}/${partition}`,
    held: (source) => ({
      records: (source as KafkaSource).counters.records - (polled.get(source) ?? 0),
      limit: QUEUE_RECORDS + BATCH,
    }),
    takeAway: async (source) => {
      const other = make()
      await other.start()
      const { counters } = source as KafkaSource
      await expect.poll(() => counters.joins, { timeout: 15_000 }).toBeGreaterThan(1)
      await other.stop()
    },
    close: async () => {},
  }
}

/** Notes how many records were polled, so that what is held can be told. */
function counting(source: KafkaSource, polled: Map<unknown, number>): KafkaSource {
  const poll = source.poll.bind(source)
  source.poll = async (maxRecords, maxWaitMs) => {
    const batch = await poll(maxRecords, maxWaitMs)
    polled.set(source, (polled.get(source) ?? 0) + (batch?.records.length ?? 0))
    return batch
  }
  return source
}
