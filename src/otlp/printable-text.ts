const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
const BLANKS = /[\t\n\r\v\f\u0085\u2028\u2029]+/g
const OTHERS = /[\p{Cc}\p{Bidi_Control}]/gu

/**
 * A text as it may leave this process, whatever it held when it came: well-formed, on one line, and
 * without what a terminal or a page would obey (escape sequences, changes of direction). Blanks other
 * than spaces become spaces, the rest U+FFFD. Most texts are given back as they are.
 */
export function printable(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed()
  if (!UNPRINTABLE.test(wellFormed)) return wellFormed
  return wellFormed.replace(BLANKS, ' ').replace(OTHERS, '\ufffd')
}

/** The first `length` characters (UTF-16 units), one less where the last would be half of a pair. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length)
}
