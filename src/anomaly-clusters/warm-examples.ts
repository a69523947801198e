import type { Member } from './deviation-members.ts'

/** Examples kept of one series before it opens, and series that they are kept of. */
const MOST_OF_SERIES = 4
const MOST_SERIES = 256

/** Examples of series that are about to open, so that a cluster begins with something to show. */
export class WarmExamples {
  /** Series that found no room. */
  dropped = 0
  readonly #bySeries = new Map<number, Member[]>()

  get size(): number {
    return this.#bySeries.size
  }

  warm(series: number): void {
    if (this.#bySeries.has(series)) return
    if (this.#bySeries.size < MOST_SERIES) this.#bySeries.set(series, [])
    else this.dropped++
  }

  cool(series: number): void {
    this.#bySeries.delete(series)
  }

  has(series: number): boolean {
    return this.#bySeries.has(series)
  }

  wants(series: number): boolean {
    const members = this.#bySeries.get(series)
    return members !== undefined && members.length < MOST_OF_SERIES
  }

  add(series: number, member: Member): void {
    this.#bySeries.get(series)?.push(member)
  }

  /** Hands over what was kept of a series. */
  take(series: number): readonly Member[] {
    const members = this.#bySeries.get(series) ?? []
    this.#bySeries.delete(series)
    return members
  }

  /** Forgets series that are warm no more. */
  keepOnly(isWarm: (series: number) => boolean): void {
    for (const series of [...this.#bySeries.keys()]) if (!isWarm(series)) this.cool(series)
  }

  clear(): void {
    this.#bySeries.clear()
  }

  state(): WarmState {
    return { dropped: this.dropped, series: [...this.#bySeries].map(([s, m]) => [s, [...m]]) }
  }

  restore(state: WarmState): void {
    this.dropped = state.dropped
    for (const [series, members] of state.series) this.#bySeries.set(series, [...members])
  }
}

export interface WarmState {
  readonly dropped: number
  readonly series: readonly (readonly [series: number, members: readonly Member[]])[]
}
