import { AttributeReader, RESOURCE } from './attribute-reader.ts'
import { DecodeError } from './decode-error.ts'
import type { DecodeTarget } from './decode-target.ts'
import { unansweredBytes } from './error-words.ts'
import { ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts'
import { SpanRows } from './span-rows.ts'
import { withWhatItSeems } from './what-it-seems.ts'

const TWO_TO_32 = 4294967296

const MS_PER_HI = 4294.967296
const MAX_KIND = 5 // consumer; what is above is not known and counts as unspecified
const MAX_STATUS = 2

// Highest field number of each message that is known here; what is above is stepped over.
const REQUEST_FIELDS = 1
const RESOURCE_SPANS_FIELDS = 3
const RESOURCE_FIELDS = 3
const SCOPE_SPANS_FIELDS = 3
const SPAN_FIELDS = 16
const STATUS_FIELDS = 3

// Tags: field number << 3 | wire type.
const FIELD_1_BYTES = 0x0a
const FIELD_2_BYTES = 0x12
const FIELD_3_BYTES = 0x1a
/** Field 1000 of ResourceSpans: the scopes as the protocol had them before 0.15. */
const LIBRARY_SPANS = 0x1f42
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

const decoders = new WeakMap<DecodeTarget, ProtobufDecoder>()

/**
 * Appends the spans of one `TracesData` or `ExportTraceServiceRequest` to `target.columns` and returns
 * how many they were. What nobody asked for (unwanted attributes, events, links, scopes) is stepped
 * over by its length and not looked into. Fields may come in any order; repeated singular messages
 * merge as protobuf says. Of a key that comes twice, the first value holds. A span that is no good is
 * left out and counted in `target.rejected`, and so are those of a resource that is damaged around them.
 * Throws `DecodeError`, with `columns.count` as it was, where nothing of the bytes is such a message.
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
  readonly #attributes: AttributeReader
  /** End of the current span: upper and lower word. */
  readonly #ended = new Uint32Array(2)

  constructor(target: DecodeTarget) {
    this.#rows = new SpanRows(target)
    this.#attributes = new AttributeReader(this.#rows, this.#reader)
  }

  decode(body: Uint8Array): number {
    const reader = this.#reader
    const rows = this.#rows
    reader.open(body)
    if (rows.beginBody()) this.#attributes.forget()
    try {
      this.#request(body.length)
      return rows.endBody()
    } catch (error) {
      rows.abandonBody()
      throw withWhatItSeems(error, body)
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
        this.#wholeResource(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, REQUEST_FIELDS)
    }
  }

  #wholeResource(start: number, end: number): void {
    this.#rows.beginResource()
    try {
      this.#resourceSpans(start, end)
    } catch (fault) {
      this.#rows.rejectResource(fault)
      return
    }
    this.#rows.endResource()
  }

  #resourceSpans(start: number, end: number): void {
    const reader = this.#reader
    let position = start
    let hasScopes = false
    let old: [start: number, end: number][] | null = null
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES || tag === FIELD_2_BYTES || tag === FIELD_3_BYTES) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        if (tag === FIELD_1_BYTES) this.#resource(reader.position, position)
        else if (tag === FIELD_2_BYTES) {
          hasScopes = true
          this.#scopeSpans(reader.position, position)
        }
      } else if (tag === LIBRARY_SPANS) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        old ??= []
        old.push([reader.position, position])
      } else position = reader.skipUnknown(tag, reader.position, end, RESOURCE_SPANS_FIELDS)
    }
    // Senders of the time between may have written the same spans in both fields.
    if (!hasScopes) for (const [from, to] of old ?? []) this.#scopeSpans(from, to)
  }

  #resource(start: number, end: number): void {
    const reader = this.#reader
    let position = start
    while (position < end) {
      const tag = reader.tag(position, end)
      if (tag === FIELD_1_BYTES) {
        const length = reader.length(reader.position, end)
        position = reader.position + length
        this.#attributes.read(reader.bytes, reader.view, reader.position, position, RESOURCE)
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
        if (tag === FIELD_2_BYTES) this.#wholeSpan(reader.position, position)
      } else position = reader.skipUnknown(tag, reader.position, end, SCOPE_SPANS_FIELDS)
    }
  }

  #wholeSpan(start: number, end: number): void {
    const row = this.#rows.target.columns.add()
    try {
      this.#span(row, start, end)
    } catch (fault) {
      this.#rows.rejectRow(row, fault)
    }
  }

  #span(row: number, start: number, end: number): void {
    const reader = this.#reader
    const { bytes, view } = reader
    const attributes = this.#attributes
    const columns = this.#rows.target.columns
    const ended = this.#ended
    ended[0] = ended[1] = 0
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
      let length = position < end ? bytes[position]! : 0x80
      if (length < 0x80 && length < end - position) position++
      else {
        length = reader.length(position, end)
        position = reader.position
      }
      const to = position + length
      if (tag === SPAN_ATTRIBUTE) attributes.read(bytes, view, position, to, row)
      else this.#spanBytes(row, tag, position, to)
      position = to
    }
    const { traceId, spanId } = columns.of
    const t = row * 4
    if ((traceId[t]! | traceId[t + 1]! | traceId[t + 2]! | traceId[t + 3]!) === 0) {
      throw new DecodeError('span without a trace id', start)
    }
    if ((spanId[row * 2]! | spanId[row * 2 + 1]!) === 0) {
      throw new DecodeError('span without a span id', start)
    }
    columns.of.durationNs[row] =
      (ended[0] - columns.of.startHi[row]!) * TWO_TO_32 + (ended[1] - columns.of.startLo[row]!)
    columns.of.endMs[row] = ended[0] * MS_PER_HI + ended[1] / 1e6
  }

  /** A field of a span whose wire type is not bytes; returns the position behind it. */
  #spanNumber(row: number, tag: number, start: number, end: number): number {
    const reader = this.#reader
    const columns = this.#rows.target.columns
    switch (tag) {
      case SPAN_KIND: {
        const kind = reader.varint(start, end)
        columns.of.kind[row] = kind <= MAX_KIND ? kind : 0
        return reader.position
      }
      case SPAN_START:
        if (end - start < 8) throw new DecodeError('truncated fixed64', start)
        columns.of.startLo[row] = reader.view.getUint32(start, true)
        columns.of.startHi[row] = reader.view.getUint32(start + 4, true)
        return start + 8
      case SPAN_END:
        if (end - start < 8) throw new DecodeError('truncated fixed64', start)
        this.#ended[1] = reader.view.getUint32(start, true)
        this.#ended[0] = reader.view.getUint32(start + 4, true)
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
      case SPAN_TRACE_ID:
        this.#id(target.columns.of.traceId, row * 4, 4, start, end)
        return
      case SPAN_ID:
        this.#id(target.columns.of.spanId, row * 2, 2, start, end)
        return
      case SPAN_PARENT_ID:
        if (start !== end) this.#id(target.columns.of.parentId, row * 2, 2, start, end)
        else target.columns.of.parentId.fill(0, row * 2, row * 2 + 2)
        return
      case SPAN_NAME:
        target.columns.of.name[row] = target.names.internBytes(
          this.#reader.bytes,
          start,
          end,
          this.#reader.view,
        )
        return
      case SPAN_EVENT:
        target.columns.of.events[row]!++
        return
      case SPAN_LINK:
        target.columns.of.links[row]!++
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
        this.#rows.target.columns.of.status[row] = code <= MAX_STATUS ? code : 0
        position = reader.position
      } else if (tag === STATUS_MESSAGE) {
        let from = reader.position
        position = reader.skip(tag, from, end)
        // The message begins after its length, a varint.
        while (reader.bytes[from]! >= 0x80) from++
        this.#rows.setError(row, unansweredBytes(reader.bytes, from + 1, position))
      } else position = reader.skipUnknown(tag, reader.position, end, STATUS_FIELDS)
    }
  }
}
