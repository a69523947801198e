import {
  AttributeKeys,
  ENVIRONMENT,
  ENVIRONMENT_NAME,
  SERVICE_NAME,
  SERVICE_NAMESPACE,
} from './attribute-keys.ts'
import type { SlotTable } from './attribute-slots.ts'
import { BODY_NONE, BODY_TEXT } from './log-columns.ts'
import type { LogTarget } from './log-target.ts'
import { NO_TEXT } from './vocabulary.ts'

// Slots of the attributes of a record that are looked at.
export const EXCEPTION_TYPE = 0
export const EXCEPTION_MESSAGE = 1
export const STACK_TRACE = 2
export const EVENT_NAME = 3
export const TEMPLATE = 4
/** From here on, those of session keys. */
const SESSION_KEYS = 5

/**
 * Attributes of a record by slot. A template that the sender gives: of a Collector's drain processor, of .NET, of
 * Sentry. Source: OpenTelemetry semantic conventions 1.45.0; `event.name` is how older ones named an event.
 */
const LOG_SLOTS: readonly (readonly string[])[] = [
  ['exception.type'],
  ['exception.message'],
  ['exception.stacktrace'],
  ['event.name'],
  ['log.record.template', '{OriginalFormat}', 'sentry.message.template'],
]

function logKeys(sessionKeys: readonly string[]): Pick<SlotTable, 'keys'> {
  const slots = [...LOG_SLOTS, ...sessionKeys.map((key) => [key])]
  const entries = slots.flatMap((keys, slot) =>
    keys.map((key, priority) => [key, { slot, priority }] as const),
  )
  return { keys: new Map(entries) }
}

/**
 * The rows that one body adds to a `LogTarget`, whatever the encoding; the same for records as `SpanRows` for
 * spans. The texts of exceptions wait until the record is read: they count where the body says nothing.
 */
export class LogRows {
  readonly target: LogTarget
  readonly keys: AttributeKeys
  /** Hashes of the session keys that the resource has. */
  readonly #resourceHash: Uint32Array
  readonly #encoder = new TextEncoder()
  #service = NO_TEXT
  #namespace = NO_TEXT
  #environment = NO_TEXT
  #ignore = false
  #bodyStart = 0
  #resourceStart = 0
  #dropped = 0
  // Of the current record: the best template so far, and the exception's message.
  #templatePriority = 0
  #messageStart = 0
  #messageBytes = 0

  constructor(target: LogTarget) {
    const { columns, sessionKeys } = target
    if (columns.keys !== sessionKeys.length) {
      throw new RangeError(
        `columns have ${columns.keys} session keys, expected ${sessionKeys.length}`,
      )
    }
    this.target = target
    this.keys = new AttributeKeys(logKeys(sessionKeys))
    this.#resourceHash = new Uint32Array(2 * sessionKeys.length)
  }

  beginBody(): void {
    this.#bodyStart = this.target.columns.count
    this.#dropped = 0
    this.target.rejected.beginBody()
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

  /** Takes back everything since `beginBody`, save for texts in the vocabulary. */
  abandonBody(): void {
    this.target.columns.cut(this.#bodyStart)
    this.target.rejected.beginBody()
  }

  beginResource(): void {
    this.#resourceStart = this.target.columns.count
    this.#service = this.#namespace = this.#environment = NO_TEXT
    this.#ignore = false
    this.#resourceHash.fill(0)
  }

  endResource(): void {
    const { columns, identities } = this.target
    this.#endRejected()
    if (this.#ignore) {
      this.#dropped += columns.count - this.#resourceStart
      columns.cut(this.#resourceStart)
      return
    }
    const service =
      identities?.resolve(this.#service, this.#namespace, this.#environment) ?? this.#service
    columns.of.service.fill(service, this.#resourceStart, columns.count)
    this.#spreadKeys()
  }

  /** What a record does not say itself, its resource says. */
  #spreadKeys(): void {
    const { columns } = this.target
    const { keyHash } = columns.of
    const resource = this.#resourceHash
    const width = resource.length
    for (let key = 0; key < width; key += 2) {
      if ((resource[key]! | resource[key + 1]!) === 0) continue
      for (let row = this.#resourceStart; row < columns.count; row++) {
        const at = row * width + key
        if ((keyHash[at]! | keyHash[at + 1]!) !== 0) continue
        keyHash[at] = resource[key]!
        keyHash[at + 1] = resource[key + 1]!
      }
    }
  }

  /** Takes back all rows of a resource that cannot be read to its end, and counts them. */
  rejectResource(fault: unknown): void {
    const { columns, rejected } = this.target
    rejected.add(fault, Math.max(1, columns.count - this.#resourceStart))
    columns.cut(this.#resourceStart)
    this.#endRejected()
  }

  beginRecord(): number {
    this.#templatePriority = Number.POSITIVE_INFINITY
    this.#messageBytes = 0
    return this.target.columns.add()
  }

  /** An exception's message stands for a body that says nothing. */
  endRecord(row: number): void {
    const { of } = this.target.columns
    if (this.#messageBytes === 0 || of.body[row] !== BODY_NONE) return
    of.body[row] = BODY_TEXT
    of.bodyStart[row] = this.#messageStart
    of.bodyBytes[row] = this.#messageBytes
  }

  /** Takes back the row that was begun and counts it; the next record is read as if it had not been. */
  rejectRow(row: number, fault: unknown): void {
    this.target.rejected.add(fault)
    this.target.columns.cut(row)
  }

  /** The service's name, of which the first one counts. */
  setService(name: string): void {
    if (this.#service !== NO_TEXT || this.#ignore) return
    if (this.target.ignoreServices.has(name)) this.#ignore = true
    else this.#service = this.target.values.intern(name, true)
  }

  /** Gives the resource a value. */
  setResource(key: number, value: string): void {
    if (value === '') return
    const slot = this.keys.slot[key]!
    if (slot >= SESSION_KEYS) {
      const bytes = this.#encoder.encode(value)
      hashInto(this.#resourceHash, 2 * (slot - SESSION_KEYS), bytes, 0, bytes.length)
    }
    if (key === SERVICE_NAME) {
      this.setService(value)
      return
    }
    const isWanted =
      key === SERVICE_NAMESPACE ||
      key === ENVIRONMENT_NAME ||
      (key === ENVIRONMENT && this.#environment === NO_TEXT)
    if (!isWanted) return
    const id = this.target.values.intern(value)
    if (key === SERVICE_NAMESPACE) this.#namespace = id
    else this.#environment = id
  }

  /** Gives the current record the text in `bytes[start, end)` as the value of a wanted key; the first one counts. */
  setAttribute(row: number, key: number, bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return
    const { columns, values } = this.target
    const { of, texts } = columns
    const slot = this.keys.slot[key]!
    if (slot >= SESSION_KEYS) {
      const at = 2 * (row * columns.keys + slot - SESSION_KEYS)
      hashInto(of.keyHash, at, bytes, start, end)
    } else if (slot === EXCEPTION_TYPE)
      of.exceptionType[row] ||= values.internBytes(bytes, start, end)
    else if (slot === EVENT_NAME) of.eventName[row] ||= values.internBytes(bytes, start, end)
    else if (slot === STACK_TRACE && of.stackBytes[row] === 0) {
      of.stackStart[row] = texts.length
      of.stackBytes[row] = texts.add(bytes, start, end)
    } else if (slot === EXCEPTION_MESSAGE && this.#messageBytes === 0) {
      this.#messageStart = texts.length
      this.#messageBytes = texts.add(bytes, start, end)
    } else if (slot === TEMPLATE && this.keys.priority[key]! < this.#templatePriority) {
      this.#templatePriority = this.keys.priority[key]!
      of.templateStart[row] = texts.length
      of.templateBytes[row] = texts.add(bytes, start, end)
    }
  }

  /** The same for a number or a truth value: only session keys have such. */
  setScalar(row: number, key: number, text: string): void {
    if (this.keys.slot[key]! < SESSION_KEYS) return
    const bytes = this.#encoder.encode(text)
    this.setAttribute(row, key, bytes, 0, bytes.length)
  }

  #endRejected(): void {
    const { rejected, values } = this.target
    if (rejected.inBody > 0) rejected.endResource(values.text(this.#service))
  }
}

/** Two words that stand for a text, FNV-1a with two offsets; the first one counts. */
function hashInto(
  words: Uint32Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if ((words[at]! | words[at + 1]!) !== 0) return
  let a = 0x811c9dc5
  let b = 0x6c62272e
  for (let i = start; i < end; i++) {
    a = Math.imul(a ^ bytes[i]!, 0x01000193)
    b = Math.imul(b ^ bytes[i]!, 0x01000197)
    b ^= b >>> 15
  }
  words[at] = a ^ (a >>> 16)
  // Never both zero: that is no text.
  words[at + 1] = b | 1
}
