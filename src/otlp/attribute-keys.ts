import type { SlotTable } from './attribute-slots.ts'

/** Index of `service.name`, which every table knows. */
export const SERVICE_NAME = 0
/** Not a key that is kept. */
export const UNWANTED = -1

const SPARSENESS = 16 // places a key: an unwanted key almost always meets an empty one

/**
 * The wanted attribute keys, found from their UTF-8 bytes. Nine in ten keys of a span are unwanted, so
 * what matters is how fast a key is refused: the hash takes the length and four sampled bytes, and
 * only a hit is compared byte by byte.
 */
export class AttributeKeys {
  /** Slot and priority by key index; slot -1 = known, but not kept as an attribute. */
  readonly slot: Int32Array
  readonly priority: Int32Array
  readonly #bytes: Uint8Array[] = []
  readonly #indexByText = new Map<string, number>()
  readonly #table: Int32Array

  constructor(slots: SlotTable) {
    const texts = [
      'service.name',
      ...[...slots.keys.keys()].filter((key) => key !== 'service.name'),
    ]
    this.#table = new Int32Array(1 << (32 - Math.clz32(texts.length * SPARSENESS))).fill(UNWANTED)
    const mask = this.#table.length - 1
    this.slot = new Int32Array(texts.length).fill(-1)
    this.priority = new Int32Array(texts.length)
    const encoder = new TextEncoder()
    texts.forEach((text, index) => {
      const known = slots.keys.get(text)
      if (known) {
        this.slot[index] = known.slot
        this.priority[index] = known.priority
      }
      const bytes = encoder.encode(text)
      this.#bytes.push(bytes)
      this.#indexByText.set(text, index)
      let place = hash(bytes, 0, bytes.length) & mask
      while (this.#table[place] !== UNWANTED) place = (place + 1) & mask
      this.#table[place] = index
    })
  }

  /** Index of the key in `bytes[start, end)`, or `UNWANTED`. Bounds are the caller's. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return UNWANTED
    const mask = this.#table.length - 1
    let place = hash(bytes, start, end) & mask
    for (;;) {
      const index = this.#table[place]!
      if (index === UNWANTED || equals(this.#bytes[index]!, bytes, start, end)) return index
      place = (place + 1) & mask
    }
  }

  /** The same for a key that is a string already. */
  findText(key: string): number {
    return this.#indexByText.get(key) ?? UNWANTED
  }
}

function hash(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  const mixed =
    Math.imul(bytes[start]!, 0x85ebca6b) ^
    Math.imul(bytes[start + (length >>> 1)]!, 0xc2b2ae35) ^
    Math.imul(bytes[start + ((length * 3) >>> 2)]!, 0x27d4eb2f) ^
    Math.imul(bytes[end - 1]!, 0x165667b1) ^
    Math.imul(length, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

function equals(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false
  return true
}
