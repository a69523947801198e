import { grownTo } from '../columns/grown-array.ts'
import { cutEnd } from './byte-words.ts'

/** Of longer texts only the beginning is kept. */
export const MOST_TEXT_BYTES = 8192
const FIRST_BYTES = 1 << 16

/** Texts one after the other as UTF-8, in room that is used again. */
export class TextArena {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES)
  /** Bytes in use. */
  length = 0
  readonly #encoder = new TextEncoder()

  /** Copies `from[start, end)`, whose bounds are the caller's; returns how many bytes were kept. */
  add(from: Uint8Array, start: number, end: number): number {
    const until = cutEnd(from, start, end, MOST_TEXT_BYTES)
    const kept = until - start
    this.#reserve(kept)
    this.bytes.set(from.subarray(start, until), this.length)
    this.length += kept
    return kept
  }

  addText(text: string): number {
    this.#reserve(MOST_TEXT_BYTES)
    const room = this.bytes.subarray(this.length, this.length + MOST_TEXT_BYTES)
    const { written } = this.#encoder.encodeInto(text, room)
    this.length += written
    return written
  }

  #reserve(bytes: number): void {
    this.bytes = grownTo(this.bytes, this.length + bytes)
  }
}
