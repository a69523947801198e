import type { DeadLetter } from '../contract/dead-letter.ts'
import type { Publication, Sink, SinkState } from '../contract/sink.ts'
import type { Clock } from '../io/clock.ts'
import { publicationLine } from '../io/files/json-lines.ts'
import type { Log } from '../io/telemetry/log.ts'
import { type RetrySettings, SinkQueue } from './sink-queue.ts'

/** An orderly stop ran out of time while something was still unpublished; nothing of it was committed. */
export class PublishAborted extends Error {
  constructor() {
    super('stopped before everything was published; it will be read and published again')
    this.name = 'PublishAborted'
  }
}

/** Longest wait of a checkpoint for sinks that are slow and not away, ms. */
const SETTLE_MS = 500

/**
 * Gives publications to every sink that takes them, each by a queue of its own. Nothing waits for a
 * sink that is away, but what must not be lost does: a full queue of a required sink holds the loop, and
 * no checkpoint or commit covers what such a sink does not have.
 */
export class Publisher {
  readonly states: readonly SinkState[]
  readonly #queues: readonly SinkQueue[]
  readonly #clock: Clock

  /** @param required names of the sinks that commits wait for; undefined: all */
  constructor(
    sinks: readonly Sink[],
    retry: RetrySettings,
    clock: Clock,
    log: Log,
    required: ReadonlySet<string> = new Set(sinks.map(({ name }) => name)),
  ) {
    this.#clock = clock
    this.#queues = sinks.map((sink) => {
      const onRefused = (publication: Publication, reason: string): void =>
        this.#refused(sink, publication, reason)
      return new SinkQueue({
        sink,
        required: required.has(sink.name),
        retry,
        clock,
        log,
        onRefused,
      })
    })
    this.states = this.#queues.map(({ state }) => state)
  }

  /**
   * Takes all of it; waits only while a required sink has too much waiting already.
   * @throws PublishAborted when the signal aborts first
   */
  async publish(publications: readonly Publication[], signal: AbortSignal): Promise<void> {
    await this.#until(() => !this.#queues.some((q) => q.state.required && q.isFull), signal)
    for (const queue of this.#queues) queue.add(publications)
  }

  /** Whether the required sinks have everything, after a moment for those that are at it. */
  async settled(): Promise<boolean> {
    const open = (): SinkQueue[] => this.#queues.filter((q) => q.state.required && !q.isEmpty)
    if (open().length === 0) return true
    const enough = new AbortController()
    let late = false
    const limit = this.#clock.sleep(SETTLE_MS, enough.signal).then(() => {
      late = true
    })
    while (!late && open().length > 0 && !open().some(({ isFailing }) => isFailing)) {
      await Promise.race([limit, ...open().map((queue) => queue.changed())])
    }
    enough.abort()
    return open().length === 0
  }

  /**
   * The end: resolves when everything is out. A sink that is not required is not waited for once it fails.
   * @throws PublishAborted when the signal aborts while something required is not
   */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#until(
      () => this.#queues.every((q) => q.isEmpty || (!q.state.required && q.isFailing)),
      signal,
      () => this.#queues.some((q) => q.state.required && !q.isEmpty),
    )
  }

  /** Ends all attempts. Safe when called twice. */
  stop(): void {
    for (const queue of this.#queues) queue.stop()
  }

  async #until(
    holds: () => boolean,
    signal: AbortSignal,
    failsWhenAborted: () => boolean = () => true,
  ): Promise<void> {
    if (holds()) return
    let abort: () => void = () => undefined
    const aborted = new Promise<void>((resolve) => {
      abort = resolve
      signal.addEventListener('abort', abort, { once: true })
    })
    try {
      while (!holds()) {
        if (signal.aborted) {
          if (failsWhenAborted()) throw new PublishAborted()
          return
        }
        await Promise.race([aborted, ...this.#queues.map((queue) => queue.changed())])
      }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** A dead letter of it for the other sinks; what is one already is not told of again. */
  #refused(by: Sink, publication: Publication, reason: string): void {
    if (publication.type === 'dead_letter') return
    const state = this.states.find(({ name }) => name === by.name)
    const deadLetter: DeadLetter = {
      partition: `sink/${by.name}`,
      offset: BigInt(state?.refused ?? 0),
      reason: `refused by ${by.name}: ${reason}`,
      position: -1,
      body: new TextEncoder().encode(publicationLine(publication)),
    }
    for (const queue of this.#queues) {
      if (queue.state.name !== by.name) queue.add([{ type: 'dead_letter', deadLetter }])
    }
  }
}
