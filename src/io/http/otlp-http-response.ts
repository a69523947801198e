import type { Encoding, Signal } from '../../contract/log-record.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'

/** Codes of google.rpc.Code. */
export const RPC_CODES = {
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const

/**
 * `google.rpc.Status`, the body of every OTLP/HTTP answer that is not 200.
 * Source: OTLP specification 1.x, "OTLP/HTTP response", failures.
 */
export function statusBody(encoding: Encoding, code: number, message: string): Uint8Array {
  if (encoding === 'otlp_json') return utf8(JSON.stringify({ code, message }))
  const writer = new ProtobufWriter()
  writer.varint(1, code)
  writer.text(2, message)
  return writer.finish()
}

/** Spans or log records that were not taken, and why; none where the number is 0. */
export interface Rejected {
  readonly items: number
  readonly why: string
}

const REJECTED_ITEMS: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
}

/**
 * `ExportTraceServiceResponse` or `ExportLogsServiceResponse`: empty where everything was taken, else
 * `partial_success` with how much was not and why. Senders must not send that again.
 */
export function exportResponse(
  encoding: Encoding,
  signal: Signal,
  { items, why }: Rejected,
): Uint8Array {
  if (encoding === 'otlp_json') {
    const rejected = { [REJECTED_ITEMS[signal]]: String(items), errorMessage: why }
    return utf8(JSON.stringify(items > 0 ? { partialSuccess: rejected } : {}))
  }
  if (items === 0) return new Uint8Array(0)
  const writer = new ProtobufWriter()
  const partial = writer.begin(1)
  writer.varint(1, items)
  writer.text(2, why)
  writer.end(partial)
  return writer.finish()
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
