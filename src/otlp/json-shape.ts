import { DecodeError } from './decode-error.ts'

/** OTLP itself nests nine deep, and each level of a map within an attribute four more. */
const MAX_DEPTH = 256
/** A document of so many bytes has at most one object or array for each: real ones have one for 25 and more. */
const BYTES_PER_CONTAINER = 6
/** ... and small ones as many as they like. */
const FREE_CONTAINERS = 4096

/**
 * Refuses JSON that is nothing but nesting before it is parsed: a few kilobytes of brackets, compressed,
 * would take seconds and gigabytes. One pass over the characters; a string's content does not count.
 * @throws DecodeError
 */
export function checkJsonShape(text: string): void {
  const most = FREE_CONTAINERS + text.length / BYTES_PER_CONTAINER
  let depth = 0
  let containers = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      i = endOfString(text, i)
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      containers++
      if (++depth > MAX_DEPTH) throw new DecodeError(`nested more than ${MAX_DEPTH} deep`, -1)
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
  }
  if (containers > most)
    throw new DecodeError(`${containers} objects and arrays in ${text.length} characters`, -1)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Index of the quote that ends the string which begins at `start`; the length where none does. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i
    if (code === BACKSLASH) i++
  }
  return text.length
}
