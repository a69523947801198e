import { doubled } from '../otlp/span-columns.ts'
import { DeadlineHeap } from './deadline-heap.ts'
import { TraceIdIndex } from './trace-id-index.ts'

const NONE = -1

/** Bits of `flags`. */
export const ROOT_SEEN = 1
export const SPANS_DROPPED = 2
export const UNKEYED = 4
export const MID_LOG = 8

/**
 * The open traces as slots in flat arrays, found by id, ordered by deadline (the heap) and by age
 * (a doubly linked list).
 */
export class OpenTraces {
  count = 0
  readonly index = new TraceIdIndex(1024)
  readonly #heap = new DeadlineHeap(this.index)
  /** First and last row of the spans, in order of arrival. */
  head: Int32Array<ArrayBuffer>
  tail: Int32Array<ArrayBuffer>
  spans: Int32Array<ArrayBuffer>
  flags: Uint8Array<ArrayBuffer>
  /** How often it was dated anew when data time jumped. */
  redated: Uint8Array<ArrayBuffer>
  /** Data time at which its first span was seen. */
  firstSeenMs: Float64Array<ArrayBuffer>
  /** Latest plausible end of a root, and of any span; 0 before. */
  rootEndMs: Float64Array<ArrayBuffer>
  latestEndMs: Float64Array<ArrayBuffer>
  /** Closes when data time is here. */
  deadlineMs: Float64Array<ArrayBuffer>
  /** Position of the record in which its first span was. */
  firstOffset: BigInt64Array<ArrayBuffer>
  oldest = NONE
  #newest = NONE
  #older: Int32Array<ArrayBuffer>
  #newer: Int32Array<ArrayBuffer> // also links the free slots
  #free = NONE
  #used = 0

  constructor() {
    const capacity = this.index.capacity
    this.head = new Int32Array(capacity)
    this.tail = new Int32Array(capacity)
    this.spans = new Int32Array(capacity)
    this.flags = new Uint8Array(capacity)
    this.redated = new Uint8Array(capacity)
    this.firstSeenMs = new Float64Array(capacity)
    this.rootEndMs = new Float64Array(capacity)
    this.latestEndMs = new Float64Array(capacity)
    this.deadlineMs = new Float64Array(capacity)
    this.firstOffset = new BigInt64Array(capacity)
    this.#older = new Int32Array(capacity)
    this.#newer = new Int32Array(capacity)
  }

  /** A slot for the trace with the id at `words[at .. at + 3]`, which is not open yet. */
  open(
    words: Uint32Array,
    at: number,
    offset: bigint,
    firstSeenMs: number,
    deadlineMs: number,
  ): number {
    let slot = this.#free
    if (slot === NONE) {
      if (this.#used === this.index.capacity) this.#grow()
      slot = this.#used++
    } else {
      this.#free = this.#newer[slot]!
    }
    this.index.insert(slot, words, at)
    this.head[slot] = this.tail[slot] = NONE
    this.spans[slot] = this.flags[slot] = this.redated[slot] = 0
    this.rootEndMs[slot] = this.latestEndMs[slot] = 0
    this.firstSeenMs[slot] = firstSeenMs
    this.deadlineMs[slot] = deadlineMs
    this.firstOffset[slot] = offset
    this.#older[slot] = this.#newest
    this.#newer[slot] = NONE
    if (this.#newest === NONE) this.oldest = slot
    else this.#newer[this.#newest] = slot
    this.#newest = slot
    this.count++
    this.#heap.push(slot, deadlineMs)
    return slot
  }

  /** Notes that the trace has a further span, in `row`. */
  append(slot: number, row: number): void {
    if (this.spans[slot] === 0) this.head[slot] = row
    this.tail[slot] = row
    this.spans[slot] = this.spans[slot]! + 1
  }

  /** Gives back the slot. Its values stay until the next `open`. */
  release(slot: number): void {
    this.index.remove(slot)
    this.#heap.remove(slot)
    const older = this.#older[slot]!
    const newer = this.#newer[slot]!
    if (older === NONE) this.oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
    this.#newer[slot] = this.#free
    this.#free = slot
    this.count--
  }

  /** Sets the deadline; the heap hears of it now only if it came nearer. */
  setDeadline(slot: number, deadlineMs: number): void {
    this.deadlineMs[slot] = deadlineMs
    if (deadlineMs < this.#heap.key(slot)) this.#heap.update(slot, deadlineMs)
  }

  /** The trace that comes first by (deadline, id) if its deadline is at or before `nowMs`, or -1. */
  due(nowMs: number): number {
    while (this.#heap.size > 0) {
      const slot = this.#heap.top()
      const key = this.#heap.key(slot)
      if (key > nowMs) return NONE
      const deadline = this.deadlineMs[slot]!
      if (deadline === key) return slot
      this.#heap.update(slot, deadline)
    }
    return NONE
  }

  /** The trace opened next after `slot`, or -1. */
  newer(slot: number): number {
    return this.#newer[slot]!
  }

  #grow(): void {
    const used = this.#used
    this.index.grow((slot) => slot < used)
    this.#heap.grow()
    this.head = doubled(this.head)
    this.tail = doubled(this.tail)
    this.spans = doubled(this.spans)
    this.flags = doubled(this.flags)
    this.redated = doubled(this.redated)
    this.firstSeenMs = doubled(this.firstSeenMs)
    this.rootEndMs = doubled(this.rootEndMs)
    this.latestEndMs = doubled(this.latestEndMs)
    this.deadlineMs = doubled(this.deadlineMs)
    this.#older = doubled(this.#older)
    this.#newer = doubled(this.#newer)
    const firstOffset = new BigInt64Array(this.firstOffset.length * 2)
    firstOffset.set(this.firstOffset)
    this.firstOffset = firstOffset
  }
}
