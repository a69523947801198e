import { DecodeError } from './decode-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'

// What an AnyValue holds.
export const VALUE_NONE = 0
export const VALUE_TEXT = 1
export const VALUE_SCALAR = 2
export const VALUE_FIELDS = 3
export const VALUE_BYTES = 4

const ANY_VALUE_FIELDS = 8
const STRING = 0x0a
const BOOL = 0x10
const INT = 0x18
const DOUBLE = 0x21
const ARRAY = 0x2a
const MAP = 0x32
const BYTES = 0x3a
const ENTRY = 0x0a
const ENTRY_VALUE = 0x12
const TWO_TO_32 = 4294967296

/** A record with values nested deeper than this is no good. */
const DEEPEST = 16

/**
 * Reads AnyValue messages of every kind, maps and lists within maps and lists included. The last member that is set
 * holds. Source: opentelemetry-proto, common.proto.
 */
export class AnyValueReader {
  /** What was read last: VALUE_*. */
  kind = VALUE_NONE
  /** Its bytes: of a text, of bytes, of a list or a map. */
  start = 0
  end = 0
  readonly #reader: ProtobufReader
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  #scalar: number | boolean | string = false
  #isMap = false

  constructor(reader: ProtobufReader) {
    this.#reader = reader
  }

  /** Looks at the AnyValue in `bytes[start, end)`, not into a list or a map. */
  read(start: number, end: number): void {
    const reader = this.#reader
    this.kind = VALUE_NONE
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      const from = reader.position
      position =
        tag === STRING || tag === ARRAY || tag === MAP || tag === BYTES
          ? this.#whole(tag, from, end)
          : this.#number(tag, from, end)
    }
  }

  /** What was read last, of VALUE_SCALAR, as text. */
  scalarText(): string {
    return String(this.#scalar)
  }

  /** What was read last, of VALUE_FIELDS, as JSON would have it. @throws DecodeError where it is damaged */
  fields(): unknown {
    return this.#composite(this.start, this.end, this.#isMap, 0)
  }

  #whole(tag: number, from: number, end: number): number {
    const length = this.#reader.length(from, end)
    this.start = this.#reader.position
    this.end = this.start + length
    this.#isMap = tag === MAP
    this.kind = tag === STRING ? VALUE_TEXT : tag === BYTES ? VALUE_BYTES : VALUE_FIELDS
    return this.end
  }

  #number(tag: number, from: number, end: number): number {
    const reader = this.#reader
    if (tag === DOUBLE) {
      const behind = reader.skip(tag, from, end)
      this.kind = VALUE_SCALAR
      this.#scalar = reader.view.getFloat64(from, true)
      return behind
    }
    if (tag !== BOOL && tag !== INT) return reader.skipUnknown(tag, from, end, ANY_VALUE_FIELDS)
    reader.varint(from, end)
    this.kind = VALUE_SCALAR
    const { hi, lo } = reader
    if (tag === BOOL) this.#scalar = (hi | lo) !== 0
    else {
      const int = (hi | 0) * TWO_TO_32 + lo
      this.#scalar = Number.isSafeInteger(int)
        ? int
        : BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo)).toString()
    }
    return reader.position
  }

  #composite(start: number, end: number, isMap: boolean, depth: number): unknown {
    const reader = this.#reader
    const list: unknown[] = []
    // Without a prototype, so that no key has a meaning.
    const map: Record<string, unknown> = Object.create(null)
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag !== ENTRY) {
        position = reader.skipUnknown(tag, reader.position, end, 1)
        continue
      }
      const length = reader.length(reader.position, end)
      const from = reader.position
      position = from + length
      if (isMap) this.#entry(from, position, map, depth)
      else list.push(this.#nested(from, position, depth))
    }
    return isMap ? map : list
  }

  /** A KeyValue of a map. */
  #entry(start: number, end: number, map: Record<string, unknown>, depth: number): void {
    const reader = this.#reader
    let key = ''
    let value: unknown = null
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag !== ENTRY && tag !== ENTRY_VALUE) {
        position = reader.skipUnknown(tag, reader.position, end, 2)
        continue
      }
      const length = reader.length(reader.position, end)
      const from = reader.position
      position = from + length
      if (tag === ENTRY) key = this.#text(from, position)
      else value = this.#nested(from, position, depth)
    }
    map[key] = value
  }

  #nested(start: number, end: number, depth: number): unknown {
    this.read(start, end)
    switch (this.kind) {
      case VALUE_TEXT:
        return this.#text(this.start, this.end)
      case VALUE_SCALAR:
        return this.#scalar
      case VALUE_FIELDS:
        if (depth >= DEEPEST)
          throw new DecodeError(`values nested more than ${DEEPEST} deep`, start)
        return this.#composite(this.start, this.end, this.#isMap, depth + 1)
      default:
        return null
    }
  }

  #text(start: number, end: number): string {
    return this.#utf8.decode(this.#reader.bytes.subarray(start, end))
  }
}
