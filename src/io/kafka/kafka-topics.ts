import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, ITopicConfig, Kafka } from 'kafkajs'
import { connectError, withAdmin } from './kafka-client.ts'

/** For trying things out: make the missing topics, with these numbers. */
export interface EnsureTopics {
  readonly partitions: number
  readonly replicationFactor: number
}

/**
 * Checks that the cluster answers and that the topics exist, or makes the missing ones when `ensure`
 * is given. Asks for the list of all topics, because asking for one by name can create it.
 *
 * @throws Error for a person: no connection, log-in refused, or the topics that are missing with the
 *   command that makes them
 */
export async function checkCluster(
  kafka: Kafka,
  brokers: readonly string[],
  topics: readonly string[],
  ensure: EnsureTopics | undefined,
): Promise<void> {
  const existing = new Set(
    await withAdmin(kafka, (admin) => admin.listTopics()).catch((error: unknown) => {
      throw connectError(brokers, error)
    }),
  )
  const missing = topics.filter((topic) => !existing.has(topic))
  if (missing.length === 0) return
  if (ensure === undefined) throw new Error(missingTopics(missing, brokers))
  const { partitions: numPartitions, replicationFactor } = ensure
  const made = missing.map((topic) => ({ topic, numPartitions, replicationFactor }))
  await withAdmin(kafka, (admin) => createTopics(admin, made))
}

/** Longest wait, in ms, for a topic that was made to be there. */
const TOPIC_WAIT_MS = 15_000

/**
 * Makes topics that are not there yet and waits until a leader answers for each of their partitions.
 * kafkajs' own wait gives up at the first "does not host this topic-partition", which a KRaft broker
 * says of a new topic until the news of it has come round; who writes before that writes twice.
 *
 * @throws Error of the last attempt after 15 s
 */
export async function createTopics(admin: Admin, topics: readonly ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics: [...topics], waitForLeaders: false })
  const names = topics.map(({ topic }) => topic)
  for (const end = Date.now() + TOPIC_WAIT_MS; ; await delay(50)) {
    try {
      return await answered(admin, names)
    } catch (error) {
      if (Date.now() > end) throw error
    }
  }
}

async function answered(admin: Admin, names: string[]): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: names })
  for (const { name, partitions } of topics) {
    if (partitions.some(({ leader }) => leader < 0)) throw new Error(`no leader yet for ${name}`)
    await admin.fetchTopicOffsets(name)
  }
}

/** One line per missing topic, each with its command. */
export function missingTopics(topics: readonly string[], brokers: readonly string[]): string {
  const server = brokers[0] ?? 'localhost:9092'
  return topics
    .map(
      (topic) =>
        `Kafka topic "${topic}" does not exist. Create it: kafka-topics.sh --bootstrap-server ` +
        `${server} --create --topic ${topic} --partitions 4 --replication-factor 1`,
    )
    .join('\n')
}
