import type { Member } from './members.ts'

/** Examples kept of one series before its alarm, and series that they are kept of. */
const MOST_OF_SERIES = 4
const MOST_SERIES = 256

/** Examples of series whose evidence grows, so that a cluster begins with something to show. */
export class EarlyExamples {
  /** Series that found no room. */
  dropped = 0
  readonly #bySeries = new Map<number, readonly Member[]>()

  get size(): number {
    return this.#bySeries.size
  }

  /** Keeps examples of a series from now on. */
  begin(series: number): void {
    if (this.#bySeries.has(series)) return
    if (this.#bySeries.size < MOST_SERIES) this.#bySeries.set(series, [])
    else this.dropped++
  }

  has(series: number): boolean {
    return this.#bySeries.has(series)
  }

  wants(series: number): boolean {
    const members = this.#bySeries.get(series)
    return members !== undefined && members.length < MOST_OF_SERIES
  }

  add(series: number, member: Member): void {
    this.#bySeries.set(series, [...this.#bySeries.get(series)!, member])
  }

  /** All that is kept. */
  *all(): Generator<Member> {
    for (const members of this.#bySeries.values()) yield* members
  }

  /** Hands over what was kept of a series, and keeps no more of it. */
  handOver(series: number): readonly Member[] {
    const members = this.#bySeries.get(series) ?? []
    this.#bySeries.delete(series)
    return members
  }

  /** Forgets the series of which this is not so. */
  keepOnly(isGrowing: (series: number) => boolean): void {
    for (const series of [...this.#bySeries.keys()]) {
      if (!isGrowing(series)) this.#bySeries.delete(series)
    }
  }

  clear(): void {
    this.#bySeries.clear()
  }

  state() {
    return { dropped: this.dropped, series: [...this.#bySeries] }
  }

  restore({ dropped, series }: ReturnType<EarlyExamples['state']>): void {
    this.dropped = dropped
    for (const [one, members] of series) this.#bySeries.set(one, members)
  }
}
