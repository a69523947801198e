import { describe, expect, it } from 'vitest'
import { OccurrenceScan } from '../../src/profile/occurrence-scan.ts'
import { type HandSpan, HandTraces } from './traces.ts'

function scanOf(spans: readonly HandSpan[], check: (scan: OccurrenceScan, of: HandTraces) => void) {
  const traces = new HandTraces()
  const scan = new OccurrenceScan()
  traces.read(spans, () => {
    scan.read(traces.elements)
    check(scan, traces)
  })
}

const span = (service: string, name: string, parent: number, start: number, error = false) => ({
  service,
  name,
  parent,
  start,
  duration: 10,
  kind: 2,
  error,
})

describe('own errors', () => {
  it('are those below which nothing failed', () => {
    const spans = [
      span('shop', 'GET /', -1, 0, true),
      span('shop', 'call', 0, 1, true),
      span('cart', 'Get', 1, 2, true),
      span('ads', 'Pick', 0, 3, false),
    ]
    scanOf(spans, (scan, { elements }) => {
      const failed = [0, 1, 2, 3].filter((i) => scan.ownError[i] === 1)
      expect(failed).toHaveLength(1)
      expect(elements.element[failed[0]!]).toBe(elements.element[2])
    })
  })

  it('travel past a span that does not say that it failed', () => {
    const spans = [
      span('shop', 'GET /', -1, 0, true),
      span('shop', 'retry', 0, 1, false),
      span('cart', 'Get', 1, 2, true),
    ]
    scanOf(spans, (scan) => {
      expect([...scan.ownError.slice(0, 3)]).toEqual([0, 0, 1])
    })
  })
})

describe('errors of internal spans', () => {
  it('explain what the work around them says, and take no blame of their own', () => {
    const spans = [
      span('shop', 'GET /', -1, 0, true),
      { ...span('shop', 'GET / http send', 0, 1, true), kind: 1 },
      { ...span('shop', 'GET / http send', 0, 2), kind: 1 },
    ]
    scanOf(spans, (scan) => {
      expect([...scan.ownError.slice(0, 3)]).toEqual([1, 0, 0])
    })
  })

  it('let a failure below them through', () => {
    const spans = [
      span('shop', 'GET /', -1, 0, true),
      { ...span('shop', 'retry', 0, 1, true), kind: 1 },
      span('cart', 'Get', 1, 2, true),
    ]
    scanOf(spans, (scan) => {
      expect([...scan.ownError.slice(0, 3)]).toEqual([0, 0, 1])
    })
  })
})

describe('a call without an answer', () => {
  it('is an own error of its kind, unless something below it failed', () => {
    const call = {
      ...span('shop', 'POST', 0, 1, true),
      kind: 3,
      attributes: { 'error.type': 'ECONNREFUSED' },
    }
    scanOf([span('shop', 'GET /', -1, 0, true), call], (scan) => {
      expect([...scan.ownError.slice(0, 2)]).toEqual([0, 1])
      expect([...scan.noAnswer.slice(0, 2)]).toEqual([0, 1])
    })
    const answer = span('cart', 'Get', 1, 2, true)
    scanOf([span('shop', 'GET /', -1, 0, true), call, answer], (scan) => {
      expect([...scan.noAnswer.slice(0, 3)]).toEqual([0, 0, 0])
    })
  })
})

describe('runs', () => {
  it('count the children of one parent in one place, whatever lies between them', () => {
    const spans = [
      span('shop', 'GET /', -1, 0),
      span('shop', 'a', 0, 1),
      span('shop', 'b', 0, 2),
      span('shop', 'a', 0, 3),
      span('shop', 'x', 1, 1),
      span('shop', 'x', 3, 3),
    ]
    scanOf(spans, (scan, { elements }) => {
      const runs = Array.from({ length: scan.runs }, (_, r) => [
        scan.runParent[r],
        elements.place.indexOf(scan.runPlace[r]!),
        scan.runCount[r],
      ])
      expect(runs.map(([, , count]) => count).sort()).toEqual([1, 1, 1, 2])
      const twice = scan.runCount.indexOf(2)
      expect(scan.runParent[twice]).toBe(0)
      expect(scan.find(0, scan.runPlace[twice]!)).toBe(twice)
      expect(scan.find(1, scan.runPlace[twice]!)).toBe(-1)
    })
  })

  it('are as many as a slow count finds in a wide, repetitive trace', () => {
    const spans = [span('shop', 'GET /', -1, 0)]
    for (let i = 1; i < 400; i++)
      spans.push(span('shop', `op ${i % 7}`, i % 3 === 0 ? i - 1 : 0, i))
    scanOf(spans, (scan, { elements }) => {
      const slow = new Map<string, number>()
      for (let i = 1; i < elements.count; i++) {
        const key = `${elements.trace.parent[i]} ${elements.place[i]}`
        slow.set(key, (slow.get(key) ?? 0) + 1)
      }
      expect(scan.runs).toBe(slow.size)
      for (let r = 0; r < scan.runs; r++) {
        expect(scan.runCount[r]).toBe(slow.get(`${scan.runParent[r]} ${scan.runPlace[r]}`))
      }
    })
  })
})

it('says nothing of missing children where spans are missing for a known cause', () => {
  scanOf([span('shop', 'GET /', -1, 0), span('shop', 'lost', 7, 1)], (scan) => {
    expect(scan.complete).toBe(false)
  })
})
