import { doubled } from '../otlp/span-columns.ts'
import type { TraceIdIndex } from './trace-id-index.ts'

/**
 * A binary heap of slots by (key, trace id): the order in which traces close. A slot's key may be
 * lower than its true deadline, which moves on with every span; the owner corrects it when the slot
 * comes to the top, so that most spans do not touch the heap at all.
 */
export class DeadlineHeap {
  size = 0
  #heap: Int32Array<ArrayBuffer> // slots, the smallest first
  #place: Int32Array<ArrayBuffer> // of each slot in #heap
  #keys: Float64Array<ArrayBuffer> // of each slot
  readonly #index: TraceIdIndex

  /** @param index holds the ids of the slots; they break ties. */
  constructor(index: TraceIdIndex) {
    this.#index = index
    this.#heap = new Int32Array(index.capacity)
    this.#place = new Int32Array(index.capacity)
    this.#keys = new Float64Array(index.capacity)
  }

  /** The slot that comes first; only where `size > 0`. */
  top(): number {
    return this.#heap[0]!
  }

  key(slot: number): number {
    return this.#keys[slot]!
  }

  push(slot: number, key: number): void {
    this.#keys[slot] = key
    this.#up(this.size++, slot)
  }

  /** Gives a slot that is in the heap another key. */
  update(slot: number, key: number): void {
    const before = this.#keys[slot]!
    this.#keys[slot] = key
    if (key < before) this.#up(this.#place[slot]!, slot)
    else this.#down(this.#place[slot]!, slot)
  }

  remove(slot: number): void {
    const place = this.#place[slot]!
    const last = this.#heap[--this.size]!
    if (last === slot) return
    this.#up(place, last)
    this.#down(this.#place[last]!, last)
  }

  grow(): void {
    this.#heap = doubled(this.#heap)
    this.#place = doubled(this.#place)
    this.#keys = doubled(this.#keys)
  }

  #up(from: number, slot: number): void {
    const heap = this.#heap
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = heap[above]!
      if (!this.#before(slot, other)) break
      heap[place] = other
      this.#place[other] = place
      place = above
    }
    heap[place] = slot
    this.#place[slot] = place
  }

  #down(from: number, slot: number): void {
    const heap = this.#heap
    const size = this.size
    let place = from
    for (let below = place * 2 + 1; below < size; below = place * 2 + 1) {
      if (below + 1 < size && this.#before(heap[below + 1]!, heap[below]!)) below++
      const other = heap[below]!
      if (!this.#before(other, slot)) break
      heap[place] = other
      this.#place[other] = place
      place = below
    }
    heap[place] = slot
    this.#place[slot] = place
  }

  #before(a: number, b: number): boolean {
    const difference = this.#keys[a]! - this.#keys[b]!
    if (difference !== 0) return difference < 0
    const ids = this.#index.ids
    for (let word = 0; word < 4; word++) {
      const left = ids[a * 4 + word]!
      const right = ids[b * 4 + word]!
      if (left !== right) return left < right
    }
    return false
  }
}
