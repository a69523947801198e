import type { Consumer, ConsumerGroupJoinEvent, EachBatchPayload } from 'kafkajs'

export interface ConsumerHandlers {
  /** Synchronous: what it seeks and pauses holds before the first fetch. */
  onJoin(event: ConsumerGroupJoinEvent['payload']): void
  /** Synchronous: a commit started in it still counts for the old generation. */
  onRebalancing(): void
  onBatch(payload: EachBatchPayload): Promise<void>
  /** A batch without records for us (markers of transactions, compacted records) was passed over. */
  onEmptyBatch(topic: string, partition: number, first: bigint | null, last: bigint): void
  /** The consumer is gone; another is made after `retryInMs`. */
  onCrash(error: Error, attempt: number, retryInMs: number): void
}

const BACKOFF_MS_MIN = 500
const BACKOFF_MS_MAX = 10_000
/** A consumer that lived this long was a success: the next crash begins with the short back-off. */
const SETTLED_MS = 60_000
/** Longest waits of `stop`, for a join under way and for the client to let go. */
const JOIN_WAIT_MS = 2_000
const DISCONNECT_WAIT_MS = 8_000

/**
 * Keeps one kafkajs consumer alive: makes it, and makes a new one with bounded back-off whenever it
 * crashes. kafkajs restarts itself after some errors and gives up silently after others; it is told
 * never to restart, so that there is one way only.
 */
export class ConsumerKeeper {
  readonly #make: () => Consumer
  readonly #topics: readonly string[]
  readonly #handlers: ConsumerHandlers
  #consumer: Consumer | null = null
  #launching: Promise<void> = Promise.resolve()
  #running: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  #attempt = 0
  #launchedAt = 0
  #stopped = false

  /** @param make a fresh consumer, with `restartOnFailure` answering false */
  constructor(make: () => Consumer, topics: readonly string[], handlers: ConsumerHandlers) {
    this.#make = make
    this.#topics = topics
    this.#handlers = handlers
  }

  /** The consumer to pause, seek and commit with; null between a crash and the next one. */
  get consumer(): Consumer | null {
    return this.#consumer
  }

  /** Connects and subscribes; the join goes on afterwards. Rejects when there is no connection. */
  launch(): Promise<void> {
    this.#launching = this.#launch()
    return this.#launching
  }

  async #launch(): Promise<void> {
    const consumer = this.#make()
    this.#launchedAt = Date.now()
    this.#listen(consumer)
    try {
      await consumer.connect()
      // From the beginning, because this is also where kafkajs goes when an offset is out of range.
      await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true })
    } catch (error) {
      await consumer.disconnect().catch(() => {})
      throw error
    }
    if (this.#stopped) {
      await consumer.disconnect()
      return
    }
    this.#consumer = consumer
    this.#running = consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#handlers.onBatch(payload),
      })
      .catch((error: unknown) => this.#crashed(consumer, asError(error)))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await atMost(this.#launching, DISCONNECT_WAIT_MS)
    const consumer = this.#consumer
    this.#consumer = null
    if (consumer === null) return
    // A member in the middle of joining would stay in the group until its session times out.
    await atMost(this.#running, JOIN_WAIT_MS)
    await atMost(consumer.disconnect(), DISCONNECT_WAIT_MS)
  }

  #listen(consumer: Consumer): void {
    const { GROUP_JOIN, REBALANCING, END_BATCH_PROCESS, CRASH } = consumer.events
    const isCurrent = (): boolean => this.#consumer === consumer && !this.#stopped
    consumer.on(GROUP_JOIN, ({ payload }) => {
      if (isCurrent()) this.#handlers.onJoin(payload)
    })
    consumer.on(REBALANCING, () => {
      if (isCurrent()) this.#handlers.onRebalancing()
    })
    consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      if (!isCurrent() || payload.batchSize > 0) return
      const { topic, partition, firstOffset, lastOffset } = payload as EmptyBatch
      const first = firstOffset === null ? null : BigInt(firstOffset)
      this.#handlers.onEmptyBatch(topic, partition, first, BigInt(lastOffset))
    })
    consumer.on(CRASH, ({ payload }) => this.#crashed(consumer, payload.error))
  }

  #crashed(consumer: Consumer, error: Error): void {
    if (this.#stopped || this.#consumer !== consumer) return
    this.#consumer = null
    if (Date.now() - this.#launchedAt > SETTLED_MS) this.#attempt = 0
    this.#retryLater(error)
  }

  #retryLater(error: Error): void {
    const ceiling = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(this.#attempt, 16))
    const retryInMs = Math.round(ceiling * (0.5 + Math.random() / 2))
    this.#attempt++
    this.#handlers.onCrash(error, this.#attempt, retryInMs)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.launch().catch((failure: unknown) => {
        if (!this.#stopped) this.#retryLater(asError(failure))
      })
    }, retryInMs)
  }
}

/** The client's types do not know that a batch may be empty. */
interface EmptyBatch {
  readonly topic: string
  readonly partition: number
  readonly firstOffset: string | null
  readonly lastOffset: string
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Resolves when the work is done, has failed, or took too long. */
async function atMost(work: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs)
  })
  await Promise.race([work.catch(() => {}), late])
  clearTimeout(timer)
}
