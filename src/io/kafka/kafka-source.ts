import type { Consumer, Kafka } from 'kafkajs'
import type { Source, SourceBatch, SourceLag } from '../../contract/source.ts'
import { ConsumerKeeper } from './consumer-keeper.ts'
import { GroupReader } from './group-reader.ts'
import { isAbsent, kafkaClient } from './kafka-client.ts'
import {
  type KafkaSourceCounters,
  type KafkaSourceHooks,
  type KafkaSourceSettings,
  zeroCounters,
} from './kafka-source-settings.ts'
import { checkCluster } from './kafka-topics.ts'
import type { PartitionId } from './start-offsets.ts'

const FETCH_BYTES_MAX = 10 * 1024 * 1024
/** How old what is known of topics may become: partitions that are added are found within it. */
const METADATA_AGE_MS = 30_000
/** Between attempts to reach a cluster that is not there, and between lines about it. */
const WAIT_RETRY_MS = 2_000
/** A new group's coordinator may need a moment. */
const LOOK_ATTEMPTS = 10
const SAY_WAITING_MS = 30_000

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

  /**
   * Rejects when the log-in is refused or a topic is missing. A cluster that is not there is waited for:
   * until it is, `poll` gives nothing.
   */
  async start(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      if (!isAbsent(error)) throw error
      void this.#waitFor(error)
    }
  }

  async #connect(): Promise<void> {
    const { brokers, topics, groupId, ensureTopics } = this.#settings
    await checkCluster(this.#kafka, brokers, topics, ensureTopics)
    await this.#reader.before.look(this.#kafka, groupId, topics, LOOK_ATTEMPTS)
    if (this.#stopping === null) await this.#keeper.launch()
  }

  /** Tries until it works or the source stops; says why it does not, first and then now and then. */
  async #waitFor(first: unknown): Promise<void> {
    const begunMs = performance.now()
    let saidMs = Number.NEGATIVE_INFINITY
    for (let error = first; this.#stopping === null; ) {
      if (performance.now() - saidMs >= SAY_WAITING_MS) {
        saidMs = performance.now()
        const seconds = Math.round((saidMs - begunMs) / 1000)
        const reason = error instanceof Error ? error.message : String(error)
        this.#hooks.onEvent?.({ type: 'waiting', reason, seconds })
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_RETRY_MS))
      if (this.#stopping !== null) return
      try {
        await this.#connect()
        return
      } catch (failure) {
        error = failure
      }
    }
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
      metadataMaxAge: METADATA_AGE_MS,
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
