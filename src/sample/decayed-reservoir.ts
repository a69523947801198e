import { Columns, type SavedColumns } from '../columns/columns.ts'

/** What names and ranks an entry. */
const RANK = { key: 'f64', tie: 'f64' } as const

/** All that a reservoir is, best entry first. Plain data, apart from the items. */
export interface ReservoirState<T> {
  readonly capacity: number
  readonly ranks: SavedColumns<typeof RANK>
  readonly items: readonly T[]
}

/**
 * The `capacity` entries with the largest (key, tie), whatever order they came in: a bottom-m
 * sample. With keys from `decayKey` it is a time-decayed random sample. Since the set kept is a
 * function of the set offered, it can be cut into shards and merged by union, or stopped and restored.
 *
 * (key, tie) names an item: a pair that is held already is refused, so that a redelivered
 * observation or an overlapping merge counts once. Ties must be finite numbers, e.g. a hash word.
 *
 * A binary min-heap on flat keys, items beside. `offer` is O(1) for what does not enter (nearly
 * everything, in a long stream) and O(log capacity) for what does; only an equal key is searched for.
 */
export class DecayedReservoir<T> {
  #capacity: number
  #size = 0
  readonly #ranks: Columns<typeof RANK>
  readonly #items: T[] = []
  /** How many entries have a key: a key that none has needs no search for a duplicate. */
  readonly #held = new Map<number, number>()

  /** Throws RangeError where `capacity` is not a whole number of at least 0. */
  constructor(capacity: number) {
    checkCapacity(capacity)
    this.#capacity = capacity
    this.#ranks = new Columns(RANK, Math.min(capacity, 16))
  }

  get size(): number {
    return this.#size
  }

  get capacity(): number {
    return this.#capacity
  }

  /** The key below which nothing enters: -Infinity while there is room, Infinity at capacity 0. */
  get threshold(): number {
    if (this.#size < this.#capacity) return -Infinity
    return this.#capacity === 0 ? Infinity : this.#ranks.of.key[0]!
  }

  /** Whether an entry would be kept; lets the caller build the item only then. */
  wouldEnter(key: number, tie: number): boolean {
    if (this.#size < this.#capacity) return true
    return this.#capacity > 0 && this.#isAbove(key, tie, 0)
  }

  /**
   * Takes an entry in. Returns what is left over: the item that had to go, the offered item itself
   * where it was refused, or null. Throws RangeError on a key that is not finite.
   */
  offer(key: number, tie: number, item: T): T | null {
    if (!Number.isFinite(key) || !Number.isFinite(tie)) {
      throw new RangeError(`Reservoir key must be finite, got ${key} (tie ${tie}).`)
    }
    if (!this.wouldEnter(key, tie) || this.#holds(key, tie)) return item
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1)
    if (this.#size < this.#capacity) {
      // A reservoir that never fills never pays for its capacity.
      this.#ranks.grow(this.#size + 1)
      this.#siftUp(this.#size++, key, tie, item)
      return null
    }
    const evicted = this.#items[0]!
    this.#release(this.#ranks.of.key[0]!)
    this.#siftDown(key, tie, item)
    return evicted
  }

  /** Takes in the entries of another reservoir; what both hold counts once. */
  merge(other: DecayedReservoir<T>): void {
    const { key, tie } = other.#ranks.of
    for (let i = 0; i < other.#size; i++) this.offer(key[i]!, tie[i]!, other.#items[i]!)
  }

  /**
   * Changes the capacity and returns the items that had to go, worst first. Shrinking is exact.
   * After growing, what was refused before is missing: new entries fill the room, so the sample
   * leans to later observations until the difference has decayed.
   */
  resize(capacity: number): T[] {
    checkCapacity(capacity)
    this.#capacity = capacity
    const evicted: T[] = []
    const { key, tie } = this.#ranks.of
    while (this.#size > capacity) {
      evicted.push(this.#items[0]!)
      this.#release(key[0]!)
      const last = --this.#size
      const item = this.#items.pop()!
      if (last > 0) this.#siftDown(key[last]!, tie[last]!, item)
    }
    return evicted
  }

  /** Drops the items of which this is so; what was refused for them before is missing. */
  drop(isDropped: (item: T) => boolean): void {
    const kept = this.#order().filter((i) => !isDropped(this.#items[i]!))
    if (kept.length === this.#size) return
    const { key, tie } = this.#ranks.gather(kept)
    const items = kept.map((i) => this.#items[i]!)
    this.#size = 0
    this.#items.length = 0
    this.#held.clear()
    items.forEach((item, i) => {
      this.offer(key[i]!, tie[i]!, item)
    })
  }

  /** The items, best key first, equal keys by descending tie: independent of the order of offers. */
  items(): T[] {
    return this.#order().map((i) => this.#items[i]!)
  }

  state(): ReservoirState<T> {
    const order = this.#order()
    return {
      capacity: this.#capacity,
      ranks: this.#ranks.gather(order),
      items: order.map((i) => this.#items[i]!),
    }
  }

  /** Throws RangeError where the state does not fit together. */
  static restore<T>(state: ReservoirState<T>): DecayedReservoir<T> {
    const { capacity, items } = state
    const ranks = new Columns(RANK)
    ranks.restore(state.ranks)
    if (ranks.rows !== items.length || ranks.rows > capacity) {
      throw new RangeError(
        `Reservoir of ${capacity} has ${ranks.rows} keys and ${items.length} items.`,
      )
    }
    const reservoir = new DecayedReservoir<T>(capacity)
    const { key, tie } = ranks.of
    for (let i = 0; i < ranks.rows; i++) reservoir.offer(key[i]!, tie[i]!, items[i]!)
    return reservoir
  }

  #order(): number[] {
    const { key, tie } = this.#ranks.of
    const order = Array.from({ length: this.#size }, (_, i) => i)
    return order.sort((a, b) => key[b]! - key[a]! || tie[b]! - tie[a]!)
  }

  #release(key: number): void {
    const count = this.#held.get(key)!
    if (count === 1) this.#held.delete(key)
    else this.#held.set(key, count - 1)
  }

  #holds(key: number, tie: number): boolean {
    if (!this.#held.has(key)) return false
    const { of } = this.#ranks
    for (let i = 0; i < this.#size; i++) if (of.key[i] === key && of.tie[i] === tie) return true
    return false
  }

  #siftUp(from: number, key: number, tie: number, item: T): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#isAbove(key, tie, parent)) break
      this.#move(parent, i)
      i = parent
    }
    this.#set(i, key, tie, item)
  }

  /** Puts an entry at the root, in place of the one there. */
  #siftDown(key: number, tie: number, item: T): void {
    const size = this.#size
    const { of } = this.#ranks
    let i = 0
    for (let child = 1; child < size; child = 2 * i + 1) {
      const right = child + 1
      if (right < size && this.#isAbove(of.key[child]!, of.tie[child]!, right)) child = right
      if (!this.#isAbove(key, tie, child)) break
      this.#move(child, i)
      i = child
    }
    this.#set(i, key, tie, item)
  }

  #move(from: number, to: number): void {
    const { key, tie } = this.#ranks.of
    this.#set(to, key[from]!, tie[from]!, this.#items[from]!)
  }

  #set(at: number, key: number, tie: number, item: T): void {
    this.#ranks.of.key[at] = key
    this.#ranks.of.tie[at] = tie
    this.#items[at] = item
  }

  /** Whether (key, tie) is larger than that of entry `other`: the total order everything here follows. */
  #isAbove(key: number, tie: number, other: number): boolean {
    const { of } = this.#ranks
    const otherKey = of.key[other]!
    return key > otherKey || (key === otherKey && tie > of.tie[other]!)
  }
}

function checkCapacity(capacity: number): void {
  if (!Number.isInteger(capacity) || capacity < 0) {
    throw new RangeError(`Reservoir capacity must be a whole number, got ${capacity}.`)
  }
}
