import { DecodeError } from './decode-error.ts'
import { looksLikeLogs } from './looks-like-logs.ts'
import { looksLikeText } from './text-encoding.ts'

const EXPECTED_TRACES = 'expected OTLP traces, as protobuf or as JSON with resourceSpans'
export const EXPECTED_LOGS = 'expected OTLP logs, as protobuf or as JSON with resourceLogs'
/** So much of a text is looked at. */
const LOOKED_AT = 4096

type Magic = readonly [what: string, bytes: readonly number[]]

const MAGICS: readonly Magic[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['LZ4', [0x04, 0x22, 0x4d, 0x18]],
  ['snappy', [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['Parquet', [0x50, 0x41, 0x52, 0x31]],
  ['Avro', [0x4f, 0x62, 0x6a, 0x01]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
  ['a PNG image', [0x89, 0x50, 0x4e, 0x47]],
  ['a Java object stream', [0xac, 0xed, 0x00, 0x05]],
  ['an SQLite database', [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65]],
  ["a message framed for a schema registry (a zero byte and a schema's number)", [0, 0, 0]],
]

const TEXTS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['HTML', /^\s*<(?:!doctype html|html|head|body)/i],
  ['XML', /^\s*<\?xml/],
  ['spans of Jaeger (convert them with a Collector: receiver jaeger)', /"traceID"\s*:/],
  [
    'spans of Zipkin (convert them with a Collector: receiver zipkin)',
    /"localEndpoint"\s*:|"traceId"[^{}]*"timestamp"\s*:\s*\d/,
  ],
  ['segments of SkyWalking', /"traceSegmentId"\s*:/],
  ["a container's log (take the field log out of each line)", /^\s*\{\s*"log"\s*:\s*"/],
  ['OTLP logs', /"resource_?[lL]ogs"/],
  ['OTLP metrics', /"resource_?[mM]etrics"/],
  ['one OTLP span without the resource around it', /^\s*[[{][^{}]*"(?:spanId|span_id)"/],
  ['the answer of a web service', /^\s*\{\s*"(?:error|message|status)"/],
  ['OTLP JSON that is cut short or damaged', /^\s*\{\s*"(?:resource_?[sS]pans|batches)"/],
]

/** What bytes that are no OTLP traces seem to be; empty where nothing can be told. */
export function whatItSeems(body: Uint8Array): string {
  if (body.length === 0) return 'nothing at all'
  const magic = MAGICS.find(([, bytes]) => bytes.every((byte, i) => body[i] === byte))
  if (magic !== undefined) return magic[0]
  if (body[0] === 0x0a && looksLikeLogs(body)) return 'OTLP logs or metrics'
  if (!looksLikeText(body)) return ''
  const text = new TextDecoder().decode(body.subarray(0, LOOKED_AT))
  const known = TEXTS.find(([, pattern]) => pattern.test(text))
  if (known !== undefined) return known[0]
  return /^\s*[[{]/.test(text) ? '' : 'plain text'
}

/** The same error, saying what the body seems to be and what was expected; other errors as they are. */
export function withWhatItSeems(
  error: unknown,
  body: Uint8Array,
  expected = EXPECTED_TRACES,
): unknown {
  if (!(error instanceof DecodeError)) return error
  const seems = whatItSeems(body)
  if (seems === '' || (expected === EXPECTED_LOGS && seems.startsWith('OTLP logs'))) return error
  return new DecodeError(error.reason, error.position, `it seems to be ${seems}, ${expected}`)
}
