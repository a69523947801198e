import type { LogRecord } from '../../src/contract/log-record.ts'
import type { Source, SourceBatch, SourceLag } from '../../src/contract/source.ts'

/** A log in memory that remembers its commits, as a broker would over a restart. */
export class FakeSource implements Source {
  readonly name = 'fake'
  readonly committed = new Map<string, bigint>()
  readonly commits: ReadonlyMap<string, bigint>[] = []
  readonly records: LogRecord[]
  /** Reported with the next poll. */
  revoke: string[] = []
  /** Batch sizes, repeated. */
  sizes: number[] = [Number.POSITIVE_INFINITY]
  /** Whether the log has an end, or only nothing more for now. */
  ends = true
  polls = 0
  /** Called when the last record has been given. */
  atEnd: () => void = () => undefined
  #next = 0
  #from: ReadonlyMap<string, bigint> | null = null

  constructor(records: LogRecord[]) {
    this.records = records
  }

  async start(): Promise<void> {
    this.#next = 0
    this.#from ??= this.committed
  }

  async poll(maxRecords: number): Promise<SourceBatch | null> {
    const revoked = this.revoke
    this.revoke = []
    const size = this.sizes[this.polls++ % this.sizes.length] ?? 1
    const records: LogRecord[] = []
    while (records.length < Math.min(size, maxRecords) && this.#next < this.records.length) {
      const record = this.records[this.#next++]
      if (record === undefined) break
      if (record.offset >= (this.#from?.get(record.partition) ?? 0n)) records.push(record)
    }
    if (records.length === 0 && revoked.length === 0 && this.ends) {
      this.atEnd()
      return null
    }
    if (records.length === 0) await new Promise((resolve) => setImmediate(resolve))
    return { records, revoked }
  }

  async commit(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.commits.push(offsets)
    for (const [partition, offset] of offsets) this.committed.set(partition, offset)
  }

  async seek(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.#from = offsets
  }

  lag(): ReadonlyMap<string, SourceLag> {
    return new Map([['fake/0', { records: this.records.length - this.#next }]])
  }

  async stop(): Promise<void> {}
}

/** Records of one partition; `strange` ones are anomalies to the fake detector. */
export function fakeRecords(
  count: number,
  strange: (n: number) => boolean,
  partition = 'fake/0',
): LogRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    partition,
    offset: BigInt(n),
    encoding: 'otlp_proto',
    body: Uint8Array.of(strange(n) ? 1 : 0, n & 255),
    timestampMs: 1000 + n,
    keyed: false,
  }))
}
