import type { Encoding } from '../../contract/log-record.ts'
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

/**
 * `ExportTraceServiceResponse`: empty where everything was taken, else `partial_success` with how many
 * spans were not and why. Senders must not send those again.
 */
export function exportResponse(encoding: Encoding, rejectedSpans: number, why: string): Uint8Array {
  if (encoding === 'otlp_json') {
    const rejected = { rejectedSpans: String(rejectedSpans), errorMessage: why }
    return utf8(JSON.stringify(rejectedSpans > 0 ? { partialSuccess: rejected } : {}))
  }
  if (rejectedSpans === 0) return new Uint8Array(0)
  const writer = new ProtobufWriter()
  const partial = writer.begin(1)
  writer.varint(1, rejectedSpans)
  writer.text(2, why)
  writer.end(partial)
  return writer.finish()
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
