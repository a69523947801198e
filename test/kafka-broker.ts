import { randomUUID } from 'node:crypto'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { expect, inject } from 'vitest'
import { silenceNegativeTimeoutWarning } from '../src/io/kafka/kafka-client.ts'
import { createTopics } from '../src/io/kafka/kafka-topics.ts'
import { LocalBroker, type LocalBrokerOptions } from './kafka/local-broker.ts'

/** What the global set-up answers: `brokers` is '' where there is none, and `reason` says why. */
export interface BrokerAnswer {
  readonly brokers: string
  readonly reason: string
}

/**
 * The broker for a test file, or null where the file must skip (said on the console). In CI there is
 * no skipping: a missing broker throws. Call it at the top level: `const brokers = await kafkaBrokers()`.
 */
export async function kafkaBrokers(): Promise<string[] | null> {
  const url = inject('kafkaBrokers') as string | undefined
  const answer: BrokerAnswer = url
    ? ((await (await fetch(url)).json()) as BrokerAnswer)
    : { brokers: '', reason: 'test/global-setup.ts is not among the globalSetup files' }
  if (answer.brokers !== '') return answer.brokers.split(',')
  return skip(answer.reason)
}

/**
 * A broker of the test file's own, to be broken or secured: always the JVM. Null where the file must
 * skip. The caller closes it.
 */
export async function ownBroker(options: LocalBrokerOptions): Promise<LocalBroker | null> {
  try {
    return await LocalBroker.start(options)
  } catch (error) {
    return skip(String(error))
  }
}

function skip(reason: string): null {
  if (process.env['CI']) throw new Error(`No Kafka broker, and CI must not skip: ${reason}`)
  console.warn(`SKIPPED: no Kafka broker. Set KAFKA_BROKERS, or see why: ${reason}`)
  return null
}

/** A name that no other test of any run has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}

/** A plain kafkajs client for the test's own side, silent. */
export function testClient(brokers: readonly string[]): Kafka {
  silenceNegativeTimeoutWarning()
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId: 'test',
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 8 },
  })
}

/** Runs `use` with a connected admin client. */
export async function withAdmin<T>(
  brokers: readonly string[],
  use: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = testClient(brokers).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Creates a topic of a unique name and resolves to it once it has leaders. */
export async function createTopic(
  brokers: readonly string[],
  partitions: number,
  config: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = uniqueName('topic')
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  await withAdmin(brokers, (admin) =>
    createTopics(admin, [
      { topic, numPartitions: partitions, replicationFactor: 1, configEntries },
    ]),
  )
  return topic
}

/**
 * Adds partitions to a topic, up to `count`, and resolves once they have leaders: what kafkajs sends to a
 * partition that it does not see yet is lost without a word.
 */
export async function addPartitions(
  brokers: readonly string[],
  topic: string,
  count: number,
): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] })
    const led = async (): Promise<number> => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      return topics[0]?.partitions.filter(({ leader }) => leader >= 0).length ?? 0
    }
    await expect.poll(led, { timeout: 20_000 }).toBe(count)
  })
}

export interface ReadMessage {
  readonly key: string
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** All messages of a topic so far, in order, once there are so many. */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  count: number,
): Promise<ReadMessage[]> {
  const consumer = testClient(brokers).consumer({
    groupId: uniqueName('reader'),
    maxWaitTimeInMs: 100,
    maxBytesPerPartition: 8 << 20,
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const messages: ReadMessage[] = []
  await consumer.run({
    eachMessage: async ({ message: { key, value, headers } }) => {
      const text = Object.entries(headers ?? {}).map(([name, bytes]) => [name, String(bytes)])
      messages.push({
        key: String(key),
        value: value ?? Buffer.alloc(0),
        headers: Object.fromEntries(text) as Record<string, string>,
      })
    },
  })
  await expect.poll(() => messages.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
  await consumer.disconnect()
  return messages
}
