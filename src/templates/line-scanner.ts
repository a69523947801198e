/**
 * One pass over a line that leaves out what varies: numbers, ids, addresses, paths, times, mail
 * addresses. What stays is the line's *outline*: its words as they stand, blanks as one blank, and `0`
 * for each part left out (no other digit stays, so a `0` is never anything else). Lines of one
 * template almost always have one outline, so its hash finds what is known of them: no text is made.
 */

/** So much of a line is looked at. */
export const MOST_LINE_BYTES = 4096

/** What stands for a part left out. */
const LEFT_OUT = 0x30
const BLANK_BYTE = 0x20
const COMMA = 0x2c
const MINUS = 0x2d
const PLUS = 0x2b
const AT_SIGN = 0x40
const UNDERSCORE = 0x5f
const EQUALS = 0x3d

// What a byte is; a byte can be several.
const BLANK = 1
const DELIMITER = 2
const DIGIT = 4
const HEX_LETTER = 8
const OTHER_LETTER = 16
const VOWEL = 32
const CAPITAL = 64
/** 1 << 7: counted by adding up what is shifted down. */
const SLASH = 128
const AT = 256
const LETTER = HEX_LETTER | OTHER_LETTER
const WORD = DIGIT | LETTER
const ENDS_CHUNK = BLANK | DELIMITER

const KINDS = byteKinds()

/** A word of letters and digits keeps its letters where there are at most so many: `fpr29`, `node-12`. */
const LONGEST_STEM = 12
/** From this length on a word of consonants, or of the letters a to f, can be a part of an id. */
const SHORTEST_CONSONANTS = 4
/** ... and is an id by itself. */
const SHORTEST_HEX = 8

/** Parts left out of what has no blank within, from which on it is left out as a whole. */
const ID_MARKS = 3

export class LineScanner {
  /** The outline of the line scanned last is in `[0, length)`. */
  readonly outline = new Uint8Array(MOST_LINE_BYTES + 4)
  length = 0
  /** Two hashes of the outline, 32 bits each, signed. */
  hashA = 0
  hashB = 0
  readonly #view = new DataView(this.outline.buffer)

  /** Scans the UTF-8 line in `bytes[start, end)`. Bounds are the caller's. */
  scan(bytes: Uint8Array, start: number, end: number): void {
    const outline = this.outline
    const until = Math.min(end, start + MOST_LINE_BYTES)
    let at = start
    let out = 0
    while (at < until) {
      let byte = bytes[at]!
      let kind = KINDS[byte]!
      if ((kind & ENDS_CHUNK) !== 0) {
        at++
        if ((kind & BLANK) === 0) outline[out++] = byte
        else if (out > 0 && outline[out - 1] !== BLANK_BYTE) outline[out++] = BLANK_BYTE
        continue
      }
      const from = out
      let kinds = 0
      let slashes = 0
      do {
        outline[out++] = byte
        kinds |= kind
        slashes += (kind >>> 7) & 1
        if (++at === until) break
        byte = bytes[at]!
        kind = KINDS[byte]!
      } while ((kind & ENDS_CHUNK) === 0)
      if ((kinds & (DIGIT | AT)) !== 0 || slashes > 1) {
        out = this.#shorten(from, out, kinds, slashes, byte === EQUALS)
      } else if ((kinds & OTHER_LETTER) === 0 && out - from >= SHORTEST_HEX) {
        out = this.#shortenLetters(from, out, kinds)
      }
    }
    if (out > 0 && outline[out - 1] === BLANK_BYTE) out--
    this.length = out
    this.#hash()
  }

  /**
   * Shortens the chunk in `outline[from, to)`, which has a digit, an @ or several slashes. The name of what
   * follows (`/a/b/password=`) stays, as what is masked by its name must be.
   */
  #shorten(from: number, to: number, kinds: number, slashes: number, names: boolean): number {
    const outline = this.outline
    let last = to
    while (last > from && (KINDS[outline[last - 1]!]! & WORD) === 0) last--
    if (last === from) return to
    let first = from
    while ((KINDS[outline[first]!]! & WORD) === 0) first++
    if (slashes > 1 || ((kinds & AT) !== 0 && this.#isMail(first, last))) {
      return this.#leaveOut(from, names ? this.#nameIn(first, last) : last, to)
    }
    if ((kinds & DIGIT) === 0) return to
    if ((kinds & OTHER_LETTER) === 0) return this.#leaveOut(this.#signed(from, first), last, to)
    return this.#shortenWords(from, first, last, to)
  }

  /** Where the last word begins with what is in front of it, if it is a name; else `last`. */
  #nameIn(first: number, last: number): number {
    let at = last
    while (at > first && (KINDS[this.outline[at - 1]!]! & LETTER) !== 0) at--
    return at === first || (KINDS[this.outline[at - 1]!]! & DIGIT) !== 0 ? last : at - 1
  }

  /** A chunk of the letters a to f alone. */
  #shortenLetters(from: number, to: number, kinds: number): number {
    return (kinds & LETTER) !== 0 && (kinds & ~LETTER & ~VOWEL & ~CAPITAL) === 0
      ? this.#leaveOut(from, to, to)
      : to
  }

  /** Where a number begins: a sign in front of it belongs to it. */
  #signed(from: number, first: number): number {
    if (first === from) return first
    const before = this.outline[first - 1]!
    return before === MINUS || before === PLUS ? first - 1 : first
  }

  #isMail(first: number, last: number): boolean {
    // Neither the first nor the last byte: those are of words.
    for (let at = first; at < last; at++) if (this.outline[at] === AT_SIGN) return true
    return false
  }

  /** One mark for `[from, last)`; what is in `[last, to)` moves up. `1,234` is one number, too. */
  #leaveOut(from: number, last: number, to: number): number {
    const outline = this.outline
    let at = from
    if (at >= 2 && outline[at - 1] === COMMA && outline[at - 2] === LEFT_OUT) at -= 2
    outline[at++] = LEFT_OUT
    for (let i = last; i < to; i++) outline[at++] = outline[i]!
    return at
  }

  /** Word by word: words that have digits, or can be parts of ids, are left out together with what joins them. */
  #shortenWords(from: number, first: number, last: number, to: number): number {
    const outline = this.outline
    let begin = this.#signed(from, first)
    if (begin < first && (KINDS[outline[first]!]! & DIGIT) === 0) begin = first
    let out = begin
    /** Where the row of such words begins in what is written; -1: there is none. */
    let row = -1
    let rowHasDigits = false
    let at = first
    while (at < last) {
      const start = at
      let kinds = 0
      for (; at < last; at++) {
        const kind = KINDS[outline[at]!]!
        if ((kind & WORD) === 0) break
        kinds |= kind
      }
      const stem = (kinds & DIGIT) !== 0 ? this.#stem(start, at) : 0
      const isPart =
        stem === 0 &&
        ((kinds & DIGIT) !== 0 || (kinds & OTHER_LETTER) === 0 || isConsonants(kinds, at - start))
      if (!isPart && rowHasDigits) out = this.#endRow(row, out)
      if (!isPart) row = -1
      else if (row < 0) {
        row = out
        rowHasDigits = false
      }
      if (isPart && (kinds & DIGIT) !== 0) rowHasDigits = true
      for (let i = start; i < start + (stem || at - start); i++) outline[out++] = outline[i]!
      if (stem > 0) {
        row = out
        rowHasDigits = true
        outline[out++] = LEFT_OUT
      }
      if (!isPart && stem === 0) rowHasDigits = false
      while (at < last && (KINDS[outline[at]!]! & WORD) === 0) outline[out++] = outline[at++]!
    }
    if (rowHasDigits && row >= 0) {
      outline[row] = LEFT_OUT
      out = row + 1
    }
    // Where so much varies, the words between are parts of an id, too: a rack, a node and a chip.
    if (this.#marks(begin, out) >= ID_MARKS) {
      outline[begin] = LEFT_OUT
      out = begin + 1
    }
    for (let i = last; i < to; i++) outline[out++] = outline[i]!
    return out
  }

  #marks(start: number, end: number): number {
    let marks = 0
    for (let i = start; i < end; i++) if (this.outline[i] === LEFT_OUT) marks++
    return marks
  }

  /** Ends a row at `row` in front of a word; what joins the two stays. */
  #endRow(row: number, out: number): number {
    const outline = this.outline
    let joint = out
    while (joint > row && (KINDS[outline[joint - 1]!]! & WORD) === 0) joint--
    let at = row
    outline[at++] = LEFT_OUT
    for (let i = joint; i < out; i++) outline[at++] = outline[i]!
    return at
  }

  /** Letters in front of nothing but digits, where they are a word rather than a part of an id; else 0. */
  #stem(start: number, end: number): number {
    const outline = this.outline
    let at = start
    let kinds = 0
    let smallBefore = false
    for (; at < end; at++) {
      const kind = KINDS[outline[at]!]!
      if ((kind & DIGIT) !== 0) break
      if ((kind & CAPITAL) !== 0 && smallBefore) return 0
      smallBefore ||= (kind & CAPITAL) === 0 && outline[at] !== UNDERSCORE
      kinds |= kind
    }
    const length = at - start
    if (length === 0 || length > LONGEST_STEM || (kinds & OTHER_LETTER) === 0) return 0
    for (; at < end; at++) if ((KINDS[outline[at]!]! & DIGIT) === 0) return 0
    return length
  }

  /** Four bytes at a time, zeros behind the end. */
  #hash(): void {
    const view = this.#view
    const length = this.length
    this.outline.fill(0, length, length + 3)
    let a = length
    let b = ~length
    for (let i = 0; i < length; i += 4) {
      const word = view.getInt32(i, true)
      a = Math.imul(a ^ word, 0x9e3779b1)
      a ^= a >>> 15
      b = Math.imul(b + word, 0x85ebca6b)
      b ^= b >>> 13
    }
    this.hashA = Math.imul(a ^ (a >>> 16), 0xc2b2ae35) | 0
    this.hashB = Math.imul(b ^ (b >>> 16), 0x27d4eb2f) | 0
  }
}

/** Whether letters without a vowel can be a part of an id, as those of orchestrators have none. */
function isConsonants(kinds: number, length: number): boolean {
  return (kinds & (VOWEL | CAPITAL)) === 0 && length >= SHORTEST_CONSONANTS
}

function byteKinds(): Int32Array {
  const kinds = new Int32Array(256)
  kinds.fill(BLANK, 0, 0x21)
  for (const mark of `"'()[]{}<>,;=|&?`) kinds[mark.charCodeAt(0)] = DELIMITER
  for (let digit = 0x30; digit <= 0x39; digit++) kinds[digit] = DIGIT
  for (let letter = 0; letter < 26; letter++) {
    const kind =
      (letter < 6 ? HEX_LETTER : OTHER_LETTER) |
      ('aeiou'.includes(String.fromCharCode(97 + letter)) ? VOWEL : 0)
    kinds[0x61 + letter] = kind
    kinds[0x41 + letter] = kind | CAPITAL
  }
  // What is not ASCII belongs to words of some language.
  kinds.fill(OTHER_LETTER | VOWEL, 0x80)
  kinds[UNDERSCORE] = OTHER_LETTER | VOWEL
  kinds['%'.charCodeAt(0)] = HEX_LETTER
  kinds['/'.charCodeAt(0)] = SLASH
  kinds['\\'.charCodeAt(0)] = SLASH
  kinds[AT_SIGN] = AT
  return kinds
}
