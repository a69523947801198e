import type { Source, SourceBatch, SourceLag } from '../contract/source.ts'

type Polled = { readonly index: number; readonly batch: SourceBatch | null }

/**
 * Several sources as one. Each has one poll under way; whichever answers first is taken, in turn, so
 * a busy one does not starve the others. At its end when all are.
 */
export class SourceSet implements Source {
  readonly name: string
  /** Those that give no more because the set was drained. */
  readonly #closed = new Set<number>()
  readonly #sources: readonly Source[]
  /** The poll under way, by source; null once the source is at its end. */
  readonly #polls: (Promise<Polled> | null | undefined)[]
  /** Which source gave a partition, to route its commits. */
  readonly #owner = new Map<string, Source>()
  #turn = 0

  constructor(sources: readonly Source[]) {
    this.#sources = sources
    this.name = sources.map(({ name }) => name).join('+')
    this.#polls = sources.map(() => undefined)
  }

  async start(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.start()))
  }

  async poll(maxRecords: number, maxWaitMs: number): Promise<SourceBatch | null> {
    const polls: Promise<Polled>[] = []
    for (let i = 0; i < this.#sources.length; i++) {
      const index = (this.#turn + i) % this.#sources.length
      const poll = this.#pollOf(index, maxRecords, maxWaitMs)
      if (poll !== null) polls.push(poll)
    }
    if (polls.length === 0) return null
    const { index, batch } = await Promise.race(polls)
    this.#turn = index + 1
    // A source that was closed while its poll was under way is not polled again.
    this.#polls[index] = batch === null || this.#closed.has(index) ? null : undefined
    const source = this.#sources[index]
    for (const { partition } of batch?.records ?? []) {
      if (source !== undefined) this.#owner.set(partition, source)
    }
    return batch ?? (polls.length === 1 ? null : { records: [], revoked: [] })
  }

  async commit(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    const shares = new Map<Source, Map<string, bigint>>()
    for (const [partition, offset] of offsets) {
      const source = this.#owner.get(partition)
      if (source === undefined) continue
      const share = shares.get(source) ?? new Map<string, bigint>()
      shares.set(source, share.set(partition, offset))
    }
    await Promise.all([...shares].map(([source, share]) => source.commit(share)))
  }

  /** Every source is told all; it knows its own partitions by their names. */
  async seek(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.seek(offsets)))
  }

  lag(): ReadonlyMap<string, SourceLag> {
    return new Map(this.#sources.flatMap((source) => [...source.lag()]))
  }

  /** Drains those that need it; the others just give no more. */
  async drain(): Promise<void> {
    await Promise.all(
      this.#sources.map(async (source, index) => {
        if (source.drain !== undefined) await source.drain()
        else {
          this.#closed.add(index)
          this.#polls[index] = null
        }
      }),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()))
  }

  #pollOf(index: number, maxRecords: number, maxWaitMs: number): Promise<Polled> | null {
    const source = this.#sources[index]
    if (source === undefined) return null
    const under = this.#polls[index]
    if (under !== undefined) return under
    const poll = source.poll(maxRecords, maxWaitMs).then((batch) => ({ index, batch }))
    // It may be awaited only in a later turn; its failure is reported there, not as unhandled.
    poll.catch(() => undefined)
    this.#polls[index] = poll
    return poll
  }
}
