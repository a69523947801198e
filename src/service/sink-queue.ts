import type { Publication, Sink, SinkState } from '../contract/sink.ts'
import type { Clock } from '../io/clock.ts'
import { DeliveryFailure } from '../io/delivery-failure.ts'
import { type Log, messageOf } from '../io/telemetry/log.ts'

export interface RetrySettings {
  /** Attempts before a sink counts as unreachable. It is still tried, at the longest wait. */
  readonly attempts: number
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

/** Most publications that wait for one sink. */
export const MAX_QUEUED = 2000
/** Most of them given to it at once. */
const MAX_BATCH = 500

export interface SinkQueueParts {
  readonly sink: Sink
  readonly required: boolean
  readonly retry: RetrySettings
  readonly clock: Clock
  readonly log: Log
  /** Something that this sink will never take, and why. */
  readonly onRefused: (publication: Publication, reason: string) => void
}

/**
 * What waits for one sink, delivered in order and each until the sink has it: bounded attempts with
 * jittered, doubling waits, then further attempts at the longest wait. What the sink refuses for good is
 * passed over. Knows nothing of other sinks, so that none waits for another.
 */
export class SinkQueue {
  readonly state: SinkState
  readonly #parts: SinkQueueParts
  readonly #abort = new AbortController()
  #waiting: Publication[] = []
  #running = false
  #listeners: (() => void)[] = []
  /** Of what the sink says was left out: so much is counted already. */
  #rejected = 0

  constructor(parts: SinkQueueParts) {
    this.#parts = parts
    this.state = {
      name: parts.sink.name,
      required: parts.required,
      published: { anomaly: 0, anomaly_cluster: 0, new_error: 0, dead_letter: 0 },
      attempts: 0,
      failures: 0,
      retries: 0,
      queued: 0,
      refused: 0,
      dropped: 0,
      paused: false,
      lastError: '',
    }
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Whether the last attempt failed: it may be a while until the queue moves. */
  get isFailing(): boolean {
    return this.state.lastError !== ''
  }

  get isFull(): boolean {
    return this.#waiting.length >= MAX_QUEUED
  }

  /** Adds what the sink takes of these. Of a sink that is not required, the oldest give way. */
  add(publications: readonly Publication[]): void {
    const { sink, required, log } = this.#parts
    const taken = publications.filter(({ type }) => sink.takes.has(type))
    if (taken.length === 0) return
    this.#waiting.push(...taken)
    const over = this.#waiting.length - MAX_QUEUED
    if (!required && over > 0) {
      if (this.state.dropped === 0) {
        log.error('a sink is away for too long; the oldest of what waits for it is dropped', {
          sink: sink.name,
          waiting: MAX_QUEUED,
        })
      }
      this.state.dropped += over
      this.#waiting.splice(0, over)
    }
    this.state.queued = this.#waiting.length
    if (!this.#running) void this.#run()
  }

  /** Resolves at the next delivery, refusal or failure. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve))
  }

  /** Ends all attempts; what still waits is dropped. */
  stop(): void {
    this.#abort.abort()
    this.state.dropped += this.#waiting.length
    this.#waiting = []
    this.state.queued = 0
    this.#tell()
  }

  async #run(): Promise<void> {
    this.#running = true
    // What comes within the same turn of the loop goes out together.
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#abort.signal.aborted) {
      await this.#deliver(this.#waiting.slice(0, MAX_BATCH))
    }
    this.#running = false
  }

  async #deliver(batch: readonly Publication[]): Promise<void> {
    const { state } = this
    for (let attempt = 1; !this.#abort.signal.aborted; attempt++) {
      const failure = await this.#attempt(batch, attempt)
      if (this.#abort.signal.aborted) return
      if (failure === null) {
        this.#done(batch)
        return
      }
      if (isFinal(failure)) {
        await this.#refused(batch, messageOf(failure))
        return
      }
      this.#failed(attempt, messageOf(failure))
      // What gave way meanwhile is not tried again.
      if (batch[0] !== this.#waiting[0]) return
      await this.#parts.clock.sleep(this.#wait(attempt, failure), this.#abort.signal)
      if (state.queued === 0 || batch[0] !== this.#waiting[0]) return
    }
  }

  /** Null: the sink has the batch. */
  async #attempt(batch: readonly Publication[], attempt: number): Promise<unknown> {
    this.state.attempts++
    if (attempt > 1) this.state.retries++
    try {
      await this.#parts.sink.publish(batch)
      return null
    } catch (error) {
      return error ?? new Error('failed')
    }
  }

  #done(batch: readonly Publication[]): void {
    const { state } = this
    if (state.paused) this.#parts.log.info('sink is back', { sink: state.name })
    state.paused = false
    state.lastError = ''
    for (const { type } of batch) state.published[type]++
    const { count, why } = this.#parts.sink.rejected ?? { count: 0, why: '' }
    if (count > this.#rejected) this.#countRefused(count - this.#rejected, why)
    this.#rejected = count
    this.#forget(batch)
  }

  /** Counted; said at the first and then by each tenfold number. */
  #countRefused(count: number, error: string): void {
    const { state } = this
    const before = state.refused
    state.refused += count
    if (before > 0 && Math.floor(Math.log10(before)) === Math.floor(Math.log10(state.refused)))
      return
    const fields = { sink: state.name, refused: state.refused, error }
    this.#parts.log.error('a sink refuses for good what it is given; it is passed over', fields)
  }

  /** One that is refused must not take its neighbours with it: of several, each is tried by itself. */
  async #refused(batch: readonly Publication[], reason: string): Promise<void> {
    const [only] = batch
    if (batch.length > 1) {
      for (const each of batch) await this.#deliver([each])
      return
    }
    if (only === undefined) return
    const { state } = this
    state.failures++
    state.lastError = ''
    state.paused = false
    this.#countRefused(1, reason)
    this.#forget(batch)
    this.#parts.onRefused(only, reason)
  }

  #failed(attempt: number, error: string): void {
    const { state } = this
    const { retry, log } = this.#parts
    state.failures++
    state.lastError = error
    const fields = { sink: state.name, attempt, error }
    if (attempt < retry.attempts) log.warn('publishing failed; trying again', fields)
    else if (!state.paused) {
      const then = state.required
        ? 'nothing is committed until it is back'
        : 'the others go on without it'
      log.error(`sink is unreachable; ${then}`, fields)
    }
    if (attempt >= retry.attempts) state.paused = true
    this.#tell()
  }

  #forget(batch: readonly Publication[]): void {
    const gone = new Set(batch)
    let count = 0
    while (count < this.#waiting.length && gone.has(this.#waiting[count] as Publication)) count++
    this.#waiting.splice(0, count)
    this.state.queued = this.#waiting.length
    this.#tell()
  }

  #tell(): void {
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }

  /** Half to all of the doubled wait, so that instances that failed together do not return together. */
  #wait(attempt: number, failure: unknown): number {
    const { retry, clock } = this.#parts
    const doubled = retry.backoffMs * 2 ** Math.min(attempt - 1, 30)
    const wait = Math.min(doubled, retry.backoffMaxMs) * (0.5 + clock.random() / 2)
    return failure instanceof DeliveryFailure ? Math.max(wait, failure.retryAfterMs) : wait
  }
}

function isFinal(failure: unknown): boolean {
  return failure instanceof DeliveryFailure && failure.isFinal
}
