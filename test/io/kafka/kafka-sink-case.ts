import { expect } from 'vitest'
import { KafkaSink } from '../../../src/io/kafka/kafka-sink.ts'
import type { SinkBench, SinkCase } from '../../contracts/sink-contract.ts'
import { createTopic, kafkaBrokers, testClient, uniqueName, withAdmin } from '../../kafka-broker.ts'
import { encodeAsText } from './source-driver.ts'

const brokers = await kafkaBrokers()

export const kafkaSinkCase: SinkCase = {
  name: 'KafkaSink',
  open: brokers === null ? null : () => open(brokers),
}

/** Both kinds of messages in one topic of one partition, so that their order can be told. */
async function open(addresses: readonly string[]): Promise<SinkBench> {
  const topic = await createTopic(addresses, 1)
  const settings = { brokers: addresses, clientId: 'test', topic, deadLetterTopic: topic }
  return {
    sink: () => new KafkaSink({ ...settings, compression: 'lz4' }, encodeAsText),
    received: (atLeast) => readTopic(addresses, topic, atLeast),
    breakOff: () =>
      withAdmin(addresses, async (admin) => {
        await admin.deleteTopics({ topics: [topic] })
        // The broker goes on taking messages for a moment.
        await expect.poll(() => admin.listTopics(), { timeout: 10_000 }).not.toContain(topic)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }),
    repair: () =>
      withAdmin(addresses, async (admin) => {
        // kafkajs' own wait for leaders may give up on a topic that it has made, which then cannot be made again.
        const topics = [{ topic, numPartitions: 1, replicationFactor: 1 }]
        const again = { topics, waitForLeaders: false }
        await expect
          .poll(() => admin.createTopics(again).catch(() => false), { timeout: 10_000 })
          .toBe(true)
      }),
    close: async () => {},
  }
}

async function readTopic(
  addresses: readonly string[],
  topic: string,
  atLeast: number,
): Promise<string[]> {
  const groupId = uniqueName('reader')
  const consumer = testClient(addresses).consumer({ groupId, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const texts: string[] = []
  await consumer.run({
    eachMessage: async ({ message: { value, headers } }) => {
      const offset = headers?.['medoscope.offset']
      texts.push(offset === undefined ? String(value) : `dead_letter ${offset}`)
    },
  })
  await expect.poll(() => texts.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(atLeast)
  await consumer.disconnect()
  return texts
}
