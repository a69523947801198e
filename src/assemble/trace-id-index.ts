import { Columns } from '../columns/columns.ts'

const FREE = -1

/**
 * Finds the slot of a trace id: open addressing with linear probing over the four id words, at most
 * half full, deletion by backward shift (Knuth, TAOCP 3, 6.4, algorithm R), so that no tombstones
 * pile up in a table that lives for months. Slots are small integers that the caller gives out;
 * nothing is allocated but by `ensure`.
 */
export class TraceIdIndex {
  /** By slot: its id, and the id's hash; stale where a slot is not in use. */
  readonly slots: Columns<{ id: { type: 'u32'; width: 4 }; hash: 'u32' }>
  #table: Int32Array<ArrayBuffer>

  /** @param capacity slots to make room for; raised to a power of two. */
  constructor(capacity: number) {
    const slots = 1 << Math.max(4, 32 - Math.clz32(Math.max(1, capacity) - 1))
    this.slots = new Columns({ id: { type: 'u32', width: 4 }, hash: 'u32' }, slots)
    this.#table = new Int32Array(slots * 2).fill(FREE)
  }

  /** Slots there is room for. */
  get capacity(): number {
    return this.slots.rows
  }

  /** Slot of the id at `words[at .. at + 3]`, or -1. */
  find(words: Uint32Array, at: number): number {
    const a = words[at]!
    const b = words[at + 1]!
    const c = words[at + 2]!
    const d = words[at + 3]!
    const table = this.#table
    const ids = this.slots.of.id
    const mask = table.length - 1
    let cell = hashOf(a, b, c, d) & mask
    for (let slot = table[cell]!; slot !== FREE; slot = table[cell]!) {
      const base = slot * 4
      if (ids[base] === a && ids[base + 1] === b && ids[base + 2] === c && ids[base + 3] === d) {
        return slot
      }
      cell = (cell + 1) & mask
    }
    return -1
  }

  /** Gives `slot` (unused, below `capacity`) the id at `words[at .. at + 3]`, which is not in yet. */
  insert(slot: number, words: Uint32Array, at: number): void {
    const { id, hash } = this.slots.of
    for (let word = 0; word < 4; word++) id[slot * 4 + word] = words[at + word]!
    hash[slot] = hashOf(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
    this.#place(slot)
  }

  /** Forgets the id of a slot that is in use. */
  remove(slot: number): void {
    const table = this.#table
    const { hash } = this.slots.of
    const mask = table.length - 1
    let hole = hash[slot]! & mask
    while (table[hole] !== slot) hole = (hole + 1) & mask
    for (let cell = (hole + 1) & mask; table[cell] !== FREE; cell = (cell + 1) & mask) {
      const home = hash[table[cell]!]! & mask
      // Moves back unless its home lies cyclically in (hole, cell].
      if (((cell - home) & mask) >= ((cell - hole) & mask)) {
        table[hole] = table[cell]!
        hole = cell
      }
    }
    table[hole] = FREE
  }

  /** Doubles the room; ids stay. `used` tells which slots are in the table. */
  grow(used: (slot: number) => boolean): void {
    const slots = this.capacity
    this.slots.grow(slots * 2)
    this.#table = new Int32Array(slots * 4).fill(FREE)
    for (let slot = 0; slot < slots; slot++) if (used(slot)) this.#place(slot)
  }

  #place(slot: number): void {
    const table = this.#table
    const mask = table.length - 1
    let cell = this.slots.of.hash[slot]! & mask
    while (table[cell] !== FREE) cell = (cell + 1) & mask
    table[cell] = slot
  }
}

/** Mixes four words well enough for ids that merely count up; murmur3's multipliers and finish. */
function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a, 0xcc9e2d51)
  hash = Math.imul((hash ^ (hash >>> 15)) + b, 0x1b873593)
  hash = Math.imul((hash ^ (hash >>> 15)) + c, 0xcc9e2d51)
  hash = Math.imul((hash ^ (hash >>> 15)) + d, 0x85ebca6b)
  return (hash ^ (hash >>> 15)) >>> 0
}
