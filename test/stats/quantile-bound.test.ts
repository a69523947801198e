import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  leastShareOf,
  lowerShare,
  upperShare,
  weightedQuantile,
} from '../../src/stats/quantile-bound.ts'
import { BurstDraws } from '../evidence/burst-draws.ts'

describe('the share at which an order statistic bounds a quantile', () => {
  it('is 0.9 + 2 * 0.3 / 10 above the p90 of 100 values, and 0.1 - 0.06 below the p10', () => {
    expect(upperShare(0.9, 100, 2)).toBeCloseTo(0.96, 12)
    expect(lowerShare(0.1, 100, 2)).toBeCloseTo(0.04, 12)
  })

  it('never leaves [0, 1], also for no values at all', () => {
    expect(upperShare(0.99, 3, 2)).toBe(1)
    expect(lowerShare(0.01, 3, 2)).toBe(0)
    expect(upperShare(0.9, 0, 2)).toBe(1)
  })

  it('comes down to the quantile as values are added', () => {
    const shares = [30, 60, 120, 1000, 1e6].map((n) => upperShare(0.9, n))
    expect(shares).toEqual([...shares].sort((a, b) => b - a))
    expect(shares.at(-1)).toBeLessThan(0.901)
    expect(shares.at(-1)).toBeGreaterThan(0.9)
  })

  it.each([
    ['p90 from above', 0.9, 60],
    ['p90 from above', 0.9, 400],
    ['p10 from below', 0.1, 60],
    ['p10 from below', 0.1, 400],
  ])('covers the true %s (%f) in some 97.7 % of samples of %i values', (_, q, n) => {
    const draws = new BurstDraws(n)
    const runs = 3000
    const weights = new Float64Array(n).fill(1)
    let covered = 0
    for (let run = 0; run < runs; run++) {
      const values = Float64Array.from({ length: n }, () => draws.uniform()).sort()
      const above = weightedQuantile(values, weights, upperShare(q, n, 2))
      const below = weightedQuantile(values, weights, lowerShare(q, n, 2))
      if (q > 0.5 ? above >= q : below <= q) covered++
    }
    // Normal approximation of two standard errors, one side: 97.7 %. Values come one at a time, so
    // a small sample is off by up to one order statistic.
    expect(covered / runs).toBeGreaterThan(0.95)
    expect(covered / runs).toBeLessThan(0.998)
  })
})

const weighted = fc.array(
  fc.tuple(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.integer({ min: 1, max: 9 })),
  { minLength: 1, maxLength: 40 },
)

describe('weightedQuantile', () => {
  it('is the first value for a share of 0, the last for 1, and counts weights between', () => {
    const values = Float64Array.of(1, 2, 3)
    const weights = Float64Array.of(1, 2, 1)
    expect(weightedQuantile(values, weights, 0)).toBe(1)
    expect(weightedQuantile(values, weights, 0.25)).toBe(1)
    expect(weightedQuantile(values, weights, 0.26)).toBe(2)
    expect(weightedQuantile(values, weights, 0.75)).toBe(2)
    expect(weightedQuantile(values, weights, 1)).toBe(3)
  })

  it('is what listing each value as often as it weighs gives', () => {
    fc.assert(
      fc.property(weighted, fc.integer({ min: 0, max: 20 }), (pairs, twentieths) => {
        const sorted = [...pairs].sort((a, b) => a[0] - b[0])
        const listed = sorted.flatMap(([value, weight]) => new Array<number>(weight).fill(value))
        const rank = Math.ceil((twentieths * listed.length) / 20)
        const expected = listed[Math.max(0, rank - 1)]
        const values = Float64Array.from(sorted, ([value]) => value)
        const weights = Float64Array.from(sorted, ([, weight]) => weight)
        expect(weightedQuantile(values, weights, twentieths / 20)).toBe(expected)
      }),
    )
  })

  it('reaches the value at which the share is met exactly in spite of rounding', () => {
    const values = Float64Array.of(1, 2, 3, 4, 5)
    const weights = new Float64Array(5).fill(0.3)
    for (const i of values) expect(weightedQuantile(values, weights, i / 5)).toBe(i)
  })
})

describe('the least share of which some were seen', () => {
  it('is the lower root of (p - 5/10)^2 = 4 p (1 - p) / 10 for 5 of 10', () => {
    // 1.4 p^2 - 1.4 p + 0.25 = 0
    expect(leastShareOf(5, 10, 2)).toBeCloseTo((1.4 - Math.sqrt(0.56)) / 2.8, 12)
  })

  it('is n / (n + 4) where all were, and 0 where none was, or nothing', () => {
    for (const n of [1, 3, 96]) expect(leastShareOf(n, n, 2)).toBeCloseTo(n / (n + 4), 12)
    expect([leastShareOf(0, 50), leastShareOf(0, 0)]).toEqual([0, 0])
  })

  it('comes up to the share as more are seen', () => {
    expect(leastShareOf(3e5, 1e6)).toBeGreaterThan(0.299)
    expect(leastShareOf(3e5, 1e6)).toBeLessThan(0.3)
  })
})
