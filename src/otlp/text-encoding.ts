/** Encodings of Unicode that say at their beginning which they are. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** Bytes looked at: enough to tell a text from numbers and ids. */
const LOOKED_AT = 64
/** A text of fewer bytes could be anything. */
const FEWEST = 4

/** What a byte order mark says, or JSON in UTF-16 without one; null: nothing is said. */
export function textEncodingOf(bytes: Uint8Array): TextEncoding | null {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  if (isOpening(a) && b === 0 && bytes[3] === 0) return 'utf-16le'
  // The length of a message in front of it would have no zero in its fifth byte.
  if (a === 0 && isOpening(b) && c === 0 && bytes[3]! >= 0x09 && bytes[4] === 0) return 'utf-16be'
  return null
}

/** Whether the first bytes are those of a text in UTF-8 or ASCII: nothing but printable characters. */
export function looksLikeText(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, LOOKED_AT)
  if (end < FEWEST) return false
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!
    // Colours of terminals begin with an escape and a bracket.
    const isColour = byte === 0x1b && (i + 1 === end || bytes[i + 1] === 0x5b)
    const isControl = byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && !isColour
    if (isControl || byte === 0x7f || byte >= 0xf8) return false
  }
  try {
    // A character may be cut at the end of what is looked at.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true })
    return true
  } catch {
    return false
  }
}

function isOpening(byte: number | undefined): boolean {
  return byte === 0x7b || byte === 0x5b
}
