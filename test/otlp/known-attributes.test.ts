import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Marks } from '../../src/columns/marks.ts'
import { viewOf } from '../../src/otlp/byte-words.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { decodeTraces } from '../../src/otlp/decode-protobuf.ts'
import { KnownAttributes, LEAST_BYTES } from '../../src/otlp/known-attributes.ts'
import { Vocabulary } from '../../src/otlp/vocabulary.ts'
import { newTarget, plainSpans } from './span-list.ts'
import * as wire from './wire.ts'

const ROUTE = 'http.route'

/** Spans, each with a route. */
function routed(...routes: readonly string[]): Uint8Array {
  const spans = routes.map((route) => wire.span(wire.keyValue(9, ROUTE, wire.text(1, route))))
  return wire.request([], ...spans)
}

describe('known attributes', () => {
  it('are those that are the same to the byte', () => {
    const byte = fc.constantFrom<number>(1, 2)
    const attribute = fc.array(byte, { minLength: LEAST_BYTES, maxLength: 70, size: 'max' })
    fc.assert(
      fc.property(fc.array(attribute, { minLength: 1, maxLength: 60 }), (attributes) => {
        const known = new KnownAttributes()
        // Others of the same length, beginning and end, too.
        const alike = attributes.map((one) => one.with(one.length >> 1, 3))
        const all = [...attributes, ...alike].map((one) => Uint8Array.from([9, ...one, 9]))
        const ids = new Map<string, number>()
        all.forEach((bytes, i) => {
          const view = viewOf(bytes)
          const text = bytes.join()
          if (known.find(view, 1, bytes.length - 1)) {
            expect(ids.get(text)).toBe(known.value)
            expect(known.key).toBe(known.value + 1)
            return
          }
          ids.set(text, i)
          known.keep(bytes, view, {
            start: 1,
            end: bytes.length - 1,
            key: i + 1,
            value: i,
          })
          expect(known.find(view, 1, bytes.length - 1)).toBe(bytes.length - 2 <= 64)
        })
      }),
    )
  })

  it('are read as if they were not, and as often counted', () => {
    const target = newTarget()
    const body = routed('/cart/items', '/cart/items', '/orders/open', '/cart/items')
    for (let round = 1; round <= 3; round++) {
      target.columns.clear()
      decodeTraces(body, target)
      const routes = plainSpans(target).map(({ attributes }) => attributes['httpRoute'])
      expect(routes).toEqual(['/cart/items', '/cart/items', '/orders/open', '/cart/items'])
      expect(target.values.seen(target.values.find('/cart/items')!)).toBe(3 * round)
      expect(target.values.seen(target.values.find('/orders/open')!)).toBe(round)
    }
  })

  it('of numbers are counted as if they were not known, small ones as well', () => {
    const target = newTarget()
    const status = wire.keyValue(9, 'http.response.status_code', wire.number(3, 404))
    const port = wire.keyValue(9, 'server.port', wire.number(3, 8080))
    const span = wire.span(status, port)
    for (let round = 1; round <= 3; round++) {
      target.columns.clear()
      decodeTraces(wire.request([], span, span), target)
      for (const { attributes } of plainSpans(target)) {
        expect([attributes['httpStatus'], attributes['serverPort']]).toEqual(['404', '8080'])
      }
      expect(target.values.seen(target.values.find('8080')!)).toBe(2 * round)
      expect(target.values.seen(target.values.find('404')!)).toBe(2 * round)
    }
  })

  it('of small numbers are read anew once these were forgotten, in either encoding', () => {
    const status = { key: 'http.response.status_code', value: { intValue: '404' } }
    const span = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), attributes: [status] }
    const json = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }
    const text = new TextEncoder().encode(JSON.stringify(json))
    const proto = wire.request([], wire.span(wire.keyValue(9, status.key, wire.number(3, 404))))
    for (const [decode, body] of [
      [decodeTraces, proto],
      [decodeTracesJson, text],
    ] as const) {
      const target = newTarget()
      const read = (): unknown => {
        target.columns.clear()
        decode(body, target)
        return plainSpans(target)[0]?.attributes['httpStatus']
      }
      expect([read(), read()]).toEqual(['404', '404'])
      const id = target.values.find('404')!
      expect(target.values.seen(id)).toBe(2)
      const gone = new Marks()
      gone.add(id)
      target.values.forget(gone)
      expect(target.values.intern('/something/else')).toBe(id)
      expect(read()).toBe('404')
    }
  })

  it('are read anew once their values were forgotten, whose ids are those of others by then', () => {
    const target = newTarget()
    decodeTraces(routed('/cart/items', '/orders/open'), target)
    const cart = target.values.find('/cart/items')!
    const gone = new Marks()
    gone.add(cart)
    target.values.forget(gone)
    expect(target.values.intern('/something/else')).toBe(cart)
    target.columns.clear()
    decodeTraces(routed('/cart/items', '/orders/open'), target)
    const routes = plainSpans(target).map(({ attributes }) => attributes['httpRoute'])
    expect(routes).toEqual(['/cart/items', '/orders/open'])
    expect(target.values.seen(cart)).toBe(1)
  })

  it('give way to a key that counts for more, whichever comes first', () => {
    const target = newTarget()
    const older = wire.keyValue(9, 'http.method', wire.text(1, 'PATCH'))
    const newer = wire.keyValue(9, 'http.request.method', wire.text(1, 'POST'))
    const body = wire.request([], wire.span(older, newer), wire.span(newer, older))
    for (let round = 0; round < 2; round++) {
      target.columns.clear()
      decodeTraces(body, target)
      const methods = plainSpans(target).map(({ attributes }) => attributes['httpMethod'])
      expect(methods).toEqual(['POST', 'POST'])
    }
  })

  it('of spans are read as those of a resource where they are there', () => {
    const target = newTarget()
    decodeTraces(routed('/cart/items'), target)
    target.columns.clear()
    const route = wire.keyValue(1, ROUTE, wire.text(1, '/cart/items'))
    decodeTraces(wire.request([route], wire.span()), target)
    expect(plainSpans(target)[0]?.attributes['httpRoute']).toBe('/cart/items')
  })

  it('of which the value found no room are counted each time', () => {
    const target = { ...newTarget(), values: new Vocabulary(3) }
    decodeTraces(routed('/cart/items', '/orders/open'), target)
    const before = target.values.overflow
    expect(before).toBeGreaterThan(0)
    decodeTraces(routed('/orders/open', '/orders/open'), target)
    expect(target.values.overflow).toBe(before + 2)
  })
})
