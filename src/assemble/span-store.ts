import type { SpanColumns } from '../otlp/span-columns.ts'

const NONE = -1

/** Where a field is in a row of the store: 64-bit floats first, then 32-bit words. */
export const DURATION = 0 // ns, double
export const END = 1 // ms since 1970, double
export const SPAN_ID = 4 // 2 words
export const PARENT_ID = 6 // 2 words
export const START = 8 // upper word, lower word
export const SERVICE = 10
const NAME = 11
/** Kind in the lower 8 bits, status above. */
export const KIND_STATUS = 12
const EVENTS = 13
const LINKS = 14
/** Row that follows in the same trace, or -1. */
export const NEXT = 15
const ATTRIBUTES = 16

/**
 * The spans of all open traces, row after row in one buffer; a row is all fields of a span but the
 * trace id, the first 64 bytes being what the tree needs. Spans of many traces come in turn, so a
 * span touches two or three cache lines here where columns would touch sixteen: it halved the time
 * of assembling. Rows of a trace are linked in order of arrival; free rows are a list too, so a whole
 * trace is given back in one step and the row used next is likely still in the cache.
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

  /** Copies span `from` of `columns` (same stride) into a free row, last in its list; returns the row. */
  put(columns: SpanColumns, from: number): number {
    let row = this.#free
    if (row === NONE) {
      if (this.#used === this.#capacity) this.#grow()
      row = this.#used++
    } else {
      this.#free = this.words[row * this.width + NEXT]!
    }
    const words = this.words
    const at = row * this.width
    this.doubles[at / 2 + DURATION] = columns.durationNs[from]!
    this.doubles[at / 2 + END] = columns.endMs[from]!
    words[at + SPAN_ID] = columns.spanId[from * 2]!
    words[at + SPAN_ID + 1] = columns.spanId[from * 2 + 1]!
    words[at + PARENT_ID] = columns.parentId[from * 2]!
    words[at + PARENT_ID + 1] = columns.parentId[from * 2 + 1]!
    words[at + START] = columns.startHi[from]!
    words[at + START + 1] = columns.startLo[from]!
    words[at + SERVICE] = columns.service[from]!
    words[at + NAME] = columns.name[from]!
    words[at + KIND_STATUS] = columns.kind[from]! | (columns.status[from]! << 8)
    words[at + EVENTS] = columns.events[from]!
    words[at + LINKS] = columns.links[from]!
    words[at + NEXT] = NONE
    const { attributes } = columns
    const first = from * this.stride
    for (let slot = 0; slot < this.stride; slot++) {
      words[at + ATTRIBUTES + slot] = attributes[first + slot]!
    }
    return row
  }

  /** Copies a row into span `to` of `columns` (same stride), all but the trace id. */
  get(row: number, columns: SpanColumns, to: number): void {
    const words = this.words
    const at = row * this.width
    columns.durationNs[to] = this.doubles[at / 2 + DURATION]!
    columns.endMs[to] = this.doubles[at / 2 + END]!
    columns.spanId[to * 2] = words[at + SPAN_ID]!
    columns.spanId[to * 2 + 1] = words[at + SPAN_ID + 1]!
    columns.parentId[to * 2] = words[at + PARENT_ID]!
    columns.parentId[to * 2 + 1] = words[at + PARENT_ID + 1]!
    columns.startHi[to] = words[at + START]!
    columns.startLo[to] = words[at + START + 1]!
    columns.service[to] = words[at + SERVICE]!
    columns.name[to] = words[at + NAME]!
    columns.kind[to] = words[at + KIND_STATUS]! & 0xff
    columns.status[to] = words[at + KIND_STATUS]! >> 8
    columns.events[to] = words[at + EVENTS]!
    columns.links[to] = words[at + LINKS]!
    const { attributes } = columns
    const first = to * this.stride
    for (let slot = 0; slot < this.stride; slot++) {
      attributes[first + slot] = words[at + ATTRIBUTES + slot]!
    }
  }

  next(row: number): number {
    return this.words[row * this.width + NEXT]!
  }

  /** Makes `row` the one that follows `tail`. */
  link(tail: number, row: number): void {
    this.words[tail * this.width + NEXT] = row
  }

  /** Gives back the list from `head` to `tail`. The rows keep their values until the next `put`. */
  release(head: number, tail: number): void {
    this.link(tail, this.#free)
    this.#free = head
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
