import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/otlp/decode-error.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import { encodeTracesJson, encodeTracesProto } from '../../src/otlp/encode-traces.ts'
import { arbitraryRequest } from './arbitrary-requests.ts'
import { jsonSpans } from './json-oracle.ts'
import { newTarget, type PlainSpan, plainSpans } from './span-list.ts'

const utf8 = new TextEncoder()

function decoded(document: unknown): PlainSpan[] {
  const target = newTarget()
  decodeTracesJson(utf8.encode(JSON.stringify(document)), target)
  return plainSpans(target)
}

const IDS = { traceId: '000102030405060708090a0b0c0d0e0f', spanId: 'f0f1f2f3f4f5f6f7' }

/** A document of one span with these fields. */
function withSpan(fields: object, resource: object = {}): object {
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [{ ...IDS, ...fields }] }] }] }
}

/** Text of attribute x with this AnyValue. */
function textOf(value: unknown): string | undefined {
  return decoded(withSpan({ attributes: [{ key: 'x', value }] }))[0]?.attributes['x']
}

function reasonOf(body: Uint8Array | string): string {
  const target = newTarget()
  const good = utf8.encode(JSON.stringify(withSpan({ name: 'kept' })))
  decodeTracesJson(good, target)
  try {
    decodeTracesJson(typeof body === 'string' ? utf8.encode(body) : body, target)
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError)
    expect((error as DecodeError).position).toBe(-1)
    expect(plainSpans(target)).toEqual(decoded(withSpan({ name: 'kept' })))
    expect(decodeTracesJson(good, target)).toBe(1)
    return (error as DecodeError).reason
  }
  return 'nothing thrown'
}

describe('decodeTracesJson', () => {
  it('reads a span worked out by hand', () => {
    const document = withSpan(
      {
        parentSpanId: '0102030405060708',
        name: 'GET /cart',
        kind: 2,
        startTimeUnixNano: '1790000000000000001',
        endTimeUnixNano: '1790000000250000000',
        attributes: [
          { key: 'http.request.method', value: { stringValue: 'GET' } },
          { key: 'http.response.status_code', value: { intValue: '200' } },
          { key: 'url.path', value: { stringValue: '/cart' } },
        ],
        events: [{ name: 'exception' }, {}],
        links: [{ ...IDS }],
        status: { message: 'oh no', code: 2 },
        flags: 257,
        unknownField: { deep: [1, 2, 3] },
      },
      { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
    )
    expect(decoded(document)).toEqual([
      {
        traceId: '000102030405060708090a0b0c0d0e0f',
        spanId: 'f0f1f2f3f4f5f6f7',
        parentId: '0102030405060708',
        service: 'cart',
        name: 'GET /cart',
        kind: 2,
        status: 2,
        startNs: 1_790_000_000_000_000_001n,
        durationNs: 249_999_999,
        endMs: 1_790_000_000_250,
        events: 2,
        links: 1,
        attributes: { httpMethod: 'GET', httpStatus: '200' },
      },
    ])
  })

  it('agrees with the protobuf reader and with a plain reading on arbitrary requests', () => {
    fc.assert(
      fc.property(arbitraryRequest, (resources) => {
        const json = encodeTracesJson(resources)
        const [a, b] = [newTarget(), newTarget()]
        expect(decodeTracesJson(json, a)).toBe(decodeTraces(encodeTracesProto(resources), b))
        expect(plainSpans(a)).toEqual(plainSpans(b))
        expect(plainSpans(a)).toEqual(jsonSpans(new TextDecoder().decode(json)))
      }),
      { numRuns: 150 },
    )
  })

  it('takes ids in capitals and in base64', () => {
    const capitals = { traceId: IDS.traceId.toUpperCase(), spanId: IDS.spanId.toUpperCase() }
    const base64 = { traceId: 'AAECAwQFBgcICQoLDA0ODw==', spanId: '8PHy8/T19vc=' }
    expect(decoded(withSpan(capitals))).toEqual(decoded(withSpan({})))
    expect(decoded(withSpan(base64))).toEqual(decoded(withSpan({})))
  })

  it('takes enums by number and by name, and numbers of later versions for none', () => {
    const read = (kind: unknown, code: unknown): unknown => {
      const [span] = decoded(withSpan({ kind, status: { code } }))
      return [span?.kind, span?.status]
    }
    expect(read('SPAN_KIND_CONSUMER', 'STATUS_CODE_ERROR')).toEqual([5, 2])
    expect(read(3, 1)).toEqual([3, 1])
    expect(read(6, -1)).toEqual([0, 0])
    expect(read(null, null)).toEqual([0, 0])
  })

  it('takes times as texts exactly and as numbers as they came', () => {
    const start = (startTimeUnixNano: unknown): unknown =>
      decoded(withSpan({ startTimeUnixNano }))[0]?.startNs
    expect(start('18446744073709551615')).toBe(2n ** 64n - 1n)
    expect(start('4294967296')).toBe(2n ** 32n)
    expect(start(1.79e18)).toBe(1_790_000_000_000_000_000n)
    expect(start(undefined)).toBe(0n)
  })

  it('takes null for absent, everywhere', () => {
    const nothing = {
      parentSpanId: null,
      name: null,
      kind: null,
      status: null,
      attributes: null,
      events: null,
      links: null,
      startTimeUnixNano: null,
    }
    expect(decoded(withSpan(nothing))).toEqual(decoded(withSpan({})))
    expect(decoded({ resourceSpans: null })).toEqual([])
    expect(decoded({ resourceSpans: [{ resource: null, scopeSpans: null }] })).toEqual([])
    expect(decoded({ resourceSpans: [{ scopeSpans: [{ spans: null }] }] })).toEqual([])
    expect(textOf(null)).toBeUndefined()
  })

  it('turns every scalar attribute into its text, and takes others for missing', () => {
    expect(textOf({ stringValue: 'é' })).toBe('é')
    expect(textOf({ stringValue: '\ud800' })).toBe('\ufffd')
    expect(textOf({ intValue: '-9223372036854775808' })).toBe('-9223372036854775808')
    expect(textOf({ intValue: '007' })).toBe('7')
    expect(textOf({ intValue: 12 })).toBe('12')
    expect(textOf({ doubleValue: 3 })).toBe('3')
    expect(textOf({ doubleValue: 0.25 })).toBe('0.25')
    expect(textOf({ doubleValue: 'NaN' })).toBe('NaN')
    expect(textOf({ doubleValue: '-Infinity' })).toBe('-Infinity')
    expect(textOf({ doubleValue: '1.5e3' })).toBe('1500')
    expect(textOf({ boolValue: false })).toBe('false')
    for (const value of [{}, { arrayValue: {} }, { kvlistValue: {} }, { bytesValue: 'AA==' }]) {
      expect(textOf(value)).toBeUndefined()
    }
  })

  it('finds no spans in an empty document and in those of other signals', () => {
    for (const document of [
      '{}',
      '{"resourceLogs":[{}]}',
      '{"resourceMetrics":null}',
      ' {}\n',
      '\ufeff{}',
    ]) {
      expect(decodeTracesJson(utf8.encode(document), newTarget())).toBe(0)
    }
  })

  it('drops and counts the spans of ignored services', () => {
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'medoscope' } }] }
    const target = newTarget(['medoscope'])
    const body = utf8.encode(JSON.stringify(withSpan({}, resource)))
    expect(decodeTracesJson(body, target)).toBe(0)
    expect(target.droppedOwn).toBe(1)
    expect(target.values.find('medoscope')).toBeUndefined()
  })
})

describe('what others write', () => {
  const plain = withSpan(
    { name: 'n', attributes: [{ key: 'x', value: { intValue: '5' } }] },
    { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] },
  )
  const renamed = (text: string, names: Record<string, string>): string =>
    Object.entries(names).reduce((all, [from, to]) => all.replaceAll(`"${from}"`, `"${to}"`), text)
  const json = JSON.stringify(plain)
  const snake = renamed(json, {
    resourceSpans: 'resource_spans',
    scopeSpans: 'scope_spans',
    traceId: 'trace_id',
    spanId: 'span_id',
    intValue: 'int_value',
    stringValue: 'string_value',
  })
  const { resourceSpans } = JSON.parse(json) as { resourceSpans: [object] }
  const forms: Record<string, string | Uint8Array> = {
    'names with underscores': snake,
    'the scopes of old': renamed(json, { scopeSpans: 'instrumentationLibrarySpans' }),
    'the scopes of old with underscores': renamed(snake, {
      scope_spans: 'instrumentation_library_spans',
    }),
    "Tempo's batches": renamed(json, { resourceSpans: 'batches' }),
    "Tempo's answer": `{"trace":${json}}`,
    'one resource by itself': JSON.stringify(resourceSpans[0]),
    'an array of documents': `[{},${json},{}]`,
    'the words of a logger': `2026-03-02T08:00:00Z INFO [otel] {"a":1} ${json}`,
    'UTF-16': Buffer.from(`\ufeff${json}`, 'utf16le'),
    'UTF-16, the other way round, without a mark': Buffer.from(json, 'utf16le').swap16(),
    'a byte order mark': `\ufeff${json}`,
  }

  for (const [name, form] of Object.entries(forms)) {
    it(`is read: ${name}`, () => {
      const target = newTarget()
      const body = typeof form === 'string' ? utf8.encode(form) : form
      expect(decodeTracesJson(body, target)).toBe(1)
      expect(plainSpans(target)).toEqual(decoded(plain))
    })
  }

  it('is read once where a sender has written it under the old name, too', () => {
    const [resource] = resourceSpans as [{ scopeSpans?: unknown }]
    const { scopeSpans } = resource
    for (const both of [
      { ...resource, instrumentationLibrarySpans: scopeSpans },
      { instrumentationLibrarySpans: scopeSpans, ...resource },
      { ...resource, scopeSpans: [], instrumentationLibrarySpans: scopeSpans },
      { ...resource, scopeSpans: null, scope_spans: scopeSpans },
    ]) {
      const target = newTarget()
      expect(decodeTracesJson(utf8.encode(JSON.stringify({ resourceSpans: [both] })), target)).toBe(
        1,
      )
      expect(plainSpans(target)).toEqual(decoded(plain))
    }
  })

  it('is read from whichever of its names has something in it', () => {
    for (const both of [
      { resourceSpans: null, resource_spans: resourceSpans },
      { resourceSpans: [], batches: resourceSpans },
    ]) {
      expect(decodeTracesJson(utf8.encode(JSON.stringify(both)), newTarget())).toBe(1)
    }
  })

  it('is said where it cannot be read: what it seems to be, and what is expected', () => {
    const seems: Record<string, RegExp> = {
      '<!DOCTYPE html><html>': /HTML/,
      'level=info msg="no spans here"': /plain text/,
      '{"data":[{"traceID":"1","spans":[]}]}': /Jaeger/,
      '[{"traceId":"a","id":"b","timestamp":1,"localEndpoint":{"serviceName":"x"}}]': /Zipkin/,
      '{"log":"{\\"resourceSpans\\":[]}","stream":"stdout"}': /container's log/,
      '{"traceId":"a","spanId":"b","name":"n"}': /one OTLP span/,
      [json.slice(0, -9)]: /cut short/,
    }
    for (const [body, seem] of Object.entries(seems)) {
      const hint = faultOf(() => decodeTracesJson(utf8.encode(body), newTarget())).hint
      expect(hint).toMatch(seem)
      expect(hint).toContain('expected OTLP traces')
    }
    for (const [seem, bytes] of [
      [/gzip/, [0x1f, 0x8b, 8, 0]],
      [/Parquet/, [0x50, 0x41, 0x52, 0x31]],
      [/schema registry/, [0, 0, 0, 0, 7, 0x0a, 0]],
    ] as const) {
      expect(faultOf(() => decodeTraces(Uint8Array.from(bytes), newTarget())).hint).toMatch(seem)
    }
  })
})

describe('one span that is no good', () => {
  it('costs itself and no other, whatever is wrong with it', () => {
    const good = Array.from({ length: 99 }, (_, n) => ({
      ...IDS,
      spanId: String(n + 1).padStart(16, '0'),
    }))
    for (const bad of [null, { ...IDS, spanId: '0'.repeat(16) }, { ...IDS, name: 5 }, []]) {
      const spans = good.toSpliced(50, 0, bad as never)
      const target = newTarget()
      const document = { resourceSpans: [{ scopeSpans: [{ spans }] }] }
      expect(decodeTracesJson(utf8.encode(JSON.stringify(document)), target)).toBe(99)
      expect(target.rejected.told()).toMatchObject({
        spans: 1,
        reason: expect.stringContaining('resourceSpans[0].scopeSpans[0].spans[50]'),
      })
      expect(new Set(plainSpans(target).map(({ spanId }) => spanId)).size).toBe(99)
    }
  })

  it('in a resource that is no good, costs that resource', () => {
    const first = { scopeSpans: [{ spans: [IDS] }] }
    const document = { resourceSpans: [{ ...first, resource: 1 }, first, 7] }
    const target = newTarget()
    expect(decodeTracesJson(utf8.encode(JSON.stringify(document)), target)).toBe(1)
    expect(target.rejected.told()).toMatchObject({
      spans: 2,
      reason: 'resourceSpans[0].resource: not an object',
    })
  })
})

function faultOf(decode: () => number): DecodeError {
  try {
    decode()
  } catch (error) {
    if (error instanceof DecodeError) return error
  }
  throw new Error('nothing thrown')
}

describe('faulty documents', () => {
  const at = 'resourceSpans[0].scopeSpans[0].spans[0]'
  const faults: [body: unknown, reason: string][] = [
    [withSpan({ traceId: '00' }), `${at}.traceId: no id of 16 bytes`],
    [withSpan({ traceId: `${'0'.repeat(31)}g` }), `${at}.traceId: no id of 16 bytes`],
    [withSpan({ traceId: '0'.repeat(32) }), `${at}.traceId: all zero`],
    [withSpan({ traceId: null }), `${at}.traceId: no id of 16 bytes`],
    [withSpan({ spanId: 7 }), `${at}.spanId: no id of 8 bytes`],
    [withSpan({ spanId: '0000000000000000' }), `${at}.spanId: all zero`],
    [withSpan({ spanId: '8PHy8/T19vc*' }), `${at}.spanId: no id of 8 bytes`],
    [withSpan({ parentSpanId: '01' }), `${at}.parentSpanId: no id of 8 bytes`],
    [withSpan({ name: 5 }), `${at}.name: not a string`],
    [withSpan({ kind: 'SERVER' }), `${at}.kind: not an enum value`],
    [withSpan({ kind: 1.5 }), `${at}.kind: not an enum value`],
    [withSpan({ kind: '2' }), `${at}.kind: not an enum value`],
    [withSpan({ status: 2 }), `${at}.status: not an object`],
    [withSpan({ status: { code: {} } }), `${at}.status.code: not an enum value`],
    [
      withSpan({ startTimeUnixNano: '' }),
      `${at}.startTimeUnixNano: not an unsigned 64-bit integer`,
    ],
    [
      withSpan({ startTimeUnixNano: -1 }),
      `${at}.startTimeUnixNano: not an unsigned 64-bit integer`,
    ],
    [
      withSpan({ endTimeUnixNano: '18446744073709551616' }),
      `${at}.endTimeUnixNano: not an unsigned 64-bit integer`,
    ],
    [withSpan({ endTimeUnixNano: '1e9' }), `${at}.endTimeUnixNano: not an unsigned 64-bit integer`],
    [withSpan({ attributes: {} }), `${at}.attributes: not an array`],
    [withSpan({ attributes: ['x'] }), `${at}.attributes[0]: not an object`],
    [withSpan({ attributes: [{ key: 1 }] }), `${at}.attributes[0].key: not a string`],
    [
      withSpan({ attributes: [{ key: 'x', value: 'v' }] }),
      `${at}.attributes[0].value: not an object`,
    ],
    [
      withSpan({ attributes: [{ key: 'x', value: { stringValue: 1 } }] }),
      `${at}.attributes[0].value: no value of its type`,
    ],
    [
      withSpan({ attributes: [{ key: 'x', value: { intValue: '1.5' } }] }),
      `${at}.attributes[0].value: no value of its type`,
    ],
    [
      withSpan({ attributes: [{ key: 'x', value: { intValue: '9223372036854775808' } }] }),
      `${at}.attributes[0].value: no value of its type`,
    ],
    [
      withSpan({ attributes: [{ key: 'x', value: { doubleValue: '' } }] }),
      `${at}.attributes[0].value: no value of its type`,
    ],
    [
      withSpan({ attributes: [{ key: 'x', value: { boolValue: 'true' } }] }),
      `${at}.attributes[0].value: no value of its type`,
    ],
    [withSpan({ events: {} }), `${at}.events: not an array`],
    [withSpan({ links: [1] }), `${at}.links[0]: not an object`],
    [withSpan({}, []), 'resourceSpans[0].resource: not an object'],
    [withSpan({}, { attributes: 1 }), 'resourceSpans[0].resource.attributes: not an array'],
    [{ resourceSpans: {} }, 'resourceSpans: not an array'],
    [{ resourceSpans: [1] }, 'resourceSpans[0]: not an object'],
    [{ resourceSpans: [{ scopeSpans: 1 }] }, 'resourceSpans[0].scopeSpans: not an array'],
    [
      { resourceSpans: [{}, { scopeSpans: [{}, 1] }] },
      'resourceSpans[1].scopeSpans[1]: not an object',
    ],
    [{ resourceSpans: [{ scopeSpans: [{ spans: [null] }] }] }, `${at}: not an object`],
    [{ spans: [] }, 'JSON document without resourceSpans'],
    [[{}, 1], '[1].JSON document is not an object'],
    [[{}, withSpan({ name: 5 })], `[1].${at}.name: not a string`],
    [null, 'JSON document is not an object'],
  ]

  it('are refused with the path to the fault, and leave no row', () => {
    for (const [document, reason] of faults) expect(reasonOf(JSON.stringify(document))).toBe(reason)
  })

  it('are refused without quoting what they hold', () => {
    expect(reasonOf('{"password": secret}')).toBe('not JSON')
    expect(reasonOf('{} {}')).toBe('not JSON at character 3')
    expect(reasonOf('')).toMatch(/^not JSON/)
    expect(reasonOf(Uint8Array.of(0x7b, 0xff, 0x7d))).toBe('JSON is not UTF-8')
  })

  it('do not hurt by depth', () => {
    const nested = (depth: number): string =>
      `{"resourceSpans":[],"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(decodeTracesJson(utf8.encode(nested(200)), newTarget())).toBe(0)
    expect(reasonOf(nested(300))).toBe('nested more than 256 deep')
    expect(reasonOf('['.repeat(20_000_000))).toBe('nested more than 256 deep')
    // Brackets within a text are no nesting.
    const text = JSON.stringify(withSpan({ name: `\\"${'[{'.repeat(500)}` }))
    expect(decodeTracesJson(utf8.encode(text), newTarget())).toBe(1)
  })

  it('do not hurt by breadth', () => {
    const many = (count: number): string => `{"resourceSpans":[${'{},'.repeat(count)}{}]}`
    expect(decodeTracesJson(utf8.encode(many(1000)), newTarget())).toBe(0)
    expect(reasonOf(many(100_000))).toMatch(/^100003 objects and arrays in/)
  })
})
