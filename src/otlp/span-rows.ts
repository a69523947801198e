import {
  AttributeKeys,
  ENVIRONMENT,
  ENVIRONMENT_NAME,
  SERVICE_NAME,
  SERVICE_NAMESPACE,
} from './attribute-keys.ts'
import type { DecodeTarget } from './decode-target.ts'
import { authorityOf, UrlAuthority } from './url-authority.ts'
import { NO_TEXT, OTHER_TEXT } from './vocabulary.ts'

/** Below that of every key. */
const LEAST_PRIORITY = 1024
const SMALL_INTEGERS = 1024 // status codes and the like

/**
 * The rows that one body adds to a `DecodeTarget`, whatever the encoding: attributes by slot and
 * priority, the resource's attributes for the spans that lack them, and the way back when the body
 * turns out to be damaged. A resource may come before or after its spans, so its attributes are
 * gathered and handed out at its end.
 */
export class SpanRows {
  readonly target: DecodeTarget
  readonly keys: AttributeKeys
  readonly #ignored: Uint8Array[]
  /** Priority of the key that filled a slot of the current row; only valid where the slot is filled. */
  readonly #priority: Int32Array
  readonly #resource: Int32Array
  readonly #resourcePriority: Int32Array
  /** Ids of the texts of small numbers. */
  readonly #integers = new Int32Array(SMALL_INTEGERS)
  /** How often values had been forgotten when the last body began. */
  #forgotten = 0
  readonly #url: number
  readonly #authority = new UrlAuthority()
  #service = NO_TEXT
  #namespace = NO_TEXT
  #environment = NO_TEXT
  #ignore = false
  #bodyStart = 0
  #resourceStart = 0
  #dropped = 0

  constructor(target: DecodeTarget) {
    const { columns, slots } = target
    if (columns.stride !== slots.stride) {
      throw new RangeError(`columns have ${columns.stride} slots, the slot table ${slots.stride}`)
    }
    this.target = target
    this.keys = new AttributeKeys(slots)
    this.#url = slots.index.get('serverUrl')!
    this.#priority = new Int32Array(slots.stride)
    this.#resource = new Int32Array(slots.stride)
    this.#resourcePriority = new Int32Array(slots.stride)
    const encoder = new TextEncoder()
    this.#ignored = [...target.ignoreServices].map((service) => encoder.encode(service))
  }

  /** @returns whether values were forgotten since the last body: then ids may be those of others */
  beginBody(): boolean {
    const { forgotten } = this.target.values.ids
    const areOthers = forgotten !== this.#forgotten
    this.#forgotten = forgotten
    if (areOthers) this.#integers.fill(NO_TEXT)
    this.#bodyStart = this.target.columns.count
    this.#dropped = 0
    this.target.rejected.beginBody()
    return areOthers
  }

  /**
   * Rows that the body added.
   * @throws DecodeError where all that it had was rejected: then it is the body that is no good
   */
  endBody(): number {
    const added = this.target.columns.count - this.#bodyStart
    const { first } = this.target.rejected
    if (first !== null && added === 0 && this.#dropped === 0) throw first
    this.target.droppedOwn += this.#dropped
    return added
  }

  /** Takes back everything since `beginBody`, save for texts in the vocabularies. */
  abandonBody(): void {
    this.target.columns.cut(this.#bodyStart)
    this.target.rejected.beginBody()
  }

  /** Takes back the row that was begun and counts it; the next span is read as if it had not been. */
  rejectRow(row: number, fault: unknown): void {
    this.target.rejected.add(fault)
    this.target.columns.cut(row)
  }

  /** The same for all rows of a resource that cannot be read to its end. */
  rejectResource(fault: unknown): void {
    const { columns, rejected } = this.target
    rejected.add(fault, Math.max(1, columns.count - this.#resourceStart))
    columns.cut(this.#resourceStart)
    this.#endRejected()
  }

  beginResource(): void {
    this.#resourceStart = this.target.columns.count
    this.#resource.fill(0)
    this.#service = this.#namespace = this.#environment = NO_TEXT
    this.#ignore = false
  }

  endResource(): void {
    const { columns } = this.target
    this.#endRejected()
    if (this.#ignore) {
      this.#dropped += columns.count - this.#resourceStart
      columns.cut(this.#resourceStart)
      return
    }
    const { identities } = this.target
    const service =
      identities?.resolve(this.#service, this.#namespace, this.#environment) ?? this.#service
    columns.of.service.fill(service, this.#resourceStart, columns.count)
    const stride = columns.stride
    for (let slot = 0; slot < stride; slot++) {
      const value = this.#resource[slot]!
      if (value === NO_TEXT) continue
      const attributes = columns.of.attributes
      const end = columns.count * stride
      for (let i = this.#resourceStart * stride + slot; i < end; i += stride) {
        if (attributes[i] === NO_TEXT) attributes[i] = value
      }
    }
  }

  #endRejected(): void {
    const { rejected, values } = this.target
    if (rejected.inBody > 0) rejected.endResource(values.text(this.#service))
  }

  /** Whether the service named in `bytes[start, end)` is an ignored one; remembers it for `endResource`. */
  ignores(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#service !== NO_TEXT || this.#ignore) return this.#ignore
    for (const ignored of this.#ignored) {
      if (ignored.length === end - start && same(ignored, bytes, start)) this.#ignore = true
    }
    return this.#ignore
  }

  /** The same for a string. */
  ignoresText(service: string): boolean {
    if (this.#service !== NO_TEXT || this.#ignore) return this.#ignore
    this.#ignore = this.target.ignoreServices.has(service)
    return this.#ignore
  }

  /** Whether all of the text of an attribute is kept, not a part that many share. */
  keepsAllOf(key: number): boolean {
    return this.keys.slot[key] !== this.#url
  }

  /** Id of the text of an attribute, which is `bytes[start, end)`: what is kept of it. */
  textOfBytes(
    key: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    view: DataView,
    essential = false,
  ): number {
    const { values } = this.target
    if (this.keys.slot[key] === this.#url) {
      const authority = this.#authority
      authority.find(bytes, start, end)
      return values.internBytes(bytes, authority.start, authority.end, view)
    }
    return values.internBytes(bytes, start, end, view, essential)
  }

  /** The same of a string. */
  text(key: number, text: string, essential = false): number {
    const kept = this.keys.slot[key] === this.#url ? authorityOf(text) : text
    return this.target.values.intern(kept.toWellFormed(), essential)
  }

  /** Gives the current row a value; of keys that share a slot the smaller priority wins, then the first. */
  setAttribute(row: number, key: number, value: number): void {
    const slot = this.keys.slot[key]!
    if (slot < 0 || value === NO_TEXT) return
    const { columns } = this.target
    const { attributes } = columns.of
    const { stride } = columns
    const priority = this.keys.priority[key]!
    const cell = row * stride + slot
    if (attributes[cell] !== NO_TEXT && this.#priority[slot]! <= priority) return
    attributes[cell] = value
    this.#priority[slot] = priority
  }

  /** What the message of a span's status says of its error, where no attribute says it. */
  setError(row: number, words: string): void {
    const { columns, slots, values } = this.target
    const slot = slots.index.get('errorType')
    if (words === '' || slot === undefined) return
    const cell = row * columns.stride + slot
    if (columns.of.attributes[cell] !== NO_TEXT) return
    columns.of.attributes[cell] = values.intern(words)
    this.#priority[slot] = LEAST_PRIORITY
  }

  /** An attribute of the current resource, by the index of its key. */
  setResource(key: number, value: number): void {
    if (value === NO_TEXT) return
    if (key === SERVICE_NAME && this.#service === NO_TEXT) this.#service = value
    else if (key === SERVICE_NAMESPACE) this.#namespace = value
    else if (key === ENVIRONMENT_NAME) this.#environment = value
    else if (key === ENVIRONMENT && this.#environment === NO_TEXT) this.#environment = value
    const slot = this.keys.slot[key]!
    if (slot < 0) return
    const priority = this.keys.priority[key]!
    if (this.#resource[slot] !== NO_TEXT && this.#resourcePriority[slot]! <= priority) return
    this.#resource[slot] = value
    this.#resourcePriority[slot] = priority
  }

  /** Id of the text of a double; an integral one reads like the integer. */
  double(value: number): number {
    if (Number.isSafeInteger(value)) return this.integer(value)
    return this.target.values.intern(String(value))
  }

  /** Id of the decimal text of an integer that a double holds exactly. */
  integer(value: number): number {
    const { values } = this.target
    if (value < 0 || value >= SMALL_INTEGERS) return values.intern(String(value))
    const known = this.#integers[value]!
    if (known !== NO_TEXT) {
      values.again(known)
      return known
    }
    const id = values.intern(String(value))
    // A text that found no room is counted each time, so it is not remembered.
    if (id !== OTHER_TEXT) this.#integers[value] = id
    return id
  }
}

function same(text: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[start + i]) return false
  return true
}
