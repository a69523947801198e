import { BODY_BYTES, BODY_FIELDS, BODY_TEXT, type LogColumns } from '../otlp/log-columns.ts'
import type { Vocabulary } from '../otlp/vocabulary.ts'
import { textOfFields } from './fields-text.ts'
import { withoutTrace } from './stack-trace.ts'

const LF = 0x0a
const BRACE = 0x7b

/** The line that stands for a log record, as UTF-8 in `bytes[start, end)`. */
export interface RecordLine {
  bytes: Uint8Array
  start: number
  end: number
}

/**
 * Writes log records as lines to be templated: the template that the sender gave, or the body, and the
 * exception with its top frames. Most bodies are taken as they lie in the columns.
 */
export class RecordText {
  readonly #values: Vocabulary
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #encoder = new TextEncoder()

  constructor(values: Vocabulary) {
    this.#values = values
  }

  /** Fills `line` with record `row`; the bytes hold until the columns are cleared. */
  read(columns: LogColumns, row: number, line: RecordLine): void {
    const { of, texts } = columns
    const hasTemplate = of.templateBytes[row]! > 0
    const start = hasTemplate ? of.templateStart[row]! : of.bodyStart[row]!
    const end = start + (hasTemplate ? of.templateBytes[row]! : of.bodyBytes[row]!)
    const isPlain =
      (hasTemplate || of.body[row] === BODY_TEXT) && !isOfSeveralLines(texts.bytes, start, end)
    if (isPlain && of.stackBytes[row] === 0 && of.exceptionType[row] === 0) {
      line.bytes = texts.bytes
      line.start = start
      line.end = end
      return
    }
    const said = isPlain || hasTemplate ? this.#text(columns, start, end) : this.#body(columns, row)
    line.bytes = this.#encoder.encode(this.#withException(columns, row, said))
    line.start = 0
    line.end = line.bytes.length
  }

  #body(columns: LogColumns, row: number): string {
    const { of } = columns
    const kind = of.body[row]!
    if (kind === BODY_BYTES) return '{bytes}'
    const start = of.bodyStart[row]!
    const text = this.#text(columns, start, start + of.bodyBytes[row]!)
    if (kind === BODY_FIELDS || text.startsWith('{')) {
      const fields = parsed(text)
      if (fields !== null) return withoutTrace(textOfFields(fields))
    }
    if (text !== '') return withoutTrace(text)
    // A record that says nothing is told by its name.
    return this.#values.text(of.eventName[row]!)
  }

  #withException({ of, texts }: LogColumns, row: number, said: string): string {
    const type = this.#values.text(of.exceptionType[row]!)
    const start = of.stackStart[row]!
    const stack = this.#decoder.decode(texts.bytes.subarray(start, start + of.stackBytes[row]!))
    const reduced = stack === '' ? '' : withoutTrace(stack)
    // A trace of a form that is not known would bring its messages and line numbers along.
    const frames = reduced === stack ? '' : reduced.slice(Math.max(0, reduced.indexOf('at ')))
    return [said, type, frames].filter((part) => part !== '').join(' ')
  }

  #text({ texts }: LogColumns, start: number, end: number): string {
    return this.#decoder.decode(texts.bytes.subarray(start, end))
  }
}

/** Whether a body is a stack trace, or fields as JSON: neither is a line. */
function isOfSeveralLines(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === BRACE) return true
  for (let at = start; at < end; at++) if (bytes[at] === LF) return true
  return false
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const fields: unknown = JSON.parse(text)
    // A list is shown by what its elements are.
    if (Array.isArray(fields)) return { list: fields }
    return typeof fields === 'object' ? (fields as Record<string, unknown> | null) : null
  } catch {
    return null
  }
}
