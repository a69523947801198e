/** Header of a placeholder record; its value says why the batch could not be decompressed. */
export const UNREADABLE_HEADER = 'medoscope.unreadable'

/** Bytes of a v2 record batch before its records. */
const HEADER_BYTES = 61
/** Where the fields are, from the start of the batch. */
const LENGTH_AT = 8
const MAGIC_AT = 16
const LAST_OFFSET_DELTA_AT = 23
const COUNT_AT = 57
/** The length field counts what follows it. */
const LENGTH_END = 12

/** kafkajs spreads the records of a batch into one call, which fails beyond some 120,000. */
const MAX_RECORDS = 100_000

/**
 * Record bytes to put in place of a batch that cannot be decompressed: as many records as its header
 * announces, without key and value, each with `UNREADABLE_HEADER`. So the consumer moves past the
 * batch and its records can be counted; an error instead would make it fetch the same batch for ever.
 * kafkajs hands a codec only the compressed bytes, but as a view of the whole response, so the
 * header is the 61 bytes before them.
 *
 * Source: Kafka's record batch format, magic 2.
 *
 * @param compressed the compressed records, a view into the batch
 * @param reason a short text, cut to 200 bytes
 * @throws RangeError when no v2 record batch is around the bytes
 */
export function placeholderRecords(compressed: Buffer, reason: string): Buffer {
  if (compressed.byteOffset < HEADER_BYTES) throw new RangeError('No record batch around the bytes')
  const start = compressed.byteOffset - HEADER_BYTES
  const header = Buffer.from(compressed.buffer, start, HEADER_BYTES)
  const length = header.readInt32BE(LENGTH_AT)
  const count = header.readInt32BE(COUNT_AT)
  const lastDelta = header.readInt32BE(LAST_OFFSET_DELTA_AT)
  if (
    header.readInt8(MAGIC_AT) !== 2 ||
    length !== HEADER_BYTES - LENGTH_END + compressed.length ||
    count > MAX_RECORDS ||
    lastDelta < count - 1
  ) {
    throw new RangeError('No record batch around the bytes')
  }
  const tail = recordTail(reason)
  const parts: Buffer[] = []
  for (let i = 0; i < count; i++) {
    // A compacted batch does not say which offsets are left, only which is the last.
    const delta = varint(i === count - 1 ? lastDelta : i)
    const bytes = 2 + delta.length + tail.length
    // Attributes 0 and timestamp delta 0, one byte each.
    parts.push(varint(bytes), Buffer.from([0, 0]), delta, tail)
  }
  return Buffer.concat(parts)
}

/** The end of every placeholder: no key (-1), no value (-1), one header. */
function recordTail(reason: string): Buffer {
  const name = Buffer.from(UNREADABLE_HEADER)
  const value = Buffer.from(reason).subarray(0, 200)
  return Buffer.concat([
    ...[varint(-1), varint(-1), varint(1)],
    ...[varint(name.length), name, varint(value.length), value],
  ])
}

/** A zigzag number in base 128, as the record format has it. */
function varint(value: number): Buffer {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  const bytes: number[] = []
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
