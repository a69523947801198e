import type { Kafka } from 'kafkajs'
import { withAdmin } from './kafka-client.ts'
import { type OwnedPartitions, partitionName } from './owned-partitions.ts'

const REFRESH_MS = 10_000

/**
 * Asks for the ends of logs that are not fetched because they are paused: else the lag would stand
 * still just when it grows.
 */
export class EndsRefresher {
  readonly #kafka: Kafka
  readonly #now: () => number
  #refreshedAt = Number.NEGATIVE_INFINITY

  constructor(kafka: Kafka, now: () => number) {
    this.#kafka = kafka
    this.#now = now
  }

  /** At most every 10 s; a failure leaves the ends as they were. */
  async refresh(owned: OwnedPartitions): Promise<void> {
    if (this.#now() - this.#refreshedAt < REFRESH_MS) return
    this.#refreshedAt = this.#now()
    const topics = new Set([...owned.all()].map(({ topic }) => topic))
    try {
      await withAdmin(this.#kafka, async (admin) => {
        for (const topic of topics) {
          for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
            const found = owned.get(partitionName(topic, partition))
            if (found !== undefined && BigInt(high) > found.end) found.end = BigInt(high)
          }
        }
      })
    } catch {
      // The next refresh asks again; what is wrong with the cluster shows elsewhere.
    }
  }
}
