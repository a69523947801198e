/** How the messages in a file follow each other once nothing is compressed around them. */
export type Framing =
  /** OTLP JSON documents, one a line. */
  | 'json_lines'
  /** One OTLP JSON document over many lines. */
  | 'json_document'
  /** [uint32 big-endian length][message], repeated. */
  | 'length_prefixed'
  /** One bare protobuf message. */
  | 'protobuf'

/**
 * What the first bytes of a file say. `gzip` and `zstd` are a stream around one of the framings: detect again
 * behind it. `zstd_frames` is what the Collector's file exporter writes with `compression: zstd`:
 * `length_prefixed`, where each message is a zstd frame of its own around one bare message.
 */
export type FileFraming = Framing | 'gzip' | 'zstd' | 'zstd_frames'

/** So many first bytes are enough for `detectFraming`; fewer are only given where the file is shorter. */
export const DETECT_BYTES = 64

const LENGTH_BYTES = 4
const LF = 0x0a
const CR = 0x0d
const OPEN_BRACE = 0x7b

/** The framing of a file from its first bytes; null for an empty file. */
export function detectFraming(first: Uint8Array): FileFraming | null {
  if (first.length === 0) return null
  if (startsWith(first, 0, [0x1f, 0x8b])) return 'gzip'
  if (isZstd(first, 0)) return 'zstd'
  if (isJson(first)) return jsonFraming(first)
  if (isZstd(first, LENGTH_BYTES)) return 'zstd_frames'
  // As a length, the tag of field 1 would announce more than 167 MB.
  return first[0] === 0x0a ? 'protobuf' : 'length_prefixed'
}

/** How a whole message, free of framing and compression, is encoded. */
export function encodingOf(message: Uint8Array): 'otlp_json' | 'otlp_proto' {
  return isJson(message) ? 'otlp_json' : 'otlp_proto'
}

/**
 * Whether bytes are JSON rather than an OTLP protobuf message or a length: a brace, possibly behind a
 * byte order mark or blanks that could not begin such a message. A line feed could: it is the tag of field 1.
 */
function isJson(bytes: Uint8Array): boolean {
  let i = startsWith(bytes, 0, [0xef, 0xbb, 0xbf]) ? 3 : 0
  if (i === 0 && bytes[0] === LF) return false
  while (isBlank(bytes[i])) i++
  return bytes[i] === OPEN_BRACE
}

/** A document that begins with `{` and a line break goes on over many lines. */
function jsonFraming(bytes: Uint8Array): Framing {
  let i = bytes.indexOf(OPEN_BRACE) + 1
  while (bytes[i] === 0x20 || bytes[i] === 0x09) i++
  return bytes[i] === LF || bytes[i] === CR ? 'json_document' : 'json_lines'
}

function isZstd(bytes: Uint8Array, at: number): boolean {
  return startsWith(bytes, at, [0x28, 0xb5, 0x2f, 0xfd])
}

function startsWith(bytes: Uint8Array, at: number, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[at + i] === byte)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === LF || byte === CR
}
