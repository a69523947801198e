import { textOfFields, timeOfFields } from '../templates/fields-text.ts'
import { LineTime } from '../templates/line-time.ts'
import { beginsPythonTrace, continuesTrace, withoutTrace } from '../templates/stack-trace.ts'

const BRACE = 0x7b
const BLANK = 0x20
const ESCAPE = 0x1b
/** Lines that are looked at to see whether they have times. */
const LOOKED_AT = 100
/** So many lines of a stack trace are held together. */
const MOST_TRACE_LINES = 256
// First letters of lines that can go on with a stack trace, apart from blanks: Traceback, Caused by.
const CAPITAL_T = 0x54
const CAPITAL_C = 0x43
/** What terminals obey: colours and the like. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const TERMINAL = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g

/** A line of a plain log, with the stack trace that follows it. */
export interface PlainLine {
  /** In its file, from 1. */
  readonly number: number
  /** ms since 1970; `NaN` where it says none. */
  readonly ms: number
  /** What it says, behind its time, in `bytes[start, end)`. */
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Lines of the stack trace that follows it. */
  readonly trace: readonly string[]
  /** Where the line is JSON. */
  readonly fields: Readonly<Record<string, unknown>> | null
}

/** Lines of a plain log, in order, with their times, and stack traces with the line before them. */
export class PlainLines {
  readonly #take: (line: PlainLine) => void
  readonly #time: LineTime
  #number = 0
  /** The line before: it may be the first of a stack trace. */
  #held: Uint8Array | null = null
  #heldNumber = 0
  #trace: string[] = []
  #inPython = false

  /** @param year of times that do not name one */
  constructor(year: number, take: (line: PlainLine) => void) {
    this.#time = new LineTime(year)
    this.#take = take
  }

  /** Whether most of some first lines have times. */
  haveTimes(lines: readonly Uint8Array[]): boolean {
    const some = lines.filter(({ length }) => length > 0).slice(0, LOOKED_AT)
    const timed = some.filter((line) => {
      this.#time.read(line, 0, line.length)
      const fields = fieldsOf(line)
      const ms = fields === null ? this.#time.ms : this.#time.readValue(timeOfFields(fields))
      return !Number.isNaN(ms)
    })
    return timed.length * 2 > some.length
  }

  /** @param raw a line without its end; blank ones are counted and passed over */
  push(raw: Uint8Array): void {
    this.#number++
    const line = raw.includes(ESCAPE) ? withoutColours(raw) : raw
    if (!line.some((byte) => byte > BLANK)) return
    if (this.#held !== null && this.#continues(line)) {
      if (this.#trace.length < MOST_TRACE_LINES) this.#trace.push(decoder.decode(line))
      return
    }
    this.end()
    this.#held = line
    this.#heldNumber = this.#number
    this.#inPython = line[0] === CAPITAL_T && beginsPythonTrace(decoder.decode(line))
  }

  /** No line follows: the one that is held counts. */
  end(): void {
    const bytes = this.#held
    if (bytes === null) return
    this.#held = null
    const fields = fieldsOf(bytes)
    const start = fields === null ? this.#time.read(bytes, 0, bytes.length) : 0
    const ms = fields === null ? this.#time.ms : this.#time.readValue(timeOfFields(fields))
    const trace = this.#trace
    this.#trace = []
    const end = bytes.length
    this.#take({ number: this.#heldNumber, ms, bytes, start, end, trace, fields })
  }

  #continues(line: Uint8Array): boolean {
    const first = line[0] ?? 0
    if (this.#inPython) {
      // Behind the frames, which are indented, one line names what was thrown.
      if (first > BLANK) this.#inPython = false
      return true
    }
    if (first > BLANK && first !== CAPITAL_T && first !== CAPITAL_C) return false
    const text = decoder.decode(line)
    this.#inPython = first === CAPITAL_T && beginsPythonTrace(text)
    return this.#inPython || continuesTrace(text)
  }
}

/** What a line says in full, its stack trace included. */
export function fullText({ bytes, start, end, trace }: PlainLine): string {
  const said = decoder.decode(bytes.subarray(start, end))
  return trace.length === 0 ? said : [said, ...trace].join('\n')
}

/** The bytes that are templated; those of the line itself wherever that can be. */
export function templatedBytes(line: PlainLine): Pick<PlainLine, 'bytes' | 'start' | 'end'> {
  const { trace, fields } = line
  if (trace.length === 0 && fields === null) return line
  const text = fields === null ? fullText(line) : textOfFields(fields)
  const bytes = encoder.encode(withoutTrace(text))
  return { bytes, start: 0, end: bytes.length }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function withoutColours(line: Uint8Array): Uint8Array {
  return encoder.encode(decoder.decode(line).replace(TERMINAL, ''))
}

function fieldsOf(line: Uint8Array): Readonly<Record<string, unknown>> | null {
  if (line[0] !== BRACE) return null
  try {
    return JSON.parse(decoder.decode(line))
  } catch {
    return null
  }
}
