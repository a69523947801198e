import { SERVICE_NAME, UNWANTED } from './attribute-keys.ts'
import { DecodeError } from './decode-error.ts'
import type { DecodeTarget } from './decode-target.ts'
import { ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts'
import { SpanRows } from './span-rows.ts'
import { NO_TEXT } from './vocabulary.ts'

const TWO_TO_32 = 4294967296

const MS_PER_HI = 4294.967296
const MAX_KIND = 5 // consumer; what is above is not known and counts as unspecified
const MAX_STATUS = 2
/** In place of a row: the attribute is the resource's. */
const RESOURCE = -1

// Highest field number of each message that is known here; what is above is stepped over.
const REQUEST_FIELDS = 1
const RESOURCE_SPANS_FIELDS = 3
const RESOURCE_FIELDS = 3
const SCOPE_SPANS_FIELDS = 3
const SPAN_FIELDS = 16
const STATUS_FIELDS = 3
const KEY_VALUE_FIELDS = 2
const ANY_VALUE_FIELDS = 7

// Tags: field number << 3 | wire type.
const FIELD_1_BYTES = 0x0a
const FIELD_2_BYTES = 0x12
const FIELD_3_BYTES = 0x1a
const SPAN_TRACE_ID = 0x0a
const SPAN_ID = 0x12
const SPAN_TRACE_STATE = 0x1a
const SPAN_PARENT_ID = 0x22
const SPAN_NAME = 0x2a
const SPAN_KIND = 0x30
const SPAN_START = 0x39
const SPAN_END = 0x41
const SPAN_ATTRIBUTE = 0x4a
const SPAN_DROPPED_ATTRIBUTES = 0x50
const SPAN_EVENT = 0x5a
const SPAN_DROPPED_EVENTS = 0x60
const SPAN_LINK = 0x6a
const SPAN_DROPPED_LINKS = 0x70
const SPAN_STATUS = 0x7a
const SPAN_FLAGS = 0x85
const RESOURCE_DROPPED = 0x10
const STATUS_MESSAGE = 0x12
const STATUS_CODE = 0x18
const KEY = 0x0a
const VALUE = 0x12
const VALUE_STRING = 0x0a
const VALUE_BOOL = 0x10
const VALUE_INT = 0x18
const VALUE_DOUBLE = 0x21
const VALUE_ARRAY = 0x2a
const VALUE_MAP = 0x32
const VALUE_BYTES = 0x3a

// Kinds of attribute value.
const MISSING = 0
const STRING = 1
const BOOL = 2
const INT = 3
const DOUBLE = 4

const decoders = new WeakMap<DecodeTarget, ProtobufDecoder>()

/**
 * Appends the spans of one `TracesData` or `ExportTraceServiceRequest` to `target.columns` and returns
 * how many they were. What nobody asked for (unwanted attributes, events, links, scopes) is stepped
 * over by its length and not looked into. Fields may come in any order; repeated singular messages
 * merge as protobuf says. Of a key that comes twice, the first value holds.
 * Throws `DecodeError`, with `columns.count` as it was, where the bytes are not such a message.
 * Source: opentelemetry-proto, trace.proto, resource.proto, common.proto.
 */
export function decodeTraces(body: Uint8Array, target: DecodeTarget): number {
  let decoder = decoders.get(target)
  if (!decoder) {
    decoder = new ProtobufDecoder(target)
    decoders.set(target, decoder)
  }
  return decoder.decode(body)
}

class ProtobufDecoder {
  readonly #rows: SpanRows
  readonly #reader = new ProtobufReader()
  // End of the current span.
  #hi = 0
  #lo = 0
  // The attribute value read last: its kind, and where or what it is.
  #kind = MISSING
  #start = 0
  #end = 0
  #int = 0
  #intHi = 0
  #intLo = 0
  #double = 0.5 // not an integer: the field keeps its representation

  constructor(target: DecodeTarget) {
    this.#rows = new SpanRows(target)
  }

  decode(body: Uint8Array): number {
    const reader = this.#reader
    const rows = this.#rows
    reader.open(body)
    rows.beginBody()
    try {
      this.#request(body.length)
      return rows.endBody()
    } catch (error) {
      rows.abandonBody()
      throw error
    } finally {
      reader.close()
    }
  }

  #request(end: number): void {
    const reader = this.#reader
    let position = 0
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        this.#resourceSpans(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, REQUEST_FIELDS)
    }
  }

  #resourceSpans(start: number, end: number): void {
    const reader = this.#reader
    this.#rows.beginResource()
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES || tag === FIELD_2_BYTES || tag === FIELD_3_BYTES) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        if (tag === FIELD_1_BYTES) this.#resource(reader.position, position)
        else if (tag === FIELD_2_BYTES) this.#scopeSpans(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, RESOURCE_SPANS_FIELDS)
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
        position = reader.position + length
        this.#attribute(reader.position, position, RESOURCE)
      } else if (tag === RESOURCE_DROPPED || tag === FIELD_3_BYTES) {
        position = reader.skip(tag, reader.position, end)
      } else position = reader.skipUnknown(tag, reader.position, end, RESOURCE_FIELDS)
    }
  }

  #scopeSpans(start: number, end: number): void {
    const reader = this.#reader
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES || tag === FIELD_2_BYTES || tag === FIELD_3_BYTES) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        if (tag === FIELD_2_BYTES) this.#span(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, SCOPE_SPANS_FIELDS)
    }
  }

  #span(start: number, end: number): void {
    const reader = this.#reader
    const bytes = reader.bytes
    const columns = this.#rows.target.columns
    const row = columns.add()
    this.#hi = this.#lo = 0
    let position = start
    while (position < end) {
      const first = position
      let tag = bytes[position++]!
      if (tag >= 0x80) {
        tag = reader.tag(first, end)
        position = reader.position
      }
      if ((tag & 7) !== WIRE_BYTES) {
        position = this.#spanNumber(row, tag, position, end)
        continue
      }
      let length = position < end ? bytes[position++]! : 0x80
      if (length >= 0x80) {
        length = reader.length(position - 1, end)
        position = reader.position
      } else if (length > end - position) {
        throw new DecodeError(`length ${length} runs past the end of its message`, position - 1)
      }
      this.#spanBytes(row, tag, position, position + length)
      position += length
    }
    const { traceId, spanId } = columns
    const t = row * 4
    if ((traceId[t]! | traceId[t + 1]! | traceId[t + 2]! | traceId[t + 3]!) === 0) {
      throw new DecodeError('span without a trace id', start)
    }
    if ((spanId[row * 2]! | spanId[row * 2 + 1]!) === 0) {
      throw new DecodeError('span without a span id', start)
    }
    columns.durationNs[row] =
      (this.#hi - columns.startHi[row]!) * TWO_TO_32 + (this.#lo - columns.startLo[row]!)
    columns.endMs[row] = this.#hi * MS_PER_HI + this.#lo / 1e6
  }

  /** A field of a span whose wire type is not bytes; returns the position behind it. */
  #spanNumber(row: number, tag: number, start: number, end: number): number {
    const reader = this.#reader
    const columns = this.#rows.target.columns
    switch (tag) {
      case SPAN_KIND: {
        const kind = reader.varint(start, end)
        columns.kind[row] = kind <= MAX_KIND ? kind : 0
        return reader.position
      }
      case SPAN_START:
        if (end - start < 8) throw new DecodeError('truncated fixed64', start)
        columns.startLo[row] = reader.view.getUint32(start, true)
        columns.startHi[row] = reader.view.getUint32(start + 4, true)
        return start + 8
      case SPAN_END:
        if (end - start < 8) throw new DecodeError('truncated fixed64', start)
        this.#lo = reader.view.getUint32(start, true)
        this.#hi = reader.view.getUint32(start + 4, true)
        return start + 8
      case SPAN_DROPPED_ATTRIBUTES:
      case SPAN_DROPPED_EVENTS:
      case SPAN_DROPPED_LINKS:
      case SPAN_FLAGS:
        return reader.skip(tag, start, end)
      default:
        return reader.skipUnknown(tag, start, end, SPAN_FIELDS)
    }
  }

  /** A bytes, text or message field of a span, in `bytes[start, end)`. */
  #spanBytes(row: number, tag: number, start: number, end: number): void {
    const target = this.#rows.target
    switch (tag) {
      case SPAN_ATTRIBUTE:
        this.#attribute(start, end, row)
        return
      case SPAN_TRACE_ID:
        this.#id(target.columns.traceId, row * 4, 4, start, end)
        return
      case SPAN_ID:
        this.#id(target.columns.spanId, row * 2, 2, start, end)
        return
      case SPAN_PARENT_ID:
        if (start !== end) this.#id(target.columns.parentId, row * 2, 2, start, end)
        else target.columns.parentId.fill(0, row * 2, row * 2 + 2)
        return
      case SPAN_NAME:
        target.columns.name[row] = target.names.internBytes(
          this.#reader.bytes,
          start,
          end,
          this.#reader.view,
        )
        return
      case SPAN_EVENT:
        target.columns.events[row]!++
        return
      case SPAN_LINK:
        target.columns.links[row]!++
        return
      case SPAN_STATUS:
        this.#status(row, start, end)
        return
      case SPAN_TRACE_STATE:
        return
      default:
        if (tag >>> 3 <= SPAN_FIELDS) {
          throw new DecodeError(`wire type ${tag & 7} of field ${tag >>> 3}`, start)
        }
    }
  }

  #id(column: Uint32Array, at: number, words: number, start: number, end: number): void {
    if (end - start !== words * 4) {
      throw new DecodeError(`id of ${end - start} bytes instead of ${words * 4}`, start)
    }
    const view = this.#reader.view
    for (let i = 0; i < words; i++) column[at + i] = view.getUint32(start + i * 4)
  }

  #status(row: number, start: number, end: number): void {
    const reader = this.#reader
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === STATUS_CODE) {
        const code = reader.varint(reader.position, end)
        this.#rows.target.columns.status[row] = code <= MAX_STATUS ? code : 0
        position = reader.position
      } else if (tag === STATUS_MESSAGE) {
        position = reader.skip(tag, reader.position, end)
      } else position = reader.skipUnknown(tag, reader.position, end, STATUS_FIELDS)
    }
  }

  /** Key and value in either order, each once and shorter than 128 bytes; all else goes the long way. */
  #attribute(start: number, end: number, row: number): void {
    const { bytes, view } = this.#reader
    const tag = start < end ? bytes[start]! : 0
    const middle = start + 1 < end ? start + 2 + bytes[start + 1]! : end
    const second = middle + 1 < end && bytes[start + 1]! < 0x80 ? bytes[middle + 1]! : 0x80
    if (second < 0x80 && middle + 2 + second === end) {
      if (tag === KEY && bytes[middle] === VALUE) {
        const key = this.#rows.keys.find(view, start + 2, middle)
        if (key !== UNWANTED) this.#keep(row, key, middle + 2, end)
        return
      }
      if (tag === VALUE && bytes[middle] === KEY) {
        const key = this.#rows.keys.find(view, middle + 2, end)
        if (key !== UNWANTED) this.#keep(row, key, start + 2, middle)
        return
      }
    }
    this.#anyAttribute(start, end, row)
  }

  #anyAttribute(start: number, end: number, row: number): void {
    const reader = this.#reader
    let key = UNWANTED
    this.#kind = MISSING
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === KEY || tag === VALUE) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        if (tag === KEY) key = this.#rows.keys.find(reader.view, reader.position, position)
        else this.#value(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, KEY_VALUE_FIELDS)
    }
    if (key !== UNWANTED) this.#store(row, key)
  }

  /** Keeps the value of a wanted key, which lies in `bytes[start, end)`. */
  #keep(row: number, key: number, start: number, end: number): void {
    this.#kind = MISSING
    const bytes = this.#reader.bytes
    if (
      end - start >= 2 &&
      bytes[start] === VALUE_STRING &&
      start + 2 + bytes[start + 1]! === end
    ) {
      this.#kind = STRING
      this.#start = start + 2
      this.#end = end
    } else this.#value(start, end)
    this.#store(row, key)
  }

  /** Reads an AnyValue; the last of its members holds. Lists, maps and bytes count as missing. */
  #value(start: number, end: number): void {
    const reader = this.#reader
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      const from = reader.position
      switch (tag) {
        case VALUE_STRING: {
          const length = reader.length(from, end)
          this.#kind = STRING
          this.#start = reader.position
          this.#end = position = reader.position + length
          break
        }
        case VALUE_BOOL:
        case VALUE_INT:
          reader.varint(from, end)
          this.#kind = tag === VALUE_INT ? INT : BOOL
          this.#int = (reader.hi | 0) * TWO_TO_32 + reader.lo
          this.#intHi = reader.hi
          this.#intLo = reader.lo
          position = reader.position
          break
        case VALUE_DOUBLE:
          position = reader.skip(tag, from, end)
          this.#kind = DOUBLE
          this.#double = reader.view.getFloat64(from, true)
          break
        case VALUE_ARRAY:
        case VALUE_MAP:
        case VALUE_BYTES:
          position = reader.skip(tag, from, end)
          this.#kind = MISSING
          break
        default:
          position = reader.skipUnknown(tag, from, end, ANY_VALUE_FIELDS)
      }
    }
  }

  /** Gives the value read last to the row, or to the resource. */
  #store(row: number, key: number): void {
    const rows = this.#rows
    if (row !== RESOURCE) {
      if (rows.keys.slot[key]! >= 0) rows.setAttribute(row, key, this.#valueId())
      return
    }
    const named = key === SERVICE_NAME && this.#kind === STRING
    if (named && rows.ignores(this.#reader.bytes, this.#start, this.#end)) return
    rows.setResource(key, this.#valueId())
  }

  #valueId(): number {
    const rows = this.#rows
    const values = rows.target.values
    switch (this.#kind) {
      case STRING:
        return values.internBytes(this.#reader.bytes, this.#start, this.#end, this.#reader.view)
      case BOOL:
        return values.intern((this.#intHi | this.#intLo) === 0 ? 'false' : 'true')
      case INT:
        if (Number.isSafeInteger(this.#int)) return rows.integer(this.#int)
        return values.intern(
          BigInt.asIntN(64, (BigInt(this.#intHi) << 32n) | BigInt(this.#intLo)).toString(),
        )
      case DOUBLE:
        return rows.double(this.#double)
      default:
        return NO_TEXT
    }
  }
}
