import { type ColumnArrays, Columns } from '../columns/columns.ts'
import { TextArena } from './text-arena.ts'

// What a body is.
export const BODY_NONE = 0
export const BODY_TEXT = 1
/** A map or a list; its text is JSON. */
export const BODY_FIELDS = 2
/** Its text is empty. */
export const BODY_BYTES = 3
/** A number or a truth value, as text. */
export const BODY_SCALAR = 4

function logFields(keys: number) {
  return {
    traceId: { type: 'u32', width: 4 }, // all zero = none
    spanId: { type: 'u32', width: 2 }, // all zero = none
    service: 'i32', // vocabulary id of resource service.name; 0 = absent
    timeMs: 'f64', // ms since 1970 (0.25 us steps): when it happened, else when it was observed; 0 = not said
    severity: 'u8', // 0 unspecified, 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal
    severityText: 'i32', // vocabulary ids from here on, 0 = absent
    eventName: 'i32',
    exceptionType: 'i32',
    body: 'u8', // what the body is: BODY_*
    // Texts in the arena: where they begin, and their bytes.
    bodyStart: 'u32',
    bodyBytes: 'u32',
    templateStart: 'u32', // a template that the sender gave
    templateBytes: 'u32',
    stackStart: 'u32', // exception.stacktrace
    stackBytes: 'u32',
    textsFrom: 'u32', // bytes of the arena that were in use before this row
    keyHash: { type: 'u32', width: 2 * keys }, // two words for the value of each session key; 0,0 = none
  } as const
}

type LogArrays = ColumnArrays<ReturnType<typeof logFields>>

/**
 * Decoded log records as columns, like `SpanColumns`: row i of every array in `of` is record i. Texts that are too
 * many and too long for a vocabulary lie in `texts` until the columns are cleared.
 */
export class LogColumns {
  /** The arrays; `add` may replace them. */
  readonly of: LogArrays
  readonly texts = new TextArena()
  readonly #rows: Columns<ReturnType<typeof logFields>>
  #count = 0

  /** Session keys a record. */
  readonly keys: number

  /** @param keys session keys that are looked for */
  constructor(keys = 0, capacity = 1024) {
    this.keys = keys
    this.#rows = new Columns(logFields(keys), capacity)
    this.of = this.#rows.of
  }

  /** Rows in use. */
  get count(): number {
    return this.#count
  }

  /** One more row, empty, and its index. The row counts at once. */
  add(): number {
    if (this.#count === this.#rows.rows) this.#rows.grow(this.#count + 1)
    this.of.textsFrom[this.#count] = this.texts.length
    return this.#count++
  }

  /** Drops the rows from `count` on, and their texts. */
  cut(count: number): void {
    if (count === this.#count) return
    this.texts.length = this.of.textsFrom[count]!
    // What is not in use is empty, so that `add` has nothing to do.
    this.#rows.clear(count, this.#count)
    this.#count = count
  }

  clear(): void {
    this.cut(0)
  }
}
