import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binEdge, COUNT_BINS, countBin } from '../../src/baseline/count-bins.ts'

describe('bins of counts', () => {
  it('tell small counts apart one by one', () => {
    expect([1, 2, 3, 4].map(countBin)).toEqual([0, 1, 2, 3])
  })

  it('hold a count up to their edge and above the edge before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (count) => {
        const bin = countBin(count)
        expect(bin).toBeLessThan(COUNT_BINS)
        expect(binEdge(bin)).toBeGreaterThanOrEqual(count)
        if (bin > 0) expect(binEdge(bin - 1)).toBeLessThan(count)
      }),
    )
  })

  it('have rising edges, of which only the last is open', () => {
    const edges = Array.from({ length: COUNT_BINS }, (_, bin) => binEdge(bin))
    for (let i = 1; i < edges.length; i++) expect(edges[i]).toBeGreaterThan(edges[i - 1] ?? 0)
    expect(edges.filter((edge) => !Number.isFinite(edge))).toEqual([edges.at(-1)])
    for (const [bin, edge] of edges.slice(0, -1).entries()) expect(countBin(edge)).toBe(bin)
  })

  it('take the largest count there is', () => {
    expect(countBin(Number.POSITIVE_INFINITY)).toBe(COUNT_BINS - 1)
  })
})
