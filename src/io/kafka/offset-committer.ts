import type { Consumer } from 'kafkajs'
import { kafkaErrorType } from './kafka-client.ts'
import type { KafkaSourceCounters, KafkaSourceEvent } from './kafka-source-settings.ts'
import type { OwnedPartitions } from './owned-partitions.ts'

/** Kafka's names for "you are not the member you were": the records come again, nothing is wrong. */
const GROUP_MOVED_ON: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
])

export interface CommitContext {
  readonly counters: KafkaSourceCounters
  readonly consumer: () => Consumer | null
  readonly emit: (event: KafkaSourceEvent) => void
}

/**
 * Commits what was handed over and is not with Kafka yet. Never rejects: kafkajs hides the kind of a
 * commit's error inside a non-retriable one, and that one, let out, would end the consumer.
 */
export class OffsetCommitter {
  readonly #owned: OwnedPartitions
  readonly #context: CommitContext

  constructor(owned: OwnedPartitions, context: CommitContext) {
    this.#owned = owned
    this.#context = context
  }

  /** Sends at once, before the first await: in a rebalance only what is sent now still counts. */
  async commitHanded(): Promise<void> {
    const { counters, emit } = this.#context
    const consumer = this.#context.consumer()
    const offsets = this.#owned.uncommitted()
    if (consumer === null || offsets.size === 0) return
    const list = [...offsets].flatMap(([name, offset]) => {
      const owned = this.#owned.get(name)
      if (owned === undefined) return []
      return [{ topic: owned.topic, partition: owned.partition, offset: String(offset) }]
    })
    try {
      await consumer.commitOffsets(list)
      this.#owned.markCommitted(offsets)
      counters.commits++
    } catch (error) {
      if (GROUP_MOVED_ON.has(kafkaErrorType(error))) {
        counters.commitsRefused++
        return
      }
      counters.commitsFailed++
      emit({
        type: 'commit_failed',
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }
}
