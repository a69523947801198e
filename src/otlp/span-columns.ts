/**
 * Decoded spans as columns (structure of arrays): row i of every array is span i. The detector
 * keeps one instance and reuses it for every record, so decoding a span allocates nothing.
 *
 * Ids are kept as big-endian 32-bit words; texts as ids of the `Vocabulary` that decoded them.
 * Nanosecond times do not fit a double (1.8e18 > 2^53), so the start is kept as two words and
 * everything else is derived from differences of words.
 */
export class SpanColumns {
  /** Rows in use. */
  count = 0
  /** Attribute slots a row: see `slotTable`. */
  readonly stride: number
  traceId: Uint32Array<ArrayBuffer> // 4 words a row
  spanId: Uint32Array<ArrayBuffer> // 2 words a row
  parentId: Uint32Array<ArrayBuffer> // 2 words a row; 0,0 = no parent
  service: Int32Array<ArrayBuffer> // vocabulary id of resource service.name; 0 = absent
  name: Int32Array<ArrayBuffer> // vocabulary id of the masked span name
  kind: Uint8Array<ArrayBuffer> // 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer
  status: Uint8Array<ArrayBuffer> // 0 unset, 1 ok, 2 error
  startHi: Uint32Array<ArrayBuffer> // start, ns since 1970, upper word
  startLo: Uint32Array<ArrayBuffer> // lower word
  durationNs: Float64Array<ArrayBuffer> // end - start, may be negative where clocks are wrong
  endMs: Float64Array<ArrayBuffer> // end, ms since 1970 (0.25 us steps)
  events: Uint32Array<ArrayBuffer> // number of span events
  links: Uint32Array<ArrayBuffer> // number of span links
  attributes: Int32Array<ArrayBuffer> // `stride` a row: vocabulary id of the value, 0 = missing

  constructor(stride: number, capacity = 1024) {
    this.stride = stride
    this.traceId = new Uint32Array(capacity * 4)
    this.spanId = new Uint32Array(capacity * 2)
    this.parentId = new Uint32Array(capacity * 2)
    this.service = new Int32Array(capacity)
    this.name = new Int32Array(capacity)
    this.kind = new Uint8Array(capacity)
    this.status = new Uint8Array(capacity)
    this.startHi = new Uint32Array(capacity)
    this.startLo = new Uint32Array(capacity)
    this.durationNs = new Float64Array(capacity)
    this.endMs = new Float64Array(capacity)
    this.events = new Uint32Array(capacity)
    this.links = new Uint32Array(capacity)
    this.attributes = new Int32Array(capacity * stride)
  }

  /** Makes room for one more row, clears it, and returns its index. The row counts at once. */
  add(): number {
    if (this.count === this.kind.length) this.#grow()
    const row = this.count++
    for (let i = row * 4; i < row * 4 + 4; i++) this.traceId[i] = 0
    this.spanId[row * 2] = this.spanId[row * 2 + 1] = 0
    this.parentId[row * 2] = this.parentId[row * 2 + 1] = 0
    this.service[row] = this.name[row] = 0
    this.kind[row] = this.status[row] = 0
    this.startHi[row] = this.startLo[row] = 0
    this.durationNs[row] = this.endMs[row] = 0
    this.events[row] = this.links[row] = 0
    // A call of fill() costs more than it saves on so few cells.
    const end = (row + 1) * this.stride
    for (let i = row * this.stride; i < end; i++) this.attributes[i] = 0
    return row
  }

  clear(): void {
    this.count = 0
  }

  #grow(): void {
    this.traceId = doubled(this.traceId)
    this.spanId = doubled(this.spanId)
    this.parentId = doubled(this.parentId)
    this.service = doubled(this.service)
    this.name = doubled(this.name)
    this.kind = doubled(this.kind)
    this.status = doubled(this.status)
    this.startHi = doubled(this.startHi)
    this.startLo = doubled(this.startLo)
    this.durationNs = doubled(this.durationNs)
    this.endMs = doubled(this.endMs)
    this.events = doubled(this.events)
    this.links = doubled(this.links)
    this.attributes = doubled(this.attributes)
  }
}

type Column =
  | Uint8Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>

/** A copy of twice the length, the first half filled from `column`. */
export function doubled<T extends Column>(column: T): T {
  const copy = new (column.constructor as new (length: number) => T)(column.length * 2)
  copy.set(column)
  return copy
}
