import { Columns, type SavedColumns } from '../columns/columns.ts'
import { DeadlineHeap } from './deadline-heap.ts'
import type { SpanStore } from './span-store.ts'
import { TraceIdIndex } from './trace-id-index.ts'

const NONE = -1

/** Bits of `flags`. */
export const ROOT_SEEN = 1
export const SPANS_DROPPED = 2
export const UNKEYED = 4
export const MID_LOG = 8
/** What comes of a trace after it was handed out. */
export const LATE = 16
/** Of one that goes on for longer than anybody waits. */
export const LONG = 32

/** What is known of an open trace. */
const FACTS = {
  spans: 'i32',
  flags: 'u8',
  redated: 'u8', // how often it was dated anew when data time jumped
  firstSeenMs: 'f64', // data time at which its first span was seen
  rootEndMs: 'f64', // latest plausible end of a root; 0 before
  latestEndMs: 'f64', // and of any span
  deadlineMs: 'f64', // closes when data time is here
  firstOffset: 'i64', // position of the record in which its first span was
} as const

/** Where its spans are, the first and the last row in order of arrival, and which traces are its neighbours in age. */
const LINKS = { head: 'i32', tail: 'i32', older: 'i32', newer: 'i32' } as const

/** Open traces, the oldest first, and their spans as rows of the store, trace by trace. */
export interface OpenTracesState {
  readonly ids: Uint32Array<ArrayBuffer> // 4 words a trace
  readonly facts: SavedColumns<typeof FACTS>
  readonly spans: Int32Array<ArrayBuffer>
}

/**
 * The open traces as slots in flat arrays, found by id, ordered by deadline (the heap) and by age
 * (a doubly linked list).
 */
export class OpenTraces {
  count = 0
  readonly index = new TraceIdIndex(1024)
  readonly #heap = new DeadlineHeap(this.index)
  readonly #facts = new Columns(FACTS, this.index.capacity)
  readonly #links = new Columns(LINKS, this.index.capacity)
  /** By slot; they stay the same objects. */
  readonly of = this.#facts.of
  readonly links = this.#links.of
  oldest = NONE
  #newest = NONE
  /** Slots given back, linked by `newer`. */
  #free = NONE
  #used = 0

  /** A slot for the trace with the id at `words[at .. at + 3]`, which is not open yet. */
  open(
    words: Uint32Array,
    at: number,
    offset: bigint,
    firstSeenMs: number,
    deadlineMs: number,
  ): number {
    const { of, links } = this
    let slot = this.#free
    if (slot === NONE) {
      if (this.#used === this.index.capacity) this.#grow()
      slot = this.#used++
    } else {
      this.#free = links.newer[slot]!
    }
    this.index.insert(slot, words, at)
    of.spans[slot] = of.flags[slot] = of.redated[slot] = 0
    of.rootEndMs[slot] = of.latestEndMs[slot] = 0
    of.firstSeenMs[slot] = firstSeenMs
    of.deadlineMs[slot] = deadlineMs
    of.firstOffset[slot] = offset
    links.head[slot] = links.tail[slot] = NONE
    links.older[slot] = this.#newest
    links.newer[slot] = NONE
    if (this.#newest === NONE) this.oldest = slot
    else links.newer[this.#newest] = slot
    this.#newest = slot
    this.count++
    this.#heap.push(slot, deadlineMs)
    return slot
  }

  /** Notes that the trace has a further span, in `row`. */
  append(slot: number, row: number): void {
    const { spans } = this.of
    if (spans[slot] === 0) this.links.head[slot] = row
    this.links.tail[slot] = row
    spans[slot]!++
  }

  /** Gives back the slot. Its values stay until the next `open`. */
  release(slot: number): void {
    this.index.remove(slot)
    this.#heap.remove(slot)
    const { older, newer } = this.links
    if (older[slot] === NONE) this.oldest = newer[slot]!
    else newer[older[slot]!] = newer[slot]!
    if (newer[slot] === NONE) this.#newest = older[slot]!
    else older[newer[slot]!] = older[slot]!
    newer[slot] = this.#free
    this.#free = slot
    this.count--
  }

  /** Sets the deadline; the heap hears of it now only if it came nearer. */
  setDeadline(slot: number, deadlineMs: number): void {
    this.of.deadlineMs[slot] = deadlineMs
    if (deadlineMs < this.#heap.key(slot)) this.#heap.update(slot, deadlineMs)
  }

  /** The trace that comes first by (deadline, id) if its deadline is at or before `nowMs`, or -1. */
  due(nowMs: number): number {
    while (this.#heap.size > 0) {
      const slot = this.#heap.top()
      const key = this.#heap.key(slot)
      if (key > nowMs) return NONE
      const deadline = this.of.deadlineMs[slot]!
      if (deadline === key) return slot
      this.#heap.update(slot, deadline)
    }
    return NONE
  }

  /** The trace opened next after `slot`, or -1. */
  newer(slot: number): number {
    return this.links.newer[slot]!
  }

  /** A copy of all open traces and of their spans in `store`. */
  state(store: SpanStore): OpenTracesState {
    const { slots, rows } = this.rows(store)
    return {
      ids: this.index.slots.gather(slots).id,
      facts: this.#facts.gather(slots),
      spans: store.save(rows),
    }
  }

  /** All open traces, in the order in which they were opened, and the rows of their spans in `store`. */
  rows(store: SpanStore): { slots: number[]; rows: number[] } {
    const slots: number[] = []
    const rows: number[] = []
    for (let slot = this.oldest; slot >= 0; slot = this.newer(slot)) {
      slots.push(slot)
      let row = this.links.head[slot]!
      for (let n = this.of.spans[slot]!; n > 0; n--) {
        rows.push(row)
        if (n > 1) row = store.next(row)
      }
    }
    return { slots, rows }
  }

  /**
   * Takes over a state into an instance and a store that are still empty.
   * @returns the number of spans
   * @throws Error where lengths do not fit together: a state that was cut or mixed up
   */
  restore(state: OpenTracesState, store: SpanStore): number {
    const saved = new Columns(FACTS)
    saved.restore(state.facts)
    const { firstOffset, firstSeenMs, deadlineMs, spans } = saved.of
    let rows = 0
    for (const n of spans) rows += n > 0 ? n : Number.NaN
    if (state.ids.length !== saved.rows * 4 || state.spans.length !== rows * store.width) {
      throw new Error(
        `The state is damaged: arrays do not fit ${saved.rows} traces of ${rows} spans`,
      )
    }
    let from = 0
    for (let i = 0; i < saved.rows; i++) {
      const slot = this.open(state.ids, i * 4, firstOffset[i]!, firstSeenMs[i]!, deadlineMs[i]!)
      this.#facts.copy(slot, saved, i)
      this.of.spans[slot] = 0
      for (let n = spans[i]!; n > 0; n--) {
        this.append(slot, store.load(state.spans, from++, this.links.tail[slot]!))
      }
    }
    return rows
  }

  #grow(): void {
    const used = this.#used
    this.index.grow((slot) => slot < used)
    this.#heap.grow()
    this.#facts.grow(this.index.capacity)
    this.#links.grow(this.index.capacity)
  }
}
