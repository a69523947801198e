import type { Admin, Kafka } from 'kafkajs'
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
  await withAdmin(kafka, (admin) => createTopics(admin, missing, ensure))
}

async function createTopics(
  admin: Admin,
  topics: readonly string[],
  { partitions, replicationFactor }: EnsureTopics,
): Promise<void> {
  await admin.createTopics({
    topics: topics.map((topic) => ({ topic, numPartitions: partitions, replicationFactor })),
  })
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
