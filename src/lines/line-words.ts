/** Words of a line by which it is compared with others, without what varies. */

const WORD = /[\p{L}_][\p{L}\p{N}_.-]*[\p{L}\p{N}_]|\p{L}/gu
const MOST_WORDS = 64

/** Each once, of the masked text of a line. */
export function wordsOf(text: string): string[] {
  const words = new Set<string>()
  for (const [word] of text.matchAll(WORD)) {
    words.add(word)
    if (words.size === MOST_WORDS) break
  }
  return [...words]
}

/** Whole numbers that stand by themselves: counts and codes, not parts of ids, versions or times. */
const COUNT = /(?<![\w.,:/@#-])(\d{1,9})(?![\w.,:/@-]|\s?(?:ms|s|kB|MB|%)\b)/g
/** Looked at; each has a bit of a number. */
const MOST_COUNTS = 30

/** The counts in a line, in order. */
export function countsOf(line: string): number[] {
  const counts: number[] = []
  for (const [, digits] of line.matchAll(COUNT)) {
    counts.push(Number(digits))
    if (counts.length === MOST_COUNTS) break
  }
  return counts
}

/** A bit for each count that is 0. */
export function zerosOf(counts: readonly number[]): number {
  let zeros = 0
  for (const [i, count] of counts.entries()) if (count === 0) zeros |= 1 << i
  return zeros
}
