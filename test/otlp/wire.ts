/** The protobuf wire format, written by hand as plainly as possible: to build bodies no writer makes. */

export type Part = Uint8Array | readonly number[]

export function concat(...parts: readonly Part[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function varint(value: number | bigint): number[] {
  const bytes: number[] = []
  if (typeof value === 'number' && value >= 0 && value < 128) return [value]
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return [...bytes, Number(rest)]
}

/** Field of wire type 2 around the parts. */
export function bytes(field: number, ...parts: readonly Part[]): Uint8Array {
  const content = concat(...parts)
  return concat(varint(field * 8 + 2), varint(content.length), content)
}

export function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value))
}

export function number(field: number, value: number | bigint): Uint8Array {
  return concat(varint(field * 8), varint(value))
}

export function fixed64(field: number, value: bigint): Uint8Array {
  const content = new Uint8Array(8)
  new DataView(content.buffer).setBigUint64(0, BigInt.asUintN(64, value), true)
  return concat(varint(field * 8 + 1), content)
}

export function double(field: number, value: number): Uint8Array {
  const content = new Uint8Array(8)
  new DataView(content.buffer).setFloat64(0, value, true)
  return concat(varint(field * 8 + 1), content)
}

export function fixed32(field: number, value: number): Uint8Array {
  const content = new Uint8Array(4)
  new DataView(content.buffer).setUint32(0, value, true)
  return concat(varint(field * 8 + 5), content)
}

export const TRACE_ID = Uint8Array.from({ length: 16 }, (_, i) => i)
export const SPAN_ID = Uint8Array.from({ length: 8 }, (_, i) => 0xf0 + i)

/** KeyValue whose AnyValue holds `value`. */
export function keyValue(field: number, key: string, ...value: readonly Part[]): Uint8Array {
  return bytes(field, text(1, key), bytes(2, ...value))
}

/** A span with valid ids and whatever else. */
export function span(...fields: readonly Part[]): Uint8Array {
  return bytes(2, bytes(1, TRACE_ID), bytes(2, SPAN_ID), ...fields)
}

/** A request of one resource (attributes given) and one scope with these spans. */
export function request(resource: readonly Part[], ...spans: readonly Part[]): Uint8Array {
  return bytes(1, bytes(1, ...resource), bytes(2, ...spans))
}

interface Field {
  readonly tag: number
  /** The value without its length. */
  readonly value: Uint8Array
}

// What is a message below a message, by path of field numbers from the request.
const MESSAGES = new Set([
  '.1', '.1.1', '.1.1.1', '.1.1.1.2', '.1.2', '.1.2.1', '.1.2.2',
  '.1.2.2.9', '.1.2.2.9.2', '.1.2.2.11', '.1.2.2.13', '.1.2.2.15',
]) // biome-ignore format: a table

/** The same of a request of logs. */
export const LOG_MESSAGES: ReadonlySet<string> = new Set([
  ...['.1', '.1.1', '.1.1.1', '.1.1.1.2', '.1.2', '.1.2.1', '.1.2.2'],
  ...['.1.2.2.5', '.1.2.2.6', '.1.2.2.6.2'],
])

/**
 * The same message with its fields in another order at every level: `order` sorts a list of field
 * numbers' groups. Fields of one number keep their order among themselves, as protobuf requires.
 */
export function reorder(
  message: Uint8Array,
  order: (fields: number[]) => number[],
  path = '',
  messages: ReadonlySet<string> = MESSAGES,
): Uint8Array {
  const groups = new Map<number, Uint8Array[]>()
  for (const { tag, value } of fieldsOf(message)) {
    const field = tag >>> 3
    const here = `${path}.${field}`
    const content = messages.has(here) ? reorder(value, order, here, messages) : value
    groups.set(field, [...(groups.get(field) ?? []), whole({ tag, value: content })])
  }
  return concat(...order([...groups.keys()]).flatMap((field) => groups.get(field) ?? []))
}

/**
 * One field anywhere in a valid message dropped, doubled, moved, emptied, given another tag or one bit
 * flipped, with all lengths around it right: damage that is not found by lengths.
 */
export function mutateField(
  message: Uint8Array,
  random: () => number,
  path = '',
  messages: ReadonlySet<string> = MESSAGES,
): Uint8Array {
  const fields = fieldsOf(message)
  if (fields.length === 0) return message
  const at = random() % fields.length
  const { tag, value } = fields[at]!
  const here = `${path}.${tag >>> 3}`
  const other = random() % fields.length
  const action = messages.has(here) && random() % 8 > 0 ? -1 : random() % 6
  if (action === -1) fields[at] = { tag, value: mutateField(value, random, here, messages) }
  else if (action === 0) fields.splice(at, 1)
  else if (action === 1) fields.push({ tag, value })
  else if (action === 2) fields.splice(other, 0, ...fields.splice(at, 1))
  else if (action === 3) fields[at] = { tag, value: value.slice(0, random() % 4) }
  else if (action === 4) fields[at] = { tag: (random() % 17) * 8 + (random() % 6), value }
  else if (value.length > 0) {
    const flipped = value.slice()
    flipped[random() % value.length]! ^= 1 << (random() % 8)
    fields[at] = { tag, value: flipped }
  }
  return concat(...fields.map(whole))
}

function whole({ tag, value }: Field): Uint8Array {
  if ((tag & 7) !== 2) return concat(varint(tag), value)
  return concat(varint(tag), varint(value.length), value)
}

/** The fields of a valid message. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = []
  let position = 0
  const readVarint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = message[position++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (position < message.length) {
    const tag = readVarint()
    let start = position
    if ((tag & 7) === 0) readVarint()
    else if ((tag & 7) === 1) position += 8
    else if ((tag & 7) === 5) position += 4
    else {
      const length = readVarint()
      start = position
      position += length
    }
    fields.push({ tag, value: message.slice(start, position) })
  }
  return fields
}
