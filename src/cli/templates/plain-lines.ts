import { textOfFields, timeOfFields } from '../../templates/fields-text.ts'
import { LineTime } from '../../templates/line-time.ts'
import { beginsPythonTrace, continuesTrace, withoutTrace } from '../../templates/stack-trace.ts'
import type { Catalogue } from './catalogue.ts'

const NO_SERVICE = ''
const BRACE = 0x7b
const BLANK = 0x20
/** Lines that are looked at to see whether they have times. */
const LOOKED_AT = 100
/** So many lines of a stack trace are held together. */
const MOST_TRACE_LINES = 256
// First letters of lines that can go on with a stack trace, apart from blanks: Traceback, Caused by.
const CAPITAL_T = 0x54
const CAPITAL_C = 0x43

/** Plain lines, and lines of JSON fields, for a catalogue: with their times, and stack traces as one line. */
export class PlainLines {
  readonly #catalogue: Catalogue
  readonly #time: LineTime
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder()
  #lastMs = Number.NaN
  /** The line before: it may be the first of a stack trace. */
  #held: Uint8Array | null = null
  #trace: string[] = []
  #inPython = false

  /** @param year of times that do not name one */
  constructor(catalogue: Catalogue, year: number) {
    this.#catalogue = catalogue
    this.#time = new LineTime(year)
  }

  /** Whether most of some first lines have times. */
  haveTimes(lines: readonly Uint8Array[]): boolean {
    const some = lines.slice(0, LOOKED_AT)
    const timed = some.filter((line) => {
      this.#time.read(line, 0, line.length)
      const fields = line[0] === BRACE ? this.#fields(line) : null
      const ms = fields === null ? this.#time.ms : this.#time.readValue(timeOfFields(fields))
      return !Number.isNaN(ms)
    })
    return timed.length * 2 > some.length
  }

  push(line: Uint8Array): void {
    if (this.#held !== null && this.#continues(line)) {
      if (this.#trace.length < MOST_TRACE_LINES) this.#trace.push(this.#decoder.decode(line))
      return
    }
    this.end()
    this.#held = line
    this.#inPython = line[0] === CAPITAL_T && beginsPythonTrace(this.#decoder.decode(line))
  }

  /** No line follows: the one that is held counts. */
  end(): void {
    if (this.#held === null) return
    const line = this.#held
    this.#held = null
    if (line[0] === BRACE) this.#addFields(line)
    else this.#addLine(line)
    this.#trace = []
  }

  #continues(line: Uint8Array): boolean {
    const first = line[0] ?? 0
    if (this.#inPython) {
      // Behind the frames, which are indented, one line names what was thrown.
      if (first > BLANK) this.#inPython = false
      return true
    }
    if (first > BLANK && first !== CAPITAL_T && first !== CAPITAL_C) return false
    const text = this.#decoder.decode(line)
    this.#inPython = first === CAPITAL_T && beginsPythonTrace(text)
    return this.#inPython || continuesTrace(text)
  }

  #addLine(line: Uint8Array): void {
    const start = this.#time.read(line, 0, line.length)
    const atMs = this.#at(this.#time.ms)
    if (this.#trace.length === 0) {
      this.#catalogue.add(NO_SERVICE, line, start, line.length, atMs)
      return
    }
    const said = this.#decoder.decode(line.subarray(start))
    this.#addText([said, ...this.#trace].join('\n'), atMs)
  }

  #addFields(line: Uint8Array): void {
    const fields = this.#fields(line)
    if (fields === null) this.#addLine(line)
    else this.#addText(textOfFields(fields), this.#at(this.#time.readValue(timeOfFields(fields))))
  }

  #addText(text: string, atMs: number): void {
    const bytes = this.#encoder.encode(withoutTrace(text))
    this.#catalogue.add(NO_SERVICE, bytes, 0, bytes.length, atMs)
  }

  /** A line without a time has that of the one before; where there are none at all, its number stands for it. */
  #at(ms: number): number {
    if (!this.#catalogue.hasTimes) return this.#catalogue.lines + 1
    if (!Number.isNaN(ms)) this.#lastMs = ms
    return this.#lastMs
  }

  #fields(line: Uint8Array): Readonly<Record<string, unknown>> | null {
    try {
      return JSON.parse(this.#decoder.decode(line))
    } catch {
      return null
    }
  }
}
