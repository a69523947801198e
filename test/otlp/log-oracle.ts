import {
  BODY_BYTES,
  BODY_FIELDS,
  BODY_NONE,
  BODY_SCALAR,
  BODY_TEXT,
} from '../../src/otlp/log-columns.ts'
import type { PlainLog } from './log-list.ts'
import { LogsRequest } from './protobuf-oracle.ts'

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
  arrayValue?: { values: AnyValue[] }
  kvlistValue?: { values: KeyValue[] }
}

interface KeyValue {
  key: string
  value?: AnyValue | null
}

interface Record {
  timeUnixNano: Int64
  observedTimeUnixNano: Int64
  severityNumber: number
  severityText: string
  body?: AnyValue | null
  attributes: KeyValue[]
  traceId: Uint8Array
  spanId: Uint8Array
  eventName: string
}

interface Request {
  resourceLogs: {
    resource?: { attributes: KeyValue[] } | null
    scopeLogs: { logRecords: Record[] }[]
  }[]
}

/** The records of a protobuf body as protobufjs reads it with the whole schema. Throws what it throws. */
export function oracleLogs(body: Uint8Array): PlainLog[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const request = LogsRequest.decode(buffer) as unknown as Request
  return request.resourceLogs.flatMap(({ resource, scopeLogs }) => {
    const service = first(resource?.attributes ?? [], ['service.name'])
    return scopeLogs.flatMap((scope) => scope.logRecords.map((record) => plainLog(record, service)))
  })
}

function plainLog(record: Record, service: string): PlainLog {
  const { attributes } = record
  const text = (...keys: string[]): string => first(attributes, keys, true)
  const own = plainBody(record.body)
  const message = text('exception.message')
  const { kind, body } =
    own.kind === BODY_NONE && message !== '' ? { kind: BODY_TEXT, body: message } : own
  const { severityNumber } = record
  return {
    traceId: id(record.traceId),
    spanId: id(record.spanId),
    service,
    timeMs: milliseconds(record.timeUnixNano) || milliseconds(record.observedTimeUnixNano),
    severity: severityNumber >= 0 && severityNumber <= 24 ? severityNumber : 0,
    severityText: record.severityText,
    eventName: record.eventName || text('event.name'),
    exceptionType: text('exception.type'),
    kind,
    body,
    template: text('log.record.template', '{OriginalFormat}', 'sentry.message.template'),
    stack: text('exception.stacktrace'),
  }
}

function plainBody(value: AnyValue | null | undefined): Pick<PlainLog, 'kind' | 'body'> {
  switch (value?.value) {
    case 'stringValue':
      return { kind: BODY_TEXT, body: value.stringValue ?? '' }
    case 'arrayValue':
    case 'kvlistValue':
      return { kind: BODY_FIELDS, body: JSON.parse(JSON.stringify(plainValue(value))) }
    case 'bytesValue':
      return { kind: BODY_BYTES, body: '' }
    case undefined:
      return { kind: BODY_NONE, body: '' }
    default:
      return { kind: BODY_SCALAR, body: String(plainValue(value)) }
  }
}

function plainValue(value: AnyValue | null | undefined): unknown {
  switch (value?.value) {
    case 'stringValue':
      return value.stringValue
    case 'boolValue':
      return value.boolValue
    case 'doubleValue':
      return value.doubleValue
    case 'intValue': {
      const text = String(value.intValue)
      return Number.isSafeInteger(Number(text)) ? Number(text) : text
    }
    case 'arrayValue':
      return value.arrayValue?.values.map(plainValue)
    case 'kvlistValue':
      // Entries, since a key may be __proto__.
      return Object.fromEntries(
        value.kvlistValue?.values.map(({ key, value: own }) => [key, plainValue(own)]) ?? [],
      )
    default:
      return null
  }
}

/** The first of these keys that has a text; of one key the first value. */
function first(
  attributes: readonly KeyValue[],
  keys: readonly string[],
  onlyTexts = false,
): string {
  for (const key of keys) {
    for (const { key: own, value } of attributes) {
      if (own !== key) continue
      const isText = value?.value === 'stringValue'
      const isScalar =
        isText || ['boolValue', 'intValue', 'doubleValue'].includes(value?.value ?? '')
      const text = isText || (isScalar && !onlyTexts) ? String(plainValue(value)) : ''
      if (text !== '') return text
    }
  }
  return ''
}

function id(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return /^0*$/.test(hex) ? '' : hex
}

function milliseconds(ns: Int64): number {
  const whole = BigInt(ns.toString())
  return Number(whole >> 32n) * 4294.967296 + Number(whole & 0xffffffffn) / 1e6
}

/** A protobuf body of an OTLP JSON document of logs, made by protobufjs. Ids: hexadecimal. */
export function encodeLogsByOracle(document: unknown): Uint8Array {
  const request = structuredClone(document) as {
    resourceLogs: { scopeLogs: { logRecords: { traceId: unknown; spanId: unknown }[] }[] }[]
  }
  for (const record of request.resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords),
  )) {
    record.traceId = Buffer.from(String(record.traceId), 'hex')
    record.spanId = Buffer.from(String(record.spanId), 'hex')
  }
  return LogsRequest.encode(LogsRequest.fromObject(request)).finish()
}
