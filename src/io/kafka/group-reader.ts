import type { Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { SourceBatch, SourceLag } from '../../contract/source.ts'
import { EndsRefresher } from './ends-refresher.ts'
import type {
  KafkaSourceCounters,
  KafkaSourceEvent,
  KafkaSourceSettings,
} from './kafka-source-settings.ts'
import { OffsetCommitter } from './offset-committer.ts'
import { byTopic, type OwnedPartition, OwnedPartitions, partitionName } from './owned-partitions.ts'
import { RecordQueue } from './partition-queue.ts'
import { fetchedOffset, readMessages } from './read-message.ts'
import {
  explainJump,
  type FoundStart,
  fetchBounds,
  findStarts,
  type PartitionId,
  PartitionsBefore,
} from './start-offsets.ts'

const START_RETRY_MS = 1_000
/** How often the same records are asked for again before they count as not there. */
const JUMPS_MAX = 3

export interface GroupReaderContext {
  readonly settings: KafkaSourceSettings
  readonly counters: KafkaSourceCounters
  /** For look-ups beside the consumer. */
  readonly kafka: Kafka
  /** The consumer of the moment; null while there is none. */
  readonly consumer: () => Consumer | null
  readonly emit: (event: KafkaSourceEvent) => void
  readonly now: () => number
  /** Something changed that `isReady` looks at. */
  readonly onChange: () => void
}

/**
 * Everything between a member of a consumer group and `poll`: where each partition begins and goes
 * on, the queue and its back-pressure, jumps in the offsets, commits.
 */
export class GroupReader {
  readonly #context: GroupReaderContext
  readonly #counters: KafkaSourceCounters
  readonly #queue: RecordQueue
  readonly #owned = new OwnedPartitions()
  readonly #committer: OffsetCommitter
  readonly #ends: EndsRefresher
  /** Partitions that this process has had before: no history a second time. */
  readonly #known = new Set<string>()
  /** What there was before this process joined. */
  readonly before = new PartitionsBefore()
  #isPaused = false
  /** Changes with every join and crash; what an older one has looked up is void. */
  #generation = 0

  constructor(context: GroupReaderContext) {
    this.#context = context
    this.#counters = context.counters
    const { queueRecords, queueBytes } = context.settings
    this.#queue = new RecordQueue(queueRecords, queueBytes)
    this.#committer = new OffsetCommitter(this.#owned, context)
    this.#ends = new EndsRefresher(context.kafka, context.now)
  }

  // What the source asks for.

  isReady(maxRecords: number): boolean {
    const enough = Math.max(1, maxRecords)
    return this.#queue.length >= enough || this.#queue.isFull || this.#owned.hasRevoked
  }

  take(maxRecords: number): SourceBatch {
    const revoked = this.#owned.takeRevoked()
    const records = this.#queue.take(maxRecords)
    for (const { partition, offset } of records) {
      const owned = this.#owned.get(partition)
      if (owned !== undefined) owned.pollAt = offset + 1n
    }
    // What was skipped behind the last record is done with as well.
    if (this.#queue.length === 0) {
      for (const owned of this.#owned.all()) owned.pollAt = owned.fetchAt ?? owned.pollAt
    }
    if (this.#isPaused && this.#queue.hasRoom) this.#resume()
    if (this.#isPaused) void this.#ends.refresh(this.#owned)
    return { records, revoked }
  }

  /** What was fetched and waits for `take`. */
  get queue(): Pick<RecordQueue, 'length' | 'bytes'> {
    return this.#queue
  }

  async commit(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.#owned.hand(offsets)
    await this.#committer.commitHanded()
  }

  seek(offsets: ReadonlyMap<string, bigint>): void {
    const moved = this.#owned.restore(offsets)
    const names = new Set(moved.map(({ name }) => name))
    this.#drop((partition) => names.has(partition))
    this.#seekTo(moved)
    if (!this.#isPaused) this.#resume()
  }

  lag(): ReadonlyMap<string, SourceLag> {
    const lags = new Map<string, SourceLag>()
    for (const { name, pollAt, end } of this.#owned.all()) {
      if (pollAt !== null) lags.set(name, { records: end > pollAt ? Number(end - pollAt) : 0 })
    }
    return lags
  }

  /** Nothing that is under way has an effect any more. */
  close(): void {
    this.#generation++
    this.#owned.suspend()
    this.#drop(() => true)
  }

  // What the consumer tells.

  joined(memberId: string, assigned: readonly PartitionId[], durationMs: number): void {
    this.#generation++
    this.#counters.joins++
    const isFirst = this.#counters.joins === 1
    this.#drop(() => true)
    this.#owned.join(memberId, assigned)
    const all = [...this.#owned.all()]
    const unknown = all.filter(({ fetchAt }) => fetchAt === null)
    const begun = all.filter(({ fetchAt }) => fetchAt !== null)
    for (const { name } of begun) this.#known.add(name)
    this.#isPaused = false
    this.#tell((consumer) => {
      consumer.resume(byTopic(begun))
      consumer.pause(byTopic(unknown))
    })
    this.#seekTo(begun)
    this.#context.emit({ type: 'joined', partitions: all.map(({ name }) => name), durationMs })
    if (unknown.length > 0) void this.#findStarts(this.#generation)
    if (isFirst && begun.length > 0) {
      const restored = begun.map(({ topic, partition, name, pollAt }) => {
        return { topic, partition, name, at: pollAt ?? 0n }
      })
      void this.#checkCommits(restored, this.#generation)
    }
    this.#context.onChange()
  }

  /** Must stay synchronous up to the commit: it still counts for the old generation. */
  rebalancing(): void {
    void this.#committer.commitHanded()
    this.#owned.suspend()
    this.#drop(() => true)
  }

  crashed(): void {
    this.#generation++
    this.#counters.crashes++
    // Kept, and unsure: after an outage the same partitions mostly come back to the same process.
    this.#owned.suspend()
    this.#drop(() => true)
    this.#isPaused = false
    this.#context.onChange()
  }

  /** A batch without records for us: markers of transactions, compacted records. */
  passedOver(topic: string, partition: number, first: bigint | null, last: bigint): void {
    const owned = this.#owned.get(partitionName(topic, partition))
    if (owned?.fetchAt === (first ?? last)) owned.fetchAt = last + 1n
  }

  async accept({ batch, resolveOffset, isStale }: EachBatchPayload): Promise<void> {
    const owned = this.#owned.get(partitionName(batch.topic, batch.partition))
    // Fetched for an assignment, or a position, that is no longer true: it is fetched again.
    if (owned === undefined || owned.fetchAt === null || isStale()) return
    const fetchedAt = fetchedOffset(batch)
    if (fetchedAt !== owned.fetchAt && !(await this.#followJump(owned, fetchedAt))) return
    this.#enqueue(owned, batch)
    resolveOffset(batch.lastOffset())
    owned.fetchAt = BigInt(batch.lastOffset()) + 1n
    owned.end = BigInt(batch.highWatermark)
    owned.jumps = 0
    if (this.#queue.isFull && !this.#isPaused) {
      this.#isPaused = true
      this.#counters.pauses++
      this.#tell((consumer) => consumer.pause(byTopic([...this.#owned.all()])))
    }
    this.#context.onChange()
  }

  #enqueue({ name }: OwnedPartition, { messages }: Batch): void {
    const { settings, emit } = this.#context
    const unreadable = readMessages(messages, name, settings, this.#queue, this.#counters)
    if (unreadable !== null) emit({ type: 'unreadable', partition: name, ...unreadable })
  }

  /**
   * A batch that does not begin where it should: kafkajs has reset an offset that the broker no
   * longer has, and says so to nobody. True: go on with the batch.
   */
  async #followJump(owned: OwnedPartition, fetchedAt: bigint): Promise<boolean> {
    const { kafka } = this.#context
    const expected = owned.fetchAt
    const generation = this.#generation
    const bounds = await fetchBounds(kafka, owned).catch(() => null)
    if (expected === null || generation !== this.#generation || owned.fetchAt !== expected) {
      return false
    }
    const jump = explainJump(expected, fetchedAt, bounds)
    if (jump.cause === 'gap') {
      owned.fetchAt = jump.to
      this.#countGap(owned.name, expected, jump.to)
    } else if (jump.cause === 'restart') {
      this.#owned.restart(owned, jump.to)
      this.#drop((partition) => partition === owned.name)
      this.#countRestart(owned.name, expected, jump.to)
    }
    if (jump.cause !== 'none') {
      // The reset has overwritten the group's commit with a placeholder for "the beginning".
      this.#owned.handOne(owned.name, jump.to)
      void this.#committer.commitHanded()
    }
    if (jump.to === fetchedAt) return true
    owned.jumps++
    // Asked for again and again and never given: there is nothing there but what the client hides.
    if (owned.jumps > JUMPS_MAX && bounds !== null && fetchedAt > jump.to) return true
    this.#seekTo([owned])
    return false
  }

  #countGap(partition: string, from: bigint, to: bigint): void {
    this.#counters.gaps++
    this.#counters.lost += Number(to - from)
    this.#context.emit({ type: 'gap', partition, from, to })
  }

  #countRestart(partition: string, from: bigint, to: bigint): void {
    this.#counters.restarts++
    this.#context.emit({ type: 'restarted', partition, from, to })
  }

  // Starts.

  /** Looks up where the partitions without a position begin, until that works or they are gone. */
  async #findStarts(generation: number): Promise<void> {
    const { settings, kafka, now, emit } = this.#context
    const { bootstrapMs } = settings
    const historyMs = now() - (bootstrapMs ?? 0)
    const withHistory = ({ topic, partition }: PartitionId): boolean =>
      bootstrapMs !== undefined && !this.#known.has(partitionName(topic, partition))
    while (generation === this.#generation) {
      const unknown = [...this.#owned.all()].filter(({ fetchAt }) => fetchAt === null)
      try {
        const starts = await findStarts(
          ...([kafka, settings, unknown, historyMs, withHistory, this.before] as const),
        )
        if (generation === this.#generation) this.#begin(starts)
        return
      } catch (error) {
        if (generation === this.#generation) emit({ type: 'start_unknown', reason: String(error) })
        await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS))
      }
    }
  }

  #begin(starts: readonly FoundStart[]): void {
    const begun: OwnedPartition[] = []
    for (const start of starts) {
      const { topic, partition, offset, high, committed, lost, truncated, isAdded } = start
      const name = partitionName(topic, partition)
      const owned = this.#owned.get(name)
      // The pipeline's own seek may have come first.
      if (owned === undefined || owned.fetchAt !== null) continue
      if (owned.isUnsure && this.#goesOn(owned, start)) {
        begun.push(owned)
        continue
      }
      if (isAdded && !this.#known.has(name)) {
        this.#counters.added++
        this.#context.emit({ type: 'partition_added', partition: name, from: offset })
      }
      owned.fetchAt = offset
      owned.pollAt = offset
      owned.end = high
      this.#known.add(name)
      if (lost > 0n) this.#countGap(name, offset - lost, offset)
      if (truncated && committed !== null) this.#countRestart(name, committed, offset)
      // So that a crash before the first commit goes on here, and not at a later end of the log.
      if (committed === null || truncated || lost > 0n) this.#owned.handOne(name, offset)
      begun.push(owned)
    }
    this.#seekTo(begun)
    if (!this.#isPaused) this.#resume()
    void this.#committer.commitHanded()
  }

  /** Whether an unsure partition goes on where its state is; else that state is given up. */
  #goesOn(owned: OwnedPartition, { committed, low, high }: FoundStart): boolean {
    const at = owned.pollAt
    const isOurs = committed === null || this.#owned.isOurs(owned.name, committed)
    if (at === null || !isOurs || at > high) {
      this.#owned.giveUp(owned)
      // A commit beyond the end says it by itself.
      const isSaid = committed !== null && committed > high
      if (at !== null && at > high && isOurs && !isSaid) this.#countRestart(owned.name, at, low)
      return false
    }
    if (committed === null) this.#sayOffsetsGone(owned.name, at)
    if (at < low) {
      this.#countGap(owned.name, at, low)
      owned.pollAt = low
    }
    this.#owned.keep(owned)
    owned.end = high
    return true
  }

  /** Says where a restored position is all that is left of what the group knew. */
  async #checkCommits(
    restored: readonly (PartitionId & { readonly name: string; readonly at: bigint })[],
    generation: number,
  ): Promise<void> {
    const { kafka, settings } = this.#context
    const none = (): boolean => false
    const starts = await findStarts(kafka, settings, restored, 0, none, this.before).catch(() => [])
    if (generation !== this.#generation) return
    for (const { topic, partition, committed } of starts) {
      const name = partitionName(topic, partition)
      const found = restored.find((each) => each.name === name)
      if (committed === null && found !== undefined) this.#sayOffsetsGone(name, found.at)
    }
  }

  #sayOffsetsGone(partition: string, at: bigint): void {
    this.#counters.offsetsGone++
    this.#context.emit({ type: 'offsets_gone', partition, at })
  }

  // The client.

  #seekTo(partitions: readonly OwnedPartition[]): void {
    for (const { topic, partition, fetchAt } of partitions) {
      if (fetchAt === null) continue
      this.#tell((consumer) => consumer.seek({ topic, partition, offset: String(fetchAt) }))
    }
  }

  #resume(): void {
    this.#isPaused = false
    const begun = [...this.#owned.all()].filter(({ fetchAt }) => fetchAt !== null)
    this.#tell((consumer) => consumer.resume(byTopic(begun)))
  }

  /** What is said while the consumer goes down is void: with the next one comes a new join. */
  #tell(say: (consumer: Consumer) => void): void {
    const consumer = this.#context.consumer()
    if (consumer === null) return
    try {
      say(consumer)
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'KafkaJSNonRetriableError') throw error
    }
  }

  #drop(isDropped: (partition: string) => boolean): void {
    this.#counters.droppedFromQueue += this.#queue.drop(isDropped)
  }
}
