import type { Encoding } from '../contract/log-record.ts'
import { looksLikeText, textEncodingOf } from './text-encoding.ts'

/** Field 1, length-delimited: how every entry of a TracesData message begins. It is also a line feed. */
const RESOURCE_SPANS_TAG = 0x0a
const BRACE = 0x7b
const BRACKET = 0x5b

/**
 * Looks at one message: JSON when its first byte after white space is a brace or a bracket, or when it is
 * a text, within which a document may stand behind a logger's words; else protobuf. A protobuf body
 * begins with a line feed, and with a first entry of 123 bytes a brace follows, so a body that begins
 * with white space is JSON only if it is not a whole sequence of protobuf entries, or parses all the same.
 *
 * @param body OTLP traces in either encoding
 */
export function detectEncoding(body: Uint8Array): Encoding {
  if (textEncodingOf(body) !== null) return 'otlp_json'
  let at = 0
  while (isWhiteSpace(body[at])) at++
  if (body[at] !== BRACE && body[at] !== BRACKET) {
    return body[0] !== RESOURCE_SPANS_TAG && looksLikeText(body) ? 'otlp_json' : 'otlp_proto'
  }
  return at > 0 && isEntrySequence(body) && !isJson(body) ? 'otlp_proto' : 'otlp_json'
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(body))
    return true
  } catch {
    return false
  }
}

function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isEntrySequence(body: Uint8Array): boolean {
  let at = 0
  while (at < body.length) {
    if (body[at] !== RESOURCE_SPANS_TAG) return false
    let length = 0
    let shift = 1
    for (;;) {
      const byte = body[++at]
      if (byte === undefined || shift > 2 ** 28) return false
      length += (byte & 0x7f) * shift
      shift *= 128
      if (byte < 0x80) break
    }
    at += 1 + length
  }
  return at === body.length
}
