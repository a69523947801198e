import { doubled, SpanColumns } from '../otlp/span-columns.ts'

const NONE = -1

/**
 * The spans of all open traces in one set of columns. Rows are linked into one list a trace, in
 * order of arrival; free rows are a list too, so a whole trace is given back in one step and the
 * rows used next are those that are still in the processor's cache.
 */
export class SpanStore {
  readonly columns: SpanColumns
  /** Row that follows in the same trace, or -1. */
  next: Int32Array<ArrayBuffer>
  #free = NONE

  constructor(stride: number, capacity = 1024) {
    this.columns = new SpanColumns(stride, capacity)
    this.next = new Int32Array(this.columns.kind.length)
  }

  /** Copies span `row` of `from` (same stride) into a free row, last in its list, and returns that. */
  put(from: SpanColumns, row: number): number {
    let to = this.#free
    if (to === NONE) {
      to = this.columns.add()
      if (to === this.next.length) this.next = doubled(this.next)
    } else {
      this.#free = this.next[to]!
    }
    this.next[to] = NONE
    copySpan(from, row, this.columns, to)
    return to
  }

  /** Gives back the list from `head` to `tail`. The rows keep their values until the next `put`. */
  release(head: number, tail: number): void {
    this.next[tail] = this.#free
    this.#free = head
  }
}

/** Copies all columns of row `row` in `from` to row `to` in `into`; both have the same stride. */
export function copySpan(from: SpanColumns, row: number, into: SpanColumns, to: number): void {
  const traceId = into.traceId
  const traceIdFrom = from.traceId
  for (let word = 0; word < 4; word++) traceId[to * 4 + word] = traceIdFrom[row * 4 + word]!
  into.spanId[to * 2] = from.spanId[row * 2]!
  into.spanId[to * 2 + 1] = from.spanId[row * 2 + 1]!
  into.parentId[to * 2] = from.parentId[row * 2]!
  into.parentId[to * 2 + 1] = from.parentId[row * 2 + 1]!
  into.service[to] = from.service[row]!
  into.name[to] = from.name[row]!
  into.kind[to] = from.kind[row]!
  into.status[to] = from.status[row]!
  into.startHi[to] = from.startHi[row]!
  into.startLo[to] = from.startLo[row]!
  into.durationNs[to] = from.durationNs[row]!
  into.endMs[to] = from.endMs[row]!
  into.events[to] = from.events[row]!
  into.links[to] = from.links[row]!
  const stride = into.stride
  const attributes = into.attributes
  const attributesFrom = from.attributes
  for (let slot = 0; slot < stride; slot++) {
    attributes[to * stride + slot] = attributesFrom[row * stride + slot]!
  }
}
