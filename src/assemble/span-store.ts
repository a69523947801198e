import type { IdSets } from '../columns/marks.ts'
import type { SpanColumns } from '../otlp/span-columns.ts'

const NONE = -1

/** Where a field is in a row of the store: 64-bit floats first, then 32-bit words. */
const DURATION = 0 // ns, double
const END = 1 // ms since 1970, double
export const SPAN_ID = 4 // 2 words
export const PARENT_ID = 6 // 2 words
export const START = 8 // upper word, lower word
export const SERVICE = 10
const NAME = 11
/** Kind in the lower 8 bits, status above. */
export const KIND_STATUS = 12
const EVENTS = 13
const LINKS = 14
/** In the first row of a block: the first row of the block that follows, or -1. */
const NEXT = 15
const ATTRIBUTES = 16

/** Rows a block; a power of two. */
const BLOCK = 4

/**
 * The spans of all open traces, row after row in one buffer; a row is all fields of a span but the
 * trace id, the first 64 bytes being what the tree needs. Spans of many traces come in turn, so a
 * span touches two or three cache lines here where columns would touch sixteen. For the same reason
 * a trace gets its rows in blocks of four, so that reading them is not one wait for memory each.
 * The blocks of a trace are linked; free blocks are a list too, so a whole trace is given back in one
 * step and the block used next is likely still in the cache.
 */
export class SpanStore {
  /** Attribute slots a span. */
  readonly stride: number
  /** Words a row. */
  readonly width: number
  /** Three views of the rows; replaced when they grow. */
  words: Int32Array<ArrayBuffer>
  unsigned: Uint32Array<ArrayBuffer>
  doubles: Float64Array<ArrayBuffer>
  #capacity: number
  #used = 0
  #free = NONE

  constructor(stride: number, capacity = 1024) {
    this.stride = stride
    this.width = (ATTRIBUTES + stride + 1) & ~1
    this.#capacity = capacity
    this.words = new Int32Array(capacity * this.width)
    this.unsigned = new Uint32Array(this.words.buffer)
    this.doubles = new Float64Array(this.words.buffer)
  }

  /**
   * Copies span `from` of `columns` (same stride) into the row after `tail`, the last one of its
   * trace, or into a first one where that is -1; returns the row.
   */
  put(columns: SpanColumns, from: number, tail: number): number {
    const row = this.#after(tail)
    const { words, doubles } = this
    const { of } = columns
    const at = row * this.width
    doubles[at / 2 + DURATION] = of.durationNs[from]!
    doubles[at / 2 + END] = of.endMs[from]!
    words[at + SPAN_ID] = of.spanId[from * 2]!
    words[at + SPAN_ID + 1] = of.spanId[from * 2 + 1]!
    words[at + PARENT_ID] = of.parentId[from * 2]!
    words[at + PARENT_ID + 1] = of.parentId[from * 2 + 1]!
    words[at + START] = of.startHi[from]!
    words[at + START + 1] = of.startLo[from]!
    words[at + SERVICE] = of.service[from]!
    words[at + NAME] = of.name[from]!
    words[at + KIND_STATUS] = of.kind[from]! | (of.status[from]! << 8)
    words[at + EVENTS] = of.events[from]!
    words[at + LINKS] = of.links[from]!
    const { attributes } = of
    const first = from * this.stride
    for (let slot = 0; slot < this.stride; slot++) {
      words[at + ATTRIBUTES + slot] = attributes[first + slot]!
    }
    return row
  }

  /** Copies the first `count` of `rows` into spans 0, 1, ... of `columns` (same stride). */
  get(rows: Int32Array, count: number, columns: SpanColumns): void {
    const { words, doubles, width, stride } = this
    const { durationNs, endMs, spanId, parentId, startHi, startLo } = columns.of
    const { service, name, kind, status, events, links, attributes } = columns.of
    let slot = 0
    for (let to = 0; to < count; to++) {
      const at = rows[to]! * width
      durationNs[to] = doubles[at / 2 + DURATION]!
      endMs[to] = doubles[at / 2 + END]!
      spanId[to * 2] = words[at + SPAN_ID]!
      spanId[to * 2 + 1] = words[at + SPAN_ID + 1]!
      parentId[to * 2] = words[at + PARENT_ID]!
      parentId[to * 2 + 1] = words[at + PARENT_ID + 1]!
      startHi[to] = words[at + START]!
      startLo[to] = words[at + START + 1]!
      service[to] = words[at + SERVICE]!
      name[to] = words[at + NAME]!
      kind[to] = words[at + KIND_STATUS]! & 0xff
      status[to] = words[at + KIND_STATUS]! >> 8
      events[to] = words[at + EVENTS]!
      links[to] = words[at + LINKS]!
      const first = at + ATTRIBUTES
      for (let word = first; word < first + stride; word++) attributes[slot++] = words[word]!
    }
  }

  /** Takes note of the texts of the given rows. */
  use(rows: readonly number[], used: IdSets): void {
    const { words, width, stride } = this
    for (const row of rows) {
      const at = row * width
      used.values.add(words[at + SERVICE]!)
      used.names.add(words[at + NAME]!)
      used.values.addAll(words.subarray(at + ATTRIBUTES, at + ATTRIBUTES + stride))
    }
  }

  /** Copies of the given rows, one after the other, as `load` takes them. */
  save(rows: readonly number[]): Int32Array<ArrayBuffer> {
    const { words, width } = this
    const saved = new Int32Array(rows.length * width)
    rows.forEach((row, i) => {
      saved.set(words.subarray(row * width, (row + 1) * width), i * width)
      saved[i * width + NEXT] = 0
    })
    return saved
  }

  /** Puts the saved span `from` into the row after `tail`, as `put` does; returns the row. */
  load(saved: Int32Array<ArrayBuffer>, from: number, tail: number): number {
    const row = this.#after(tail)
    const { width } = this
    // The link to the next block is written only when that block is taken.
    this.words.set(saved.subarray(from * width, (from + 1) * width), row * width)
    return row
  }

  /** The row after `row` in the same trace, which is not its last. */
  next(row: number): number {
    const on = row + 1
    return on % BLOCK === 0 ? this.words[(on - BLOCK) * this.width + NEXT]! : on
  }

  /** Gives back the rows from `head` to `tail`. They keep their values until the next `put`. */
  release(head: number, tail: number): void {
    this.#link(tail, this.#free)
    this.#free = head
  }

  /** The row for the next span of the trace whose last one is in `tail` (-1: it has none yet). */
  #after(tail: number): number {
    if ((tail + 1) % BLOCK !== 0) return tail + 1
    const row = this.#take()
    if (tail >= 0) this.#link(tail, row)
    return row
  }

  #link(row: number, block: number): void {
    this.words[(row & -BLOCK) * this.width + NEXT] = block
  }

  #take(): number {
    const row = this.#free
    if (row !== NONE) {
      this.#free = this.words[row * this.width + NEXT]!
      return row
    }
    if (this.#used === this.#capacity) this.#grow()
    this.#used += BLOCK
    return this.#used - BLOCK
  }

  #grow(): void {
    this.#capacity *= 2
    const words = new Int32Array(this.#capacity * this.width)
    words.set(this.words)
    this.words = words
    this.unsigned = new Uint32Array(words.buffer)
    this.doubles = new Float64Array(words.buffer)
  }
}
