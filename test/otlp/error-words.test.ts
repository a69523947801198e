import { describe, expect, it } from 'vitest'
import { Tables } from '../../src/detector/tables.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import { encodeTracesJson, encodeTracesProto, type OtlpSpan } from '../../src/otlp/encode-traces.ts'
import { unansweredWords } from '../../src/otlp/error-words.ts'
import { detectorSettings } from '../detector-settings.ts'

const SPAN: OtlpSpan = {
  traceId: '1'.padStart(32, '0'),
  spanId: '1'.padStart(16, '0'),
  parentSpanId: '',
  name: 'POST',
  kind: 3,
  startNs: 1_790_000_000_000_000_000n,
  endNs: 1_790_000_000_001_000_000n,
  attributes: {},
  status: 2,
}
/** As Python's `requests` says it: no attribute, but for the message. */
const REFUSED =
  "HTTPConnectionPool(host='127.0.0.1', port=40093): Max retries exceeded (Caused by NewConnectionError('[Errno 111] Connection refused'))"

/** What the error of each span is called once decoded, from both encodings. */
function errorsOf(...spans: readonly OtlpSpan[]): string[] {
  const resources = [{ attributes: { 'service.name': 'booking' }, scope: 's', spans }]
  const both = [encodeTracesProto, encodeTracesJson].map((encode) => {
    const { target, values, slots } = new Tables(detectorSettings().features)
    const decode = encode === encodeTracesProto ? decodeTraces : decodeTracesJson
    decode(encode(resources), target)
    const { attributes } = target.columns.of
    const slot = slots.index.get('errorType')!
    return spans.map((_, i) => values.text(attributes[i * slots.stride + slot]!))
  })
  expect(both[1]).toEqual(both[0])
  return both[0]!
}

describe('the message of a status', () => {
  it('says why nobody answered where no attribute does, in the same words for all', () => {
    expect(errorsOf({ ...SPAN, statusMessage: REFUSED })).toEqual(['connection refused'])
    const typed = { ...SPAN, statusMessage: REFUSED, attributes: { 'error.type': 'MyError' } }
    expect(errorsOf(typed, { ...SPAN, statusMessage: 'Read timed out.' }, SPAN)).toEqual([
      'MyError',
      'timeout',
      '',
    ])
  })

  it('is not kept for anything else it says', () => {
    expect(errorsOf({ ...SPAN, statusMessage: 'no film 4711 for jane@example.com' })).toEqual([''])
    expect(errorsOf({ ...SPAN, statusMessage: `${'x'.repeat(600)} refused` })[0]).toHaveLength(0)
  })
})

describe('an error', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:35477', 'connection refused'],
    ['socket hang up', 'connection lost'],
    ['getaddrinfo ENOTFOUND seats', 'unknown host'],
    ['DEADLINE_EXCEEDED', 'timeout'],
    ['requests.exceptions.ConnectionError', 'no connection'],
    ['java.lang.NullPointerException', ''],
  ])('%s means %j', (text, words) => {
    expect(unansweredWords(text)).toBe(words)
  })
})
