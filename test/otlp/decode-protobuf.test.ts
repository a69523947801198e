import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/otlp/decode-error.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import { encodeTracesProto } from '../../src/otlp/encode-traces.ts'
import { arbitraryRequest } from './arbitrary-requests.ts'
import { oracleSpans } from './protobuf-oracle.ts'
import { newTarget, type PlainSpan, plainSpans } from './span-list.ts'
import * as wire from './wire.ts'

function decoded(body: Uint8Array): PlainSpan[] {
  const target = newTarget()
  decodeTraces(body, target)
  return plainSpans(target)
}

/** Slots of the only span. */
function slots(body: Uint8Array): Record<string, string> {
  const [only, ...more] = decoded(body)
  expect(more).toEqual([])
  return only?.attributes ?? {}
}

function attributed(...attributes: readonly wire.Part[]): Uint8Array {
  return wire.request([], wire.span(...attributes))
}

const string = (value: string): Uint8Array => wire.text(1, value)
const int = (value: number | bigint): Uint8Array => wire.number(3, value)

describe('decodeTraces', () => {
  it('reads a span worked out by hand', () => {
    const body = wire.request(
      [
        wire.keyValue(1, 'service.name', string('cart')),
        wire.keyValue(1, 'k8s.pod.name', string('cart-1')),
      ],
      wire.span(
        wire.text(3, 'state'),
        wire.bytes(4, [1, 2, 3, 4, 5, 6, 7, 8]),
        wire.fixed32(16, 0x101),
        wire.text(5, 'GET /cart'),
        wire.number(6, 2),
        wire.fixed64(7, 1_790_000_000_000_000_001n),
        wire.fixed64(8, 1_790_000_000_250_000_000n),
        wire.keyValue(9, 'http.request.method', string('GET')),
        wire.keyValue(9, 'http.response.status_code', int(200)),
        wire.keyValue(9, 'url.path', string('/cart')),
        wire.number(10, 3),
        wire.bytes(11, wire.fixed64(1, 5n), wire.text(2, 'exception')),
        wire.bytes(11),
        wire.number(12, 0),
        wire.bytes(13, wire.bytes(1, wire.TRACE_ID), wire.bytes(2, wire.SPAN_ID)),
        wire.number(14, 0),
        wire.bytes(15, wire.text(2, 'oh no'), wire.number(3, 2)),
      ),
    )
    expect(decoded(body)).toEqual([
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
    expect(decoded(body)).toEqual(oracleSpans(body))
  })

  it('finds no spans in an empty body', () => {
    expect(decodeTraces(new Uint8Array(0), newTarget())).toBe(0)
  })

  it('agrees with protobufjs on arbitrary requests, in ascending, descending and any other order', () => {
    fc.assert(
      fc.property(arbitraryRequest, fc.infiniteStream(fc.nat()), (resources, numbers) => {
        const body = encodeTracesProto(resources)
        const expected = oracleSpans(body)
        expect(decoded(body)).toEqual(expected)
        expect(decoded(wire.reorder(body, (fields) => fields.toSorted((a, b) => b - a)))).toEqual(
          expected,
        )
        const shuffled = wire.reorder(body, (fields) => shuffle(fields, numbers))
        expect(decoded(shuffled)).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('appends to the rows that are there and says how many it added', () => {
    const target = newTarget()
    const body = wire.request([], wire.span(), wire.span())
    expect(decodeTraces(body, target)).toBe(2)
    expect(decodeTraces(body, target)).toBe(2)
    expect(target.columns.count).toBe(4)
  })

  it('reads a body that is a view into a larger buffer', () => {
    const body = attributed(wire.keyValue(9, 'x', string('here')))
    const padded = wire.concat([1, 2, 3], body, [4, 5, 6])
    expect(slots(padded.subarray(3, 3 + body.length))).toEqual({ x: 'here' })
  })

  it('takes an empty and an all-zero parent id for none, and the last of two', () => {
    const parents = (...fields: wire.Part[]): (string | undefined)[] =>
      decoded(wire.request([], wire.span(...fields))).map((span) => span.parentId)
    expect(parents(wire.bytes(4))).toEqual([''])
    expect(parents(wire.bytes(4, new Uint8Array(8)))).toEqual([''])
    expect(parents(wire.bytes(4, wire.SPAN_ID), wire.bytes(4))).toEqual([''])
    expect(parents(wire.bytes(4), wire.bytes(4, wire.SPAN_ID))).toEqual(['f0f1f2f3f4f5f6f7'])
  })

  it('keeps rows as they were when a used row is used again', () => {
    const target = newTarget()
    decodeTraces(
      wire.request(
        [wire.keyValue(1, 'service.name', string('a'))],
        wire.span(
          wire.bytes(4, wire.SPAN_ID),
          wire.number(6, 3),
          wire.bytes(11),
          wire.fixed64(8, 9n),
        ),
      ),
      target,
    )
    target.columns.clear()
    decodeTraces(wire.request([], wire.span()), target)
    expect(plainSpans(target)).toEqual(decoded(wire.request([], wire.span())))
  })
})

describe('attributes', () => {
  it('become the text of their value, whatever its scalar kind', () => {
    const cases: [Uint8Array, string | undefined][] = [
      [string('text'), 'text'],
      [string(''), undefined],
      [wire.number(2, 1), 'true'],
      [wire.number(2, 0), 'false'],
      [int(0), '0'],
      [int(1023), '1023'],
      [int(1024), '1024'],
      [int(-1), '-1'],
      [int(2n ** 53n + 1n), '9007199254740993'],
      [int(2n ** 63n - 1n), '9223372036854775807'],
      [int(-(2n ** 63n)), '-9223372036854775808'],
      [wire.double(4, 0.5), '0.5'],
      [wire.double(4, 3), '3'],
      [wire.double(4, -0), '0'],
      [wire.double(4, Number.NaN), 'NaN'],
      [wire.double(4, 1e300), '1e+300'],
    ]
    for (const [value, text] of cases) {
      expect(slots(attributed(wire.keyValue(9, 'x', value)))['x']).toBe(text)
    }
  })

  it('count as missing where the value is a list, a map, bytes or nothing', () => {
    for (const value of [wire.bytes(5, [1, 2]), wire.bytes(6, [9]), wire.bytes(7, [0]), []]) {
      expect(slots(attributed(wire.keyValue(9, 'x', value)))).toEqual({})
    }
    expect(slots(attributed(wire.bytes(9, wire.text(1, 'x'))))).toEqual({})
    expect(slots(attributed(wire.bytes(9, wire.bytes(2, string('v')))))).toEqual({})
  })

  it('are never looked into below the value, so that depth costs nothing', () => {
    let nested = wire.bytes(1, string('deep'))
    for (let i = 0; i < 200; i++) nested = wire.bytes(1, wire.bytes(5, nested))
    expect(slots(attributed(wire.keyValue(9, 'x', wire.bytes(5, nested))))).toEqual({})
  })

  it('of the preferred name win over those of the older name, in either order', () => {
    const older = wire.keyValue(9, 'http.method', string('old'))
    const newer = wire.keyValue(9, 'http.request.method', string('new'))
    expect(slots(attributed(older, newer))).toEqual({ httpMethod: 'new' })
    expect(slots(attributed(newer, older))).toEqual({ httpMethod: 'new' })
    const empty = wire.keyValue(9, 'http.request.method', string(''))
    expect(slots(attributed(empty, older))).toEqual({ httpMethod: 'old' })
  })

  it('keep the first of two values of the same key', () => {
    const [one, two] = ['one', 'two'].map((value) => wire.keyValue(9, 'x', string(value)))
    expect(slots(attributed(one ?? [], two ?? []))).toEqual({ x: 'one' })
  })

  it('of a resource fill what its spans lack, before or after them', () => {
    const resource = wire.bytes(
      1,
      wire.keyValue(1, 'x', string('r')),
      wire.keyValue(1, 'app.tier', int(7)),
    )
    const spans = wire.bytes(2, wire.span(wire.keyValue(9, 'x', string('s'))), wire.span())
    for (const body of [wire.bytes(1, resource, spans), wire.bytes(1, spans, resource)]) {
      expect(decoded(body).map((span) => span.attributes)).toEqual([
        { x: 's', 'app.tier': '7' },
        { x: 'r', 'app.tier': '7' },
      ])
    }
  })

  it('of one resource do not reach the next', () => {
    const first = wire.request(
      [wire.keyValue(1, 'service.name', string('a')), wire.keyValue(1, 'x', string('r'))],
      wire.span(),
    )
    const second = wire.bytes(1, wire.bytes(2, wire.span()))
    expect(
      decoded(wire.concat(first, second)).map((span) => [span.service, span.attributes]),
    ).toEqual([
      ['a', { x: 'r' }],
      ['', {}],
    ])
  })

  it('are found by their whole key, not by a part of it', () => {
    for (const key of [
      'http.request.methox',
      'xttp.request.method',
      'http.rXquest.method',
      'http.request.metho',
      'X',
    ]) {
      expect(slots(attributed(wire.keyValue(9, key, string('GET'))))).toEqual({})
    }
  })

  it('are whole where their value is long, whatever bytes it ends with', () => {
    for (const end of ['', '\n', '\u0012', '\n\t']) {
      for (const length of [100, 120, 123, 124, 125, 126, 127, 128, 129, 140, 252, 300]) {
        const value = string('v'.repeat(length) + end)
        const [key, fields] = [wire.text(1, 'db.system'), wire.bytes(2, value)]
        const expected = { dbSystem: 'v'.repeat(length) + end }
        expect(slots(attributed(wire.bytes(9, key, fields)))).toEqual(expected)
        expect(slots(attributed(wire.bytes(9, fields, key)))).toEqual(expected)
      }
    }
  })

  it('with a service.name on a span leave the service alone', () => {
    const [only] = decoded(attributed(wire.keyValue(9, 'service.name', string('liar'))))
    expect(only?.service).toBe('')
  })

  it('have what is not UTF-8 replaced', () => {
    const value = wire.bytes(1, [0x61, 0xff, 0xc3, 0x62])
    expect(slots(attributed(wire.keyValue(9, 'x', value)))).toEqual({ x: 'a\ufffd\ufffdb' })
  })

  it('merge when key and value come in pieces, as protobuf says', () => {
    const pieces = wire.bytes(
      9,
      wire.bytes(2, string('first')),
      wire.text(1, 'y'),
      wire.bytes(2, int(5)),
      wire.text(1, 'x'),
      wire.bytes(2),
    )
    expect(slots(attributed(pieces))).toEqual({ x: '5' })
    expect(decoded(attributed(pieces))).toEqual(oracleSpans(attributed(pieces)))
  })
})

describe('scopes of old', () => {
  it('are read where they were before version 0.15 of the protocol', () => {
    const scope = wire.bytes(
      1000,
      wire.bytes(1, wire.text(1, 'lib')),
      wire.span(wire.text(5, 'old')),
    )
    expect(decoded(wire.bytes(1, scope))).toMatchObject([{ name: 'old' }])
  })

  it('are passed over where the same is in the new field, too, whichever comes first', () => {
    const span = wire.span(wire.text(5, 'both'))
    const [old, now] = [wire.bytes(1000, span), wire.bytes(2, span)]
    for (const both of [wire.bytes(1, old, now), wire.bytes(1, now, old), wire.bytes(1, old)])
      expect(decoded(both)).toMatchObject([{ name: 'both' }])
    expect(decoded(wire.bytes(1, old, now)).length).toBe(1)
  })
})

describe('ignored services', () => {
  it('are dropped and counted, wherever the resource stands', () => {
    const own = wire.bytes(1, wire.keyValue(1, 'service.name', string('medoscope')))
    const other = wire.request(
      [wire.keyValue(1, 'service.name', string('medoscope2'))],
      wire.span(),
    )
    const spans = wire.bytes(2, wire.span(), wire.span())
    const body = wire.concat(wire.bytes(1, spans, own), other, wire.bytes(1, own, spans))
    const target = newTarget(['medoscope'])
    expect(decodeTraces(body, target)).toBe(1)
    expect(plainSpans(target).map((span) => span.service)).toEqual(['medoscope2'])
    expect(target.droppedOwn).toBe(4)
  })

  it('are not counted when the body turns out to be damaged', () => {
    const own = wire.request([wire.keyValue(1, 'service.name', string('medoscope'))], wire.span())
    const target = newTarget(['medoscope'])
    expect(() => decodeTraces(wire.concat(own, [0x0a]), target)).toThrow(DecodeError)
    expect(target.droppedOwn).toBe(0)
  })
})

describe('damaged bodies', () => {
  const eleven = Array.from({ length: 11 }, () => 0x80)
  const cases: Record<string, [body: Uint8Array, reason: RegExp]> = {
    'no trace id': [
      wire.request([], wire.bytes(2, wire.bytes(2, wire.SPAN_ID))),
      /without a trace id/,
    ],
    'no span id': [
      wire.request([], wire.bytes(2, wire.bytes(1, wire.TRACE_ID))),
      /without a span id/,
    ],
    'zero trace id': [
      wire.request([], wire.span(wire.bytes(1, new Uint8Array(16)))),
      /without a trace id/,
    ],
    'zero span id': [
      wire.request([], wire.span(wire.bytes(2, new Uint8Array(8)))),
      /without a span id/,
    ],
    'short trace id': [
      wire.request([], wire.span(wire.bytes(1, [1, 2]))),
      /id of 2 bytes instead of 16/,
    ],
    'long span id': [
      wire.request([], wire.span(wire.bytes(2, new Uint8Array(9)))),
      /9 bytes instead of 8/,
    ],
    'empty trace id': [wire.request([], wire.span(wire.bytes(1))), /0 bytes instead of 16/],
    'odd parent id': [wire.request([], wire.span(wire.bytes(4, [1]))), /1 bytes instead of 8/],
    'truncated start': [
      wire.request([], wire.span([0x39, 1, 2, 3, 4, 5, 6, 7]), wire.span()),
      /truncated fixed64/,
    ],
    'truncated flags': [
      wire.request([], wire.span([0x85, 1, 2, 3, 4]), wire.span()),
      /truncated fixed32/,
    ],
    'truncated kind': [wire.request([], wire.span([0x30, 0x80])), /truncated varint/],
    'truncated end': [
      wire.request([], wire.span([0x41, 1, 2, 3, 4, 5, 6, 7]), wire.span()),
      /truncated fixed64/,
    ],
    'tag without value': [wire.request([], wire.span([0x4a])), /truncated varint/],
    'name past its span': [wire.request([], wire.span([0x2a, 5, 0x61])), /length 5 runs past/],
    'name one byte past its span': [
      wire.request([], wire.span([0x2a, 2, 0x61]), wire.span()),
      /length 2 runs past/,
    ],
    'key one byte past its attribute': [
      attributed([0x4a, 3, 0x0a, 2, 0x78], wire.text(5, 'n')),
      /length 2 runs past/,
    ],
    'varint that ends behind its span': [
      wire.request([], wire.span([0x30, 0x80]), wire.span()),
      /truncated varint/,
    ],
    'huge length': [wire.concat([0x0a], wire.varint(2n ** 63n)), /runs past/],
    'long varint': [wire.request([], wire.span([0x30], eleven)), /longer than 10 bytes/],
    'long tag': [wire.concat(eleven), /longer than 10 bytes/],
    'wide tag': [wire.concat(wire.varint(2n ** 40n), [0]), /beyond 2\^29/],
    'field number 0': [wire.concat([0x00, 0x01]), /field number 0/],
    'field number 0 in a span': [wire.request([], wire.span([0x02, 0x00])), /field 0/],
    'start group': [wire.concat(wire.varint(20 * 8 + 3)), /wire type 3 of field 20/],
    'end group': [wire.concat(wire.varint(20 * 8 + 4)), /wire type 4 of field 20/],
    'wire type 7': [wire.concat(wire.varint(20 * 8 + 7)), /wire type 7 of field 20/],
    'resource spans as number': [wire.number(1, 1), /wire type 0 of field 1/],
    'kind as bytes': [wire.request([], wire.span(wire.bytes(6, [1]))), /wire type 2 of field 6/],
    'name as number': [wire.request([], wire.span(wire.number(5, 1))), /wire type 0 of field 5/],
    'status code as bytes': [
      wire.request([], wire.span(wire.bytes(15, wire.bytes(3)))),
      /wire type 2 of field 3/,
    ],
    'wanted value as wrong type': [
      attributed(wire.keyValue(9, 'x', wire.number(1, 1))),
      /wire type 0 of field 1/,
    ],
    'wanted value cut': [attributed(wire.keyValue(9, 'x', [0x0a, 9, 0x61])), /length 9 runs past/],
    'wanted double cut': [attributed(wire.keyValue(9, 'x', [0x21, 1, 2])), /truncated fixed64/],
    'log records': [wire.request([], wire.bytes(2, wire.fixed64(1, 1n))), /wire type 1 of field 1/],
  }

  for (const [name, [body, reason]] of Object.entries(cases)) {
    it(`are refused: ${name}`, () => {
      const target = newTarget()
      decodeTraces(wire.request([], wire.span(wire.text(5, 'kept'))), target)
      const before = plainSpans(target)
      const good = wire.request([], wire.span())
      const error = thrownBy(() => decodeTraces(wire.concat(good, body), target))
      const kept = target.columns.count - before.length
      expect(plainSpans(target).slice(0, before.length)).toEqual(before)
      // Damage within a resource costs what is in it, and a damaged frame around all of them everything.
      const fault = error === null ? target.rejected.first : error
      if (error === null) expect(kept).toBeGreaterThan(0)
      else expect(kept).toBe(0)
      expect(fault).toBeInstanceOf(DecodeError)
      expect((fault as DecodeError).reason).toMatch(reason)
      expect((fault as DecodeError).position).toBeGreaterThanOrEqual(good.length)
      expect((fault as DecodeError).position).toBeLessThanOrEqual(good.length + body.length)
      // And the decoder is as good as new.
      expect(decodeTraces(good, target)).toBe(1)
    })
  }

  it('cost the spans that they hold and no others, named by service and place', () => {
    const span = (id: number): Uint8Array =>
      wire.bytes(2, wire.bytes(1, wire.TRACE_ID), wire.bytes(2, [0, 0, 0, 0, 0, 0, 0, id]))
    const service = wire.keyValue(1, 'service.name', string('cart'))
    const body = wire.concat(
      wire.request([service], span(1), span(0), span(2), span(0)),
      wire.request([], span(3)),
    )
    const target = newTarget()
    expect(decodeTraces(body, target)).toBe(3)
    expect(target.rejected.told()).toMatchObject({
      spans: 2,
      reason: 'span without a span id',
      service: 'cart',
    })
    expect(plainSpans(target).map((each) => [each.spanId.at(-1), each.service])).toEqual([
      ['1', 'cart'],
      ['2', 'cart'],
      ['3', ''],
    ])
    expect(decodeTraces(wire.request([], span(4)), target)).toBe(1)
    expect(target.rejected.told()).toBeNull()
  })

  it('in a resource cost all of its spans', () => {
    const damaged = wire.bytes(1, wire.bytes(2, wire.span(), wire.span()), [0x0a, 0x7f])
    const target = newTarget()
    expect(decodeTraces(wire.concat(damaged, wire.request([], wire.span())), target)).toBe(1)
    expect(target.rejected.told()).toMatchObject({ spans: 2 })
  })

  it('are refused at every length but the whole and the ends of its resources', () => {
    const one = wire.request(
      [wire.keyValue(1, 'service.name', string('a'))],
      wire.span(wire.text(5, 'n')),
    )
    const body = wire.concat(one, one)
    for (let length = 0; length <= body.length; length++) {
      const target = newTarget()
      const decode = (): number => decodeTraces(body.slice(0, length), target)
      if (length % one.length === 0) expect(decode()).toBe(length / one.length)
      else expect(decode).toThrow(DecodeError)
    }
  })
})

describe('unknown fields', () => {
  const unknown = [
    wire.number(100, 2n ** 64n - 1n),
    wire.fixed64(101, 1n),
    wire.bytes(102, [0xff, 0xff]),
    wire.fixed32(536870911, 7),
  ]

  it('are stepped over in every message and of every wire type', () => {
    const u = unknown
    const attribute = wire.bytes(
      9,
      ...u,
      wire.text(1, 'x'),
      ...u,
      wire.bytes(2, ...u, string('v'), ...u),
    )
    const body = wire.concat(
      ...u,
      wire.bytes(
        1,
        ...u,
        wire.bytes(1, ...u, wire.keyValue(1, 'service.name', string('a'))),
        wire.bytes(2, ...u, wire.span(...u, attribute, wire.bytes(15, ...u, wire.number(3, 1)))),
      ),
    )
    expect(decoded(body)).toEqual(oracleSpans(body))
    expect(decoded(body)).toMatchObject([{ service: 'a', status: 1, attributes: { x: 'v' } }])
  })

  it('take kinds and status codes of later versions for none', () => {
    const body = wire.request([], wire.span(wire.number(6, 6), wire.bytes(15, wire.number(3, -1))))
    expect(decoded(body)).toMatchObject([{ kind: 0, status: 0 }])
  })
})

function shuffle(fields: readonly number[], numbers: Iterator<number>): number[] {
  const keyed = fields.map((field) => [numbers.next().value as number, field] as const)
  return keyed.toSorted((a, b) => a[0] - b[0]).map(([, field]) => field)
}

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return null
}
