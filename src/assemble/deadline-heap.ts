import { Columns } from '../columns/columns.ts'
import type { TraceIdIndex } from './trace-id-index.ts'

/**
 * A binary heap of slots by (key, trace id): the order in which traces close. A slot's key may be
 * lower than its true deadline, which moves on with every span; the owner corrects it when the slot
 * comes to the top, so that most spans do not touch the heap at all.
 */
export class DeadlineHeap {
  size = 0
  /** `heap`: slots, the smallest first. By slot: its `place` there and its `key`. */
  readonly #rows: Columns<{ heap: 'i32'; place: 'i32'; key: 'f64' }>
  readonly #index: TraceIdIndex

  /** @param index holds the ids of the slots; they break ties. */
  constructor(index: TraceIdIndex) {
    this.#index = index
    this.#rows = new Columns({ heap: 'i32', place: 'i32', key: 'f64' }, index.capacity)
  }

  /** The slot that comes first; only where `size > 0`. */
  top(): number {
    return this.#rows.of.heap[0]!
  }

  key(slot: number): number {
    return this.#rows.of.key[slot]!
  }

  push(slot: number, key: number): void {
    this.#rows.of.key[slot] = key
    this.#up(this.size++, slot)
  }

  /** Gives a slot that is in the heap another key. */
  update(slot: number, key: number): void {
    const before = this.#rows.of.key[slot]!
    this.#rows.of.key[slot] = key
    if (key < before) this.#up(this.#rows.of.place[slot]!, slot)
    else this.#down(this.#rows.of.place[slot]!, slot)
  }

  remove(slot: number): void {
    const place = this.#rows.of.place[slot]!
    const last = this.#rows.of.heap[--this.size]!
    if (last === slot) return
    this.#up(place, last)
    this.#down(this.#rows.of.place[last]!, last)
  }

  /** Makes room for as many slots as the index has. */
  grow(): void {
    this.#rows.grow(this.#index.capacity)
  }

  #up(from: number, slot: number): void {
    const { heap, place: places } = this.#rows.of
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = heap[above]!
      if (!this.#before(slot, other)) break
      heap[place] = other
      places[other] = place
      place = above
    }
    heap[place] = slot
    places[slot] = place
  }

  #down(from: number, slot: number): void {
    const { heap, place: places } = this.#rows.of
    const size = this.size
    let place = from
    for (let below = place * 2 + 1; below < size; below = place * 2 + 1) {
      if (below + 1 < size && this.#before(heap[below + 1]!, heap[below]!)) below++
      const other = heap[below]!
      if (!this.#before(other, slot)) break
      heap[place] = other
      places[other] = place
      place = below
    }
    heap[place] = slot
    places[slot] = place
  }

  #before(a: number, b: number): boolean {
    const difference = this.#rows.of.key[a]! - this.#rows.of.key[b]!
    if (difference !== 0) return difference < 0
    const ids = this.#index.slots.of.id
    for (let word = 0; word < 4; word++) {
      const left = ids[a * 4 + word]!
      const right = ids[b * 4 + word]!
      if (left !== right) return left < right
    }
    return false
  }
}
