import { keyOfHashes } from '../stats/random.ts'
import { LineScanner, MOST_LINE_BYTES } from '../templates/line-scanner.ts'
import { shapeOf } from '../templates/line-shape.ts'
import { thrownLine } from '../templates/stack-trace.ts'
import { exampleOf } from '../templates/template-miner.ts'
import { alarmWords } from './alarm-words.ts'
import { KnownLines } from './known-lines.ts'
import { countsOf, wordsOf, zerosOf } from './line-words.ts'
import { fullText, type PlainLine, templatedBytes } from './plain-lines.ts'
import { type FoundLine, type RankedLine, ranked, unusuallyOften } from './rank-lines.ts'

/** New lines that are kept for the ranking: those that alarm, and others. */
const MOST_ALARMING = 20_000
const MOST_QUIET = 20_000

/**
 * Which lines of a log matter, beside logs of when all was well. First `addNormal` for all lines of those, then
 * `add` for all of the log to judge. Memory is bounded, however many lines there are.
 */
export class LineRanking {
  /** Lines of the log that is judged; of these the ones that no normal log has; those that found no room. */
  lines = 0
  newLines = 0
  unranked = 0
  readonly #known = new KnownLines()
  readonly #found = new Map<number, FoundLine>()
  readonly #scanner = new LineScanner()
  #alarming = 0

  /** A log of when all was well begins. */
  beginNormal(): void {
    this.#known.logs++
  }

  addNormal(line: PlainLine): void {
    const { bytes, start, end } = templatedBytes(line)
    const outline = this.#outlineOf(bytes, start, end)
    const said = decoder.decode(bytes.subarray(start, Math.min(end, start + MOST_LINE_BYTES)))
    this.#known.add(outline, zerosOf(countsOf(said)), () => ({
      masked: this.#masked(),
      example: exampleOf(said),
    }))
  }

  /** @param file which of the logs to judge it is of, from 0 */
  add(line: PlainLine, file = 0): void {
    this.lines++
    const { bytes, start, end } = templatedBytes(line)
    const outline = this.#outlineOf(bytes, start, end)
    const found = this.#found.get(outline)
    const known = this.#known.find(outline)
    if (known) {
      known.came++
      if (known.came === 1) Object.assign(known, { first: line.number, file })
    } else if (this.#known.cameOnce(outline)) return
    else this.newLines++
    if (found) {
      found.count++
      return
    }
    const said = decoder.decode(bytes.subarray(start, Math.min(end, start + MOST_LINE_BYTES)))
    if (known) {
      // A count that was always 0.
      const risen = known.zeros & ~zerosOf(countsOf(said))
      if (risen === 0) return
      this.#keep(outline, line, { file, known, nearest: { line: known, likeness: 1 }, said })
      return
    }
    this.#keep(outline, line, { file, known: null, nearest: null, said })
  }

  /** The lines that matter most, the first one first. */
  ranked(most: number): RankedLine[] {
    const found = ranked([...this.#found.values()], this.#known)
    return [...found, ...unusuallyOften(this.#known)]
      .sort((a, b) => b.score - a.score || a.file - b.file || a.number - b.number)
      .slice(0, most)
  }

  /** Lines that every normal log has and this one has not, in the order of the normal log, masked. */
  missing(): string[] {
    const { logs } = this.#known
    const lines: string[] = []
    for (const { came, count, example } of this.#known.all()) {
      if (came === 0 && count >= logs) lines.push(example.trim())
    }
    return lines
  }

  /** Lines of the normal logs that are kept apart. */
  get knownLines(): number {
    return this.#known.size
  }

  #keep(
    outline: number,
    line: PlainLine,
    { file, known, nearest, said }: Pick<FoundLine, 'file' | 'known' | 'nearest' | 'said'>,
  ): void {
    const full = line.trace.length > 0 ? fullText(line) : said
    const alarm = alarmWords(full)
    const isAlarming = known !== null || alarm.failures.size + alarm.complaints.size > 0
    const room = isAlarming ? this.#alarming < MOST_ALARMING : this.#quiet < MOST_QUIET
    if (!room) {
      this.unranked++
      return
    }
    if (isAlarming) this.#alarming++
    const words = wordsOf(this.#masked())
    const shown = line.trace.length > 0 ? thrownText(full) : said
    this.#found.set(outline, {
      ...{
        file,
        number: line.number,
        lines: 1 + line.trace.length,
        count: 1,
        said: shown.slice(0, MOST_KEPT),
      },
      ...{ words, alarm, known, nearest },
    })
  }

  get #quiet(): number {
    return this.#found.size - this.#alarming
  }

  #outlineOf(bytes: Uint8Array, start: number, end: number): number {
    this.#scanner.scan(bytes, start, end)
    const { hashA, hashB } = this.#scanner
    return keyOfHashes(hashB, hashA)
  }

  /** The line scanned last, masked as templates are. */
  #masked(): string {
    const { outline, length } = this.#scanner
    return shapeOf(decoder.decode(outline.subarray(0, length))).text
  }
}

/** Of a text with a stack trace, its first line and what was thrown. */
function thrownText(text: string): string {
  const lines = text.split('\n')
  const thrown = thrownLine(lines)
  const [first = ''] = lines
  return thrown === '' || thrown === first ? first : `${first} ${thrown}`
}

const decoder = new TextDecoder()
const MOST_KEPT = 1000
