import type { Consumer, Kafka } from 'kafkajs'
import type { Source, SourceBatch, SourceLag } from '../../contract/source.ts'
import { ConsumerKeeper } from './consumer-keeper.ts'
import { GroupReader } from './group-reader.ts'
import { kafkaClient } from './kafka-client.ts'
import {
  type KafkaSourceCounters,
  type KafkaSourceHooks,
  type KafkaSourceSettings,
  zeroCounters,
} from './kafka-source-settings.ts'
import { checkCluster } from './kafka-topics.ts'
import type { PartitionId } from './start-offsets.ts'

const FETCH_BYTES_MAX = 10 * 1024 * 1024

/**
 * Traces from Kafka through kafkajs 2.2.4. The client pushes whole batches into a bounded queue; a
 * full queue pauses the partitions. Offsets are committed from outside, never by the client.
 * A batch's `revoked` is to be applied before its records: a partition can be in both.
 */
export class KafkaSource implements Source {
  readonly name = 'kafka'
  readonly counters: KafkaSourceCounters = zeroCounters()
  readonly #settings: KafkaSourceSettings
  readonly #hooks: KafkaSourceHooks
  readonly #keeper: ConsumerKeeper
  readonly #reader: GroupReader
  readonly #kafka: Kafka
  #wake: () => void = () => {}
  #stopping: Promise<void> | null = null

  constructor(settings: KafkaSourceSettings, hooks: KafkaSourceHooks = {}) {
    this.#settings = settings
    this.#hooks = hooks
    const log = hooks.log ?? (() => {})
    this.#kafka = kafkaClient(settings, log, 'brief', settings.maxDecompressedBytes)
    const patient = kafkaClient(settings, log, 'patient', settings.maxDecompressedBytes)
    const reader = new GroupReader({
      settings,
      counters: this.counters,
      kafka: this.#kafka,
      consumer: () => this.#keeper.consumer,
      emit: (event) => this.#hooks.onEvent?.(event),
      now: hooks.now ?? Date.now,
      onChange: () => this.#wake(),
    })
    this.#reader = reader
    this.#keeper = new ConsumerKeeper(() => this.#makeConsumer(patient), settings.topics, {
      onJoin: ({ memberId, memberAssignment, duration }) =>
        reader.joined(memberId, partitionsOf(memberAssignment), duration),
      onRebalancing: () => reader.rebalancing(),
      onBatch: (payload) => reader.accept(payload),
      onEmptyBatch: (topic, partition, first, last) =>
        reader.passedOver(topic, partition, first, last),
      onCrash: (error, attempt, retryInMs) => {
        reader.crashed()
        this.#hooks.onEvent?.({ type: 'crashed', reason: error.message, attempt, retryInMs })
      },
    })
  }

  /** Rejects when there is no connection, the log-in is refused, or a topic is missing. */
  async start(): Promise<void> {
    const { brokers, topics, ensureTopics } = this.#settings
    await checkCluster(this.#kafka, brokers, topics, ensureTopics)
    await this.#keeper.launch()
  }

  async poll(maxRecords: number, maxWaitMs: number): Promise<SourceBatch | null> {
    if (this.#stopping === null && !this.#reader.isReady(maxRecords)) {
      await this.#change(maxRecords, maxWaitMs)
    }
    return this.#stopping === null ? this.#reader.take(maxRecords) : null
  }

  /** Never rejects: what could not be committed goes with the next commit, or comes again. */
  commit(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    return this.#reader.commit(offsets)
  }

  async seek(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.#reader.seek(offsets)
  }

  /** Records, and bytes of their bodies, between the client and `poll`. */
  get queue(): { readonly length: number; readonly bytes: number } {
    return this.#reader.queue
  }

  lag(): ReadonlyMap<string, SourceLag> {
    return this.#reader.lag()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#keeper.stop()
    this.#reader.close()
    this.#wake()
    return this.#stopping
  }

  #makeConsumer(kafka: Kafka): Consumer {
    const { maxBytesPerPartition, queueBytes, ...s } = this.#settings
    return kafka.consumer({
      groupId: s.groupId,
      sessionTimeout: s.sessionTimeoutMs,
      heartbeatInterval: s.heartbeatIntervalMs,
      maxBytesPerPartition,
      maxBytes: Math.max(maxBytesPerPartition, Math.min(FETCH_BYTES_MAX, queueBytes)),
      maxWaitTimeInMs: s.maxWaitMs,
      // A topic deleted under a consumer would come back empty, with one partition.
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: async () => false },
    })
  }

  /** Resolves when there is enough, a revocation to tell, the wait is over, or the source stops. */
  async #change(maxRecords: number, maxWaitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxWaitMs)
      this.#wake = () => {
        if (this.#stopping === null && !this.#reader.isReady(maxRecords)) return
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = () => {}
  }
}

function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): PartitionId[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}
