import type { Kafka } from 'kafkajs'
import { withAdmin } from './kafka-client.ts'

export interface StartQuestion {
  /** What the group has committed (next offset wanted); null: nothing. */
  readonly committed: bigint | null
  /** First offset that the log still has, and the one after its last. */
  readonly low: bigint
  readonly high: bigint
  readonly from: 'earliest' | 'latest'
  /** First offset of the history to begin with; null: no history wanted. */
  readonly history: bigint | null
  /** The partition was added to its topic after the group had begun to read that. */
  readonly isAdded: boolean
}

export interface StartAnswer {
  readonly offset: bigint
  /** Committed records that the log no longer has. */
  readonly lost: bigint
  /** The committed offset is beyond the end: the topic was made anew or cut. */
  readonly truncated: boolean
}

/**
 * Where to begin reading a partition. Kafka's own reset would skip silently what retention took, and
 * with `latest` everything after it too; here the least is skipped and the loss is a number.
 */
export function chooseStart(question: StartQuestion): StartAnswer {
  const { committed, low, high, from, history, isAdded } = question
  const fresh = history ?? (from === 'earliest' || isAdded ? low : high)
  if (committed === null) return { offset: fresh, lost: 0n, truncated: false }
  // Of a log that was made anew, nothing was read yet.
  if (committed > high) return { offset: history ?? low, lost: 0n, truncated: true }
  // What is asked for on top of the commits never moves the start ahead of them.
  const wanted = history !== null && history < committed ? history : committed
  if (wanted >= low) return { offset: wanted, lost: 0n, truncated: false }
  return { offset: low, lost: committed < low ? low - committed : 0n, truncated: false }
}

export interface Jump {
  readonly cause: 'gap' | 'restart' | 'none'
  /** Where to go on. */
  readonly to: bigint
}

/**
 * Why a batch does not begin where it should. `gap`: retention took what was wanted. `restart`: the
 * log now ends before it. `none`: both are as they were, so the batch is a leftover and is not to be
 * taken; nothing is ever skipped without a reason.
 *
 * @param bounds null when the cluster did not say
 */
export function explainJump(
  expected: bigint,
  fetchedAt: bigint,
  bounds: { readonly low: bigint; readonly high: bigint } | null,
): Jump {
  if (bounds === null) return { cause: 'none', to: expected }
  if (bounds.low > expected && fetchedAt > expected) return { cause: 'gap', to: fetchedAt }
  if (bounds.high >= expected) return { cause: 'none', to: expected }
  return { cause: 'restart', to: bounds.low }
}

export interface PartitionId {
  readonly topic: string
  readonly partition: number
}

export interface FoundStart extends StartAnswer {
  readonly topic: string
  readonly partition: number
  readonly committed: bigint | null
  readonly low: bigint
  readonly high: bigint
  readonly isAdded: boolean
}

const LOOK_RETRY_MS = 300

/** Which partitions there were, and which the group had begun, before this process joined it. */
export class PartitionsBefore {
  readonly #partitions = new Map<string, Set<number>>()
  /** Topics of which the group had committed something, with the partitions that it had. */
  readonly #begun = new Map<string, Set<number>>()

  /** @throws what kafkajs throws when the cluster does not answer, also after so many attempts */
  async look(
    kafka: Kafka,
    groupId: string,
    topics: readonly string[],
    attempts = 1,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#look(kafka, groupId, topics)
      } catch (error) {
        if (attempt === attempts) throw error
        await new Promise((resolve) => setTimeout(resolve, LOOK_RETRY_MS))
      }
    }
  }

  async #look(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<void> {
    await withAdmin(kafka, async (admin) => {
      const committed = await admin.fetchOffsets({ groupId, topics: [...topics] })
      for (const topic of topics) {
        const bounds = await admin.fetchTopicOffsets(topic)
        this.#partitions.set(topic, new Set(bounds.map(({ partition }) => partition)))
        const here = committed.find((each) => each.topic === topic)?.partitions ?? []
        const begun = here.filter(({ offset }) => BigInt(offset) >= 0n)
        this.#begun.set(topic, new Set(begun.map(({ partition }) => partition)))
      }
    })
  }

  /**
   * Whether a partition without a commit was added since: it was not there at the start, or the group had
   * begun its topic without it. Its records are all new.
   */
  isAdded({ topic, partition }: PartitionId): boolean {
    const begun = this.#begun.get(topic)
    if (this.#partitions.get(topic)?.has(partition) === false) return true
    return begun !== undefined && begun.size > 0 && !begun.has(partition)
  }
}

export interface StartSettings {
  readonly groupId: string
  readonly from: 'earliest' | 'latest'
}

/**
 * Asks the cluster and chooses for each partition.
 *
 * @param historyMs partitions in `withHistory` begin at the first record of this time, ms since 1970
 * @throws what kafkajs throws when the cluster does not answer
 */
export async function findStarts(
  kafka: Kafka,
  settings: StartSettings,
  partitions: readonly PartitionId[],
  historyMs: number,
  withHistory: (partition: PartitionId) => boolean,
  before: PartitionsBefore,
): Promise<FoundStart[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))]
  return await withAdmin(kafka, async (admin) => {
    const committed = await admin.fetchOffsets({ groupId: settings.groupId, topics })
    const found: FoundStart[] = []
    for (const topic of topics) {
      const wanted = partitions.filter((p) => p.topic === topic)
      const committedHere = committed.find((c) => c.topic === topic)?.partitions ?? []
      const bounds = await admin.fetchTopicOffsets(topic)
      const history = wanted.some(withHistory)
        ? await admin.fetchTopicOffsetsByTimestamp(topic, historyMs)
        : []
      for (const id of wanted) {
        const { partition } = id
        const bound = bounds.find((b) => b.partition === partition)
        if (bound === undefined) throw new Error(`Kafka does not know ${topic}/${partition}`)
        const commit = offsetOf(committedHere, partition)
        const question: StartQuestion = {
          committed: commit,
          low: BigInt(bound.low),
          high: BigInt(bound.high),
          from: settings.from,
          history: withHistory(id) ? offsetOf(history, partition) : null,
          isAdded: commit === null && before.isAdded(id),
        }
        const { low, high, isAdded } = question
        const answer = chooseStart(question)
        found.push({ topic, partition, committed: commit, low, high, isAdded, ...answer })
      }
    }
    return found
  })
}

/** null also for the negative numbers that stand for "none" and for the two ends. */
function offsetOf(
  offsets: readonly { partition: number; offset: string }[],
  partition: number,
): bigint | null {
  const found = offsets.find((o) => o.partition === partition)
  const offset = BigInt(found?.offset ?? -1)
  return offset < 0n ? null : offset
}

/** First offset that the log of a partition still has, and the one after its last. */
export async function fetchBounds(
  kafka: Kafka,
  { topic, partition }: PartitionId,
): Promise<{ low: bigint; high: bigint }> {
  const bounds = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic))
  const bound = bounds.find((b) => b.partition === partition)
  if (bound === undefined) throw new Error(`Kafka does not know ${topic}/${partition}`)
  return { low: BigInt(bound.low), high: BigInt(bound.high) }
}
