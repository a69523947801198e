import type { LogRecord } from '../../src/contract/log-record.ts'
import type { Source, SourceBatch } from '../../src/contract/source.ts'

/** Records that are in memory already, handed over as far as somebody else says. */
export class TurnSource implements Source {
  readonly name = 'memory'
  /** Resolves when the loop has done all it may take and asks for more. */
  waiting: Promise<void>
  readonly #records: readonly LogRecord[]
  #next = 0
  #until = 0
  #ended = false
  #asked: () => void = () => undefined
  #wake: () => void = () => undefined

  constructor(records: readonly LogRecord[]) {
    this.#records = records
    this.waiting = this.#untilAsked()
  }

  /** Lets the loop take the records before `until`; resolves when it has done them. */
  give(until: number): Promise<void> {
    this.#until = until
    this.waiting = this.#untilAsked()
    this.#wake()
    return this.waiting
  }

  /** There is no more. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  async start(): Promise<void> {}
  async commit(): Promise<void> {}
  async seek(): Promise<void> {}
  async stop(): Promise<void> {}

  async poll(maxRecords: number): Promise<SourceBatch | null> {
    if (this.#next === this.#until) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#asked()
      await woken
    }
    if (this.#ended) return null
    const records = this.#records.slice(this.#next, Math.min(this.#next + maxRecords, this.#until))
    this.#next += records.length
    return { records, revoked: [] }
  }

  lag(): ReadonlyMap<string, { records: number }> {
    return new Map([['otlp_spans/0', { records: this.#records.length - this.#next }]])
  }

  #untilAsked(): Promise<void> {
    return new Promise((resolve) => {
      this.#asked = resolve
    })
  }
}
