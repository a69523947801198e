import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  beta,
  derive,
  logNormal,
  mix,
  normalCdf,
  normalQuantile,
  unit,
} from '../../src/simulate/random.ts'

describe('randomness without state', () => {
  it('mixes small integers without a collision', () => {
    const seen = new Set<number>()
    for (let i = 0; i < 100_000; i++) seen.add(mix(i))
    expect(seen.size).toBe(100_000)
  })

  it('gives the same number for the same seed and purpose, in the open unit interval', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 5000 }), (seed, purpose) => {
        const u = unit(seed, purpose)
        expect(u).toBeGreaterThan(0)
        expect(u).toBeLessThan(1)
        expect(unit(seed, purpose)).toBe(u)
      }),
    )
  })

  it('is uniform over seeds and over purposes', () => {
    for (const at of [(i: number) => unit(i, 3), (i: number) => unit(3, i)]) {
      const bins = new Array<number>(20).fill(0)
      for (let i = 0; i < 20_000; i++) bins[Math.floor(at(i) * 20)]!++
      const chi2 = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)
      expect(chi2).toBeLessThan(43.8) // 99.9 % point of chi-square with 19 degrees of freedom
    }
  })

  it('keeps two purposes of one seed uncorrelated', () => {
    let sum = 0
    for (let i = 0; i < 20_000; i++) sum += (unit(i, 1) - 0.5) * (unit(i, 2) - 0.5)
    expect(Math.abs(sum / 20_000) * 12).toBeLessThan(0.03)
  })

  it('knows the quantiles of the normal distribution', () => {
    expect(normalQuantile(0.5)).toBeCloseTo(0, 9)
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 8)
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 8)
    expect(normalCdf(1.959963985)).toBeCloseTo(0.975, 6)
  })

  it('inverts the normal distribution', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (p) => {
        expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 5)
      }),
    )
  })

  it('draws log-normal values around their median', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => logNormal(derive(1, i), 1, 8, 0.5))
    values.sort((a, b) => a - b)
    expect(values[10_000]! / 8).toBeCloseTo(1, 1)
    expect(values[19_000]! / 8 / Math.exp(1.645 * 0.5)).toBeCloseTo(1, 1)
  })

  it('draws beta values with the stated mean and variance, also for shapes below one', () => {
    for (const [a, b] of [
      [0.4, 5],
      [2, 3],
      [0.3, 0.3],
    ] as const) {
      const values = Array.from({ length: 20_000 }, (_, i) => beta(derive(9, i), a, b))
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
      expect(Math.abs(mean - a / (a + b))).toBeLessThan(0.01)
      expect(variance / ((a * b) / ((a + b) ** 2 * (a + b + 1)))).toBeCloseTo(1, 1)
    }
  })
})
