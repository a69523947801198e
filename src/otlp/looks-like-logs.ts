import { DecodeError } from './decode-error.ts'
import { ProtobufReader } from './protobuf-reader.ts'

const FIELD_1_BYTES = 0x0a
const FIELD_2_BYTES = 0x12
/** Field 1000 of ResourceSpans and of ResourceLogs: the scopes as the protocol had them before 0.15. */
const LIBRARY = 0x1f42

/**
 * Whether a protobuf message holds log records rather than spans. Nothing in `LogsData` tags the signal:
 * it has the shape of `TracesData` down to the innermost items, so the first of these is looked at. A
 * span begins its life with a trace id, field 1 of wire type bytes; a log record's field 1 is a time,
 * fixed64. False for damaged messages and for such without any item, which are both empty logs and
 * empty traces. Source: opentelemetry-proto, trace.proto and logs.proto.
 */
export function looksLikeLogs(body: Uint8Array): boolean {
  const reader = new ProtobufReader()
  reader.open(body)
  try {
    return firstItem(reader, 0, body.length, 0) === 'log'
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

// The field that leads one level down: resource spans or logs, then scope spans or logs, then items.
const LEVELS = [FIELD_1_BYTES, FIELD_2_BYTES, FIELD_2_BYTES]

function firstItem(
  reader: ProtobufReader,
  start: number,
  end: number,
  level: number,
): 'span' | 'log' | 'none' {
  let position = start
  while (position < end) {
    const tag = reader.tag(position, end)
    const from = reader.position
    if (level === LEVELS.length) {
      if (tag === FIELD_1_BYTES) return 'span'
    } else if (tag === LEVELS[level] || (level === 1 && tag === LIBRARY)) {
      const length = reader.length(from, end)
      const found = firstItem(reader, reader.position, reader.position + length, level + 1)
      if (found !== 'none') return found
    }
    position = reader.skip(tag, from, end)
  }
  return level === LEVELS.length ? 'log' : 'none'
}
