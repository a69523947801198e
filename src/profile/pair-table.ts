import { Columns, type SavedColumns } from '../columns/columns.ts'

const EMPTY = -1

/** Id of the absent pair. */
export const NO_PAIR = 0
/** Id that every pair beyond the limit shares. */
export const OTHER_PAIR = 1

const PAIR = { first: 'i32', second: 'i32' } as const

/** Its pairs by id, the two reserved ones included. */
export interface PairTableState {
  readonly pairs: SavedColumns<typeof PAIR>
  readonly overflow: number
}

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
  readonly #pairs = new Columns(PAIR, 256)
  #slots: Int32Array<ArrayBuffer>

  constructor(limit: number) {
    this.limit = Math.max(2, limit)
    this.#slots = new Int32Array(512).fill(EMPTY)
  }

  /** Ids given out, the two reserved ones included. */
  get size(): number {
    return this.#size
  }

  /** The two sides of a pair; each kind of table says by name what they are. */
  protected first(id: number): number {
    return this.#pairs.of.first[id]!
  }

  protected second(id: number): number {
    return this.#pairs.of.second[id]!
  }

  /** The pair's id, given out now if it is new; `OTHER_PAIR` where the table is full. */
  intern(first: number, second: number): number {
    const slot = this.#slotOf(first, second)
    const known = this.#slots[slot]!
    if (known !== EMPTY) return known
    if (this.#size >= this.limit) {
      this.overflow++
      return OTHER_PAIR
    }
    if (this.#size === this.#pairs.rows) {
      this.#grow()
      return this.intern(first, second)
    }
    const id = this.#size++
    this.#pairs.of.first[id] = first
    this.#pairs.of.second[id] = second
    this.#slots[slot] = id
    return id
  }

  /** The pair's id, or `NO_PAIR` if it was never given one. */
  find(first: number, second: number): number {
    const id = this.#slots[this.#slotOf(first, second)]!
    return id === EMPTY ? NO_PAIR : id
  }

  state(): PairTableState {
    return { pairs: this.#pairs.save(this.#size), overflow: this.overflow }
  }

  /** Takes over a state; only valid on a fresh table. */
  restore(state: PairTableState): void {
    const { first, second } = state.pairs
    for (let id = 2; id < first.length; id++) this.intern(first[id]!, second[id]!)
    this.overflow = state.overflow
  }

  /** Slot of the pair, or the free one where it belongs. */
  #slotOf(first: number, second: number): number {
    const slots = this.#slots
    const { of } = this.#pairs
    const mask = slots.length - 1
    let slot = hashPair(first, second) & mask
    for (let id = slots[slot]!; id !== EMPTY; id = slots[slot]!) {
      if (of.first[id] === first && of.second[id] === second) break
      slot = (slot + 1) & mask
    }
    return slot
  }

  #grow(): void {
    this.#pairs.grow(this.#pairs.rows * 2)
    this.#slots = new Int32Array(this.#pairs.rows * 2).fill(EMPTY)
    const { first, second } = this.#pairs.of
    for (let id = 2; id < this.#size; id++) this.#slots[this.#slotOf(first[id]!, second[id]!)] = id
  }
}

function hashPair(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 0x7f4a7c15, 0x85ebca6b)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
