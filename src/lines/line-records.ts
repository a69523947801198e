import type { Attributes } from '../otlp/any-value.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../otlp/encode-logs.ts'
import { severityOfFields, severityOfLine } from './line-level.ts'
import { fullText, type PlainLine, PlainLines } from './plain-lines.ts'

/** Lines in one message, so that messages do not depend on how a file is read. */
const LINES_A_MESSAGE = 64
/** Names of one line that become attributes. */
const MOST_ATTRIBUTES = 64
/** Where lines name no time at all, each is a millisecond after the one before; 2000-01-01. */
const NO_TIME_MS = 946_684_800_000
const RESOURCE: Attributes = { 'service.name': 'log' }

/** Lines of plain logs as OTLP messages of log records, for what reads such. */
export class LineRecords {
  readonly #lines: PlainLines
  #batch: PlainLine[] = []
  #messages: Uint8Array[] = []
  #lastMs = Number.NaN

  /** @param year of times that do not name one */
  constructor(year: number) {
    this.#lines = new PlainLines(year, (line) => this.#add(line))
  }

  /** The messages that these lines complete. */
  push(lines: readonly Uint8Array[]): Uint8Array[] {
    for (const line of lines) this.#lines.push(line)
    return this.#taken()
  }

  /** The last message, if there is one. */
  end(): Uint8Array[] {
    this.#lines.end()
    this.#encode()
    return this.#taken()
  }

  #add(line: PlainLine): void {
    this.#batch.push(line)
    if (this.#batch.length === LINES_A_MESSAGE) this.#encode()
  }

  #encode(): void {
    if (this.#batch.length === 0) return
    // Lines in front of the first time have that one.
    const said = this.#batch.find(({ ms }) => !Number.isNaN(ms))?.ms
    if (Number.isNaN(this.#lastMs)) this.#lastMs = said ?? NO_TIME_MS
    const isSilent = said === undefined
    const records = this.#batch.map((line) => {
      if (!Number.isNaN(line.ms)) this.#lastMs = line.ms
      else if (isSilent) this.#lastMs++
      return recordOf(line, this.#lastMs)
    })
    this.#messages.push(encodeLogsProto(RESOURCE, records))
    this.#batch = []
  }

  #taken(): Uint8Array[] {
    const messages = this.#messages
    this.#messages = []
    return messages
  }
}

function recordOf(line: PlainLine, timeMs: number): OtlpLogRecord {
  const { fields } = line
  const body = fullText(line).trim()
  return {
    timeMs,
    ...{ traceId: '', spanId: '', severityText: '', eventName: '' },
    severityNumber: fields === null ? severityOfLine(body) : severityOfFields(fields),
    body,
    attributes: fields === null ? {} : scalars(fields),
  }
}

/** Fields by which lines can belong together, as attributes. */
function scalars(fields: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields).slice(0, MOST_ATTRIBUTES)) {
    if (typeof value === 'string' || typeof value === 'number') attributes[name] = String(value)
  }
  return attributes
}
