import { BODY_FIELDS, LogColumns } from '../../src/otlp/log-columns.ts'
import type { LogTarget } from '../../src/otlp/log-target.ts'
import { RejectedSpans } from '../../src/otlp/rejected-spans.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'

/** A decoded log record as a plain object: what readers of every kind are compared by. */
export interface PlainLog {
  /** '' = none. */
  traceId: string
  spanId: string
  service: string
  timeMs: number
  severity: number
  severityText: string
  eventName: string
  exceptionType: string
  /** BODY_*. */
  kind: number
  body: unknown
  template: string
  stack: string
}

export function newLogTarget(
  ignoreServices: readonly string[] = [],
  sessionKeys: readonly string[] = [],
): LogTarget {
  return {
    columns: new LogColumns(sessionKeys.length, 4),
    sessionKeys,
    values: new Vocabulary(2_000),
    ignoreServices: new Set(ignoreServices),
    droppedOwn: 0,
    rejected: new RejectedSpans(),
  }
}

/** All rows of the columns. */
export function plainLogs({ columns, values }: LogTarget): PlainLog[] {
  const { of, texts } = columns
  const hex = (column: Uint32Array, at: number, words: number): string => {
    let text = ''
    for (let i = 0; i < words; i++) text += column[at + i]!.toString(16).padStart(8, '0')
    return /^0+$/.test(text) ? '' : text
  }
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  const text = (start: number, bytes: number): string =>
    utf8.decode(texts.bytes.subarray(start, start + bytes))
  return Array.from({ length: columns.count }, (_, row) => {
    const body = text(of.bodyStart[row]!, of.bodyBytes[row]!)
    return {
      traceId: hex(of.traceId, row * 4, 4),
      spanId: hex(of.spanId, row * 2, 2),
      service: values.text(of.service[row]!),
      timeMs: of.timeMs[row]!,
      severity: of.severity[row]!,
      severityText: values.text(of.severityText[row]!),
      eventName: values.text(of.eventName[row]!),
      exceptionType: values.text(of.exceptionType[row]!),
      kind: of.body[row]!,
      body: of.body[row] === BODY_FIELDS ? JSON.parse(body) : body,
      template: text(of.templateStart[row]!, of.templateBytes[row]!),
      stack: text(of.stackStart[row]!, of.stackBytes[row]!),
    }
  })
}
