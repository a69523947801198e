import {
  AnyValueReader,
  VALUE_BYTES,
  VALUE_FIELDS,
  VALUE_NONE,
  VALUE_SCALAR,
  VALUE_TEXT,
} from './any-value-reader.ts'
import { UNWANTED } from './attribute-keys.ts'
import { DecodeError } from './decode-error.ts'
import { BODY_BYTES, BODY_FIELDS, BODY_NONE, BODY_SCALAR, BODY_TEXT } from './log-columns.ts'
import { LogRows } from './log-rows.ts'
import type { LogTarget } from './log-target.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { EXPECTED_LOGS, withWhatItSeems } from './what-it-seems.ts'

const MS_PER_HI = 4294.967296
const MAX_SEVERITY = 24 // fatal4; what is above is not known and counts as unspecified

// Highest field number of each message that is known here; what is above is stepped over.
const REQUEST_FIELDS = 1
const RESOURCE_LOGS_FIELDS = 3
const RESOURCE_FIELDS = 3
const SCOPE_LOGS_FIELDS = 3
const RECORD_FIELDS = 12
const KEY_VALUE_FIELDS = 2

// Tags: field number << 3 | wire type.
const FIELD_1_BYTES = 0x0a
const FIELD_2_BYTES = 0x12
const FIELD_3_BYTES = 0x1a
/** Field 1000 of ResourceLogs: the scopes as the protocol had them before 0.15. */
const LIBRARY_LOGS = 0x1f42
const RECORD_TIME = 0x09
const RECORD_SEVERITY = 0x10
const RECORD_SEVERITY_TEXT = 0x1a
const RECORD_BODY = 0x2a
const RECORD_ATTRIBUTE = 0x32
const RECORD_DROPPED_ATTRIBUTES = 0x38
const RECORD_FLAGS = 0x45
const RECORD_TRACE_ID = 0x4a
const RECORD_SPAN_ID = 0x52
const RECORD_OBSERVED_TIME = 0x59
const RECORD_EVENT_NAME = 0x62
const RESOURCE_DROPPED = 0x10

const decoders = new WeakMap<LogTarget, LogsDecoder>()

/**
 * Appends the records of one `LogsData` or `ExportLogsServiceRequest` to `target.columns` and returns how many they
 * were. As for spans (`decodeTraces`): fields may come in any order, what nobody asked for is stepped over, a record
 * that is no good is left out and counted in `target.rejected`. Throws `DecodeError`, with
 * `columns.count` as it was, where nothing of the bytes is such a message.
 * Source: opentelemetry-proto, logs.proto.
 */
export function decodeLogs(body: Uint8Array, target: LogTarget): number {
  let decoder = decoders.get(target)
  if (!decoder) {
    decoder = new LogsDecoder(target)
    decoders.set(target, decoder)
  }
  return decoder.decode(body)
}

class LogsDecoder {
  readonly #rows: LogRows
  readonly #reader = new ProtobufReader()
  readonly #value = new AnyValueReader(this.#reader)
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

  constructor(target: LogTarget) {
    this.#rows = new LogRows(target)
  }

  decode(body: Uint8Array): number {
    const reader = this.#reader
    const rows = this.#rows
    reader.open(body)
    rows.beginBody()
    try {
      this.#messages(0, body.length, REQUEST_FIELDS, (tag, start, end) => {
        if (tag === FIELD_1_BYTES) this.#wholeResource(start, end)
      })
      return rows.endBody()
    } catch (error) {
      rows.abandonBody()
      throw withWhatItSeems(error, body, EXPECTED_LOGS)
    } finally {
      reader.close()
    }
  }

  /**
   * Gives each message field of the first three numbers, and of the tag `old`, to `take`; other known fields
   * are of the wrong type.
   */
  #messages(
    start: number,
    until: number,
    known: number,
    take: (tag: number, start: number, end: number) => void,
    old = 0,
  ): void {
    const reader = this.#reader
    let position = start
    while (position < until) {
      const tag = reader.tag(position, until)
      const isMessage = tag === FIELD_1_BYTES || tag === FIELD_2_BYTES || tag === FIELD_3_BYTES
      if ((isMessage && tag >>> 3 <= known) || tag === old) {
        const length = reader.length(reader.position, until)
        const from = reader.position
        position = from + length
        take(tag, from, position)
      } else position = reader.skipUnknown(tag, reader.position, until, known)
    }
  }

  #wholeResource(start: number, end: number): void {
    this.#rows.beginResource()
    let hasScopes = false
    const old: [start: number, end: number][] = []
    const take = (tag: number, from: number, to: number): void => {
      if (tag === FIELD_1_BYTES) this.#resource(from, to)
      else if (tag === LIBRARY_LOGS) old.push([from, to])
      else if (tag === FIELD_2_BYTES) {
        hasScopes = true
        this.#scopeLogs(from, to)
      }
    }
    try {
      this.#messages(start, end, RESOURCE_LOGS_FIELDS, take, LIBRARY_LOGS)
      // Senders of the time between may have written the same records in both fields.
      if (!hasScopes) for (const [from, to] of old) this.#scopeLogs(from, to)
    } catch (fault) {
      this.#rows.rejectResource(fault)
      return
    }
    this.#rows.endResource()
  }

  #resource(start: number, end: number): void {
    const reader = this.#reader
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES) {
        const length = reader.length(reader.position, end)
        const from = reader.position
        position = from + length
        const key = this.#keyValue(from, position)
        if (key !== UNWANTED) this.#rows.setResource(key, this.#valueText())
      } else if (tag === RESOURCE_DROPPED || tag === FIELD_3_BYTES) {
        position = reader.skip(tag, reader.position, end)
      } else position = reader.skipUnknown(tag, reader.position, end, RESOURCE_FIELDS)
    }
  }

  #scopeLogs(start: number, end: number): void {
    this.#messages(start, end, SCOPE_LOGS_FIELDS, (tag, from, to) => {
      if (tag === FIELD_2_BYTES) this.#wholeRecord(from, to)
    })
  }

  #wholeRecord(start: number, end: number): void {
    const row = this.#rows.beginRecord()
    try {
      this.#record(row, start, end)
      this.#rows.endRecord(row)
    } catch (fault) {
      this.#rows.rejectRow(row, fault)
    }
  }

  #record(row: number, start: number, end: number): void {
    const reader = this.#reader
    const { of } = this.#rows.target.columns
    let time = 0
    let observed = 0
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      const from = reader.position
      if ((tag & 7) === 2) {
        const length = reader.length(from, end)
        const at = reader.position
        position = at + length
        this.#recordBytes(row, tag, at, position)
      } else if (tag === RECORD_TIME || tag === RECORD_OBSERVED_TIME) {
        position = reader.skip(tag, from, end)
        const ms =
          reader.view.getUint32(from + 4, true) * MS_PER_HI +
          reader.view.getUint32(from, true) / 1e6
        if (tag === RECORD_TIME) time = ms
        else observed = ms
      } else if (tag === RECORD_SEVERITY) {
        const severity = reader.varint(from, end)
        of.severity[row] = reader.hi === 0 && severity <= MAX_SEVERITY ? severity : 0
        position = reader.position
      } else if (tag === RECORD_DROPPED_ATTRIBUTES || tag === RECORD_FLAGS) {
        position = reader.skip(tag, from, end)
      } else position = reader.skipUnknown(tag, from, end, RECORD_FIELDS)
    }
    of.timeMs[row] = time || observed
  }

  /** A bytes, text or message field of a record, in `bytes[start, end)`. */
  #recordBytes(row: number, tag: number, start: number, end: number): void {
    const { columns, values } = this.#rows.target
    const { of } = columns
    const { bytes, view } = this.#reader
    switch (tag) {
      case RECORD_TRACE_ID:
        this.#id(of.traceId, row * 4, 4, start, end)
        return
      case RECORD_SPAN_ID:
        this.#id(of.spanId, row * 2, 2, start, end)
        return
      case RECORD_SEVERITY_TEXT:
        of.severityText[row] = values.internBytes(bytes, start, end, view)
        return
      case RECORD_EVENT_NAME:
        // The field counts before the attribute of old.
        if (start < end) of.eventName[row] = values.internBytes(bytes, start, end, view)
        return
      case RECORD_BODY:
        this.#body(row, start, end)
        return
      case RECORD_ATTRIBUTE: {
        const key = this.#keyValue(start, end)
        const value = this.#value
        if (key === UNWANTED) return
        if (value.kind === VALUE_TEXT) {
          this.#rows.setAttribute(row, key, bytes, value.start, value.end)
        } else if (value.kind === VALUE_SCALAR) {
          this.#rows.setScalar(row, key, value.scalarText())
        }
        return
      }
      default:
        if (tag >>> 3 <= RECORD_FIELDS) {
          throw new DecodeError(`wire type ${tag & 7} of field ${tag >>> 3}`, start)
        }
    }
  }

  #body(row: number, start: number, end: number): void {
    const { of, texts } = this.#rows.target.columns
    const value = this.#value
    value.read(start, end)
    const { kind } = value
    of.bodyStart[row] = texts.length
    of.bodyBytes[row] = 0
    of.body[row] = BODY_KINDS[kind]!
    if (kind === VALUE_TEXT)
      of.bodyBytes[row] = texts.add(this.#reader.bytes, value.start, value.end)
    else if (kind === VALUE_SCALAR) of.bodyBytes[row] = texts.addText(value.scalarText())
    else if (kind === VALUE_FIELDS)
      of.bodyBytes[row] = texts.addText(JSON.stringify(value.fields()))
  }

  /** Index of a wanted key, whose value is in `#value`; else UNWANTED. */
  #keyValue(start: number, end: number): number {
    const reader = this.#reader
    let key = UNWANTED
    let valueStart = 0
    let valueEnd = 0
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES || tag === FIELD_2_BYTES) {
        const length = reader.length(reader.position, end)
        const from = reader.position
        position = from + length
        if (tag === FIELD_1_BYTES) key = this.#rows.keys.find(reader.view, from, position)
        else {
          valueStart = from
          valueEnd = position
        }
      } else position = reader.skipUnknown(tag, reader.position, end, KEY_VALUE_FIELDS)
    }
    if (key !== UNWANTED) this.#value.read(valueStart, valueEnd)
    return key
  }

  #valueText(): string {
    const value = this.#value
    if (value.kind === VALUE_SCALAR) return value.scalarText()
    if (value.kind !== VALUE_TEXT) return ''
    return this.#utf8.decode(this.#reader.bytes.subarray(value.start, value.end))
  }

  /** An id, or none where it is empty. */
  #id(column: Uint32Array, at: number, words: number, start: number, end: number): void {
    if (start === end) {
      column.fill(0, at, at + words)
      return
    }
    if (end - start !== words * 4) {
      throw new DecodeError(`id of ${end - start} bytes instead of ${words * 4}`, start)
    }
    const { view } = this.#reader
    for (let i = 0; i < words; i++) column[at + i] = view.getUint32(start + i * 4)
  }
}

/** BODY_* by VALUE_*. */
const BODY_KINDS = new Uint8Array(5)
BODY_KINDS[VALUE_NONE] = BODY_NONE
BODY_KINDS[VALUE_TEXT] = BODY_TEXT
BODY_KINDS[VALUE_SCALAR] = BODY_SCALAR
BODY_KINDS[VALUE_FIELDS] = BODY_FIELDS
BODY_KINDS[VALUE_BYTES] = BODY_BYTES
