import { describe, expect, it } from 'vitest'
import {
  dispersionMoments,
  independentOf,
  NO_MOMENTS,
  shrunkRho,
} from '../../src/stats/over-dispersion.ts'
import { BurstDraws } from '../evidence/burst-draws.ts'

/** Buckets of varying size whose share is Beta distributed. */
function bursty(seed: number, buckets: number, mean: number, rho: number) {
  const draws = new BurstDraws(seed)
  const n = new Float64Array(buckets)
  const c = new Float64Array(buckets)
  let share = 0
  for (let i = 0; i < buckets; i++) {
    share = draws.share(mean, rho)
    n[i] = 5 + Math.floor(draws.uniform() * 40)
    c[i] = draws.binomial(n[i] ?? 0, share)
  }
  return { n, c, bucket: Int32Array.from(n, (_, i) => i) }
}

describe('the over-dispersion of buckets', () => {
  it('of two buckets, all and none deviating, has an excess of 16 - 4 over 4 pairs', () => {
    // mean 1/2, variance 1/4, squares 1 + 1, one degree of freedom back: 2 * 2 / (1/4) / 1 - 4.
    expect(dispersionMoments([2, 2], [2, 0], 0, 2)).toEqual({ excess: 12, pairs: 4 })
  })

  it('is below 0 where buckets are more alike than chance would have them', () => {
    const { excess } = dispersionMoments([10, 10, 10, 10], [5, 5, 5, 5], 0, 4)
    expect(excess).toBe(-40)
  })

  it('reads only the buckets it is told to', () => {
    const { excess, pairs } = dispersionMoments([99, 2, 2, 99], [99, 2, 0, 0], 1, 3)
    expect({ excess, pairs }).toEqual({ excess: 12, pairs: 4 })
  })

  it.each([
    ['no bucket', [], []],
    ['one bucket', [7], [3]],
    ['nothing deviating', [5, 6, 7], [0, 0, 0]],
    ['everything deviating', [5, 6], [5, 6]],
    ['empty buckets', [0, 0], [0, 0]],
  ])('says nothing of %s', (_, n, c) => {
    expect(dispersionMoments(n, c, 0, n.length)).toEqual(NO_MOMENTS)
  })

  it.each([
    [0.1, 0],
    [0.1, 0.05],
    [0.1, 0.2],
    [0.02, 0.1],
    [0.5, 0.4],
  ])('is recovered from 4,000 simulated buckets: mean %f, rho %f', (mean, rho) => {
    const estimates = [1, 2, 3].map((seed) => {
      const { n, c } = bursty(seed, 4000, mean, rho)
      const { excess, pairs } = dispersionMoments(n, c, 0, n.length)
      return excess / pairs
    })
    for (const estimate of estimates) {
      expect(Math.abs(estimate - rho)).toBeLessThan(0.005 + 0.15 * rho)
    }
  })

  it('adds up over places', () => {
    let excess = 0
    let pairs = 0
    for (let place = 0; place < 400; place++) {
      const { n, c } = bursty(1000 + place, 20, 0.1, 0.2)
      const moments = dispersionMoments(n, c, 0, n.length)
      excess += moments.excess
      pairs += moments.pairs
    }
    // 20 buckets a place: the mean is estimated from the same few, which costs a little.
    expect(excess / pairs).toBeGreaterThan(0.16)
    expect(excess / pairs).toBeLessThan(0.22)
  })
})

describe('a rho that is shrunk', () => {
  it('is the prior without data, half way at as many pairs, and the data with many', () => {
    expect(shrunkRho(NO_MOMENTS, 0.1, 500, 0.5)).toBeCloseTo(0.1, 12)
    expect(shrunkRho({ excess: 150, pairs: 500 }, 0.1, 500, 0.5)).toBeCloseTo(0.2, 12)
    expect(shrunkRho({ excess: 3e8, pairs: 1e9 }, 0.1, 500, 0.5)).toBeCloseTo(0.3, 5)
  })

  it('stays in [0, most]', () => {
    expect(shrunkRho({ excess: -1e6, pairs: 1e3 }, 0.1, 500, 0.5)).toBe(0)
    expect(shrunkRho({ excess: 1e6, pairs: 1e3 }, 0.1, 500, 0.5)).toBe(0.5)
  })
})

describe('independent occurrences', () => {
  it('are all where they do not correlate, and one of a bucket where they do as one', () => {
    expect(independentOf(120, 6, 0)).toBe(120)
    expect(independentOf(120, 6, 1)).toBe(20)
    expect(independentOf(120, 6, 0.1)).toBe(80)
    // Less than one a bucket correlates with nothing.
    expect(independentOf(120, 0.5, 0.1)).toBe(120)
  })
})
