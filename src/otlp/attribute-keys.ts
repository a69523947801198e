import type { SlotTable } from './attribute-slots.ts'
import { sameBytes, viewOf } from './byte-words.ts'

/** Keys that say which service a resource is of; every table knows them, at these indices. */
const IDENTITY = [
  'service.name',
  'service.namespace',
  'deployment.environment.name',
  'deployment.environment',
] as const
export const SERVICE_NAME = 0
export const SERVICE_NAMESPACE = 1
export const ENVIRONMENT_NAME = 2
/** As older conventions call it. */
export const ENVIRONMENT = 3
/** Not a key that is kept. */
export const UNWANTED = -1

const SPARSENESS = 16 // places a key: an unwanted key almost always meets an empty one

/**
 * The wanted attribute keys, found from their UTF-8 bytes. Most keys of a span are unwanted, so what
 * matters is how fast a key is refused: the hash takes the length and eight sampled bytes (the last
 * four and four in the middle), and only a hit is compared in full.
 */
export class AttributeKeys {
  /** Slot and priority by key index; slot -1 = known, but not kept as an attribute. */
  readonly slot: Int32Array
  readonly priority: Int32Array
  readonly #indexByText = new Map<string, number>()
  readonly #table: Int32Array
  /** The keys' bytes one after the other; key i is `[#starts[i], #starts[i + 1])`. */
  readonly #view: DataView
  readonly #starts: Int32Array

  constructor(slots: Pick<SlotTable, 'keys'>) {
    const texts = [...new Set([...IDENTITY, ...slots.keys.keys()])]
    this.slot = new Int32Array(texts.length).fill(-1)
    this.priority = new Int32Array(texts.length)
    this.#view = viewOf(new TextEncoder().encode(texts.join('')))
    this.#starts = new Int32Array(texts.length + 1)
    this.#table = new Int32Array(1 << (32 - Math.clz32(texts.length * SPARSENESS))).fill(UNWANTED)
    const mask = this.#table.length - 1
    texts.forEach((text, index) => {
      const known = slots.keys.get(text)
      if (known) {
        this.slot[index] = known.slot
        this.priority[index] = known.priority
      }
      this.#indexByText.set(text, index)
      const start = this.#starts[index]!
      const end = start + new TextEncoder().encode(text).length
      this.#starts[index + 1] = end
      let place = sampled(this.#view, start, end) & mask
      while (this.#table[place] !== UNWANTED) place = (place + 1) & mask
      this.#table[place] = index
    })
  }

  /** Index of the key in the bytes `[start, end)` behind `view`, or `UNWANTED`. Bounds are the caller's. */
  find(view: DataView, start: number, end: number): number {
    const mask = this.#table.length - 1
    let place = sampled(view, start, end) & mask
    for (;;) {
      const index = this.#table[place]!
      if (index === UNWANTED) return UNWANTED
      const key = this.#starts[index]!
      const length = this.#starts[index + 1]! - key
      if (length === end - start && sameBytes(this.#view, key, view, start, length)) return index
      place = (place + 1) & mask
    }
  }

  /** The same for a key that is a string already. */
  findText(key: string): number {
    return this.#indexByText.get(key) ?? UNWANTED
  }
}

function sampled(view: DataView, start: number, end: number): number {
  const length = end - start
  if (length < 4) return length
  const mixed =
    Math.imul(view.getInt32(end - 4, true), 0x85ebca6b) ^
    Math.imul(view.getInt32(start + ((length - 4) >>> 1), true), 0x9e3779b1) ^
    Math.imul(length, 0x165667b1)
  return mixed ^ (mixed >>> 15)
}
