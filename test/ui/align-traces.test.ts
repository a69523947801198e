import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EvidenceSpan } from '../../src/contract/anomaly.ts'
import { alignTraces } from '../../src/ui/align-traces.ts'
import { exampleCluster, span, trace } from './example-cluster.ts'

const example = exampleCluster()

function summary(calls: ReturnType<typeof alignTraces>['calls']): string[] {
  return calls.map(
    (call) =>
      `${'  '.repeat(call.depth)}${call.service} ${call.operation}: ${call.difference}${call.folded > 0 ? ` +${call.folded}` : ''}`,
  )
}

describe('aligning a pair of traces', () => {
  it('puts each call beside its counterpart and names what differs', () => {
    const { calls, spanMs, hidden } = alignTraces(example.nearestNormal, example.representative)
    expect(summary(calls)).toEqual([
      'frontend POST /checkout: status',
      '  checkout PlaceOrder: status',
      '    cart GetCart: same',
      '    currency Convert: slower',
      '    email Send: missing',
      '    shipping Quote: same',
      '    payment Charge: status',
      '    payment Charge: extra +2',
    ])
    expect(spanMs).toBe(668)
    expect(hidden).toBe(0)
    expect(calls[0]?.attributes).toEqual([
      { key: 'http.response.status_code', normal: '200', anomaly: '500' },
    ])
    expect(calls[7]?.foldedMs).toBe(9 + 10)
  })

  it('tells calls of one name apart by whom they reach', () => {
    const root = span(-1, 'checkout POST /checkout', 0, 100, 1)
    const call = (startMs: number, callee: string, index: number): EvidenceSpan[] => [
      span(0, 'checkout HTTP POST', startMs, 20, 1),
      span(index, callee, startMs, 19, 19),
    ]
    const normal = [
      root,
      ...call(1, 'payment POST /charge', 1),
      ...call(30, 'orders POST /orders', 3),
    ]
    const anomaly = [
      root,
      ...call(1, 'payment POST /charge', 1),
      ...call(40, 'payment POST /charge', 3),
    ]
    expect(summary(alignTraces(trace('a', normal), trace('b', anomaly)).calls)).toEqual([
      'checkout POST /checkout: same',
      '  checkout HTTP POST: same',
      '    payment POST /charge: same',
      '  checkout HTTP POST: missing',
      '    orders POST /orders: missing',
      '  checkout HTTP POST: extra',
      '    payment POST /charge: extra',
    ])
  })

  it('finds no difference between a trace and itself', () => {
    const { calls } = alignTraces(example.representative, example.representative)
    expect(new Set(calls.map((call) => call.difference))).toEqual(new Set(['same']))
  })

  it('does not blame microseconds, however large their factor', () => {
    const normal = trace('a'.repeat(32), [span(-1, 'a op', 0, 100, 99), span(0, 'b op', 1, 0.01)])
    const anomaly = trace('b'.repeat(32), [span(-1, 'a op', 0, 100, 99), span(0, 'b op', 1, 0.9)])
    expect(alignTraces(normal, anomaly).calls.map((call) => call.difference)).toEqual([
      'same',
      'same',
    ])
  })

  it('shows the one trace that there is', () => {
    expect(summary(alignTraces(null, example.representative).calls)[0]).toBe(
      'frontend POST /checkout: extra',
    )
    expect(summary(alignTraces(example.nearestNormal, null).calls)[0]).toBe(
      'frontend POST /checkout: missing',
    )
    expect(alignTraces(null, null)).toEqual({ calls: [], hidden: 0, spanMs: 0.001 })
  })

  it('keeps every span of both traces: in a line, folded into one, or below a folded one', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (left, right) => {
        const { calls } = alignTraces(trace('a', left), trace('b', right), 1_000_000)
        const shown = (side: 'normal' | 'anomaly', spans: readonly EvidenceSpan[]): void => {
          const lines = calls.flatMap((call) => call[side] ?? [])
          expect(new Set(lines).size).toBe(lines.length)
          const foldedLines = calls.filter((call) => call.folded > 0 && call[side])
          const folded = foldedLines.reduce((sum, call) => sum + call.folded, 0)
          if (foldedLines.length === 0) expect(lines.length).toBe(spans.length)
          else expect(lines.length + folded).toBeLessThanOrEqual(spans.length)
          for (const one of lines) expect(spans).toContain(one)
        }
        shown('normal', left)
        shown('anomaly', right)
        // A line is directly below its parent: depths never jump.
        calls.forEach((call, i) => {
          expect(call.depth).toBeLessThanOrEqual((calls[i - 1]?.depth ?? -1) + 1)
        })
      }),
      { numRuns: 300 },
    )
  })

  it('drops calls without a difference first when there are too many', () => {
    const wide = [span(-1, 'a op', 0, 1000, 1)]
    for (let i = 0; i < 600; i++) wide.push(span(0, `s${i} op`, i, 1, 1))
    const slow = wide.map((one, i) => (i === 555 ? { ...one, durationMs: 500, selfMs: 500 } : one))
    const { calls, hidden } = alignTraces(trace('a', wide), trace('b', slow), 50)
    expect(calls.length).toBe(50)
    expect(summary(calls).slice(-2)).toEqual(['  s47 op: same', '  s554 op: slower'])
    expect(hidden).toBe(601 - 50)
  })

  it('survives a chain of 20,000 calls, and parents that do not come first', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => span(i - 1, 'a op', i, 1))
    expect(alignTraces(trace('a', chain), trace('b', chain)).calls.length).toBe(400)
    const odd = [span(1, 'a op', 0, 1), span(1, 'b op', 0, 1), span(77, 'c op', 0, 1)]
    expect(alignTraces(null, trace('b', odd)).calls.map((call) => call.depth)).toEqual([0, 0, 0])
  })
})

/** Trees of a few names, so that siblings often share one. */
const anyTree: fc.Arbitrary<EvidenceSpan[]> = fc
  .array(
    fc.record({
      up: fc.nat({ max: 3 }),
      name: fc.constantFrom('a x', 'a y', 'b x'),
      startMs: fc.nat({ max: 20 }),
      selfMs: fc.nat({ max: 50 }),
      status: fc.constantFrom(0, 1, 2),
    }),
    { maxLength: 25 },
  )
  .map((list) =>
    list.map(({ up, name, startMs, selfMs, status }, i) =>
      span(i === 0 ? -1 : Math.max(0, i - 1 - up), name, startMs, selfMs, selfMs, { status }),
    ),
  )
