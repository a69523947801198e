import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logBetaBinomial, logGamma, logRising } from '../../src/stats/beta-binomial.ts'

describe('logGamma', () => {
  it('is 0 at 1 and 2, ln 24 at 5, ln sqrt(pi) at 1/2', () => {
    expect(logGamma(1)).toBeCloseTo(0, 12)
    expect(logGamma(2)).toBeCloseTo(0, 12)
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 12)
    expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 12)
  })

  it('follows the recurrence gamma(x + 1) = x gamma(x)', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e4, noNaN: true }), (x) => {
        const next = logGamma(x) + Math.log(x)
        expect(Math.abs(logGamma(x + 1) - next)).toBeLessThan(1e-11 * Math.max(1, Math.abs(next)))
      }),
    )
  })
})

describe('logRising', () => {
  it('is ln of 2 * 3 * 4 for a = 2, n = 3, and 0 for no factor', () => {
    expect(logRising(2, 3)).toBeCloseTo(Math.log(24), 12)
    expect(logRising(7.5, 0)).toBe(0)
  })

  it('is the sum of the logarithms of its factors, however many', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 500, noNaN: true }),
        fc.integer({ min: 0, max: 200 }),
        (a, n) => {
          let sum = 0
          for (let i = 0; i < n; i++) sum += Math.log(a + i)
          expect(Math.abs(logRising(a, n) - sum)).toBeLessThan(1e-9 * Math.max(1, Math.abs(sum)))
        },
      ),
    )
  })
})

const mean = fc.double({ min: 0.002, max: 0.99, noNaN: true })
const rho = fc.oneof(fc.constant(0), fc.double({ min: 0.005, max: 0.6, noNaN: true }))
const size = fc.integer({ min: 0, max: 60 })

/** By Polya's urn: each occurrence draws from what came before, one at a time. */
function urn(n: number, c: number, mu: number, r: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) {
    const deviates = i < c
    const before = deviates ? i : i - c
    const of = deviates ? mu : 1 - mu
    sum += Math.log((of * (1 - r) + before * r) / (1 - r + i * r))
  }
  return sum
}

describe('logBetaBinomial', () => {
  it('is uniform over the counts for a mean of 1/2 and a correlation of 1/3: Beta(1, 1)', () => {
    // P(c of 2) = 1/3 each; the middle one has two sequences.
    expect(Math.exp(logBetaBinomial(2, 0, 0.5, 1 / 3))).toBeCloseTo(1 / 3, 12)
    expect(Math.exp(logBetaBinomial(2, 1, 0.5, 1 / 3))).toBeCloseTo(1 / 6, 12)
    expect(Math.exp(logBetaBinomial(2, 2, 0.5, 1 / 3))).toBeCloseTo(1 / 3, 12)
  })

  it('is mean^c (1 - mean)^(n - c) without correlation', () => {
    expect(Math.exp(logBetaBinomial(5, 2, 0.2, 0))).toBeCloseTo(0.04 * 0.512, 12)
  })

  it('sums to 1 over all counts of a bucket', () => {
    fc.assert(
      fc.property(size, mean, rho, (n, mu, r) => {
        let total = 0
        let logChoices = 0
        for (let c = 0; c <= n; c++) {
          total += Math.exp(logChoices + logBetaBinomial(n, c, mu, r))
          logChoices += Math.log((n - c) / (c + 1))
        }
        expect(total).toBeCloseTo(1, 9)
      }),
    )
  })

  it('equals an urn drawn one at a time', () => {
    fc.assert(
      fc.property(size, size, mean, rho, (a, b, mu, r) => {
        const expected = urn(a + b, a, mu, r)
        const got = logBetaBinomial(a + b, a, mu, r)
        expect(Math.abs(got - expected)).toBeLessThan(1e-8 * Math.max(1, Math.abs(expected)))
      }),
    )
  })

  it('splits a prefix into its two continuations without loss', () => {
    fc.assert(
      fc.property(size, size, mean, rho, (deviating, normal, mu, r) => {
        const n = deviating + normal
        const next =
          Math.exp(
            logBetaBinomial(n + 1, deviating + 1, mu, r) - logBetaBinomial(n, deviating, mu, r),
          ) +
          Math.exp(logBetaBinomial(n + 1, deviating, mu, r) - logBetaBinomial(n, deviating, mu, r))
        expect(next).toBeCloseTo(1, 8)
      }),
    )
  })

  it('stays finite for a bucket of a million occurrences', () => {
    for (const c of [0, 1, 500_000, 1_000_000]) {
      expect(Number.isFinite(logBetaBinomial(1e6, c, 0.005, 0.01))).toBe(true)
    }
  })
})
