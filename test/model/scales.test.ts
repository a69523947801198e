import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitKnots, KNOTS, LEVELS, placeOnScale } from '../../src/model/scales.ts'

const sorted = (values: number[]): Float64Array => Float64Array.from(values).sort()
const ln = (ms: number): number => Math.log1p(ms * 1000)

/** Normal calls of 3 ms, two in a hundred of them throttled to 100, 200 or 300 ms. */
function throttled(n: number): Float64Array {
  return sorted(
    Array.from({ length: n }, (_, i) =>
      i % 50 === 0 ? ln(100 * (1 + (i % 3))) : ln(2.5 + (i % 10) / 10),
    ),
  )
}

describe('the own scale of an element', () => {
  it('puts the median at 0, the 90 % quantile at 0.1 and one in a thousand at 0.7', () => {
    const values = sorted(Array.from({ length: 10_000 }, (_, i) => 5 + i / 1000))
    const { knots, supported } = fitKnots(values, 1)
    expect(supported).toBe(KNOTS)
    const at = (q: number): number =>
      placeOnScale(knots, 0, supported, values[Math.floor(q * 10_000)]!)
    expect(at(0.5)).toBeCloseTo(0, 2)
    expect(at(0.9)).toBeCloseTo(0.1, 2)
    expect(at(0.99)).toBeCloseTo(0.4, 2)
    expect(at(0.999)).toBeCloseTo(0.7, 2)
  })

  it('is monotone, bounded and finite for whatever was normal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 25, noNaN: true }), { minLength: 1, maxLength: 400 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 2, maxLength: 50 }),
        (values, scaleUs, probes) => {
          const { knots, supported } = fitKnots(sorted(values), scaleUs)
          const places = sorted(probes).map((v) => placeOnScale(knots, 0, supported, v))
          for (let i = 0; i < places.length; i++) {
            expect(places[i]).toBeGreaterThanOrEqual(-0.5)
            expect(places[i]).toBeLessThanOrEqual(1)
            if (i > 0) expect(places[i]).toBeGreaterThanOrEqual(places[i - 1]! - 1e-12)
          }
        },
      ),
    )
  })

  it('takes normal throttling steps for the tail they are, and a new level for far away', () => {
    const { knots, supported } = fitKnots(throttled(400), 3000)
    const place = (ms: number): number => placeOnScale(knots, 0, supported, ln(ms))
    expect(place(3)).toBeLessThan(0.1)
    expect(place(200)).toBeLessThan(0.7)
    expect(place(30_000)).toBeGreaterThan(place(300) + 0.1)
  })

  it('does not make a mountain of 60 us where whole traces take 100 ms', () => {
    const { knots, supported } = fitKnots(
      sorted(Array.from({ length: 300 }, () => ln(0.02))),
      100_000,
    )
    expect(placeOnScale(knots, 0, supported, ln(0.06))).toBeLessThan(0.1)
    expect(placeOnScale(knots, 0, supported, ln(60))).toBeGreaterThan(0.5)
  })

  it('keeps a constant apart from a value far above it without dividing by zero', () => {
    const { knots, supported } = fitKnots(sorted(Array.from({ length: 50 }, () => 8)), 0)
    expect(placeOnScale(knots, 0, supported, 8)).toBe(0)
    expect(placeOnScale(knots, 0, supported, 12)).toBe(1)
    expect(knots).toHaveLength(LEVELS.length)
  })
})
