import { looksLikeText, type TextEncoding, textEncodingOf } from './text-encoding.ts'

/** How the messages in a file follow each other once nothing is compressed around them. */
export type Framing =
  /** OTLP JSON documents, one a line, each possibly behind the words of a logger. */
  | 'json_lines'
  /** OTLP JSON documents over many lines, one after the other or in an array. */
  | 'json_documents'
  /** [uint32 big-endian length][message], repeated. */
  | 'length_prefixed'
  /** One bare protobuf message. */
  | 'protobuf'

/**
 * What the first bytes of a file say. `gzip` and `zstd` are a stream around one of the framings: detect again
 * behind it, as behind a UTF-16 text once that is UTF-8. `zstd_frames` is what the Collector's file
 * exporter writes with `compression: zstd`: `length_prefixed`, where each message is a zstd frame of its
 * own around one bare message.
 */
export type FileFraming = Framing | 'gzip' | 'zstd' | 'zstd_frames' | Exclude<TextEncoding, 'utf-8'>

/** So many first bytes are enough for `detectFraming`; fewer are only given where the file is shorter. */
export const DETECT_BYTES = 64

const LENGTH_BYTES = 4
const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** The framing of a file from its first bytes; null for an empty file. */
export function detectFraming(first: Uint8Array): FileFraming | null {
  if (first.length === 0) return null
  if (startsWith(first, 0, [0x1f, 0x8b])) return 'gzip'
  if (isZstd(first, 0)) return 'zstd'
  const encoding = textEncodingOf(first)
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return encoding
  const begin = afterBlanks(first, encoding === 'utf-8' ? 3 : 0)
  // Blank lines are no messages.
  if (begin === first.length) return 'json_lines'
  if (beginsJson(first, begin)) return jsonFraming(first, begin)
  if (isZstd(first, LENGTH_BYTES)) return 'zstd_frames'
  // So many bytes of a message have lengths and tags in them that no text has.
  const canBeText = first[0] !== LF || first.length >= DETECT_BYTES
  if (canBeText && looksLikeText(first)) return 'json_lines'
  // As a length, the tag of field 1 would announce more than 167 MB.
  return first[0] === LF ? 'protobuf' : 'length_prefixed'
}

/**
 * Whether JSON begins at `at`. Behind a first byte that is blank this could as well be protobuf, whose
 * field 1 has the tag of a line feed and whose lengths 91 and 123 are a bracket and a brace: there,
 * what follows must be JSON, too.
 */
function beginsJson(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== OPEN_BRACE && bytes[at] !== OPEN_BRACKET) return false
  const behind = afterBlanks(bytes, at + 1)
  const next = bytes[behind]
  // A line of a plain log may begin with a bracket: [INFO]
  if (bytes[at] === OPEN_BRACKET && next !== undefined && isLetterOrDigit(next)) return false
  if (at === 0 || bytes[0] !== LF) return true
  return (
    (next === QUOTE && (bytes[behind + 1] ?? 0) >= 0x20) ||
    next === OPEN_BRACE ||
    next === CLOSE_BRACE ||
    next === OPEN_BRACKET ||
    next === CLOSE_BRACKET
  )
}

/** An array, and a document whose first line ends within it as lines of one that is laid out do, go on over many lines. */
function jsonFraming(bytes: Uint8Array, at: number): Framing {
  if (bytes[at] === OPEN_BRACKET) return 'json_documents'
  const end = endOfLine(bytes, at)
  let last = end - 1
  while (isBlank(bytes[last])) last--
  if (end === bytes.length) return 'json_lines'
  const goesOn = bytes[last] === COMMA && bytes[afterBlanks(bytes, end)] === QUOTE
  return bytes[last] === OPEN_BRACE || bytes[last] === OPEN_BRACKET || goesOn
    ? 'json_documents'
    : 'json_lines'
}

function endOfLine(bytes: Uint8Array, from: number): number {
  const lf = bytes.indexOf(LF, from)
  return lf < 0 ? bytes.length : lf
}

/** Whether a zstd frame begins at `at`, or one of the frames that are to be skipped. */
export function isZstd(bytes: Uint8Array, at: number): boolean {
  if (startsWith(bytes, at, [0x28, 0xb5, 0x2f, 0xfd])) return true
  return startsWith(bytes, at + 1, [0x2a, 0x4d, 0x18]) && (bytes[at]! & 0xf0) === 0x50
}

function isLetterOrDigit(byte: number): boolean {
  const small = byte | 0x20
  return (small >= 0x61 && small <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
}

function startsWith(bytes: Uint8Array, at: number, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[at + i] === byte)
}

function afterBlanks(bytes: Uint8Array, from: number): number {
  let i = from
  while (isBlank(bytes[i])) i++
  return i
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === LF || byte === CR
}
