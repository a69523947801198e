import { DecodeError } from '../../otlp/decode-error.ts'
import { decodeLogsJson } from '../../otlp/decode-logs-json.ts'
import { decodeLogs } from '../../otlp/decode-logs-protobuf.ts'
import { documentSignal } from '../../otlp/document-signal.ts'
import { LogColumns } from '../../otlp/log-columns.ts'
import type { LogTarget } from '../../otlp/log-target.ts'
import { looksLikeLogs } from '../../otlp/looks-like-logs.ts'
import { RejectedSpans } from '../../otlp/rejected-spans.ts'
import { Vocabulary } from '../../otlp/vocabulary.ts'
import { type RecordLine, RecordText } from '../../templates/record-text.ts'
import type { Catalogue } from './catalogue.ts'

const MOST_VALUES = 65_536

/** OTLP messages of logs, for a catalogue. */
export class OtlpLines {
  /** Messages of other signals, which were passed over. */
  otherSignals = 0
  /** What was no good, and why; the first of many. */
  readonly unread: string[] = []
  /** Records and messages that were no good. */
  unreadCount = 0
  readonly #catalogue: Catalogue
  readonly #target: LogTarget = {
    columns: new LogColumns(),
    sessionKeys: [],
    values: new Vocabulary(MOST_VALUES),
    ignoreServices: new Set(),
    droppedOwn: 0,
    rejected: new RejectedSpans(),
  }
  readonly #text = new RecordText(this.#target.values)
  readonly #line: RecordLine = { bytes: new Uint8Array(), start: 0, end: 0 }

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue
  }

  /** Whether a message begins like OTLP JSON. */
  isDocument(message: Uint8Array): boolean {
    return documentSignal(message) !== null
  }

  /** @returns false where that is no OTLP JSON */
  pushJson(message: Uint8Array): boolean {
    const signal = documentSignal(message)
    if (signal === 'logs') this.#decode(message, decodeLogsJson)
    else if (signal !== null) this.otherSignals++
    return signal !== null
  }

  pushProtobuf(message: Uint8Array): void {
    if (message.length > 0 && !looksLikeLogs(message)) this.otherSignals++
    else this.#decode(message, decodeLogs)
  }

  #decode(message: Uint8Array, decode: (body: Uint8Array, target: LogTarget) => number): void {
    const { columns, values, rejected } = this.#target
    columns.clear()
    try {
      decode(message, this.#target)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#tell(1, error.message)
      return
    }
    const told = rejected.told()
    if (told !== null) this.#tell(told.spans, told.reason)
    const line = this.#line
    for (let row = 0; row < columns.count; row++) {
      this.#text.read(columns, row, line)
      const atMs = columns.of.timeMs[row] || Number.NaN
      const service = values.text(columns.of.service[row] ?? 0)
      this.#catalogue.add(service, line.bytes, line.start, line.end, atMs)
    }
  }

  #tell(records: number, why: string): void {
    this.unreadCount += records
    if (this.unread.length < MOST_TOLD) this.unread.push(why)
  }
}

const MOST_TOLD = 5
