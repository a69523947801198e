import type { LogRecord } from '../../contract/log-record.ts'

/** The bounded hand-over between a source that is pushed to and the loop that polls. */
export class RecordQueue {
  readonly maxRecords: number
  readonly maxBytes: number
  #records: LogRecord[] = []
  #bytes = 0
  #wake: (() => void) | null = null

  constructor(maxRecords: number, maxBytes: number) {
    this.maxRecords = maxRecords
    this.maxBytes = maxBytes
  }

  get length(): number {
    return this.#records.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether a record of so many bytes finds room now. */
  hasRoom(bytes: number): boolean {
    return this.#records.length < this.maxRecords && this.#bytes + bytes <= this.maxBytes
  }

  /** Adds a record; the caller has asked `hasRoom`. */
  push(record: LogRecord): void {
    this.#records.push(record)
    this.#bytes += record.body.byteLength
    this.wake()
  }

  /** Up to `max` records, oldest first; waits at most `waitMs` for the first one, or until woken. */
  async take(max: number, waitMs: number): Promise<LogRecord[]> {
    if (this.#records.length === 0) await this.#wait(waitMs)
    const taken = this.#records.splice(0, max)
    for (const record of taken) this.#bytes -= record.body.byteLength
    return taken
  }

  /** Ends a wait early. */
  wake(): void {
    this.#wake?.()
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#wake = end
    })
  }
}
