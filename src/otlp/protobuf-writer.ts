import { WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from './protobuf-reader.ts'

const TWO_TO_32 = 4294967296
const MASK_32 = 0xffffffffn

/**
 * Writes the protobuf wire format into a buffer that grows. A nested message is written between
 * `begin` and `end`: one byte is kept for its length, and where the length needs more the message
 * moves up. Fields with their default value are left out, as protobuf does, by the caller.
 */
export class ProtobufWriter {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  readonly #encoder = new TextEncoder()

  /** A copy of what was written; the writer starts again. */
  finish(): Uint8Array<ArrayBuffer> {
    const copy = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return copy
  }

  /** Begins a message field; give the result to `end`. */
  begin(field: number): number {
    this.#tag(field, WIRE_BYTES)
    this.#room(1)
    return ++this.#length
  }

  end(start: number): void {
    const length = this.#length - start
    const extra = varintSize(length) - 1
    if (extra > 0) {
      this.#room(extra)
      this.#bytes.copyWithin(start + extra, start, this.#length)
    }
    this.#length = start - 1
    this.#unsigned(length)
    this.#length += length
  }

  text(field: number, text: string): void {
    this.#tag(field, WIRE_BYTES)
    if (text.length < 0x80 && this.#ascii(text)) return
    const most = text.length * 3
    this.#room(most + 5)
    // The length's size is only known for sure once the text is encoded.
    const size = varintSize(most)
    const start = this.#length + size
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(start))
    const actual = varintSize(written)
    if (actual < size) this.#bytes.copyWithin(this.#length + actual, start, start + written)
    this.#unsigned(written)
    this.#length += written
  }

  /** A bytes field from hexadecimal digits, e.g. a trace id. */
  hex(field: number, digits: string): void {
    this.#tag(field, WIRE_BYTES)
    const length = digits.length >>> 1
    this.#unsigned(length)
    this.#room(length)
    for (let i = 0; i < length; i++) {
      this.#bytes[this.#length++] =
        hexDigit(digits.charCodeAt(i * 2)) * 16 + hexDigit(digits.charCodeAt(i * 2 + 1))
    }
  }

  /** An unsigned number up to 2^53, an enum or a bool. */
  varint(field: number, value: number): void {
    this.#tag(field, WIRE_VARINT)
    this.#unsigned(value)
  }

  /** An int64: negative numbers take ten bytes, as protobuf has it. */
  int64(field: number, value: bigint): void {
    this.#tag(field, WIRE_VARINT)
    this.#room(10)
    let rest = BigInt.asUintN(64, value)
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  fixed64(field: number, value: bigint): void {
    this.#tag(field, WIRE_FIXED64)
    this.#room(8)
    this.#view.setUint32(this.#length, Number(value & MASK_32), true)
    this.#view.setUint32(this.#length + 4, Number((value >> 32n) & MASK_32), true)
    this.#length += 8
  }

  double(field: number, value: number): void {
    this.#tag(field, WIRE_FIXED64)
    this.#room(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  /** Writes a short text with its length unless it holds a character that is not ASCII. */
  #ascii(text: string): boolean {
    this.#room(text.length + 1)
    const start = this.#length + 1
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      this.#bytes[start + i] = code
    }
    this.#bytes[this.#length] = text.length
    this.#length = start + text.length
    return true
  }

  #tag(field: number, wireType: number): void {
    this.#unsigned(field * 8 + wireType)
  }

  #unsigned(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= TWO_TO_32) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  #room(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Value of 0-9, a-f or A-F from its code: letters lie in the columns of 1 to 6, 64 and more up. */
function hexDigit(code: number): number {
  return (code & 15) + (code >>> 6) * 9
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++
  return size
}
