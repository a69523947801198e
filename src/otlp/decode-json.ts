import { SERVICE_NAME, UNWANTED } from './attribute-keys.ts'
import { DecodeError } from './decode-error.ts'
import type { DecodeTarget } from './decode-target.ts'
import { unansweredMessage } from './error-words.ts'
import { fieldOf, isObject, type Json, parseDocument } from './json-document.ts'
import { doubleOf, enumOf, int64Text, readId, readUint64, type Words } from './json-scalars.ts'
import { SpanRows } from './span-rows.ts'
import { NO_TEXT } from './vocabulary.ts'
import { withWhatItSeems } from './what-it-seems.ts'

const TWO_TO_32 = 4294967296
const MS_PER_HI = 4294.967296
/** Where the spans are: by name as the protocol has it, by that of its definition, and as Tempo has it. */
const RESOURCE_SPANS = ['resourceSpans', 'resource_spans', 'batches']
const SCOPE_SPANS = [
  ...['scopeSpans', 'scope_spans'],
  // Before version 0.15 of the protocol.
  ...['instrumentationLibrarySpans', 'instrumentation_library_spans'],
]
const OTHER_SIGNALS = [
  ...['resourceLogs', 'resourceMetrics', 'resourceProfiles'],
  ...['resource_logs', 'resource_metrics', 'resource_profiles'],
]
const KINDS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
]
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR']
/** In place of a row: the attribute is the resource's. */
const RESOURCE = -1

const decoders = new WeakMap<DecodeTarget, JsonDecoder>()

/**
 * Appends the spans of one OTLP JSON document (UTF-8) to `target.columns` and returns how many they
 * were. Fields that are null count as absent, unknown ones are ignored. A document of logs, metrics or
 * profiles, and an empty one, holds no spans. A span that is no good is left out and counted in
 * `target.rejected`, and so are those of a resource or scope that is no good.
 *
 * Beyond the specification, what is meant is read where it is plain: enums by name and ids as base64, as
 * generic protobuf writers have them, names with underscores, an array of documents, one resource by
 * itself, Tempo's `batches`, `instrumentationLibrarySpans` of old, UTF-16, words of a logger in front.
 * Throws `DecodeError`, with the JSON path in its reason and `columns.count` as it was, for anything else.
 */
export function decodeTracesJson(body: Uint8Array, target: DecodeTarget): number {
  let decoder = decoders.get(target)
  if (!decoder) {
    decoder = new JsonDecoder(target)
    decoders.set(target, decoder)
  }
  return decoder.decode(body)
}

class JsonDecoder {
  readonly #rows: SpanRows
  readonly #words: Words = { hi: 0, lo: 0 }
  // Where the reader is; -1 = not inside one.
  #resource = -1
  #scope = -1
  #span = -1
  #document = -1
  #scopeField = 'scopeSpans'

  constructor(target: DecodeTarget) {
    this.#rows = new SpanRows(target)
  }

  decode(body: Uint8Array): number {
    const rows = this.#rows
    rows.beginBody()
    try {
      const document = parseDocument(body)
      this.#documents(document)
      return rows.endBody()
    } catch (error) {
      rows.abandonBody()
      throw withWhatItSeems(error, body)
    }
  }

  #documents(value: unknown): void {
    this.#resource = this.#scope = this.#span = this.#document = -1
    if (!Array.isArray(value)) {
      this.#request(value)
      return
    }
    for (let i = 0; i < value.length; i++) {
      this.#document = i
      this.#request(value[i])
    }
  }

  #request(document: unknown): void {
    if (!isObject(document))
      throw new DecodeError(`${this.#path()}JSON document is not an object`, -1)
    const field = fieldOf(document, RESOURCE_SPANS)
    if (field === undefined) {
      if (isObject(document['trace'])) this.#request(document['trace'])
      else if (SCOPE_SPANS.some((name) => name in document)) this.#wholeResource(document, 0)
      else if (!OTHER_SIGNALS.some((signal) => signal in document)) {
        if (Object.keys(document).length === 0) return
        throw new DecodeError(`${this.#path()}JSON document without resourceSpans`, -1)
      }
      return
    }
    const resources = this.#list(document, field)
    for (let i = 0; i < resources.length; i++) this.#wholeResource(resources[i], i)
  }

  #wholeResource(value: unknown, index: number): void {
    this.#resource = index
    this.#rows.beginResource()
    try {
      this.#resourceSpans(this.#object(value, ''))
      this.#rows.endResource()
    } catch (fault) {
      this.#rows.rejectResource(fault)
    }
    this.#resource = this.#scope = this.#span = -1
  }

  #resourceSpans(resourceSpans: Json): void {
    const resource = resourceSpans['resource']
    if (resource !== undefined && resource !== null) {
      this.#attributes(this.#object(resource, '.resource'), RESOURCE)
    }
    // Senders of the time between may have written the same spans under the old name, too.
    const field = fieldOf(resourceSpans, SCOPE_SPANS) ?? 'scopeSpans'
    this.#scopeField = field
    const scopes = this.#list(resourceSpans, field)
    for (let i = 0; i < scopes.length; i++) {
      this.#scope = i
      this.#spans(this.#list(this.#object(scopes[i], ''), 'spans'))
    }
    this.#scope = -1
  }

  #spans(spans: readonly unknown[]): void {
    const { columns } = this.#rows.target
    for (let i = 0; i < spans.length; i++) {
      this.#span = i
      const row = columns.count
      try {
        this.#readSpan(this.#object(spans[i], ''))
      } catch (fault) {
        this.#rows.rejectRow(row, fault)
      }
    }
    this.#span = -1
  }

  #readSpan(span: Json): void {
    const { columns, names } = this.#rows.target
    const row = columns.add()
    if (!readId(span['traceId'] ?? span['trace_id'], columns.of.traceId, row * 4, 4))
      this.#fail('.traceId', 'no id of 16 bytes')
    if (!readId(span['spanId'] ?? span['span_id'], columns.of.spanId, row * 2, 2))
      this.#fail('.spanId', 'no id of 8 bytes')
    const { traceId, spanId } = columns.of
    const t = row * 4
    if ((traceId[t]! | traceId[t + 1]! | traceId[t + 2]! | traceId[t + 3]!) === 0) {
      this.#fail('.traceId', 'all zero')
    }
    if ((spanId[row * 2]! | spanId[row * 2 + 1]!) === 0) this.#fail('.spanId', 'all zero')
    const parent = span['parentSpanId'] ?? span['parent_span_id'] ?? ''
    if (parent !== '' && !readId(parent, columns.of.parentId, row * 2, 2)) {
      this.#fail('.parentSpanId', 'no id of 8 bytes')
    }
    const name = span['name'] ?? ''
    if (typeof name !== 'string') this.#fail('.name', 'not a string')
    columns.of.name[row] = names.intern(name.toWellFormed())
    columns.of.kind[row] = this.#enum(span['kind'], KINDS, '.kind')
    const status = span['status']
    if (status !== undefined && status !== null) {
      const { code, message } = this.#object(status, '.status')
      columns.of.status[row] = this.#enum(code, STATUS_CODES, '.status.code')
      if (typeof message === 'string') this.#rows.setError(row, unansweredMessage(message))
    }
    this.#times(span, row)
    this.#attributes(span, row)
    columns.of.events[row] = this.#count(span, 'events')
    columns.of.links[row] = this.#count(span, 'links')
  }

  #times(span: Json, row: number): void {
    const { columns } = this.#rows.target
    const words = this.#words
    if (!readUint64(span['startTimeUnixNano'] ?? span['start_time_unix_nano'] ?? 0, words)) {
      this.#fail('.startTimeUnixNano', 'not an unsigned 64-bit integer')
    }
    const startHi = words.hi
    const startLo = words.lo
    if (!readUint64(span['endTimeUnixNano'] ?? span['end_time_unix_nano'] ?? 0, words)) {
      this.#fail('.endTimeUnixNano', 'not an unsigned 64-bit integer')
    }
    columns.of.startHi[row] = startHi
    columns.of.startLo[row] = startLo
    columns.of.durationNs[row] = (words.hi - startHi) * TWO_TO_32 + (words.lo - startLo)
    columns.of.endMs[row] = words.hi * MS_PER_HI + words.lo / 1e6
  }

  #attributes(owner: Json, row: number): void {
    const at = row === RESOURCE ? '.resource.attributes' : '.attributes'
    const attributes = owner['attributes'] ?? NONE
    if (!Array.isArray(attributes)) this.#fail(at, 'not an array')
    for (let i = 0; i < attributes.length; i++) {
      const attribute: unknown = attributes[i]
      if (!isObject(attribute)) this.#fail(`${at}[${i}]`, 'not an object')
      const key = attribute['key'] ?? ''
      if (typeof key !== 'string') this.#fail(`${at}[${i}].key`, 'not a string')
      const value = attribute['value']
      if (value === undefined || value === null) continue
      if (!isObject(value)) this.#fail(`${at}[${i}].value`, 'not an object')
      const index = this.#rows.keys.findText(key)
      if (index === UNWANTED) continue
      if (row === RESOURCE) this.#setResource(index, value, `${at}[${i}].value`)
      else if (this.#rows.keys.slot[index]! >= 0) {
        const id = this.#valueId(index, value)
        if (id < 0) this.#fail(`${at}[${i}].value`, 'no value of its type')
        this.#rows.setAttribute(row, index, id)
      }
    }
  }

  #setResource(key: number, value: Json, at: string): void {
    const text = value['stringValue'] ?? value['string_value']
    if (key === SERVICE_NAME && typeof text === 'string' && this.#rows.ignoresText(text)) return
    const id = this.#valueId(key, value, key === SERVICE_NAME)
    if (id < 0) this.#fail(at, 'no value of its type')
    this.#rows.setResource(key, id)
  }

  /** Vocabulary id of an AnyValue; 0 for lists, maps, bytes and none, -1 for a value of the wrong type. */
  #valueId(key: number, value: Json, essential = false): number {
    const { values } = this.#rows.target
    const text = value['stringValue'] ?? value['string_value'] ?? null
    if (text !== null) {
      return typeof text === 'string' ? this.#rows.text(key, text, essential) : -1
    }
    const int = value['intValue'] ?? value['int_value'] ?? null
    if (int !== null) {
      const decimal = int64Text(int)
      return decimal === null ? -1 : values.intern(decimal)
    }
    const double = value['doubleValue'] ?? value['double_value'] ?? null
    if (double !== null) {
      const number = doubleOf(double)
      return number === null ? -1 : this.#rows.double(number)
    }
    const bool = value['boolValue'] ?? value['bool_value'] ?? null
    if (bool === null) return NO_TEXT
    return typeof bool === 'boolean' ? values.intern(String(bool)) : -1
  }

  #enum(value: unknown, names: readonly string[], at: string): number {
    if (value === undefined || value === null) return 0
    const number = enumOf(value, names)
    if (number < 0) this.#fail(at, 'not an enum value')
    return number
  }

  #count(owner: Json, field: string): number {
    const list = this.#list(owner, field)
    for (let i = 0; i < list.length; i++) {
      if (!isObject(list[i])) this.#fail(`.${field}[${i}]`, 'not an object')
    }
    return list.length
  }

  #list(owner: Json, field: string): readonly unknown[] {
    const list = owner[field] ?? NONE
    if (!Array.isArray(list)) this.#fail(this.#resource < 0 ? field : `.${field}`, 'not an array')
    return list
  }

  #object(value: unknown, at: string): Json {
    if (!isObject(value)) this.#fail(at, 'not an object')
    return value
  }

  #fail(at: string, reason: string): never {
    throw new DecodeError(`${this.#path()}${at}: ${reason}`, -1)
  }

  /** Where the reader is, as far as it is inside something. */
  #path(): string {
    let path = this.#document < 0 ? '' : `[${this.#document}].`
    if (this.#resource >= 0) path += `resourceSpans[${this.#resource}]`
    if (this.#scope >= 0) path += `.${this.#scopeField}[${this.#scope}]`
    if (this.#span >= 0) path += `.spans[${this.#span}]`
    return path
  }
}

const NONE: readonly unknown[] = []
