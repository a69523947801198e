import { DecayedReservoir, type ReservoirState } from './decayed-reservoir.ts'
import { strataQuotas } from './quotas.ts'

/** How many observations are kept, in whole numbers. */
export interface StratifiedSize {
  /** Over all strata, */
  readonly size: number
  /** ... and at most, where many strata are alive and each needs its floor. */
  readonly sizeMost: number
  /** Least and most of one stratum. */
  readonly floor: number
  readonly cap: number
}

/** Plain data, apart from the items. */
export interface StratifiedState<T> {
  readonly strata: readonly { readonly stratum: number; readonly reservoir: ReservoirState<T> }[]
  readonly pool: ReservoirState<T>
}

/** Rate, in floors, from which a stratum counts as alive: half of its observations come to one sample. */
const ALIVE = 2
/** How much busier another stratum must be to take the room of one that has it. */
const HYSTERESIS = 2

/** Share of the free room that a new stratum gets until it is shared out anew. */
const NEWCOMER = 0.25

/**
 * One decayed reservoir per stratum, sized by the root of its rate: rare strata are kept in far more
 * than their share. The size grows with the strata that are alive, from `size` to `sizeMost`, so that
 * each has its floor; those for whom that is not enough, the rarest, share one more, the *pool*.
 */
export class StratifiedReservoir<T> {
  readonly #size: StratifiedSize
  readonly #strata: (DecayedReservoir<T> | undefined)[] = []
  readonly #pool: DecayedReservoir<T>
  #capacity = 0

  constructor(size: StratifiedSize, state?: StratifiedState<T>) {
    this.#size = size
    this.#pool = state
      ? DecayedReservoir.restore(state.pool)
      : new DecayedReservoir(Math.min(size.size, size.cap))
    for (const { stratum, reservoir } of state?.strata ?? []) {
      this.#strata[stratum] = DecayedReservoir.restore(reservoir)
      this.#capacity += reservoir.capacity
    }
  }

  /**
   * Where the observations of a stratum are kept: its own reservoir, or the pool. A new stratum gets a
   * quarter of what is still free, at least the floor and at most the cap, and no room beyond `sizeMost`.
   */
  of(stratum: number): DecayedReservoir<T> {
    const own = this.#strata[stratum] ?? this.#begin(stratum)
    return own.capacity > 0 ? own : this.#pool
  }

  /**
   * Shares the room out anew by the rates as they are now. Rates move slowly against the half-life, so
   * quotas do; growing a reservoir is inexact only then (see `DecayedReservoir.resize`). Returns the
   * number of items that had to go. O(strata log strata).
   */
  rebalance(rates: Float64Array): number {
    const { size, sizeMost, floor, cap } = this.#size
    const alive = rates.filter((rate) => rate >= ALIVE * floor).length
    const total = Math.max(size, Math.min(sizeMost, alive * floor))
    const pulls = rates.map((rate, s) => (this.#strata[s]?.capacity ? rate * HYSTERESIS : rate))
    const quotas = strataQuotas(pulls, total, floor, cap)
    let gone = 0
    this.#capacity = 0
    for (let s = 0; s < quotas.length; s++) {
      const reservoir = this.#strata[s]
      if (!reservoir) continue
      gone += reservoir.resize(quotas[s]!).length
      this.#capacity += quotas[s]!
    }
    return gone
  }

  /** What is kept of a stratum by itself, most lasting first, in an order that depends on nothing else. */
  items(stratum: number): T[] {
    return this.#strata[stratum]?.items() ?? []
  }

  /** ... of the strata without room of their own; likewise. */
  poolItems(): T[] {
    return this.#pool.items()
  }

  /** All that is kept, in no order. */
  *all(): Generator<T> {
    for (const reservoir of this.#strata) yield* reservoir?.items() ?? []
    yield* this.#pool.items()
  }

  /** Forgets some strata and gives their room back. `isTheirs`: of what is in the pool. */
  forget(strata: Iterable<number>, isTheirs: (item: T) => boolean): void {
    for (const stratum of strata) {
      this.#capacity -= this.#strata[stratum]?.capacity ?? 0
      this.#strata[stratum] = undefined
    }
    this.#pool.drop(isTheirs)
  }

  /** How many are kept of a stratum by itself. */
  kept(stratum: number): number {
    return this.#strata[stratum]?.size ?? 0
  }

  /** How many are kept in all. */
  get count(): number {
    return this.#strata.reduce((sum, reservoir) => sum + (reservoir?.size ?? 0), this.#pool.size)
  }

  state(): StratifiedState<T> {
    const strata = [...this.#strata.keys()]
      .filter((stratum) => this.#strata[stratum] !== undefined)
      .map((stratum) => ({ stratum, reservoir: this.#strata[stratum]!.state() }))
    return { strata, pool: this.#pool.state() }
  }

  #begin(stratum: number): DecayedReservoir<T> {
    const { size, sizeMost, floor, cap } = this.#size
    const free = Math.floor((size - this.#capacity) * NEWCOMER)
    const wanted = Math.min(cap, Math.max(floor, free))
    const made = new DecayedReservoir<T>(this.#capacity + wanted > sizeMost ? 0 : wanted)
    this.#capacity += made.capacity
    this.#strata[stratum] = made
    return made
  }
}
