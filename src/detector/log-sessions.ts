import type { TracedRecord } from '../assemble/log-graft.ts'
import type { SessionAssembler } from '../assemble/session-assembler.ts'
import type { TraceLogSettings } from '../assemble/trace-logs.ts'
import type { LogTarget } from '../otlp/log-target.ts'
import type { TemplateNames } from './template-names.ts'

/** Where logs become sessions. */
export interface LogSettings {
  /** Attributes of record or resource by which records belong together: the first that is there counts. */
  readonly keys: readonly string[]
  /** ... else the first of these that is found in the text: what its first group holds. */
  readonly patterns: readonly RegExp[]
  /** How records that name a trace find it; absent: they do not. */
  readonly traces?: TraceLogSettings
}

/** What is known of a record, besides where it came from. */
export type ReadRecord = Pick<
  TracedRecord,
  'service' | 'name' | 'severity' | 'timeMs' | 'sessionKey'
>
export type ToTrace = (row: number, record: ReadRecord) => boolean

/** Puts decoded log records into the sessions of a partition, or where their traces are made. */
export class LogSessions {
  readonly #target: LogTarget
  readonly #names: TemplateNames
  readonly #patterns: readonly RegExp[]
  #times = new Float64Array(64)

  constructor(target: LogTarget, names: TemplateNames, { patterns }: LogSettings) {
    this.#target = target
    this.#names = names
    this.#patterns = patterns
  }

  /** Times that the records of the body decoded last say, for data time. */
  times(): Float64Array {
    const { count, of } = this.#target.columns
    if (this.#times.length < count) this.#times = new Float64Array(2 * count)
    let said = 0
    for (let row = 0; row < count; row++) {
      if (of.timeMs[row]! > 0) this.#times[said++] = of.timeMs[row]!
    }
    return this.#times.subarray(0, said)
  }

  /**
   * Adds the records of the body decoded last; returns how many have none of the keys and are not judged.
   * @param toTrace takes a record that names a trace; false where it does not
   * @param onRead hears of every record
   */
  addTo(
    sessions: SessionAssembler,
    offset: bigint,
    toTrace: ToTrace | null,
    onRead: (record: ReadRecord) => void,
  ): number {
    let keyless = 0
    const { columns } = this.#target
    const { of } = columns
    for (let row = 0; row < columns.count; row++) {
      const service = of.service[row]!
      const timeMs = of.timeMs[row]! || sessions.watermarkMs
      const name = this.#names.read(columns, row, service, timeMs)
      const key = this.#keyOf(row)
      const read = { service, name, severity: of.severity[row]!, timeMs, sessionKey: key }
      onRead(read)
      if (toTrace !== null && namesTrace(of.traceId, row) && toTrace(row, read)) continue
      if (key === null) {
        keyless++
        continue
      }
      sessions.add({ key, service, name, severity: read.severity, timeMs }, offset)
    }
    return keyless
  }

  #keyOf(row: number): number | null {
    const { keys, of } = this.#target.columns
    for (let key = 0; key < keys; key++) {
      const at = 2 * (row * keys + key)
      const a = of.keyHash[at]!
      const b = of.keyHash[at + 1]!
      if ((a | b) !== 0) return sessionKey(key, a, b)
    }
    if (this.#patterns.length === 0) return null
    const text = this.#names.lineText()
    for (const [i, pattern] of this.#patterns.entries()) {
      const found = pattern.exec(text)?.[1]
      if (found !== undefined) return textKey(keys + i, found)
    }
    return null
  }
}

/** Whether a record has a trace id. */
function namesTrace(traceId: Uint32Array, row: number): boolean {
  const at = row * 4
  return (traceId[at]! | traceId[at + 1]! | traceId[at + 2]! | traceId[at + 3]!) !== 0
}

const TWO_TO_32 = 4294967296
/** Bits of the upper word that a double holds beside the lower one. */
const UPPER_BITS = 21

/** Names the session of records whose key number `key` has a value with these two hashes: 53 bits. */
function sessionKey(key: number, a: number, b: number): number {
  const upper = (b ^ (b >>> UPPER_BITS)) & ((1 << UPPER_BITS) - 1)
  return upper * TWO_TO_32 + ((a ^ Math.imul(key, 0x9e3779b1)) >>> 0)
}

/** The same of a text; in ASCII the same as of an attribute with that value. */
export function textKey(key: number, text: string): number {
  let a = 0x811c9dc5
  let b = 0x6c62272e
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x01000197)
    b ^= b >>> 15
  }
  return sessionKey(key, a ^ (a >>> 16), b | 1)
}
