const LF = 0x0a
const BLANK = 0x20
const TAB = 0x09
const CR = 0x0d
/** Colours of terminals begin with it. */
const ESCAPE = 0x1b
const LOOKED_AT = 32

/** Messages that are looked at, and bytes of each. */
const MOST_MESSAGES = 50
const MOST_BYTES = 4096
/** What stands in OTLP JSON and its relatives, whole or cut; an empty document is one, too. */
const OTLP_WORDS =
  /"(?:resource_?(?:spans|logs|metrics)|scope_?(?:spans|logs)|batches|spanId|traceID)"|^\s*\{\s*\}\s*$/i

/** A message of protobuf begins with a tag and a length, and has more of them; a line has none. */
export function isTextLine(message: Uint8Array): boolean {
  return (
    message[0] !== LF &&
    !message
      .subarray(0, LOOKED_AT)
      .some((byte) => byte < BLANK && byte !== TAB && byte !== CR && byte !== ESCAPE)
  )
}

/** Whether a file that begins with these messages is a log of lines, plain or JSON, rather than OTLP. */
export function isPlainText(first: readonly Uint8Array[]): boolean {
  const some = first.filter(({ length }) => length > 0).slice(0, MOST_MESSAGES)
  const decoder = new TextDecoder()
  return (
    some.length > 0 &&
    some.every(
      (message) =>
        isTextLine(message) && !OTLP_WORDS.test(decoder.decode(message.subarray(0, MOST_BYTES))),
    )
  )
}
