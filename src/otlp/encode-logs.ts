import {
  type Attributes,
  jsonAnyValue,
  jsonAttributes,
  writeAnyValue,
  writeAttributes,
} from './any-value.ts'
import { nanosFromMs } from './encode-traces.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** An OTLP log record as a plain object. */
export interface OtlpLogRecord {
  /** Data time, ms since 1970; also written as the observed time, so that a repeat is the same bytes. */
  readonly timeMs: number
  /** 32 hexadecimal digits, or '' for none. */
  readonly traceId: string
  /** 16 hexadecimal digits, or '' for none. */
  readonly spanId: string
  /** 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal. */
  readonly severityNumber: number
  readonly severityText: string
  readonly body: string
  readonly eventName: string
  /** Numbers are written as double whatever their value, so that an attribute keeps its type; bigints as int. */
  readonly attributes: Attributes
}

const SCOPE = 'medoscope'

/**
 * `ExportLogsServiceRequest` = `LogsData` as protobuf: one resource, one scope, the records in order.
 * Source: opentelemetry-proto, logs.proto.
 */
export function encodeLogsProto(
  resource: Attributes,
  records: readonly OtlpLogRecord[],
): Uint8Array<ArrayBuffer> {
  return encodeResourceLogs([{ attributes: resource, records }])
}

/** The records of one resource. */
export interface OtlpResourceLogs {
  readonly attributes: Attributes
  readonly records: readonly OtlpLogRecord[]
}

/** The same for several resources. */
export function encodeResourceLogs(
  resources: readonly OtlpResourceLogs[],
): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter()
  for (const { attributes: resource, records } of resources) {
    const resourceLogs = writer.begin(1)
    const attributes = writer.begin(1)
    writeAttributes(writer, 1, resource, 'as_is')
    writer.end(attributes)
    const scopeLogs = writer.begin(2)
    const scope = writer.begin(1)
    writer.text(1, SCOPE)
    writer.end(scope)
    for (const record of records) writeRecord(writer, record)
    writer.end(scopeLogs)
    writer.end(resourceLogs)
  }
  return writer.finish()
}

function writeRecord(writer: ProtobufWriter, record: OtlpLogRecord): void {
  const timeNs = nanosFromMs(record.timeMs)
  const message = writer.begin(2)
  writer.fixed64(1, timeNs)
  writer.varint(2, record.severityNumber)
  writer.text(3, record.severityText)
  writeAnyValue(writer, 5, record.body, 'double')
  writeAttributes(writer, 6, record.attributes, 'double')
  if (record.traceId) writer.hex(9, record.traceId)
  if (record.spanId) writer.hex(10, record.spanId)
  writer.fixed64(11, timeNs)
  writer.text(12, record.eventName)
  writer.end(message)
}

/** The same as OTLP JSON, in UTF-8. */
export function encodeLogsJson(
  resource: Attributes,
  records: readonly OtlpLogRecord[],
): Uint8Array<ArrayBuffer> {
  return encodeResourceLogsJson([{ attributes: resource, records }])
}

/** The same for several resources. */
export function encodeResourceLogsJson(
  resources: readonly OtlpResourceLogs[],
): Uint8Array<ArrayBuffer> {
  const resourceLogs = resources.map(({ attributes, records }) => ({
    resource: { attributes: jsonAttributes(attributes, 'as_is') },
    scopeLogs: [{ scope: { name: SCOPE }, logRecords: records.map(recordJson) }],
  }))
  return new TextEncoder().encode(JSON.stringify({ resourceLogs }))
}

function recordJson(record: OtlpLogRecord): object {
  const time = String(nanosFromMs(record.timeMs))
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: record.severityNumber,
    severityText: record.severityText.toWellFormed(),
    body: jsonAnyValue(record.body, 'double'),
    attributes: jsonAttributes(record.attributes, 'double'),
    ...(record.traceId ? { traceId: record.traceId } : {}),
    ...(record.spanId ? { spanId: record.spanId } : {}),
    eventName: record.eventName.toWellFormed(),
  }
}
