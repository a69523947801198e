import { SERVICE_NAME, UNWANTED } from './attribute-keys.ts'
import { KnownAttributes, LEAST_BYTES } from './known-attributes.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import type { SpanRows } from './span-rows.ts'
import { NO_TEXT, OTHER_TEXT } from './vocabulary.ts'

/** In place of a row: the attribute is the resource's. */
export const RESOURCE = -1

const TWO_TO_32 = 4294967296

// Highest field number of each message that is known here; what is above is stepped over.
const KEY_VALUE_FIELDS = 2
const ANY_VALUE_FIELDS = 7

// Tags: field number << 3 | wire type.
const KEY = 0x0a
const VALUE = 0x12
const VALUE_STRING = 0x0a
const VALUE_BOOL = 0x10
const VALUE_INT = 0x18
const VALUE_DOUBLE = 0x21
const VALUE_ARRAY = 0x2a
const VALUE_MAP = 0x32
const VALUE_BYTES = 0x3a

/** In place of where an attribute begins: it is not to be remembered. */
const NOT_KEPT = -1

// Kinds of attribute value.
const MISSING = 0
const STRING = 1
const BOOL = 2
const INT = 3
const DOUBLE = 4

/**
 * Reads KeyValue messages and keeps the values of wanted keys. Lists, maps and bytes are never looked
 * into (a wanted key with such a value counts as missing), so no nesting can run deep.
 * Source: opentelemetry-proto, common.proto.
 */
export class AttributeReader {
  readonly #rows: SpanRows
  readonly #reader: ProtobufReader
  readonly #known = new KnownAttributes()
  // The value read last: its kind, and where or what it is.
  #kind = MISSING
  #start = 0
  #end = 0
  #hi = 0
  #lo = 0
  #double = 0.5 // not an integer: the field keeps its representation

  constructor(rows: SpanRows, reader: ProtobufReader) {
    this.#rows = rows
    this.#reader = reader
  }

  /** Ids may be those of other values from here on. */
  forget(): void {
    this.#known.clear()
  }

  /** Reads the KeyValue in `bytes[start, end)` for a row or for `RESOURCE`. Most are known from spans before. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number, row: number): void {
    if (end - start >= LEAST_BYTES && row !== RESOURCE && this.#known.find(view, start, end)) {
      const { key, value } = this.#known
      this.#rows.target.values.again(value)
      this.#rows.setAttribute(row, key, value)
      return
    }
    this.#readAnew(bytes, view, start, end, row)
  }

  /**
   * Here key and value come in either order, each once and shorter than 128 bytes; all else goes the long way.
   */
  #readAnew(bytes: Uint8Array, view: DataView, start: number, end: number, row: number): void {
    const tag = start < end ? bytes[start]! : 0
    const middle = start + 1 < end ? start + 2 + bytes[start + 1]! : end
    const second = middle + 1 < end && bytes[start + 1]! < 0x80 ? bytes[middle + 1]! : 0x80
    if (second < 0x80 && middle + 2 + second === end) {
      if (tag === KEY && bytes[middle] === VALUE) {
        const key = this.#rows.keys.find(view, start + 2, middle)
        if (key !== UNWANTED) this.#keep(bytes, view, middle + 2, end, row, key, start)
        return
      }
      if (tag === VALUE && bytes[middle] === KEY) {
        const key = this.#rows.keys.find(view, middle + 2, end)
        if (key !== UNWANTED) this.#keep(bytes, view, start + 2, middle, row, key, NOT_KEPT)
        return
      }
    }
    this.#anyAttribute(start, end, row)
  }

  #anyAttribute(start: number, end: number, row: number): void {
    const reader = this.#reader
    let key = UNWANTED
    this.#kind = MISSING
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === KEY || tag === VALUE) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        if (tag === KEY) key = this.#rows.keys.find(reader.view, reader.position, position)
        else this.#value(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, KEY_VALUE_FIELDS)
    }
    if (key !== UNWANTED) this.#store(row, key)
  }

  /**
   * Keeps the value of a wanted key, which lies in `bytes[start, end)`. `whole`: where the attribute begins that
   * ends with it, or `NOT_KEPT`.
   */
  #keep(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    row: number,
    key: number,
    whole: number,
  ): void {
    const rows = this.#rows
    const isText =
      end - start >= 2 && bytes[start] === VALUE_STRING && start + 2 + bytes[start + 1]! === end
    if (!isText || row === RESOURCE) {
      this.#kind = MISSING
      this.#value(start, end)
    }
    if (row === RESOURCE) {
      this.#store(row, key)
      return
    }
    if (rows.keys.slot[key]! < 0) return
    const id = isText ? rows.textOfBytes(key, bytes, start + 2, end, view) : this.#valueId(key)
    rows.setAttribute(row, key, id)
    // What found no room is counted each time it comes.
    if (whole === NOT_KEPT || id <= OTHER_TEXT || !rows.keepsAllOf(key)) return
    this.#known.keep(bytes, view, { start: whole, end, key, value: id })
  }

  /** Reads an AnyValue; the last of its members holds. Lists, maps and bytes count as missing. */
  #value(start: number, end: number): void {
    const reader = this.#reader
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      const from = reader.position
      switch (tag) {
        case VALUE_STRING: {
          const length = reader.length(from, end)
          this.#kind = STRING
          this.#start = reader.position
          this.#end = position = reader.position + length
          break
        }
        case VALUE_BOOL:
        case VALUE_INT:
          reader.varint(from, end)
          this.#kind = tag === VALUE_INT ? INT : BOOL
          this.#hi = reader.hi
          this.#lo = reader.lo
          position = reader.position
          break
        case VALUE_DOUBLE:
          position = reader.skip(tag, from, end)
          this.#kind = DOUBLE
          this.#double = reader.view.getFloat64(from, true)
          break
        case VALUE_ARRAY:
        case VALUE_MAP:
        case VALUE_BYTES:
          position = reader.skip(tag, from, end)
          this.#kind = MISSING
          break
        default:
          position = reader.skipUnknown(tag, from, end, ANY_VALUE_FIELDS)
      }
    }
  }

  /** Gives the value read last to the row, or to the resource. */
  #store(row: number, key: number): void {
    const rows = this.#rows
    if (row !== RESOURCE) {
      if (rows.keys.slot[key]! >= 0) rows.setAttribute(row, key, this.#valueId(key))
      return
    }
    const named = key === SERVICE_NAME && this.#kind === STRING
    if (named && rows.ignores(this.#reader.bytes, this.#start, this.#end)) return
    rows.setResource(key, this.#valueId(key, key === SERVICE_NAME))
  }

  #valueId(key: number, essential = false): number {
    const rows = this.#rows
    const values = rows.target.values
    switch (this.#kind) {
      case STRING:
        return rows.textOfBytes(
          key,
          this.#reader.bytes,
          this.#start,
          this.#end,
          this.#reader.view,
          essential,
        )
      case BOOL:
        return values.intern((this.#hi | this.#lo) === 0 ? 'false' : 'true')
      case INT: {
        const int = (this.#hi | 0) * TWO_TO_32 + this.#lo
        if (Number.isSafeInteger(int)) return rows.integer(int)
        const bits = (BigInt(this.#hi) << 32n) | BigInt(this.#lo)
        return values.intern(BigInt.asIntN(64, bits).toString())
      }
      case DOUBLE:
        return rows.double(this.#double)
      default:
        return NO_TEXT
    }
  }
}
