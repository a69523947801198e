import type { ProtobufWriter } from './protobuf-writer.ts'

/**
 * A plain attribute value. A number that is an integer is written as int64, like the OpenTelemetry
 * SDKs do, any other as double; a bigint always as int64.
 */
export type AttributeValue = string | number | bigint | boolean

export type Attributes = Readonly<Record<string, AttributeValue>>

const KEY = 1
const VALUE = 2
const STRING_VALUE = 1
const BOOL_VALUE = 2
const INT_VALUE = 3
const DOUBLE_VALUE = 4

/** Writes attributes as repeated KeyValue messages of field `field`. */
export function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: Attributes,
  numbers: NumberStyle,
): void {
  for (const key in attributes) {
    const attribute = writer.begin(field)
    writer.text(KEY, key)
    writeAnyValue(writer, VALUE, attributes[key] ?? '', numbers)
    writer.end(attribute)
  }
}

/**
 * How numbers are written: `as_is` by their value, `double` always as double. An attribute that is
 * 0.93 in one record and 1 in the next would change its type otherwise, which stores that keep
 * typed columns refuse.
 */
export type NumberStyle = 'as_is' | 'double'

export function writeAnyValue(
  writer: ProtobufWriter,
  field: number,
  value: AttributeValue,
  numbers: NumberStyle,
): void {
  const message = writer.begin(field)
  if (typeof value === 'string') writer.text(STRING_VALUE, value)
  else if (typeof value === 'boolean') writer.varint(BOOL_VALUE, value ? 1 : 0)
  else if (isInt64(value, numbers)) writer.int64(INT_VALUE, BigInt(value))
  else writer.double(DOUBLE_VALUE, Number(value))
  writer.end(message)
}

interface JsonKeyValue {
  key: string
  value: JsonAnyValue
}

export interface JsonAnyValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string
  doubleValue?: number | string
}

/** The same as OTLP JSON. */
export function jsonAttributes(attributes: Attributes, numbers: NumberStyle): JsonKeyValue[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: jsonAnyValue(value, numbers),
  }))
}

export function jsonAnyValue(value: AttributeValue, numbers: NumberStyle): JsonAnyValue {
  if (typeof value === 'string') return { stringValue: value.toWellFormed() }
  if (typeof value === 'boolean') return { boolValue: value }
  if (isInt64(value, numbers)) return { intValue: String(BigInt(value)) }
  // JSON has no NaN and no infinity; protobuf's JSON mapping writes them as texts.
  const double = Number(value)
  return { doubleValue: Number.isFinite(double) ? double : String(double) }
}

function isInt64(value: number | bigint, numbers: NumberStyle): value is bigint {
  if (typeof value === 'bigint') return true
  return numbers === 'as_is' && Number.isSafeInteger(value)
}
