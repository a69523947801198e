import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import { emptyPlaceNull, fitPlaceNull, shrunkEstimate } from '../../src/baseline/place-null.ts'
import type { RawEstimate } from '../../src/baseline/raw-estimates.ts'
import { handReferenceData } from './hand-reference.ts'

const RAW: RawEstimate = {
  signal: 'errors',
  level: 0,
  baseRate: 0.1,
  normal: 0.1,
  reference: 99,
  perBucket: 1,
  moments: { excess: 0, pairs: 0 },
  byPath: null,
}

const FEW_PAIRS = { ...CONSTANTS, pairs: 100 }

describe('the shrunk estimate of a series', () => {
  it('has the over-dispersion of its pool where it says nothing itself, and that of a thin reference', () => {
    // 99 independent occurrences: their base rate adds 1 / 100 of what is left.
    const { rho, ...rest } = shrunkEstimate(RAW, 0.2, 10, FEW_PAIRS)
    expect(rest).toEqual({ signal: 'errors', level: 0, baseRate: 0.1, normal: 0.1 })
    expect(rho).toBeCloseTo(0.2 + 0.8 / 100, 12)
    // (30 + 0.2 x 100) / (100 + 100)
    const own = shrunkEstimate({ ...RAW, moments: { excess: 30, pairs: 100 } }, 0.2, 10, FEW_PAIRS)
    expect(own.rho).toBeCloseTo(0.25 + 0.75 / 100, 12)
  })

  it('rests on fewer independent occurrences where they come in bursts', () => {
    // 99 / (1 + 10 x 0.2) = 33
    const bursts = shrunkEstimate({ ...RAW, perBucket: 11 }, 0.2, 10, FEW_PAIRS)
    expect(bursts.rho).toBeCloseTo(0.2 + 0.8 / 34, 12)
  })

  it('keeps its over-dispersion within its bounds', () => {
    expect(shrunkEstimate(RAW, 0, 10, FEW_PAIRS).rho).toBeCloseTo(0.001 + 0.999 / 100, 12)
    const count = shrunkEstimate({ ...RAW, signal: 'count' }, 0, 10, FEW_PAIRS)
    expect(count.rho).toBeCloseTo(0.01 + 0.99 / 100, 12)
    expect(shrunkEstimate(RAW, 0.9, 10, FEW_PAIRS).rho).toBe(0.5)
  })

  it('is taken to burst while it is young, if it is slow calls', () => {
    const { alternativeRho, young } = CONSTANTS
    const slow = shrunkEstimate({ ...RAW, signal: 'selfTimeP90' }, 0.05, 10, FEW_PAIRS)
    const seasoned = (0.05 * 10 + alternativeRho * young) / (10 + young)
    expect(slow.rho).toBeCloseTo(seasoned + (1 - seasoned) / 100, 12)
    const far = shrunkEstimate({ ...RAW, signal: 'selfTimeP99' }, 0.05, 10, FEW_PAIRS)
    expect(far.rho).toBeCloseTo(0.05 + 0.95 / 100, 12)
  })

  it('bursts as much as may be where the items of a batch are what is counted', () => {
    const batch = { ...RAW, signal: 'selfTimeP99', batched: true } as const
    expect(shrunkEstimate(batch, 0.05, 10, FEW_PAIRS).rho).toBe(0.5)
  })

  it('has at least the over-dispersion that is known of it', () => {
    const { alternativeRho } = CONSTANTS
    const waits = (leastRho: number) =>
      shrunkEstimate({ ...RAW, signal: 'wait', leastRho }, 0, 10, FEW_PAIRS).rho
    expect(waits(0.3)).toBeCloseTo(0.3 + 0.7 / 100, 12)
    // Less than is assumed of a young reference anyway.
    const young = alternativeRho / 2
    expect(waits(0.02)).toBeCloseTo(young + (1 - young) / 100, 12)
  })

  it('has at least the base rate of its signal', () => {
    const rare = { ...RAW, baseRate: 0.001 }
    expect(shrunkEstimate(rare, 0.2, 10, FEW_PAIRS).baseRate).toBe(CONSTANTS.hardlyEver)
    const child = shrunkEstimate({ ...rare, signal: 'presence' }, 0.2, 10, FEW_PAIRS)
    expect(child.baseRate).toBe(CONSTANTS.rare)
  })

  it('has a base rate by call path where one of them deviates far more often', () => {
    const byPath = {
      paths: Int32Array.of(0, 7),
      totals: Float64Array.of(900, 100),
      hits: Float64Array.of(0, 100),
    }
    const raw = { ...RAW, reference: 1000, byPath }
    const { mix } = shrunkEstimate(raw, 0, 10, FEW_PAIRS)
    expect(mix).toMatchObject({ baseRate: 0.1, floor: CONSTANTS.hardlyEver, paths: byPath.paths })
    const alike = { ...byPath, hits: Float64Array.of(90, 10) }
    expect(shrunkEstimate({ ...raw, byPath: alike }, 0, 10, FEW_PAIRS)).not.toHaveProperty('mix')
  })
})

describe('the over-dispersion of a pool', () => {
  /** A place with errors in so many of 100 calls of each bucket. */
  const place = (id: number, errors: readonly number[], service = 3, isCall = false) => ({
    place: id,
    service,
    isCall,
    records: errors.map((count) => ({ n: 100, errors: count })),
  })
  const rhoOf = (places: readonly ReturnType<typeof place>[], id: number): number =>
    fitPlaceNull(handReferenceData(places), undefined, FEW_PAIRS)
      .places.find((row) => row.place === id)
      ?.series.find(({ signal }) => signal === 'errors')?.rho ?? Number.NaN

  it('is the least where nobody saw any', () => {
    const { pooledRho } = fitPlaceNull(handReferenceData([place(10, [0, 0])]))
    const others = { selfTime: 0.01, far: 0.01, count: 0.01, presence: 0.01, structure: 0.01 }
    expect(pooledRho).toEqual({ errors: 0.001, ...others, wait: 0.01 })
  })

  it('follows from its signals alone, and is bounded for rare ones', () => {
    const bursts = Array.from({ length: 20 }, (_, b) => (b % 5 === 0 ? 50 : 0))
    const { pooledRho } = fitPlaceNull(handReferenceData([place(10, bursts)]))
    expect(pooledRho.errors).toBe(CONSTANTS.few)
    expect(pooledRho.presence).toBe(0.01)
    const even = Array.from({ length: 20 }, () => 10)
    expect(fitPlaceNull(handReferenceData([place(10, even)])).pooledRho.errors).toBe(0)
  })

  it('is shared by the places of one service, its calls apart', () => {
    const even = Array.from({ length: 20 }, () => 10)
    const bursts = Array.from({ length: 20 }, (_, b) => (b % 5 === 0 ? 50 : 0))
    // Two errors among five buckets of six calls say little of bursts themselves.
    const records = [2, 0, 0, 0, 0].map((errors) => ({ n: 6, errors }))
    const quiet = { ...place(11, [], 4), records }
    const beside = rhoOf([place(10, bursts, 4), quiet], 11)
    const elsewhere = rhoOf([place(10, bursts, 5), place(12, even, 4), quiet], 11)
    const asCall = rhoOf([place(10, bursts, 4, true), place(12, even, 4), quiet], 11)
    expect(beside).toBeGreaterThan(elsewhere)
    expect(asCall).toBe(elsewhere)
  })

  it('counts the age of the reference by its most visited place', () => {
    const values = Array.from({ length: 4 }, (_, k) => [(k + 1) * 1e6, 0] as const)
    const times = (buckets: number, id: number) => ({
      place: id,
      records: Array.from({ length: buckets }, () => ({ values, durationNs: 1e6 })),
    })
    const rho = (others: number): number =>
      fitPlaceNull(handReferenceData([times(10, 10), times(others, 11)])).places[0]?.series[0]
        ?.rho ?? Number.NaN
    expect(rho(40)).toBeLessThan(rho(10))
    expect(rho(2)).toBe(rho(10))
  })
})

describe('the null of the strata', () => {
  it('has the structure and the categories of each, with what is usual', () => {
    const structure = [
      { stratum: 5, observations: 48, unusual: 4 },
      { stratum: 6, observations: 10, unusual: 0 },
    ]
    const categories = [{ stratum: 5, usual: [[7]], observations: 98, unusual: 9 }]
    const data = handReferenceData([], [[5, [[50, 4]]]])
    const tails = [{ stratum: 6, tailNs: 9e6 }]
    const { strata } = fitPlaceNull(data, { structure, categories, tails })
    expect(strata.map(({ tailNs }) => tailNs)).toEqual([null, 9e6])
    expect(strata.map(({ stratum, usual }) => [stratum, usual])).toEqual([
      [5, [[7]]],
      [6, []],
    ])
    expect(strata[0]?.series.map(({ signal }) => signal)).toEqual(['structure', 'category'])
    expect(strata[1]?.series).toEqual([])
  })

  it('assumes of an entry that nobody knows that it fails as often as all that are known', () => {
    const fitted = (n: number, failed: number) =>
      fitPlaceNull(handReferenceData([], [], [], { n, failed })).unknownEntry
    expect(fitted(998, 49)).toMatchObject({ signal: 'failures', baseRate: 0.05, normal: 49 / 998 })
    expect(fitted(998, 49)!.rho).toBeCloseTo(0.001 + 0.999 / 999, 12)
    expect(fitted(998, 0)!.baseRate).toBe(CONSTANTS.hardlyEver)
    expect(fitted(29, 0)).toBeNull()
  })

  it('is empty before the first model', () => {
    expect(emptyPlaceNull(7)).toEqual({
      bucketMs: 7,
      known: [],
      places: [],
      strata: [],
      unknownEntry: null,
      pooledRho: { selfTime: 0, far: 0, errors: 0, count: 0, presence: 0, structure: 0, wait: 0 },
    })
  })
})
