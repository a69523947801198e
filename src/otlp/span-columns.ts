import { type ColumnArrays, Columns } from '../columns/columns.ts'

// Of OTLP's span kinds and status codes those that mean something here.
export const KIND_INTERNAL = 1
export const KIND_SERVER = 2
export const KIND_CLIENT = 3
export const KIND_PRODUCER = 4
export const KIND_CONSUMER = 5
/** None of OTLP's: a log record as an element of an observation. */
export const KIND_LOG = 6
export const STATUS_ERROR = 2

/**
 * What is known of a span. Ids are big-endian 32-bit words; texts are ids of the `Vocabulary` that
 * decoded them. Nanosecond times do not fit a double (1.8e18 > 2^53), so the start is kept as two
 * words and everything else is derived from differences of words.
 */
function spanFields(stride: number) {
  return {
    traceId: { type: 'u32', width: 4 },
    spanId: { type: 'u32', width: 2 },
    parentId: { type: 'u32', width: 2 }, // 0,0 = no parent
    service: 'i32', // vocabulary id of resource service.name; 0 = absent
    name: 'i32', // vocabulary id of the masked span name
    kind: 'u8', // 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer; 6 log record
    status: 'u8', // 0 unset, 1 ok, 2 error
    startHi: 'u32', // start, ns since 1970, upper word
    startLo: 'u32', // lower word
    durationNs: 'f64', // end - start, may be negative where clocks are wrong
    endMs: 'f64', // end, ms since 1970 (0.25 us steps)
    events: 'u32', // number of span events
    links: 'u32', // number of span links
    attributes: { type: 'i32', width: stride }, // vocabulary id of the value, 0 = missing
  } as const
}

type SpanArrays = ColumnArrays<ReturnType<typeof spanFields>>

/**
 * Decoded spans as columns (structure of arrays): row i of every array in `of` is span i. The detector
 * keeps one instance and reuses it for every record, so decoding a span allocates nothing.
 */
export class SpanColumns {
  /** Attribute slots a row: see `slotTable`. */
  readonly stride: number
  /** The arrays; `add` may replace them. */
  readonly of: SpanArrays
  readonly #rows: Columns<ReturnType<typeof spanFields>>
  #count = 0

  constructor(stride: number, capacity = 1024) {
    this.stride = stride
    this.#rows = new Columns(spanFields(stride), capacity)
    this.of = this.#rows.of
  }

  /** Rows in use. */
  get count(): number {
    return this.#count
  }

  /** One more row, empty, and its index. The row counts at once. */
  add(): number {
    if (this.#count === this.#rows.rows) this.#rows.grow(this.#count + 1)
    return this.#count++
  }

  /**
   * Takes over a row of other columns of the same stride. Column by column by name: what does that for any
   * declaration reads arrays of every type in one place, which costs ten times as much.
   */
  copy(row: number, from: SpanColumns, fromRow: number): void {
    const to = this.of
    const { of, stride } = from
    copyWords(to.traceId, row, of.traceId, fromRow, 4)
    copyWords(to.spanId, row, of.spanId, fromRow, 2)
    copyWords(to.parentId, row, of.parentId, fromRow, 2)
    to.service[row] = of.service[fromRow]!
    to.name[row] = of.name[fromRow]!
    to.kind[row] = of.kind[fromRow]!
    to.status[row] = of.status[fromRow]!
    to.startHi[row] = of.startHi[fromRow]!
    to.startLo[row] = of.startLo[fromRow]!
    to.durationNs[row] = of.durationNs[fromRow]!
    to.endMs[row] = of.endMs[fromRow]!
    to.events[row] = of.events[fromRow]!
    to.links[row] = of.links[fromRow]!
    for (let slot = 0; slot < stride; slot++) {
      to.attributes[row * stride + slot] = of.attributes[fromRow * stride + slot]!
    }
  }

  /** Drops the rows from `count` on. */
  cut(count: number): void {
    // What is not in use is empty, so that `add` has nothing to do.
    this.#rows.clear(count, this.#count)
    this.#count = count
  }

  clear(): void {
    this.cut(0)
  }
}

function copyWords(
  to: Uint32Array,
  row: number,
  from: Uint32Array,
  fromRow: number,
  words: number,
): void {
  for (let word = 0; word < words; word++) to[row * words + word] = from[fromRow * words + word]!
}
