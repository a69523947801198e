/** All that a reservoir is, best entry first. Plain data: JSON keeps the keys exactly. */
export interface ReservoirState<T> {
  readonly capacity: number
  readonly keys: readonly number[]
  readonly ties: readonly number[]
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
  #keys: Float64Array
  #ties: Float64Array
  readonly #items: T[] = []
  /** How many entries have a key: a key that none has needs no search for a duplicate. */
  readonly #held = new Map<number, number>()

  /** Throws RangeError where `capacity` is not a whole number of at least 0. */
  constructor(capacity: number) {
    checkCapacity(capacity)
    this.#capacity = capacity
    this.#keys = new Float64Array(Math.min(capacity, 16))
    this.#ties = new Float64Array(this.#keys.length)
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
    return this.#capacity === 0 ? Infinity : this.#keys[0]!
  }

  /** Whether an entry would be kept; lets the caller build the item only then. */
  wouldEnter(key: number, tie: number): boolean {
    if (this.#size < this.#capacity) return true
    return this.#capacity > 0 && above(key, tie, this.#keys[0]!, this.#ties[0]!)
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
      this.#reserve()
      this.#siftUp(this.#size++, key, tie, item)
      return null
    }
    const evicted = this.#items[0]!
    this.#release(this.#keys[0]!)
    this.#siftDown(key, tie, item)
    return evicted
  }

  /** Takes in the entries of another reservoir; what both hold counts once. */
  merge(other: DecayedReservoir<T>): void {
    for (let i = 0; i < other.#size; i++) {
      this.offer(other.#keys[i]!, other.#ties[i]!, other.#items[i]!)
    }
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
    while (this.#size > capacity) {
      evicted.push(this.#items[0]!)
      this.#release(this.#keys[0]!)
      const last = --this.#size
      const item = this.#items.pop()!
      if (last > 0) this.#siftDown(this.#keys[last]!, this.#ties[last]!, item)
    }
    return evicted
  }

  /** The items, best key first, equal keys by descending tie: independent of the order of offers. */
  items(): T[] {
    return this.#order().map((i) => this.#items[i]!)
  }

  state(): ReservoirState<T> {
    const order = this.#order()
    return {
      capacity: this.#capacity,
      keys: order.map((i) => this.#keys[i]!),
      ties: order.map((i) => this.#ties[i]!),
      items: order.map((i) => this.#items[i]!),
    }
  }

  /** Throws RangeError where the state does not fit together. */
  static restore<T>(state: ReservoirState<T>): DecayedReservoir<T> {
    const size = state.items.length
    if (state.keys.length !== size || state.ties.length !== size || size > state.capacity) {
      throw new RangeError(
        `Reservoir of ${state.capacity} has ${state.keys.length} keys, ${state.ties.length} ties and ${size} items.`,
      )
    }
    const reservoir = new DecayedReservoir<T>(state.capacity)
    for (let i = 0; i < size; i++) reservoir.offer(state.keys[i]!, state.ties[i]!, state.items[i]!)
    return reservoir
  }

  #order(): number[] {
    const keys = this.#keys
    const ties = this.#ties
    const order = Array.from({ length: this.#size }, (_, i) => i)
    return order.sort((a, b) => keys[b]! - keys[a]! || ties[b]! - ties[a]!)
  }

  #release(key: number): void {
    const count = this.#held.get(key)!
    if (count === 1) this.#held.delete(key)
    else this.#held.set(key, count - 1)
  }

  #holds(key: number, tie: number): boolean {
    if (!this.#held.has(key)) return false
    for (let i = 0; i < this.#size; i++) {
      if (this.#keys[i] === key && this.#ties[i] === tie) return true
    }
    return false
  }

  /** Room for one more; a reservoir that never fills never pays for its capacity. */
  #reserve(): void {
    if (this.#size < this.#keys.length) return
    const length = Math.min(this.#capacity, Math.max(16, this.#keys.length * 2))
    const keys = new Float64Array(length)
    const ties = new Float64Array(length)
    keys.set(this.#keys)
    ties.set(this.#ties)
    this.#keys = keys
    this.#ties = ties
  }

  #siftUp(from: number, key: number, tie: number, item: T): void {
    let i = from
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!above(this.#keys[parent]!, this.#ties[parent]!, key, tie)) break
      this.#move(parent, i)
      i = parent
    }
    this.#set(i, key, tie, item)
  }

  /** Puts an entry at the root, in place of the one there. */
  #siftDown(key: number, tie: number, item: T): void {
    const size = this.#size
    let i = 0
    for (let child = 1; child < size; child = 2 * i + 1) {
      const right = child + 1
      if (
        right < size &&
        above(this.#keys[child]!, this.#ties[child]!, this.#keys[right]!, this.#ties[right]!)
      ) {
        child = right
      }
      if (!above(key, tie, this.#keys[child]!, this.#ties[child]!)) break
      this.#move(child, i)
      i = child
    }
    this.#set(i, key, tie, item)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#keys[from]!, this.#ties[from]!, this.#items[from]!)
  }

  #set(at: number, key: number, tie: number, item: T): void {
    this.#keys[at] = key
    this.#ties[at] = tie
    this.#items[at] = item
  }
}

/** Whether (key, tie) is larger than another: the total order everything here follows. */
function above(key: number, tie: number, otherKey: number, otherTie: number): boolean {
  return key > otherKey || (key === otherKey && tie > otherTie)
}

function checkCapacity(capacity: number): void {
  if (!Number.isInteger(capacity) || capacity < 0) {
    throw new RangeError(`Reservoir capacity must be a whole number, got ${capacity}.`)
  }
}
