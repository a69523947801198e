import { Columns, type SavedColumns } from '../columns/columns.ts'
import { TraceIdIndex } from './trace-id-index.ts'

/** What is known of a closed trace. */
const CLOSED = {
  asked: 'u8', // 1 where it was asked for since the hand last passed
  long: 'u8', // 1 where it went on for longer than anybody waits
  closedMs: 'f64', // data time at which it was handed out last
  sentMs: 'f64', // when the last message that is known of it was sent, ms since 1970
} as const

/** The ids of `ClosedIds`, 4 words each, and what is known of them, the next to be forgotten first. */
export interface ClosedIdsState {
  readonly ids: Uint32Array<ArrayBuffer>
  readonly slots: SavedColumns<typeof CLOSED>
}

/**
 * The ids of traces closed lately, bounded. Forgets by CLOCK (second chance; Corbató 1968), which
 * behaves as LRU does where it matters here: a trace whose late spans keep coming stays known.
 * A ring with its own index rather than lru-cache because asking allocates nothing: lru-cache needs
 * a text key, made anew for every span of a trace that is not open (600 ns against 70 to 190 with
 * the cheapest key, 2,200 with hex).
 */
export class ClosedIds {
  readonly limit: number
  size = 0
  readonly #index: TraceIdIndex
  readonly #slots: Columns<typeof CLOSED>
  #hand = 0

  /** @param limit ids kept; 0 keeps none. */
  constructor(limit: number) {
    this.limit = limit
    this.#index = new TraceIdIndex(Math.min(limit, 1024))
    this.#slots = new Columns(CLOSED, this.#index.capacity)
  }

  /** Slot of the id at `words[at .. at + 3]`, which stays known for longer by this; -1 if it is not known. */
  find(words: Uint32Array, at: number): number {
    const slot = this.#index.find(words, at)
    if (slot >= 0) this.#slots.of.asked[slot] = 1
    return slot
  }

  /** Whether the trace in `slot` went on for longer than anybody waits. */
  isLong(slot: number): boolean {
    return this.#slots.of.long[slot] === 1
  }

  /** When the trace in `slot` was handed out last, data time, ms. */
  closedMs(slot: number): number {
    return this.#slots.of.closedMs[slot]!
  }

  /** When the last message was sent that is known of the trace at `words[at .. at + 3]`, ms; -1 if it is not known. */
  sentMs(words: Uint32Array, at: number): number {
    return this.#slots.of.sentMs[this.#index.find(words, at)] ?? -1
  }

  /**
   * Notes that the trace with the id at `words[at .. at + 3]` was handed out; returns how many other ids this
   * costs. `sentMs`: when the last message of what was handed out was sent.
   */
  add(words: Uint32Array, at: number, closedMs: number, isLong: boolean, sentMs: number): number {
    const known = this.#index.find(words, at)
    if (known >= 0) {
      this.#slots.of.closedMs[known] = closedMs
      if (isLong) this.#slots.of.long[known] = 1
      if (sentMs > this.#slots.of.sentMs[known]!) this.#slots.of.sentMs[known] = sentMs
      return 0
    }
    if (this.limit === 0) return 1
    const isFull = this.size === this.limit
    let slot = this.size
    if (!isFull) {
      if (slot === this.#index.capacity) this.#grow()
      this.size++
    } else {
      while (this.#slots.of.asked[this.#hand] === 1) this.#turn()
      slot = this.#hand
      this.#turn()
      this.#index.remove(slot)
    }
    this.#index.insert(slot, words, at)
    this.#slots.of.long[slot] = isLong ? 1 : 0
    this.#slots.of.closedMs[slot] = closedMs
    this.#slots.of.sentMs[slot] = sentMs
    return isFull ? 1 : 0
  }

  state(): ClosedIdsState {
    const slots = Array.from({ length: this.size }, (_, i) => (this.#hand + i) % this.size)
    return { ids: this.#index.slots.gather(slots).id, slots: this.#slots.gather(slots) }
  }

  /** Takes over `state` into an instance that is still empty; returns how many ids found no room. */
  restore(state: ClosedIdsState): number {
    const { asked, long, closedMs, sentMs } = state.slots
    const size = asked.length
    const skipped = Math.max(0, size - this.limit)
    for (let i = skipped; i < size; i++) {
      this.add(state.ids, i * 4, closedMs[i]!, long[i] === 1, sentMs[i]!)
      this.#slots.of.asked[this.size - 1] = asked[i]!
    }
    return skipped
  }

  #turn(): void {
    this.#slots.of.asked[this.#hand] = 0
    this.#hand = this.#hand + 1 === this.limit ? 0 : this.#hand + 1
  }

  #grow(): void {
    this.#index.grow(() => true)
    this.#slots.grow(this.#index.capacity)
  }
}
