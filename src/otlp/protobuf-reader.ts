import { DecodeError } from './decode-error.ts'

/** Wire types of the protobuf encoding; 3 and 4 (groups) are refused, 6 and 7 do not exist. */
export const WIRE_VARINT = 0
export const WIRE_FIXED64 = 1
export const WIRE_BYTES = 2
const WIRE_FIXED32 = 5

const TWO_TO_32 = 4294967296

/**
 * Bounds-checked reading of the protobuf wire format. A read takes the position it starts at and the
 * end of the message it is in, and leaves the position behind it in `position`: decoders keep the
 * position in a local variable and read the common one-byte varints themselves, so what is here
 * runs for the rest. Nothing is ever read past `end`, and no value is cut.
 * Source: protobuf.dev/programming-guides/encoding.
 */
export class ProtobufReader {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Where the last read ended. */
  position = 0
  /** The two words of the last varint. */
  hi = 0
  lo = 0

  open(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Lets go of the body, which may be a view of a much larger buffer. */
  close(): void {
    this.open(NO_BYTES)
  }

  /** A varint of at most ten bytes; fills `hi` and `lo`, returns `lo`. Bits beyond the 64th are dropped. */
  varint(start: number, end: number): number {
    const bytes = this.bytes
    let lo = 0
    let hi = 0
    let position = start
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw new DecodeError('truncated varint', start)
      const byte = bytes[position++]!
      const bits = byte & 0x7f
      if (shift < 28) lo |= bits << shift
      else if (shift === 28) {
        lo |= bits << 28
        hi |= bits >>> 4
      } else hi |= bits << (shift - 32)
      if (byte < 0x80) {
        this.position = position
        this.hi = hi >>> 0
        this.lo = lo >>> 0
        return this.lo
      }
    }
    throw new DecodeError('varint longer than 10 bytes', start)
  }

  /** A field's tag: number << 3 | wire type. */
  tag(start: number, end: number): number {
    const tag = this.varint(start, end)
    if (this.hi !== 0) throw new DecodeError('field number beyond 2^29', start)
    return tag
  }

  /** The length in front of a bytes, text or message field; what it announces lies before `end`. */
  length(start: number, end: number): number {
    const length = this.#wide(start, end)
    if (length > end - this.position) {
      throw new DecodeError(`length ${length} runs past the end of its message`, start)
    }
    return length
  }

  /** Steps over the value of a field nobody asked for; returns the position behind it. */
  skip(tag: number, start: number, end: number): number {
    if (tag >>> 3 === 0) throw new DecodeError('field number 0', start)
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint(start, end)
        return this.position
      case WIRE_FIXED64:
        return this.#fixed(start, end, 8)
      case WIRE_FIXED32:
        return this.#fixed(start, end, 4)
      case WIRE_BYTES: {
        const length = this.length(start, end)
        return this.position + length
      }
      default:
        throw new DecodeError(`wire type ${tag & 7} of field ${tag >>> 3}`, start)
    }
  }

  /** Steps over an unknown field, but refuses one of the `known` first field numbers: its wire type is wrong. */
  skipUnknown(tag: number, start: number, end: number, known: number): number {
    const field = tag >>> 3
    if (field > 0 && field <= known) {
      throw new DecodeError(`wire type ${tag & 7} of field ${field}`, start)
    }
    return this.skip(tag, start, end)
  }

  #wide(start: number, end: number): number {
    const lo = this.varint(start, end)
    return this.hi * TWO_TO_32 + lo
  }

  #fixed(start: number, end: number, size: number): number {
    if (end - start < size) throw new DecodeError(`truncated fixed${size * 8}`, start)
    return start + size
  }
}

const NO_BYTES = new Uint8Array(0)
