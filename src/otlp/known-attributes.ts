import { sameBytes, viewOf } from './byte-words.ts'

/** Attributes that are remembered: a power of two. */
const KNOWN = 2048
/** Longer ones are not. */
const MOST_BYTES = 64
/** Shorter ones are not either: hardly any key is so short. */
export const LEAST_BYTES = 12

/** An attribute in the bytes `[start, end)`. */
export interface KnownAttribute {
  readonly start: number
  readonly end: number
  /** Index of its key, and id of its value. */
  readonly key: number
  readonly value: number
}

/**
 * Attributes of spans as they are written, key and value in one, with the key and the value's id: one comparison
 * instead of two look-ups and two comparisons. Exact, as the whole attribute is compared, and as all is forgotten
 * where ids may stand for other values.
 */
export class KnownAttributes {
  /** What was found. */
  key = 0
  value = 0
  readonly #view = viewOf(new Uint8Array(KNOWN * MOST_BYTES))
  readonly #bytes = new Uint8Array(this.#view.buffer)
  readonly #lengths = new Uint8Array(KNOWN)
  readonly #keys = new Int32Array(KNOWN)
  readonly #values = new Int32Array(KNOWN)

  /** Whether the attribute `[start, end)` behind `view`, of `LEAST_BYTES` or more, is known. Bounds are the caller's. */
  find(view: DataView, start: number, end: number): boolean {
    const length = end - start
    const slot = slotOf(view, start, end)
    if (this.#lengths[slot] !== length) return false
    if (!sameBytes(this.#view, slot * MOST_BYTES, view, start, length)) return false
    this.key = this.#keys[slot]!
    this.value = this.#values[slot]!
    return true
  }

  /** Remembers an attribute, unless it is long; `bytes` are those behind `view`. */
  keep(bytes: Uint8Array, view: DataView, attribute: KnownAttribute): void {
    const { start, end } = attribute
    const length = end - start
    if (length > MOST_BYTES || length < LEAST_BYTES) return
    const slot = slotOf(view, start, end)
    this.#bytes.set(bytes.subarray(start, end), slot * MOST_BYTES)
    this.#lengths[slot] = length
    this.#keys[slot] = attribute.key
    this.#values[slot] = attribute.value
  }

  clear(): void {
    this.#lengths.fill(0)
  }
}

/** Takes in the length, the last eight bytes, which are the value's, and four of the key. */
function slotOf(view: DataView, start: number, end: number): number {
  const mixed =
    Math.imul(view.getInt32(end - 4, true), 0x85ebca6b) ^
    Math.imul(view.getInt32(end - 8, true), 0x9e3779b1) ^
    Math.imul(view.getInt32(start + 4, true) ^ (end - start), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 15)) & (KNOWN - 1)
}
