import type { RetrySettings } from '../config/pipeline-settings.ts'
import type { Publication, Sink, SinkState } from '../contract/sink.ts'
import type { Clock } from '../io/clock.ts'
import { type Log, messageOf } from '../io/telemetry/log.ts'

/** An orderly stop ran out of time while something was still unpublished; nothing of it was committed. */
export class PublishAborted extends Error {
  constructor() {
    super('stopped before everything was published; it will be read and published again')
    this.name = 'PublishAborted'
  }
}

/**
 * Gives publications to every sink that takes them, each until it has them: bounded attempts with
 * jittered, doubling waits, then a pause with further attempts at the longest wait. Nothing is dropped.
 */
export class Publisher {
  readonly states: readonly SinkState[]
  readonly #sinks: readonly Sink[]
  readonly #retry: RetrySettings
  readonly #clock: Clock
  readonly #log: Log

  constructor(sinks: readonly Sink[], retry: RetrySettings, clock: Clock, log: Log) {
    this.#sinks = sinks
    this.#retry = retry
    this.#clock = clock
    this.#log = log
    this.states = sinks.map(({ name }) => ({
      name,
      published: { anomaly: 0, anomaly_cluster: 0, dead_letter: 0 },
      attempts: 0,
      failures: 0,
      retries: 0,
      paused: false,
      lastError: '',
    }))
  }

  /**
   * Resolves when all of it is safe at every sink that takes it.
   * @throws PublishAborted when the signal aborts first
   */
  async publish(publications: readonly Publication[], signal: AbortSignal): Promise<void> {
    if (publications.length === 0) return
    const tasks: Promise<void>[] = []
    for (const [index, sink] of this.#sinks.entries()) {
      const state = this.states[index]
      const taken = publications.filter(({ type }) => sink.takes.has(type))
      if (state !== undefined && taken.length > 0) {
        tasks.push(this.#untilDone(sink, state, taken, signal))
      }
    }
    await Promise.all(tasks)
  }

  async #untilDone(
    sink: Sink,
    state: SinkState,
    batch: readonly Publication[],
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw new PublishAborted()
      state.attempts++
      if (attempt > 1) state.retries++
      try {
        await abortable(sink.publish(batch), signal)
        break
      } catch (error) {
        if (error instanceof PublishAborted) throw error
        this.#failed(sink, state, attempt, messageOf(error))
        await this.#clock.sleep(this.#wait(attempt), signal)
      }
    }
    if (state.paused) this.#log.info('sink is back', { sink: sink.name })
    state.paused = false
    state.lastError = ''
    for (const { type } of batch) state.published[type]++
  }

  #failed(sink: Sink, state: SinkState, attempt: number, error: string): void {
    state.failures++
    state.lastError = error
    const fields = { sink: sink.name, attempt, error }
    if (attempt < this.#retry.attempts) this.#log.warn('publishing failed; trying again', fields)
    else if (!state.paused) this.#log.error('sink is unreachable; input waits for it', fields)
    if (attempt >= this.#retry.attempts) state.paused = true
  }

  /** Half to all of the doubled wait, so that instances that failed together do not return together. */
  #wait(attempt: number): number {
    const doubled = this.#retry.backoffMs * 2 ** Math.min(attempt - 1, 30)
    return Math.min(doubled, this.#retry.backoffMaxMs) * (0.5 + this.#clock.random() / 2)
  }
}

async function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new PublishAborted())
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
