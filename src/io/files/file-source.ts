import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import type { Encoding, LogRecord } from '../../contract/log-record.ts'
import type { Source, SourceBatch, SourceLag } from '../../contract/source.ts'
import { LineRecords } from '../../lines/line-records.ts'
import { documentSignal } from '../../otlp/document-signal.ts'
import { looksLikeLogs } from '../../otlp/looks-like-logs.ts'
import { detectEncoding } from '../../otlp/record-encoding.ts'
import { type Log, messageOf } from '../telemetry/log.ts'
import { type FileEnd, fileMessages } from './file-messages.ts'
import { isPlainText } from './plain-text.ts'

export interface FileSourceSettings {
  /** Read in this order, as one ordered log. */
  readonly paths: readonly string[]
  /** Name of that log, e.g. `files/0`. */
  readonly partition: string
  readonly maxMessageBytes: number
  /** Whether messages that hold logs are handed over, too. */
  readonly withLogs?: boolean
  /** Whether the lines of plain logs are handed over, too, as log records; they have no trace. */
  readonly withLines?: boolean
  /** Called as bytes are read, of all files. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Not 0: a recording begins in the middle of traffic, and its first traces may have begun before it. */
const FIRST_OFFSET = 1n

/** Larger than any record a broker takes, and than what a Collector's batch makes. */
export const MAX_MESSAGE_BYTES = 256 * 1024 ** 2

/**
 * Files as one ordered log: rotated files of one exporter, given in their order, are one history, and
 * a trace may begin in one and end in the next. Offsets count messages. Files are read once, chunk by
 * chunk, however large they are.
 */
export class FileSource implements Source {
  readonly name = 'files'
  /** Messages that hold logs that nothing says to read, or other signals; where the first is. */
  skippedSignals = 0
  firstSkipped: { readonly offset: bigint; readonly holds: 'logs' | 'other' } | null = null
  /** Messages that were too large. */
  oversized = 0
  /** Files that ended early, with why. */
  readonly damaged: { readonly path: string; readonly damage: string }[] = []
  bytesTotal = 0
  /** First offset of each file that was begun. */
  readonly #begins: { readonly path: string; readonly first: bigint }[] = []
  bytesRead = 0
  readonly #settings: FileSourceSettings
  readonly #log: Log
  #messages: AsyncGenerator<Uint8Array[], null> | null = null
  #ready: Uint8Array[] = []
  #readyIndex = 0
  #next = FIRST_OFFSET
  #from = 0n
  #ended = false

  constructor(settings: FileSourceSettings, log: Log) {
    this.#settings = settings
    this.#log = log
  }

  async start(): Promise<void> {
    const faults: string[] = []
    for (const path of this.#settings.paths) {
      try {
        await access(path, constants.R_OK)
        const { size, isFile } = await stat(path).then((found) => ({
          size: found.size,
          isFile: found.isFile(),
        }))
        if (!isFile) faults.push(`${path}: not a file`)
        this.bytesTotal += size
      } catch (error) {
        faults.push(messageOf(error))
      }
    }
    if (faults.length > 0) throw new Error(`cannot read ${faults.join('; ')}`)
    this.#messages = this.#all()
  }

  async poll(maxRecords: number): Promise<SourceBatch | null> {
    if (this.#ended || this.#messages === null) return null
    const records: LogRecord[] = []
    while (records.length < maxRecords) {
      const body = this.#ready[this.#readyIndex]
      if (body !== undefined) {
        this.#readyIndex++
        const record = this.#recordOf(body)
        if (record !== null) records.push(record)
        continue
      }
      const { value, done } = await this.#messages.next()
      if (done) {
        this.#ended = true
        break
      }
      this.#ready = value
      this.#readyIndex = 0
    }
    return records.length > 0 || !this.#ended ? { records, revoked: [] } : null
  }

  /** The files stay where they are; only a checkpoint remembers how far they were read. */
  async commit(): Promise<void> {}

  /** Reads again from the beginning, and hands nothing out before this position. */
  async seek(offsets: ReadonlyMap<string, bigint>): Promise<void> {
    this.#from = offsets.get(this.#settings.partition) ?? 0n
  }

  lag(): ReadonlyMap<string, SourceLag> {
    return new Map()
  }

  async stop(): Promise<void> {
    this.#ended = true
    await this.#messages?.return(null)
  }

  /** Which file a message is of, and which of that file's messages it is, from 1. */
  placeOf(offset: bigint): { readonly path: string; readonly message: number } {
    const file = this.#begins.findLast(({ first }) => first <= offset)
    return { path: file?.path ?? '', message: Number(offset - (file?.first ?? 0n)) + 1 }
  }

  #recordOf(body: Uint8Array): LogRecord | null {
    const offset = this.#next++
    if (offset < this.#from) return null
    const encoding = detectEncoding(body)
    const skipped = this.#skipped(encoding, body)
    if (skipped !== null) this.#skip(1, skipped, offset)
    // A document is handed over all the same, as spans may come behind: alone, it is one without spans.
    if (skipped !== null && encoding === 'otlp_proto') return null
    return {
      partition: this.#settings.partition,
      offset,
      encoding,
      body,
      timestampMs: 0,
      keyed: false,
    }
  }

  /** What a message holds that is not read; metrics in protobuf are told by the decoder, as an error. */
  #skipped(encoding: Encoding, body: Uint8Array): 'logs' | 'other' | null {
    const withLogs = this.#settings.withLogs === true
    if (encoding === 'otlp_proto') return !withLogs && looksLikeLogs(body) ? 'logs' : null
    const signal = documentSignal(body)
    return signal === 'other' || (signal === 'logs' && !withLogs) ? signal : null
  }

  #skip(messages: number, holds: 'logs' | 'other', offset: bigint): void {
    this.skippedSignals += messages
    this.firstSkipped ??= { offset, holds }
  }

  /** The messages of a file; of a plain log, its lines as messages of log records. */
  async *#asOtlp(
    path: string,
    messages: AsyncGenerator<Uint8Array[], FileEnd>,
  ): AsyncGenerator<Uint8Array[], FileEnd> {
    let records: LineRecords | null = null
    let isFirst = true
    let isPlain = false
    for (;;) {
      const { value, done } = await messages.next()
      if (done) {
        if (records !== null) yield records.end()
        return value
      }
      if (isFirst && value.length > 0) {
        isFirst = false
        isPlain = isPlainText(value)
        if (isPlain) records = await this.#beginPlain(path)
      }
      if (isPlain && records === null) this.#skip(value.length, 'logs', this.#next)
      else yield records === null ? value : records.push(value)
    }
  }

  async #beginPlain(path: string): Promise<LineRecords | null> {
    if (this.#settings.withLines !== true) {
      this.#log.warn('the file is a plain log, which logs.session.keys lets judge', { path })
      return null
    }
    const { mtime } = await stat(path)
    return new LineRecords(mtime.getUTCFullYear())
  }

  async *#all(): AsyncGenerator<Uint8Array[], null> {
    const { paths, maxMessageBytes, onProgress } = this.#settings
    const onBytes = (bytes: number): void => {
      this.bytesRead += bytes
      onProgress?.(this.bytesRead, this.bytesTotal)
    }
    for (const path of paths) {
      this.#begins.push({ path, first: this.#next })
      const messages = fileMessages(path, { maxMessageBytes, onBytes })
      const end: FileEnd = yield* this.#asOtlp(path, messages)
      this.oversized += end.oversized
      if (end.damage !== '') {
        this.damaged.push({ path, damage: end.damage })
        const fields = { path, damage: end.damage }
        this.#log.error('the file is damaged; what is before it was read', fields)
      }
    }
    return null
  }
}
