import { UNWANTED } from './attribute-keys.ts'
import { DecodeError } from './decode-error.ts'
import { fieldOf, isObject, type Json, parseDocument } from './json-document.ts'
import { doubleOf, enumOf, int64Text, readId, readUint64, type Words } from './json-scalars.ts'
import { BODY_BYTES, BODY_FIELDS, BODY_NONE, BODY_SCALAR, BODY_TEXT } from './log-columns.ts'
import { LogRows } from './log-rows.ts'
import type { LogTarget } from './log-target.ts'
import { EXPECTED_LOGS, withWhatItSeems } from './what-it-seems.ts'

const MS_PER_HI = 4294.967296
/** Values nested deeper than this are no good. */
const DEEPEST = 16

// By name as the protocol has it, by that of its definition, and of old.
const RESOURCE_LOGS = ['resourceLogs', 'resource_logs']
const SCOPE_LOGS = [
  ...['scopeLogs', 'scope_logs'],
  ...['instrumentationLibraryLogs', 'instrumentation_library_logs'],
]
const RECORDS = ['logRecords', 'log_records', 'logs']
const OTHER_SIGNALS = [
  ...['resourceSpans', 'resourceMetrics', 'resourceProfiles', 'batches'],
  ...['resource_spans', 'resource_metrics', 'resource_profiles'],
]
const SEVERITIES = [
  'SEVERITY_NUMBER_UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) =>
    ['', '2', '3', '4'].map((step) => `SEVERITY_NUMBER_${name}${step}`),
  ),
]

const decoders = new WeakMap<LogTarget, JsonLogsDecoder>()

/**
 * Appends the records of one OTLP JSON document (UTF-8) to `target.columns` and returns how many they were. As for
 * spans (`decodeTracesJson`): what is null counts as absent, unknown fields are ignored, what is meant is read where it
 * is plain, a record that is no good is left out and counted. A document of another signal holds no records.
 * Throws `DecodeError`, with the JSON path in its reason and `columns.count` as it was, for anything else.
 */
export function decodeLogsJson(body: Uint8Array, target: LogTarget): number {
  let decoder = decoders.get(target)
  if (!decoder) {
    decoder = new JsonLogsDecoder(target)
    decoders.set(target, decoder)
  }
  return decoder.decode(body)
}

class JsonLogsDecoder {
  readonly #rows: LogRows
  readonly #encoder = new TextEncoder()
  readonly #words: Words = { hi: 0, lo: 0 }
  /** Where the reader is. */
  #path = ''

  constructor(target: LogTarget) {
    this.#rows = new LogRows(target)
  }

  decode(body: Uint8Array): number {
    const rows = this.#rows
    rows.beginBody()
    try {
      const document = parseDocument(body)
      this.#path = ''
      const documents = Array.isArray(document) ? document : [document]
      for (let i = 0; i < documents.length; i++) {
        this.#request(documents[i], documents === document ? `[${i}].` : '')
      }
      return rows.endBody()
    } catch (error) {
      rows.abandonBody()
      throw withWhatItSeems(error, body, EXPECTED_LOGS)
    }
  }

  #request(document: unknown, path: string): void {
    this.#path = path
    if (!isObject(document)) throw new DecodeError(`${path}JSON document is not an object`, -1)
    const field = fieldOf(document, RESOURCE_LOGS)
    if (field === undefined) {
      if (SCOPE_LOGS.some((name) => name in document))
        this.#wholeResource(document, `${path}resource`)
      else if (
        !OTHER_SIGNALS.some((name) => name in document) &&
        Object.keys(document).length > 0
      ) {
        throw new DecodeError(`${path}JSON document without resourceLogs`, -1)
      }
      return
    }
    const resources = this.#list(document, field)
    for (let i = 0; i < resources.length; i++) {
      this.#wholeResource(resources[i], `${path}resourceLogs[${i}]`)
    }
  }

  #wholeResource(value: unknown, path: string): void {
    this.#path = path
    this.#rows.beginResource()
    try {
      this.#resourceLogs(this.#object(value, ''), path)
      this.#rows.endResource()
    } catch (fault) {
      this.#rows.rejectResource(fault)
    }
  }

  #resourceLogs(resourceLogs: Json, path: string): void {
    const resource = resourceLogs['resource'] ?? null
    if (resource !== null) {
      this.#attributes(
        this.#object(resource, '.resource'),
        '.resource.attributes',
        (key, value, at) => this.#rows.setResource(key, this.#textOf(value, at) ?? ''),
      )
    }
    // Senders of the time between may have written the same records under the old name, too.
    const field = fieldOf(resourceLogs, SCOPE_LOGS) ?? 'scopeLogs'
    this.#path = path
    this.#list(resourceLogs, field).forEach((each, i) => {
      this.#path = `${path}.${field}[${i}]`
      const scope = this.#object(each, '')
      const name = fieldOf(scope, RECORDS) ?? 'logRecords'
      this.#records(this.#list(scope, name), `${this.#path}.${name}`)
    })
  }

  #records(records: readonly unknown[], path: string): void {
    const { columns } = this.#rows.target
    records.forEach((each, i) => {
      this.#path = `${path}[${i}]`
      const row = columns.count
      try {
        this.#record(this.#object(each, ''))
      } catch (fault) {
        this.#rows.rejectRow(row, fault)
      }
    })
  }

  #record(record: Json): void {
    const row = this.#rows.beginRecord()
    const { columns, values } = this.#rows.target
    const { of } = columns
    this.#id(record['traceId'] ?? record['trace_id'], of.traceId, row * 4, 4, '.traceId')
    this.#id(record['spanId'] ?? record['span_id'], of.spanId, row * 2, 2, '.spanId')
    of.timeMs[row] =
      this.#time(record['timeUnixNano'] ?? record['time_unix_nano'], '.timeUnixNano') ||
      this.#time(
        record['observedTimeUnixNano'] ?? record['observed_time_unix_nano'],
        '.observedTimeUnixNano',
      )
    const severity = enumOf(record['severityNumber'] ?? record['severity_number'] ?? 0, SEVERITIES)
    if (severity < 0) this.#fail('.severityNumber', 'not an enum value')
    of.severity[row] = severity
    of.severityText[row] = values.intern(
      this.#string(record['severityText'] ?? record['severity_text'], '.severityText'),
    )
    of.eventName[row] = values.intern(
      this.#string(record['eventName'] ?? record['event_name'], '.eventName'),
    )
    this.#body(row, record['body'] ?? null)
    this.#attributes(record, '.attributes', (key, value, at) => {
      const text = value['stringValue'] ?? value['string_value'] ?? null
      if (text === null) {
        this.#rows.setScalar(row, key, this.#textOf(value, at) ?? '')
        return
      }
      if (typeof text !== 'string') this.#fail(at, 'no value of its type')
      const bytes = this.#encoder.encode(text)
      this.#rows.setAttribute(row, key, bytes, 0, bytes.length)
    })
    this.#rows.endRecord(row)
  }

  #body(row: number, body: unknown): void {
    if (body === null) return
    if (!isObject(body)) this.#fail('.body', 'not an object')
    const { of, texts } = this.#rows.target.columns
    const string = body['stringValue'] ?? body['string_value'] ?? null
    const kind = string === null ? kindOf(body) : BODY_TEXT
    of.bodyStart[row] = texts.length
    of.body[row] = kind
    if (kind === BODY_FIELDS) {
      of.bodyBytes[row] = texts.addText(JSON.stringify(this.#plain(body, 0)))
    } else if (kind === BODY_TEXT || kind === BODY_SCALAR) {
      of.bodyBytes[row] = texts.addText(this.#textOf(body, '.body') ?? '')
    }
  }

  /** An AnyValue as JSON would have it by itself. */
  #plain(value: unknown, depth: number): unknown {
    if (!isObject(value)) return null
    const list = value['arrayValue'] ?? value['array_value'] ?? null
    const map = value['kvlistValue'] ?? value['kvlist_value'] ?? null
    if (list === null && map === null) return this.#scalar(value)
    if (depth > DEEPEST) this.#fail('.body', `values nested more than ${DEEPEST} deep`)
    const values = this.#list(this.#object(list ?? map, '.body'), 'values')
    if (list !== null) return values.map((each) => this.#plain(each, depth + 1))
    const fields: Record<string, unknown> = Object.create(null)
    for (const each of values) {
      if (!isObject(each)) this.#fail('.body', 'a field of a map is not an object')
      fields[this.#string(each['key'], '.body')] = this.#plain(each['value'], depth + 1)
    }
    return fields
  }

  #scalar(value: Json): unknown {
    const bool = value['boolValue'] ?? value['bool_value'] ?? null
    if (typeof bool === 'boolean') return bool
    const text = this.#textOf(value, '.body')
    const isString = (value['stringValue'] ?? value['string_value'] ?? null) !== null
    const number = Number(text)
    const isInt = (value['intValue'] ?? value['int_value'] ?? null) !== null
    if (isString || text === null || (isInt && !Number.isSafeInteger(number))) return text
    return number
  }

  /** The text of a value that is no list, map or bytes; null for those and for none. */
  #textOf(value: Json, at: string): string | null {
    const text = value['stringValue'] ?? value['string_value'] ?? null
    if (text !== null)
      return typeof text === 'string' ? text : this.#fail(at, 'no value of its type')
    const int = value['intValue'] ?? value['int_value'] ?? null
    if (int !== null) return int64Text(int) ?? this.#fail(at, 'no value of its type')
    const double = value['doubleValue'] ?? value['double_value'] ?? null
    if (double !== null) {
      const number = doubleOf(double)
      return number === null ? this.#fail(at, 'no value of its type') : String(number)
    }
    const bool = value['boolValue'] ?? value['bool_value'] ?? null
    if (bool === null) return null
    return typeof bool === 'boolean' ? String(bool) : this.#fail(at, 'no value of its type')
  }

  /** Gives each attribute with a wanted key to `take`. */
  #attributes(owner: Json, at: string, take: (key: number, value: Json, at: string) => void): void {
    const attributes = owner['attributes'] ?? NONE
    if (!Array.isArray(attributes)) this.#fail(at, 'not an array')
    for (let i = 0; i < attributes.length; i++) {
      const attribute: unknown = attributes[i]
      if (!isObject(attribute)) this.#fail(`${at}[${i}]`, 'not an object')
      const key = this.#string(attribute['key'], `${at}[${i}].key`)
      const value = attribute['value'] ?? null
      if (value === null) continue
      if (!isObject(value)) this.#fail(`${at}[${i}].value`, 'not an object')
      const index = this.#rows.keys.findText(key)
      if (index !== UNWANTED) take(index, value, `${at}[${i}].value`)
    }
  }

  /** An id; empty or absent: none. */
  #id(value: unknown, column: Uint32Array, at: number, words: number, path: string): void {
    if (value === undefined || value === null || value === '') return
    if (!readId(value, column, at, words)) this.#fail(path, `no id of ${words * 4} bytes`)
  }

  #time(value: unknown, path: string): number {
    const words = this.#words
    if (!readUint64(value ?? 0, words)) this.#fail(path, 'not an unsigned 64-bit integer')
    return words.hi * MS_PER_HI + words.lo / 1e6
  }

  #string(value: unknown, path: string): string {
    if (value === undefined || value === null) return ''
    if (typeof value !== 'string') this.#fail(path, 'not a string')
    return value.toWellFormed()
  }

  #list(owner: Json, field: string): readonly unknown[] {
    const list = owner[field] ?? NONE
    if (!Array.isArray(list)) this.#fail(`.${field}`, 'not an array')
    return list
  }

  #object(value: unknown, at: string): Json {
    if (!isObject(value)) this.#fail(at, 'not an object')
    return value
  }

  #fail(at: string, reason: string): never {
    throw new DecodeError(`${this.#path}${at}: ${reason}`, -1)
  }
}

const NONE: readonly unknown[] = []

/** What a body is that is not a text. */
function kindOf(body: Json): number {
  const has = (...names: readonly string[]): boolean =>
    names.some((name) => (body[name] ?? null) !== null)
  if (has('intValue', 'int_value', 'doubleValue', 'double_value', 'boolValue', 'bool_value')) {
    return BODY_SCALAR
  }
  if (has('arrayValue', 'array_value', 'kvlistValue', 'kvlist_value')) return BODY_FIELDS
  return has('bytesValue', 'bytes_value') ? BODY_BYTES : BODY_NONE
}
