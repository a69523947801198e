import { join } from 'node:path'
import protobuf from 'protobufjs'
import {
  type PlainAttribute,
  type PlainSpan,
  plainDouble,
  plainSlots,
  plainTimes,
} from './span-list.ts'

const root = protobuf.loadSync(
  join(import.meta.dirname, '../fixtures/opentelemetry-proto/otlp.proto'),
)
export const TraceRequest = root.lookupType('otlp.ExportTraceServiceRequest')
export const LogsRequest = root.lookupType('otlp.ExportLogsServiceRequest')

interface Int64 {
  toString(): string
}

interface AnyValue {
  /** Name of the member that is set. */
  value?: string
  stringValue?: string
  boolValue?: boolean
  intValue?: Int64
  doubleValue?: number
}

interface KeyValue {
  key: string
  value?: AnyValue | null
}

interface Span {
  traceId: Uint8Array
  spanId: Uint8Array
  parentSpanId: Uint8Array
  name: string
  kind: number
  startTimeUnixNano: Int64
  endTimeUnixNano: Int64
  attributes: KeyValue[]
  events: unknown[]
  links: unknown[]
  status?: { code: number; message: string } | null
}

interface Request {
  resourceSpans: {
    resource?: { attributes: KeyValue[] } | null
    scopeSpans: { spans: Span[] }[]
  }[]
}

/** The spans of a protobuf body as protobufjs reads it with the whole schema. Throws what it throws. */
export function oracleSpans(body: Uint8Array): PlainSpan[] {
  // A Buffer, as protobufjs reads texts from it with Node's own UTF-8 decoder.
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const request = TraceRequest.decode(buffer) as unknown as Request
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const own = resource?.attributes.map(plainAttribute) ?? []
    const service = own.find(([key, text]) => key === 'service.name' && text !== '')?.[1] ?? ''
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => plainSpan(span, service, own)))
  })
}

function plainSpan(span: Span, service: string, resource: readonly PlainAttribute[]): PlainSpan {
  const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex')
  const parentId = hex(span.parentSpanId)
  const code = span.status?.code ?? 0
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentId: parentId === '0'.repeat(16) ? '' : parentId,
    service,
    name: span.name,
    kind: span.kind >= 0 && span.kind <= 5 ? span.kind : 0,
    status: code >= 0 && code <= 2 ? code : 0,
    ...plainTimes(
      BigInt(span.startTimeUnixNano.toString()),
      BigInt(span.endTimeUnixNano.toString()),
    ),
    events: span.events.length,
    links: span.links.length,
    attributes: plainSlots(
      span.attributes.map(plainAttribute),
      resource,
      span.status?.message ?? '',
    ),
  }
}

function plainAttribute({ key, value }: KeyValue): PlainAttribute {
  if (value?.value === 'stringValue') return [key, value.stringValue ?? '']
  if (value?.value === 'boolValue') return [key, String(value.boolValue)]
  if (value?.value === 'intValue') return [key, String(value.intValue)]
  if (value?.value === 'doubleValue') return [key, plainDouble(value.doubleValue ?? 0)]
  return [key, '']
}

/** A protobuf body of an OTLP JSON document, made by protobufjs. Ids: hexadecimal or base64. */
export function encodeByOracle(document: unknown): Uint8Array {
  const request = structuredClone(document) as {
    resourceSpans?: {
      scopeSpans?: {
        spans?: { traceId: unknown; spanId: unknown; parentSpanId?: unknown; links?: unknown }[]
      }[]
    }[]
  }
  for (const { scopeSpans } of request.resourceSpans ?? []) {
    for (const span of scopeSpans?.flatMap((scope) => scope.spans ?? []) ?? []) {
      span.traceId = idBytes(span.traceId)
      span.spanId = idBytes(span.spanId)
      if (span.parentSpanId !== undefined) span.parentSpanId = idBytes(span.parentSpanId)
      for (const link of (span.links ?? []) as { traceId: unknown; spanId: unknown }[]) {
        link.traceId = idBytes(link.traceId)
        link.spanId = idBytes(link.spanId)
      }
    }
  }
  return TraceRequest.encode(TraceRequest.fromObject(request)).finish()
}

function idBytes(id: unknown): Buffer {
  const text = String(id ?? '')
  return Buffer.from(text, /^([0-9a-f]{32}|[0-9a-f]{16})$/i.test(text) ? 'hex' : 'base64')
}
