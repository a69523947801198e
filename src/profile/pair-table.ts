import { Columns, type SavedColumns } from '../columns/columns.ts'
import { IdLedger, type IdLedgerState } from '../columns/id-ledger.ts'
import type { Marks } from '../columns/marks.ts'

const EMPTY = -1

/** Id of the absent pair. */
export const NO_PAIR = 0
/** Id that every pair beyond the limit shares. */
export const OTHER_PAIR = 1

const PAIR = { first: 'i32', second: 'i32' } as const

/** What stands on both sides of an id that is free. */
const FREE = -1

/** Its pairs by id, the two reserved ones included. */
export interface PairTableState {
  readonly ids: IdLedgerState
  readonly pairs: SavedColumns<typeof PAIR>
  readonly overflow: number
}

/**
 * Pairs of non-negative integers as small, dense ids, in the order in which they were first seen.
 * Elements, call paths, places and strata are all pairs of something known already, so a trace is
 * described by a handful of table look-ups and no strings. Up to `limit`; further pairs become
 * `OTHER_PAIR` and are counted, until others are forgotten. Ids are given out again.
 */
export class PairTable {
  readonly limit: number
  overflow = 0
  readonly ids = new IdLedger()
  readonly #pairs = new Columns(PAIR, 256)
  #slots: Int32Array<ArrayBuffer>

  constructor(limit: number) {
    this.limit = Math.max(2, limit)
    this.#slots = new Int32Array(512).fill(EMPTY)
  }

  /** Above all ids in use. */
  get size(): number {
    return this.ids.size
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
    if (known !== EMPTY) {
      this.ids.see(known)
      return known
    }
    if (this.ids.living >= this.limit) {
      this.overflow++
      return OTHER_PAIR
    }
    if (this.size === this.#pairs.rows) {
      this.#grow()
      return this.intern(first, second)
    }
    const id = this.ids.take()
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

  /** What may be forgotten. `after`: turns. */
  idle(after: number, used: Marks): Marks {
    return this.ids.idle({ after, limit: this.limit, used })
  }

  get isShort(): boolean {
    return this.ids.isShort({ after: 0, limit: this.limit })
  }

  /** Forgets these pairs; their ids will be those of others. */
  forget(gone: Marks): void {
    const { first, second } = this.#pairs.of
    for (const id of gone) {
      first[id] = FREE
      second[id] = FREE
      this.ids.release(id)
    }
    this.#index()
  }

  state(): PairTableState {
    return { ids: this.ids.state(), pairs: this.#pairs.save(this.size), overflow: this.overflow }
  }

  /** Takes over a state; only valid on a fresh table. */
  restore({ ids, pairs, overflow }: PairTableState): void {
    this.ids.restore(ids)
    this.#pairs.restore(pairs)
    this.overflow = overflow
    this.#grow()
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
    this.#pairs.grow(Math.max(256, this.#pairs.rows * 2))
    this.#index()
  }

  #index(): void {
    this.#slots = new Int32Array(this.#pairs.rows * 2).fill(EMPTY)
    const { first, second } = this.#pairs.of
    for (let id = 2; id < this.size; id++) {
      if (first[id] !== FREE) this.#slots[this.#slotOf(first[id]!, second[id]!)] = id
    }
  }
}

/** Of two non-negative integers; 32 bits. */
export function hashPair(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 0x7f4a7c15, 0x85ebca6b)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
