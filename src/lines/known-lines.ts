import { wordsOf } from './line-words.ts'

/** What is known of the lines with one outline, from logs of when all was well. */
export interface KnownLine {
  /** Of the first one, masked. */
  readonly example: string
  readonly words: readonly string[]
  count: number
  /** Bits of the counts that were 0 in each of them. */
  zeros: number
  /** How often it came in the log that is judged, and the number of the first such line. */
  came: number
  first: number
  /** Which of the logs that are judged that line is of. */
  file: number
}

/** The known line that is most like another. */
export interface Nearest {
  readonly line: KnownLine
  /** From 0 to 1, which is all words. */
  readonly likeness: number
}

/** Outlines that are kept whole; of so many more only that they came. */
const MOST_LINES = 60_000
const MOST_OUTLINES = 1_000_000
/** Lines that are looked up by one word, and words of a line by which it is looked up. */
const MOST_WITH_WORD = 48
const LOOKED_UP = 6

/** Lines of logs of when all was well, by their outlines and by their words. Bounded. */
export class KnownLines {
  /** Logs that they are of. */
  logs = 0
  readonly #lines = new Map<number, KnownLine>()
  readonly #others = new Set<number>()
  readonly #byWord = new Map<string, { lines: number; readonly some: KnownLine[] }>()

  get size(): number {
    return this.#lines.size + this.#others.size
  }

  find(outline: number): KnownLine | undefined {
    return this.#lines.get(outline)
  }

  /** Whether it came, although nothing else is kept of it. */
  cameOnce(outline: number): boolean {
    return this.#others.has(outline)
  }

  /** @param describe called where the line is to be kept: its masked text, and one to show */
  add(
    outline: number,
    zeros: number,
    describe: () => { readonly masked: string; readonly example: string },
  ): void {
    const known = this.#lines.get(outline)
    if (known) {
      known.count++
      known.zeros &= zeros
    } else if (this.#lines.size < MOST_LINES) this.#keep(outline, zeros, describe())
    else if (this.#others.size < MOST_OUTLINES) this.#others.add(outline)
  }

  /** How much a word says: the fewer lines have it, the more. */
  weight(word: string): number {
    return Math.log(1 + (this.#lines.size + 1) / (1 + (this.#byWord.get(word)?.lines ?? 0)))
  }

  /** Null where no line has a word in common with it. */
  nearest(words: readonly string[]): Nearest | null {
    const rare = words
      .map((word) => ({ word, lines: this.#byWord.get(word)?.lines ?? 0 }))
      .filter(({ lines }) => lines > 0)
      .sort((a, b) => a.lines - b.lines || (a.word < b.word ? -1 : 1))
    const looked = new Set<KnownLine>()
    for (const { word } of rare.slice(0, LOOKED_UP)) {
      for (const line of this.#byWord.get(word)?.some ?? []) looked.add(line)
    }
    let best: Nearest | null = null
    for (const line of looked) {
      const likeness = this.#likeness(words, line.words)
      if (best === null || likeness > best.likeness) best = { line, likeness }
    }
    return best
  }

  all(): Iterable<KnownLine> {
    return this.#lines.values()
  }

  #keep(
    outline: number,
    zeros: number,
    { masked, example }: { readonly masked: string; readonly example: string },
  ): void {
    const words = wordsOf(masked)
    const line: KnownLine = { example, words, count: 1, zeros, came: 0, first: 0, file: 0 }
    this.#lines.set(outline, line)
    for (const word of words) {
      const entry = this.#byWord.get(word) ?? { lines: 0, some: [] }
      entry.lines++
      if (entry.some.length < MOST_WITH_WORD) entry.some.push(line)
      this.#byWord.set(word, entry)
    }
  }

  /** The weight of the words in common, as a share of that of all. */
  #likeness(a: readonly string[], b: readonly string[]): number {
    const others = new Set(b)
    let common = 0
    let all = 0
    for (const word of a) {
      const weight = this.weight(word)
      all += weight
      if (others.delete(word)) common += weight
    }
    for (const word of others) all += this.weight(word)
    return all === 0 ? 0 : common / all
  }
}
