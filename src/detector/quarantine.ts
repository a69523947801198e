/** Most observations that wait; of more, the ones that came first are forgotten. */
const MOST_WAITING = 2048

interface Waiting<T> {
  readonly stratum: number
  readonly timeMs: number
  readonly item: T
}

/**
 * Where flagged observations wait before anything is learned from them. What went on to be part of an
 * anomaly cluster is an incident, and what waited from the same entry operation when it began goes with
 * it. What no anomaly cluster came for is normal, however rare: a threshold that kept it out for good
 * would lock itself at the first change of load.
 */
export class Quarantine<T> {
  /** Observations forgotten: with an incident, or for want of room. */
  forgotten = 0
  readonly #waitMs: number
  #waiting: Waiting<T>[] = []
  /** By stratum: when it last had an observation in an anomaly cluster. */
  #incidents = new Map<number, number>()

  /** @param waitMs time in which an anomaly cluster opens if one will, data time */
  constructor(waitMs: number) {
    this.#waitMs = waitMs
  }

  /** Observations that wait. */
  get size(): number {
    return this.#waiting.length
  }

  add(stratum: number, timeMs: number, item: T): void {
    this.#waiting.push({ stratum, timeMs, item })
    if (this.#waiting.length <= MOST_WAITING) return
    this.#waiting.shift()
    this.forgotten++
  }

  /** An observation of the stratum is part of an open anomaly cluster. */
  noteIncident(stratum: number, timeMs: number): void {
    this.#incidents.set(stratum, Math.max(timeMs, this.#incidents.get(stratum) ?? timeMs))
  }

  /** Hands out what has waited for long enough, and forgets what turned out to be part of an incident. */
  release(nowMs: number, take: (stratum: number, item: T) => void): void {
    const due = this.#waiting.findIndex(({ timeMs }) => timeMs + this.#waitMs > nowMs)
    const released = due < 0 ? this.#waiting : this.#waiting.slice(0, due)
    if (released.length === 0) return
    this.#waiting = due < 0 ? [] : this.#waiting.slice(due)
    for (const { stratum, timeMs, item } of released) {
      const incidentMs = this.#incidents.get(stratum)
      if (incidentMs !== undefined && incidentMs >= timeMs) this.forgotten++
      else take(stratum, item)
    }
  }

  /** What waits, with its stratum. */
  get waiting(): readonly { readonly stratum: number; readonly item: T }[] {
    return this.#waiting
  }

  /** These strata will be other ones. */
  forget(strata: Iterable<number>): void {
    for (const stratum of strata) this.#incidents.delete(stratum)
  }

  state(): QuarantineState<T> {
    return {
      forgotten: this.forgotten,
      waiting: [...this.#waiting],
      incidents: [...this.#incidents],
    }
  }

  restore(state: QuarantineState<T>): void {
    this.forgotten = state.forgotten
    this.#waiting = [...state.waiting]
    this.#incidents = new Map(state.incidents)
  }
}

export interface QuarantineState<T> {
  readonly forgotten: number
  readonly waiting: readonly Waiting<T>[]
  readonly incidents: readonly (readonly [number, number])[]
}
