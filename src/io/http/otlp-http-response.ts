import type { Encoding, Signal } from '../../contract/log-record.ts'
import { DecodeError } from '../../otlp/decode-error.ts'
import { ProtobufReader } from '../../otlp/protobuf-reader.ts'
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

// Tags: field number << 3 | wire type.
const PARTIAL_SUCCESS = 0x0a
const REJECTED_COUNT = 0x08
const ERROR_MESSAGE = 0x12

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

/** What an answer of 200, in protobuf, says that was not taken; nothing where it is no such answer. */
export function rejectedIn(answer: Uint8Array): Rejected {
  const reader = new ProtobufReader()
  reader.open(answer)
  const rejected = { items: 0, why: '' }
  try {
    for (let at = 0; at < answer.length; ) {
      const tag = reader.tag(at, answer.length)
      // The members of `partial_success` are read where they stand.
      if (tag === PARTIAL_SUCCESS) {
        reader.length(reader.position, answer.length)
        at = reader.position
        continue
      }
      const from = reader.position
      at = reader.skip(tag, from, answer.length)
      if (tag === REJECTED_COUNT) rejected.items = reader.lo
      if (tag !== ERROR_MESSAGE) continue
      reader.length(from, answer.length)
      rejected.why = new TextDecoder().decode(answer.subarray(reader.position, at))
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { items: 0, why: '' }
  }
  return rejected
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
