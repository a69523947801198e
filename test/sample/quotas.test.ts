import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { strataQuotas } from '../../src/sample/quotas.ts'

const quotas = (rates: number[], total: number, floor: number, cap: number): number[] => [
  ...strataQuotas(Float64Array.from(rates), total, floor, cap),
]

const problems = fc
  .record({
    rates: fc.array(
      fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
      ),
      { maxLength: 20 },
    ),
    total: fc.nat(500),
    floor: fc.nat(30),
    above: fc.nat(200),
  })
  .map(({ rates, total, floor, above }) => ({ rates, total, floor, cap: floor + above }))

describe('strataQuotas', () => {
  it('shares by the root of the rate', () => {
    expect(quotas([1, 4, 9], 60, 0, 100)).toEqual([10, 20, 30])
    expect(quotas([9, 1, 0, 4], 60, 0, 100)).toEqual([30, 10, 0, 20])
  })

  it('gives what floor and cap leave to the others, as worked out by hand', () => {
    // Roots 1 2 3 4 of 100: cap 30 holds the last, floor 20 the first; 50 is left for 2 : 3.
    expect(quotas([1, 4, 9, 16], 100, 20, 30)).toEqual([20, 20, 30, 30])
    expect(quotas([1, 4, 9, 16], 100, 15, 35)).toEqual([15, 20, 30, 35])
    // Thirds: the largest remainders, equal ones by rate and then by place.
    expect(quotas([5, 5, 5], 10, 0, 10)).toEqual([4, 3, 3])
  })

  it('serves the busiest where not all floors fit, and the others not at all', () => {
    // Roots 2.83 and 1.73 of 45: floor 20 holds the second.
    expect(quotas([1, 8, 3, 2], 45, 20, 50)).toEqual([0, 25, 20, 0])
    expect(quotas([2, 2, 2], 40, 20, 50)).toEqual([20, 20, 0])
    expect(quotas([1, 8, 3, 2], 10, 20, 50)).toEqual([0, 0, 0, 0])
    expect(quotas([1, 2], 0, 20, 50)).toEqual([0, 0])
  })

  it('spends the total or fills everybody, within floor and cap, nothing for a rate of 0', () => {
    fc.assert(
      fc.property(problems, ({ rates, total, floor, cap }) => {
        const given = quotas(rates, total, floor, cap)
        const alive = rates.filter((rate) => rate > 0).length
        const served = floor === 0 ? alive : Math.min(alive, Math.floor(total / floor))
        const sum = given.reduce((a, b) => a + b, 0)
        expect(sum).toBe(served === 0 ? 0 : Math.min(total, cap * served))
        given.forEach((quota, s) => {
          if (rates[s] === 0) expect(quota).toBe(0)
          else expect(quota === 0 || (quota >= floor && quota <= cap)).toBe(true)
        })
        if (floor > 0) expect(given.filter((quota) => quota > 0)).toHaveLength(served)
      }),
      { numRuns: 500 },
    )
  })

  it('gives no stratum less than a rarer one, and everybody the same in any order', () => {
    fc.assert(
      fc.property(problems, ({ rates, total, floor, cap }) => {
        const given = quotas(rates, total, floor, cap)
        const byRate = rates.map((rate, s) => ({ rate, quota: given[s]! }))
        byRate.sort((a, b) => a.rate - b.rate || a.quota - b.quota)
        byRate.forEach(({ quota }, i) => {
          if (i > 0) expect(quota).toBeGreaterThanOrEqual(byRate[i - 1]!.quota)
        })
        const reversed = quotas(rates.toReversed(), total, floor, cap)
        expect(reversed.toSorted()).toEqual(given.toSorted())
      }),
    )
  })

  it('is within one of the exact shares where nothing is clamped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 30 }),
        fc.nat(5000),
        (rates, total) => {
          const roots = rates.reduce((sum, rate) => sum + Math.sqrt(rate), 0)
          quotas(rates, total, 0, 5000).forEach((quota, s) => {
            const exact = (total * Math.sqrt(rates[s]!)) / roots
            expect(Math.abs(quota - exact)).toBeLessThan(1 + 1e-6)
          })
        },
      ),
    )
  })

  it('refuses rates and limits that make no sense', () => {
    for (const bad of [-1, NaN, Infinity]) {
      expect(() => quotas([1, bad], 10, 1, 5)).toThrow(`Rate of stratum 1 is ${bad}.`)
    }
    expect(() => quotas([1], 10, 6, 5)).toThrow(RangeError)
    expect(() => quotas([1], -1, 0, 5)).toThrow(RangeError)
    expect(() => quotas([1], 1.5, 0, 5)).toThrow(RangeError)
    expect(quotas([], 10, 1, 5)).toEqual([])
  })
})
