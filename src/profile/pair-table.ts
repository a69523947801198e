const EMPTY = -1

/** Id of the absent pair. */
export const NO_PAIR = 0
/** Id that every pair beyond the limit shares. */
export const OTHER_PAIR = 1

/**
 * Pairs of non-negative integers as small, dense ids, in the order in which they were first seen.
 * Elements, call paths, places and strata are all pairs of something known already, so a trace is
 * described by a handful of table look-ups and no strings. Append-only up to `limit`; later pairs
 * become `OTHER_PAIR` and are counted.
 */
export class PairTable {
  readonly limit: number
  overflow = 0
  #size = 2
  #first: Int32Array<ArrayBuffer>
  #second: Int32Array<ArrayBuffer>
  #slots: Int32Array<ArrayBuffer>

  constructor(limit: number) {
    this.limit = Math.max(2, limit)
    this.#first = new Int32Array(256)
    this.#second = new Int32Array(256)
    this.#slots = new Int32Array(512).fill(EMPTY)
  }

  /** Ids given out, the two reserved ones included. */
  get size(): number {
    return this.#size
  }

  first(id: number): number {
    return this.#first[id]!
  }

  second(id: number): number {
    return this.#second[id]!
  }

  /** The pair's id, given out now if it is new; `OTHER_PAIR` where the table is full. */
  intern(first: number, second: number): number {
    const mask = this.#slots.length - 1
    let slot = hashPair(first, second) & mask
    for (let id = this.#slots[slot]!; id !== EMPTY; id = this.#slots[slot]!) {
      if (this.#first[id] === first && this.#second[id] === second) return id
      slot = (slot + 1) & mask
    }
    if (this.#size >= this.limit) {
      this.overflow++
      return OTHER_PAIR
    }
    if (this.#size === this.#first.length) {
      this.#grow()
      return this.intern(first, second)
    }
    const id = this.#size++
    this.#first[id] = first
    this.#second[id] = second
    this.#slots[slot] = id
    return id
  }

  /** The pair's id, or `NO_PAIR` if it was never given one. */
  find(first: number, second: number): number {
    const mask = this.#slots.length - 1
    let slot = hashPair(first, second) & mask
    for (let id = this.#slots[slot]!; id !== EMPTY; id = this.#slots[slot]!) {
      if (this.#first[id] === first && this.#second[id] === second) return id
      slot = (slot + 1) & mask
    }
    return NO_PAIR
  }

  state(): PairTableState {
    return {
      first: this.#first.slice(2, this.#size),
      second: this.#second.slice(2, this.#size),
      overflow: this.overflow,
    }
  }

  /** Takes over a state; only valid on a fresh table. */
  restore(state: PairTableState): void {
    for (let i = 0; i < state.first.length; i++) this.intern(state.first[i]!, state.second[i]!)
    this.overflow = state.overflow
  }

  #grow(): void {
    const capacity = this.#first.length * 2
    const first = new Int32Array(capacity)
    const second = new Int32Array(capacity)
    first.set(this.#first)
    second.set(this.#second)
    this.#first = first
    this.#second = second
    const mask = capacity * 2 - 1
    this.#slots = new Int32Array(capacity * 2).fill(EMPTY)
    for (let id = 2; id < this.#size; id++) {
      let slot = hashPair(first[id]!, second[id]!) & mask
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask
      this.#slots[slot] = id
    }
  }
}

export interface PairTableState {
  readonly first: Int32Array<ArrayBuffer>
  readonly second: Int32Array<ArrayBuffer>
  readonly overflow: number
}

function hashPair(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 0x7f4a7c15, 0x85ebca6b)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
