import { type Attributes, jsonAttributes, writeAttributes } from './any-value.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** A span as a plain object, to be written. Ids are hexadecimal digits, times ns since 1970. */
export interface OtlpSpan {
  /** 32 digits. */
  readonly traceId: string
  /** 16 digits. */
  readonly spanId: string
  /** 16 digits, or '' for none. */
  readonly parentSpanId: string
  readonly name: string
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly startNs: bigint
  readonly endNs: bigint
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number
  readonly statusMessage?: string
  readonly attributes: Attributes
  readonly events?: readonly OtlpEvent[]
  readonly links?: readonly OtlpLink[]
}

export interface OtlpEvent {
  readonly timeNs: bigint
  readonly name: string
  readonly attributes: Attributes
}

interface OtlpLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Attributes
}

/** The spans of one resource and one scope. */
export interface OtlpResourceSpans {
  /** Resource attributes; `service.name` is one of them. */
  readonly attributes: Attributes
  readonly scope?: string
  readonly spans: readonly OtlpSpan[]
}

/**
 * `ExportTraceServiceRequest` = `TracesData` as protobuf, fields in ascending order as SDKs write
 * them. Source: opentelemetry-proto, trace.proto.
 */
export function encodeTracesProto(
  resources: readonly OtlpResourceSpans[],
): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter()
  for (const resource of resources) {
    const resourceSpans = writer.begin(1)
    const attributes = writer.begin(1)
    writeAttributes(writer, 1, resource.attributes, 'as_is')
    writer.end(attributes)
    const scopeSpans = writer.begin(2)
    if (resource.scope) {
      const scope = writer.begin(1)
      writer.text(1, resource.scope)
      writer.end(scope)
    }
    for (const span of resource.spans) writeSpan(writer, span)
    writer.end(scopeSpans)
    writer.end(resourceSpans)
  }
  return writer.finish()
}

function writeSpan(writer: ProtobufWriter, span: OtlpSpan): void {
  const message = writer.begin(2)
  writer.hex(1, span.traceId)
  writer.hex(2, span.spanId)
  if (span.parentSpanId) writer.hex(4, span.parentSpanId)
  writer.text(5, span.name)
  if (span.kind) writer.varint(6, span.kind)
  writer.fixed64(7, span.startNs)
  writer.fixed64(8, span.endNs)
  writeAttributes(writer, 9, span.attributes, 'as_is')
  for (const event of span.events ?? []) {
    const start = writer.begin(11)
    writer.fixed64(1, event.timeNs)
    writer.text(2, event.name)
    writeAttributes(writer, 3, event.attributes, 'as_is')
    writer.end(start)
  }
  for (const link of span.links ?? []) {
    const start = writer.begin(13)
    writer.hex(1, link.traceId)
    writer.hex(2, link.spanId)
    writeAttributes(writer, 4, link.attributes, 'as_is')
    writer.end(start)
  }
  if (span.status || span.statusMessage) {
    const status = writer.begin(15)
    if (span.statusMessage) writer.text(2, span.statusMessage)
    if (span.status) writer.varint(3, span.status)
    writer.end(status)
  }
  writer.end(message)
}

/** The same as OTLP JSON, in UTF-8: lowerCamelCase, ids in hexadecimal, 64-bit numbers as texts. */
export function encodeTracesJson(resources: readonly OtlpResourceSpans[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(tracesJson(resources)))
}

/** The document that `encodeTracesJson` writes, as an object. */
function tracesJson(resources: readonly OtlpResourceSpans[]): object {
  return {
    resourceSpans: resources.map((resource) => ({
      resource: { attributes: jsonAttributes(resource.attributes, 'as_is') },
      scopeSpans: [
        {
          ...(resource.scope ? { scope: { name: resource.scope } } : {}),
          spans: resource.spans.map(spanJson),
        },
      ],
    })),
  }
}

function spanJson(span: OtlpSpan): object {
  const { statusMessage } = span
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId ? { parentSpanId: span.parentSpanId } : {}),
    name: span.name.toWellFormed(),
    kind: span.kind,
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: jsonAttributes(span.attributes, 'as_is'),
    ...(span.events
      ? {
          events: span.events.map((event) => ({
            timeUnixNano: String(event.timeNs),
            name: event.name.toWellFormed(),
            attributes: jsonAttributes(event.attributes, 'as_is'),
          })),
        }
      : {}),
    ...(span.links
      ? {
          links: span.links.map((link) => ({
            traceId: link.traceId,
            spanId: link.spanId,
            attributes: jsonAttributes(link.attributes, 'as_is'),
          })),
        }
      : {}),
    ...(span.status || statusMessage
      ? {
          status: {
            ...(statusMessage ? { message: statusMessage.toWellFormed() } : {}),
            ...(span.status ? { code: span.status } : {}),
          },
        }
      : {}),
  }
}

/** Nanoseconds since 1970 of a time in ms; exact to the double's step (a quarter of a microsecond today). */
export function nanosFromMs(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}
