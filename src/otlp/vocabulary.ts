import { grownTo } from '../columns/grown-array.ts'
import { type ForgetRule, IdLedger, type IdLedgerState } from '../columns/id-ledger.ts'
import { Marks } from '../columns/marks.ts'
import { cutEnd, hashBytes, sameBytes, viewOf } from './byte-words.ts'

/** Id of the absent text; its string is ''. */
export const NO_TEXT = 0
/** Id that stands for every text beyond the vocabulary's limit; its string is '(other)'. */
export const OTHER_TEXT = 1

const EMPTY = -1
const MAX_PROBES = 32
/** Slots to begin with; they double as they fill, so that few texts lie close together in memory. */
const FIRST_SLOTS = 1024
const BYTES_PER_ENTRY = 48

// Fields of a cache entry.
const HASH = 0
const START = 1
const LENGTH = 2
const ID = 3
const ENTRY_SIZE = 4

/** Share of the ids that is kept for essential texts, such as names of services. */
const ESSENTIAL = 1 / 16
/** Bytes of a text in UTF-8 that are read at all. */
const MOST_BYTES = 1024
/** Bytes of all texts together, in UTF-8, for each id that there is room for. */
const BYTES_PER_TEXT = 128

export interface VocabularyState {
  readonly ids: IdLedgerState
  /** By id; '' where the id is free. */
  readonly texts: readonly string[]
  readonly seen: Uint32Array<ArrayBuffer>
  readonly essential: readonly number[]
}

/**
 * Texts as small integers, interned straight from UTF-8 bytes. Two levels:
 * - the *vocabulary* proper: canonical texts up to `limit`, and up to so many bytes of all together; what does not fit
 *   any more becomes `(other)` and is counted in `overflow`, until other texts are forgotten;
 * - caches from raw bytes and raw strings to canonical ids, cleared when full. They save decoding and
 *   masking a text that was seen before; as the mapping is pure, clearing them never changes a result.
 *
 * `canonical` maps a raw text to the text that is kept (e.g. masks ids in operation names). Where it
 * changes, `recanonicalise` says so; texts that are kept already stay what they are.
 */
export class Vocabulary {
  readonly limit: number
  /** Ids for texts that are not essential: the rest is kept for those that are. */
  readonly #ordinaryLimit: number
  /** How many times a text found no room and became `(other)`. */
  overflow = 0
  readonly ids = new IdLedger()
  readonly #canonical: (text: string) => string
  readonly #texts: string[] = ['', '(other)']
  readonly #ids = new Map<string, number>([
    ['', NO_TEXT],
    ['(other)', OTHER_TEXT],
  ])
  // The cache of raw bytes: open addressing from hash to entry; the entries' bytes lie in one arena.
  #slots = new Int32Array(FIRST_SLOTS).fill(EMPTY) // entry index, or EMPTY
  readonly #entries: Int32Array // ENTRY_SIZE numbers an entry
  readonly #arena: Uint8Array
  readonly #arenaView: DataView
  readonly #capacity: number
  #used = 0
  #arenaUsed = 0
  readonly #rawIds = new Map<string, number>()
  #rawLength = 0
  /** How often each id was looked up. */
  #seen = new Uint32Array(256)
  #essential = new Marks()
  /** Of all texts, in UTF-8. */
  #bytes = 0

  constructor(limit: number, canonical: (text: string) => string = (text) => text) {
    this.limit = limit
    this.#ordinaryLimit = limit - Math.floor(limit * ESSENTIAL)
    this.#canonical = canonical
    this.#capacity = 1 << Math.max(8, 32 - Math.clz32(limit * 2 - 1))
    this.#entries = new Int32Array(this.#capacity * ENTRY_SIZE)
    this.#arena = new Uint8Array(this.#capacity * BYTES_PER_ENTRY)
    this.#arenaView = viewOf(this.#arena)
  }

  /** Number of ids in use, the two reserved ones included. */
  get size(): number {
    return this.ids.living
  }

  /** The text of an id that this vocabulary gave out. */
  text(id: number): string {
    return this.#texts[id] ?? '(other)'
  }

  /** How often the text of an id was looked up. */
  seen(id: number): number {
    return this.#seen[id] ?? 0
  }

  /** `canonical` has changed: raw texts are mapped anew. */
  recanonicalise(): void {
    this.#clearRaw()
    this.#clearBytes()
  }

  /** What may be forgotten; for want of room essential texts after all others. `after`: turns. */
  idle(after: number, used: Marks): Marks {
    return this.ids.idle({ ...this.#rule(after), used })
  }

  /** Whether room is short. */
  get isShort(): boolean {
    return this.ids.isShort(this.#rule(0))
  }

  /** Forgets these texts; their ids will be those of others. */
  forget(gone: Marks): void {
    const essential = new Marks()
    for (const id of this.#essential) if (!gone.has(id)) essential.add(id)
    this.#essential = essential
    for (const id of gone) {
      const text = this.#texts[id]!
      this.#ids.delete(text)
      this.#bytes -= bytesOf(text)
      this.#texts[id] = ''
      this.#seen[id] = 0
      this.ids.release(id)
    }
    this.recanonicalise()
  }

  /**
   * Id of a text that is canonical already, or of its canonical form. Of a long one only the beginning
   * counts. `essential`: it may take the room that is kept for such texts.
   */
  intern(text: string, essential = false): number {
    const raw = text.length > MOST_BYTES / 3 ? beginning(text) : text
    const known = this.#rawIds.get(raw)
    if (known !== undefined && !(essential && known === OTHER_TEXT)) {
      return this.#found(known, essential)
    }
    const id = this.#canonicalId(raw, essential)
    if (
      this.#rawIds.size === this.#capacity ||
      this.#rawLength > this.#capacity * BYTES_PER_ENTRY
    ) {
      this.#clearRaw()
    }
    this.#rawIds.set(copyOf(raw), id)
    this.#rawLength += raw.length
    this.#see(id, essential)
    return id
  }

  /** A text that is not essential was looked up again, by its id. */
  again(id: number): void {
    this.#see(id, false)
  }

  /** Id of a text that is kept as it is: one of our own making. */
  internOwn(text: string): number {
    const id = this.#idOf(text, false)
    this.#see(id, false)
    return id
  }

  /** Id of a text if it is known, without adding it. */
  find(text: string): number | undefined {
    return this.#ids.get(text)
  }

  /**
   * Id of the UTF-8 text in `bytes[start, end)`; what is not UTF-8 there becomes U+FFFD. Bounds are the
   * caller's. A caller that interns many texts of the same bytes gives their `view`, too. Otherwise like
   * `intern`.
   */
  internBytes(
    bytes: Uint8Array,
    start: number,
    until: number,
    view = viewOf(bytes),
    essential = false,
  ): number {
    if (start === until) return NO_TEXT
    const end = cutEnd(bytes, start, until, MOST_BYTES)
    const hash = hashBytes(view, start, end)
    const length = end - start
    const entries = this.#entries
    const mask = this.#slots.length - 1
    // The limit keeps texts that were made to collide from costing more than a decoding each.
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const at = this.#slots[(hash + probe) & mask]! * ENTRY_SIZE
      if (at < 0) break
      if (
        entries[at + HASH] === hash &&
        entries[at + LENGTH] === length &&
        sameBytes(this.#arenaView, entries[at + START]!, view, start, length)
      ) {
        const id = entries[at + ID]!
        if (!essential || id !== OTHER_TEXT) return this.#found(id, essential)
      }
    }
    return this.#remember(bytes, start, end, hash, essential)
  }

  /** All canonical texts in id order; '' for ids that are free. */
  texts(): readonly string[] {
    return this.#texts
  }

  /** Plain data: texts in id order, and how often each was looked up. */
  state(): VocabularyState {
    const { length } = this.#texts
    return {
      ids: this.ids.state(),
      texts: [...this.#texts],
      seen: this.#seen.slice(0, length),
      essential: [...this.#essential],
    }
  }

  /** Takes over the state of another vocabulary; only valid on a fresh one. */
  restore({ ids, texts, seen, essential }: VocabularyState): void {
    this.ids.restore(ids)
    for (let id = 2; id < texts.length; id++) {
      this.#texts.push(texts[id]!)
      if (this.ids.isFree(id)) continue
      this.#ids.set(texts[id]!, id)
      this.#bytes += bytesOf(texts[id]!)
    }
    this.#seen = grownTo(seen.slice(), 256)
    this.#essential.addAll(essential)
  }

  #rule(after: number): ForgetRule {
    const { limit } = this
    const share = Math.max(this.ids.living / limit, this.#bytes / (limit * BYTES_PER_TEXT))
    return { after, limit, share, essential: this.#essential }
  }

  #canonicalId(raw: string, essential: boolean): number {
    return this.#idOf(this.#canonical(raw), essential)
  }

  #idOf(text: string, essential: boolean): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const limit = essential ? this.limit : this.#ordinaryLimit
    if (this.ids.living >= limit || this.#bytes >= limit * BYTES_PER_TEXT) {
      this.overflow++
      return OTHER_TEXT
    }
    const id = this.ids.take()
    const kept = copyOf(text)
    this.#texts[id] = kept
    this.#ids.set(kept, id)
    this.#bytes += bytesOf(text)
    this.#seen = grownTo(this.#seen, id + 1)
    return id
  }

  /** Counts a look-up that was answered from a cache. */
  #found(id: number, essential: boolean): number {
    if (id === OTHER_TEXT) this.overflow++
    this.#see(id, essential)
    return id
  }

  #see(id: number, essential: boolean): void {
    this.#seen[id]!++
    this.ids.see(id)
    if (essential && id > OTHER_TEXT) this.#essential.add(id)
  }

  #clearRaw(): void {
    this.#rawIds.clear()
    this.#rawLength = 0
  }

  #clearBytes(): void {
    this.#slots.fill(EMPTY)
    this.#used = 0
    this.#arenaUsed = 0
  }

  #remember(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    essential: boolean,
  ): number {
    const text = bytes.subarray(start, end)
    const id = this.#canonicalId(utf8.decode(text), essential)
    this.#see(id, essential)
    if (this.#used === this.#capacity || this.#arenaUsed + text.length > this.#arena.length) {
      this.#clearBytes()
    }
    if (this.#used * 2 >= this.#slots.length) this.#growSlots()
    const at = this.#used * ENTRY_SIZE
    this.#entries[at + HASH] = hash
    if (!this.#place(this.#used)) return id
    this.#used++
    this.#entries[at + START] = this.#arenaUsed
    this.#entries[at + LENGTH] = text.length
    this.#entries[at + ID] = id
    this.#arena.set(text, this.#arenaUsed)
    this.#arenaUsed += text.length
    return id
  }

  /** Puts an entry into the slot for its hash; false where those nearby are taken. */
  #place(entry: number): boolean {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = this.#entries[entry * ENTRY_SIZE + HASH]!
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & mask
      if (slots[slot] !== EMPTY) continue
      slots[slot] = entry
      return true
    }
    return false
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 2).fill(EMPTY)
    for (let entry = 0; entry < this.#used; entry++) this.#place(entry)
  }
}

// A byte order mark is part of a text like any other character.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

function bytesOf(text: string): number {
  return encoder.encode(text).length
}

/** A copy that holds no other text in memory, as a part of one does. */
function copyOf(text: string): string {
  const copy = utf8.decode(encoder.encode(text))
  return copy === text ? copy : text
}

/** A copy of the first `MOST_BYTES` bytes, without a reference to the text it is of. */
function beginning(text: string): string {
  const bytes = encoder.encode(text.slice(0, MOST_BYTES))
  return utf8.decode(bytes.subarray(0, cutEnd(bytes, 0, bytes.length, MOST_BYTES)))
}
