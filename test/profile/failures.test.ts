import { describe, expect, it } from 'vitest'
import { errorName } from '../../src/profile/failures.ts'
import { type HandSpan, HandTraces } from './traces.ts'

function failedSpans(spans: readonly Partial<HandSpan>[]): number[] {
  const traces = new HandTraces()
  let failed: number[] = []
  const base = { service: 'cart', name: 'work', parent: 0, start: 1, duration: 5 }
  const entry = { ...base, parent: -1, start: 0, duration: 90, kind: 2 }
  const all = [entry, ...spans.map((span, i) => ({ ...base, start: i + 1, ...span }))]
  traces.read(all, () => {
    failed = [...traces.elements.failed.slice(1, all.length)]
  })
  return failed
}

describe('a span fails', () => {
  it('by its status, unless it is internal', () => {
    const kinds = [0, 1, 2, 3, 4].map((kind) => ({ kind, error: true }))
    expect(failedSpans(kinds)).toEqual([1, 0, 1, 1, 1])
  })

  it.each([
    ['http.response.status_code', '500', 1],
    ['http.status_code', '404', 0],
    ['rpc.grpc.status_code', '13', 1],
    ['rpc.grpc.status_code', '5', 0],
    ['rpc.response.status_code', 'UNAVAILABLE', 1],
    ['rpc.response.status_code', 'OK', 0],
  ])('by its code alone: %s %s', (key, code, fails) => {
    expect(failedSpans([{ kind: 2, attributes: { [key]: code } }])).toEqual([fails])
    expect(failedSpans([{ kind: 1, attributes: { [key]: code } }])).toEqual([0])
  })

  it('also internally, where it is an entry: above it there is nobody', () => {
    const traces = new HandTraces()
    let failed = 0
    const job = { service: 'cron', name: 'nightly', start: 0, duration: 9, kind: 1, error: true }
    traces.read([{ ...job, parent: -1 }], () => {
      failed = traces.elements.failed[0]!
    })
    expect(failed).toBe(1)
  })
})

describe('an error by name', () => {
  const named = (text: string, source: number): string => errorName(7 * 4 + source, () => text)

  it.each([
    ['ECONNREFUSED', 'connection refused'],
    ['ConnectionRefusedError', 'connection refused'],
    ['java.net.SocketTimeoutException', 'timeout'],
    ['ENOTFOUND', 'unknown host'],
    ['ECONNRESET', 'connection lost'],
    ['java.lang.NullPointerException', 'NullPointerException'],
    ['500', 'HTTP 500'],
    ['_OTHER', ''],
    ['Error', ''],
  ])('%s is %j', (text, name) => {
    expect(named(text, 0)).toBe(name)
  })

  it('is a code where there is no better', () => {
    expect([named('14', 1), named('UNAVAILABLE', 1), named('503', 2)]).toEqual([
      'UNAVAILABLE',
      'UNAVAILABLE',
      'HTTP 503',
    ])
    expect(errorName(0, () => 'never asked')).toBe('')
  })
})
