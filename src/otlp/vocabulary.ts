/** Id of the absent text; its string is ''. */
export const NO_TEXT = 0
/** Id that stands for every text beyond the vocabulary's limit; its string is '(other)'. */
export const OTHER_TEXT = 1

const EMPTY = -1
const MULTIPLIER = 0x01000193

/**
 * Texts as small integers, interned straight from UTF-8 bytes. Two levels:
 * - the *vocabulary* proper: canonical texts, append-only up to `limit`; what does not fit any more
 *   becomes `(other)` and is counted in `overflow`;
 * - a cache from raw bytes to canonical ids, cleared when full. It saves decoding and masking a text
 *   that was seen before; as the mapping is pure, clearing it never changes a result.
 *
 * `canonical` maps a raw text to the text that is kept (e.g. masks ids in operation names).
 */
export class Vocabulary {
  readonly limit: number
  /** Texts that found no room and became `(other)`. */
  overflow = 0
  readonly #canonical: (text: string) => string
  readonly #texts: string[] = ['', '(other)']
  readonly #ids = new Map<string, number>([
    ['', NO_TEXT],
    ['(other)', OTHER_TEXT],
  ])
  // The raw cache: open addressing; key bytes live in one arena.
  readonly #slots: Int32Array // entry index, or EMPTY
  readonly #entryHash: Uint32Array
  readonly #entryStart: Int32Array
  readonly #entryEnd: Int32Array
  readonly #entryId: Int32Array
  readonly #arena: Uint8Array
  #entries = 0
  #arenaUsed = 0

  constructor(limit: number, canonical: (text: string) => string = (text) => text) {
    this.limit = limit
    this.#canonical = canonical
    const entries = 1 << Math.max(8, 32 - Math.clz32(limit * 2 - 1))
    this.#slots = new Int32Array(entries * 2).fill(EMPTY)
    this.#entryHash = new Uint32Array(entries)
    this.#entryStart = new Int32Array(entries)
    this.#entryEnd = new Int32Array(entries)
    this.#entryId = new Int32Array(entries)
    this.#arena = new Uint8Array(entries * 48)
  }

  /** Number of ids given out, the two reserved ones included. */
  get size(): number {
    return this.#texts.length
  }

  /** The text of an id that this vocabulary gave out. */
  text(id: number): string {
    return this.#texts[id] ?? '(other)'
  }

  /** Id of a text that is canonical already, or of its canonical form. */
  intern(raw: string): number {
    const text = this.#canonical(raw)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    if (this.#texts.length >= this.limit) {
      this.overflow++
      return OTHER_TEXT
    }
    const id = this.#texts.length
    this.#texts.push(text)
    this.#ids.set(text, id)
    return id
  }

  /** Id of a text if it is known, without adding it. */
  find(text: string): number | undefined {
    return this.#ids.get(text)
  }

  /** Id of the UTF-8 text in `bytes[start, end)`. Bounds are the caller's. */
  internBytes(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return NO_TEXT
    let hash = 0x811c9dc5 ^ (end - start)
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, MULTIPLIER)
    hash = (hash ^ (hash >>> 15)) >>> 0
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (let entry = this.#slots[slot]!; entry !== EMPTY; entry = this.#slots[slot]!) {
      if (this.#entryHash[entry] === hash && this.#equals(entry, bytes, start, end)) {
        return this.#entryId[entry]!
      }
      slot = (slot + 1) & mask
    }
    return this.#remember(bytes, start, end, hash)
  }

  /** All canonical texts in id order: with `restore`, the whole lasting state. */
  texts(): readonly string[] {
    return this.#texts
  }

  /** Takes over the texts of another vocabulary; only valid on a fresh one. */
  restore(texts: readonly string[]): void {
    for (let id = 2; id < texts.length; id++) {
      this.#texts.push(texts[id]!)
      this.#ids.set(texts[id]!, id)
    }
  }

  #equals(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#entryStart[entry]!
    if (this.#entryEnd[entry]! - from !== end - start) return false
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== this.#arena[j]) return false
    return true
  }

  #remember(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const overflowBefore = this.overflow
    const id = this.intern(decodeText(bytes, start, end))
    const length = end - start
    // A text that found no room is counted every time it comes, so it is not cached.
    if (this.overflow !== overflowBefore || length > this.#arena.length / 8) return id
    if (this.#entries === this.#entryId.length || this.#arenaUsed + length > this.#arena.length) {
      this.#slots.fill(EMPTY)
      this.#entries = 0
      this.#arenaUsed = 0
    }
    const entry = this.#entries++
    this.#arena.set(bytes.subarray(start, end), this.#arenaUsed)
    this.#entryHash[entry] = hash
    this.#entryStart[entry] = this.#arenaUsed
    this.#entryEnd[entry] = this.#arenaUsed += length
    this.#entryId[entry] = id
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask
    this.#slots[slot] = entry
    return id
  }
}

// A byte order mark is part of a text like any other character.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end))
}
