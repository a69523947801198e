import type { LogRecord } from '../../contract/log-record.ts'

/**
 * First in, first out, between the Kafka client and `poll`. It never refuses: what one fetch brought
 * is in memory anyway. The source pauses its partitions as soon as a limit is reached.
 */
export class RecordQueue {
  readonly #maxRecords: number
  readonly #maxBytes: number
  #records: LogRecord[] = []
  #bytes = 0

  constructor(maxRecords: number, maxBytes: number) {
    this.#maxRecords = maxRecords
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#records.length
  }

  /** Sum of the bodies. */
  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.length >= this.#maxRecords || this.#bytes >= this.#maxBytes
  }

  /** Well below both limits, so that pausing does not flutter. */
  get hasRoom(): boolean {
    return this.length * 2 <= this.#maxRecords && this.#bytes * 2 <= this.#maxBytes
  }

  push(record: LogRecord): void {
    this.#records.push(record)
    this.#bytes += record.body.length
  }

  /** Up to `count` records, oldest first. */
  take(count: number): LogRecord[] {
    const taken = this.#records.splice(0, count)
    for (const record of taken) this.#bytes -= record.body.length
    return taken
  }

  /** Drops every record of the partitions that `isDropped` names; returns how many. */
  drop(isDropped: (partition: string) => boolean): number {
    const before = this.#records.length
    this.#records = this.#records.filter((record) => !isDropped(record.partition))
    this.#bytes = this.#records.reduce((sum, record) => sum + record.body.length, 0)
    return before - this.#records.length
  }
}
