import { describe, expect, it } from 'vitest'
import { CONSTANTS, type Constants } from '../../src/baseline/constants.ts'
import {
  categoryOf,
  knownPlaces,
  placeEstimates,
  type RawEstimate,
  structureOf,
  unseenShares,
} from '../../src/baseline/raw-estimates.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'
import { dispersionMoments } from '../../src/stats/over-dispersion.ts'
import {
  type HandPlace,
  type HandRecord,
  type HandStratum,
  handReferenceData,
} from './hand-reference.ts'

/** Quantiles as they are, without a margin. */
const BARE: Constants = { ...CONSTANTS, deviations: 0, few: 0 }

/** What the reference shows of one signal of a place. */
function estimate(
  place: HandPlace,
  signal: SeriesSignal,
  constants: Constants = BARE,
  age = 10,
): RawEstimate | undefined {
  const data = handReferenceData([place])
  const shares = unseenShares(data, knownPlaces(data, constants))
  return placeEstimates(data, 0, shares, age, constants).find((one) => one.signal === signal)
}

/** 1 ms to 40 ms in ten buckets, the greatest in the last; those above 30 ms by path 7, the rest by 5. */
const TIMES: readonly HandRecord[] = Array.from({ length: 10 }, (_, r) => ({
  durationNs: 100e6,
  values: [1, 2, 3, 4].map((k) => [(4 * r + k) * 1e6, 4 * r + k > 30 ? 7 : 5] as const),
}))

describe('the tail of how long messages waited', () => {
  /** 1 to 40 ms in ten buckets, each with some of all, by path 5. */
  const waits = TIMES.map((_, r) => ({
    durationNs: 100e6,
    values: [1, 11, 21, 31].map((k) => [(r + k) * 1e6, 5] as const),
  }))

  it('begins at the p90 of what was seen, and is that of self times in nothing', () => {
    const found = estimate({ waits, records: TIMES.slice(0, 1) }, 'wait')
    expect(found).toMatchObject({ level: 36e6, baseRate: 0.1, normal: 20e6, byPath: null })
    expect(found).toMatchObject({ reference: 40, perBucket: 4, batched: false })
    expect(estimate({ records: TIMES }, 'wait')).toBeUndefined()
    expect(estimate({ waits, isLog: true }, 'wait')).toBeUndefined()
  })

  it('is moved out by standard errors and by what is material', () => {
    // 0.9 + 2 sqrt(0.09 / (40 / (1 + 3 x 0.012))) = 0.997 of 40.
    expect(estimate({ waits }, 'wait', { ...BARE, deviations: 2 })?.level).toBe(40e6)
    expect(estimate({ waits }, 'wait', { ...BARE, few: 0.18 })?.level).toBe(38e6)
  })

  it('needs thirty of them, of three buckets', () => {
    expect(estimate({ waits: waits.slice(0, 7) }, 'wait')).toBeUndefined()
    expect(estimate({ waits: waits.slice(0, 8) }, 'wait')).toBeDefined()
    const two = waits.slice(0, 2).map((record) => ({
      ...record,
      values: Array.from({ length: 20 }, (_, k) => [k * 1e6, 5] as const),
    }))
    expect(estimate({ waits: two }, 'wait')).toBeUndefined()
  })

  it('is of as many that say something of their own as normal waits have room between two looks', () => {
    const times = (factor: number) =>
      waits.map(({ values }) => ({
        values: values.map(([ns, path]) => [ns * factor, path] as const),
      }))
    // 36 ms of 3 s, 0.9 s, and 36 s: all that wait at a time are one.
    expect(estimate({ waits: times(1) }, 'wait')?.leastRho).toBeCloseTo(0.012, 12)
    expect(estimate({ waits: times(25) }, 'wait')?.leastRho).toBeCloseTo(0.3, 9)
    expect(estimate({ waits: times(1000) }, 'wait')?.leastRho).toBe(0.5)
    // 0.9 + 1.1 sqrt(0.09 / 400) = 0.9165 of 400 where nothing waits long; 0.9 + 1.1 sqrt(0.09 / 21.6) = 0.971 where
    // 40 of each bucket are 400 / (1 + 39 x 0.45).
    const many = (factor: number) =>
      waits.map((_, r) => ({
        values: Array.from({ length: 40 }, (_, k) => [(r + 10 * k + 1) * factor, 5] as const),
      }))
    const careful = { ...BARE, deviations: 1.1 }
    // 40 / (1 + 3 x 0.45) = 17: 0.9 + sqrt(0.09 / 17) = 0.973 of 40.
    const four = estimate({ waits: times(37.5) }, 'wait', { ...BARE, deviations: 1 })
    expect(four?.level).toBe(Math.fround(39 * 37.5e6))
    expect(estimate({ waits: many(1) }, 'wait', careful)?.level).toBe(367)
    expect(estimate({ waits: many(3.75e6) }, 'wait', careful)?.level).toBe(
      Math.fround(389 * 3.75e6),
    )
  })

  it('is that of batches where a bucket is like itself', () => {
    expect(estimate({ waits: TIMES }, 'wait')?.batched).toBe(true)
  })
})

describe('the tails of a self time', () => {
  const cells = [{ path: 7 }]

  it('begin at the p90, p99 and p10 of what was seen', () => {
    const place = { records: TIMES, cells }
    const high = estimate(place, 'selfTimeP90')
    expect(high).toMatchObject({ level: 36e6, baseRate: 0.1, normal: 20e6 })
    expect(high).toMatchObject({ reference: 40, perBucket: 4 })
    expect(estimate(place, 'selfTimeP99')).toMatchObject({ level: 40e6 })
    expect(estimate(place, 'selfTimeP10')).toMatchObject({ level: 4e6, baseRate: 3 / 40 })
  })

  it('are those of batches where a bucket is like itself: 1 in m + 1 of them lies beyond the greatest', () => {
    const batched = estimate({ records: TIMES, cells }, 'selfTimeP99')
    expect(batched).toMatchObject({ batched: true, baseRate: 1 / 11 })
    // The same values, each bucket with some of all: 1 in n + 1 of the calls.
    const spread = TIMES.map((record, r) => ({
      ...record,
      values: [1, 11, 21, 31].map((k) => [(r + k) * 1e6, 5] as const),
    }))
    const single = estimate({ records: spread, cells: [] }, 'selfTimeP99')
    expect(single).toMatchObject({ level: 40e6, batched: false, baseRate: 1 / 41 })
    // One odd item is no matter.
    const odd = TIMES.map((record, r) => ({
      ...record,
      values: [1, 2, 3, 4].map((k) => [r === 9 && k === 4 ? 1 : (4 * r + k) * 1e6, 5] as const),
    }))
    expect(estimate({ records: odd, cells: [] }, 'selfTimeP99')?.batched).toBe(true)
  })

  it('need three buckets, however many values, or both where there are no more', () => {
    const two = TIMES.slice(0, 2).map((record) => ({
      ...record,
      values: Array.from({ length: 20 }, (_, k) => [k * 1e6, 5] as const),
    }))
    expect(estimate({ records: two }, 'selfTimeP90')).toBeUndefined()
    const third = { records: [...two, ...TIMES.slice(9)] }
    expect(estimate(third, 'selfTimeP90')).toBeDefined()
    expect(estimate({ records: two }, 'selfTimeP90', BARE, 3)).toBeUndefined()
    expect(estimate({ records: two }, 'selfTimeP90', BARE, 2)).toBeDefined()
    const one = [{ ...two[0]!, values: [...two[0]!.values, ...two[1]!.values] }]
    expect(estimate({ records: one }, 'selfTimeP90', BARE, 1)).toBeUndefined()
  })

  it('are moved out by standard errors and by what is material', () => {
    const place = { records: TIMES, cells }
    // 0.9 + 2 sqrt(0.09 / 40) = 0.995 of 40; 0.1 - 2 sqrt(0.09 / 40) = 0.005.
    const careful = { ...BARE, deviations: 2 }
    expect(estimate(place, 'selfTimeP90', careful)).toMatchObject({ level: 40e6, baseRate: 0 })
    expect(estimate(place, 'selfTimeP10', careful)).toMatchObject({ level: 1e6, baseRate: 0 })
    const material = { ...BARE, few: 0.18 }
    expect(estimate(place, 'selfTimeP90', material)?.level).toBe(38e6)
    expect(estimate(place, 'selfTimeP99', material)?.level).toBe(40e6)
    expect(estimate(place, 'selfTimeP10', material)?.level).toBe(2e6)
  })

  it('are not below half the median, and none where nothing is left to be faster than', () => {
    const narrow = TIMES.map((record) => ({
      ...record,
      values: (record.values ?? []).map(([ns, path]) => [20e6 + ns / 100, path] as const),
    }))
    const low = estimate({ records: narrow }, 'selfTimeP10')
    expect(low?.level).toBeCloseTo(0.5 * 20.2e6, -1)
    const tiny = TIMES.map((record) => ({
      ...record,
      values: (record.values ?? []).map(([ns, path]) => [ns / 4000, path] as const),
    }))
    expect(estimate({ records: tiny }, 'selfTimeP10')).toBeUndefined()
    const small = TIMES.map((record) => ({
      ...record,
      values: (record.values ?? []).map(([ns, path]) => [ns / 3900, path] as const),
    }))
    expect(estimate({ records: small }, 'selfTimeP10')).toBeDefined()
  })

  it('count a value for all the calls of its bucket', () => {
    const records = TIMES.map((record, r) => ({ ...record, n: r === 9 ? 12 : 4 }))
    // The last four of 40 stand for 12 of 48 calls: the p90 lies among them.
    const high = estimate({ records, cells }, 'selfTimeP90')
    expect(high).toMatchObject({ level: 39e6, baseRate: 3 / 48 })
    expect(high?.byPath?.totals).toEqual(Float64Array.of(30, 18))
  })

  it('measure bursts at the quantile itself, and tell call paths apart', () => {
    const high = estimate({ records: TIMES, cells }, 'selfTimeP90', { ...BARE, few: 0.18 })
    const sampled = TIMES.map(() => 4)
    expect(high?.moments).toEqual(dispersionMoments(sampled, [0, 0, 0, 0, 0, 0, 0, 0, 0, 4], 0, 10))
    expect(high?.byPath).toEqual({
      paths: Int32Array.of(0, 7),
      totals: Float64Array.of(30, 10),
      hits: Float64Array.of(0, 2),
    })
    const low = estimate({ records: TIMES, cells }, 'selfTimeP10')
    expect(low?.moments).toEqual(dispersionMoments(sampled, [3, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0, 10))
    expect(low?.byPath?.hits).toEqual(Float64Array.of(3, 0))
  })

  it('need thirty values', () => {
    const few = TIMES.slice(0, 7)
    expect(estimate({ records: few }, 'selfTimeP90')).toBeUndefined()
    expect(estimate({ records: few }, 'selfTimeP90', { ...BARE, enough: 28 })).toBeDefined()
  })
})

describe('the share of errors', () => {
  const cells = [{ path: 7, n: 10, errors: 2 }]

  it('follows from the rule of succession', () => {
    const records = [
      { n: 20, errors: 1 },
      { n: 20, errors: 3 },
    ]
    expect(estimate({ records, cells }, 'errors')).toEqual({
      signal: 'errors',
      level: 0,
      baseRate: 5 / 42,
      normal: 0.1,
      reference: 40,
      perBucket: 20,
      moments: dispersionMoments([20, 20], [1, 3], 0, 2),
      byPath: {
        paths: Int32Array.of(0, 7),
        totals: Float64Array.of(0, 10),
        hits: Float64Array.of(0, 2),
      },
    })
    expect(estimate({ records: [{ n: 29 }] }, 'errors')).toBeUndefined()
    expect(estimate({ records: [{ n: 30 }] }, 'errors')).toBeDefined()
  })
})

describe('the number of calls', () => {
  const records = [{ n: 50 }, { n: 50 }]

  it('is more than normal beyond its p90, and beyond one and a half times the median', () => {
    const cells = [{ path: 7, runs: 20, counts: [12, 8] }]
    expect(estimate({ records, counts: [90, 10], cells }, 'count')).toEqual({
      signal: 'count',
      level: 1.5,
      baseRate: 0.1,
      normal: 1,
      reference: 100,
      perBucket: 50,
      moments: { excess: 0, pairs: 0 },
      byPath: {
        paths: Int32Array.of(0, 7),
        totals: Float64Array.of(0, 20),
        hits: Float64Array.of(0, 8),
      },
    })
    expect(estimate({ records, counts: [40, 30, 20, 10] }, 'count')).toMatchObject({
      level: 3,
      normal: 2,
      baseRate: 0.1,
    })
  })

  it('is not monitored where it is rarely seen, or its p90 has no bound', () => {
    expect(estimate({ records, counts: [29] }, 'count')).toBeUndefined()
    expect(estimate({ records, counts: [30] }, 'count')).toBeDefined()
    const open = Array.from({ length: 16 }, (_, bin) => (bin === 15 ? 20 : bin === 0 ? 80 : 0))
    expect(estimate({ records, counts: open }, 'count')).toBeUndefined()
  })
})

describe('a child given its parent', () => {
  const records = [
    { parents: 50, runs: 50 },
    { parents: 50, runs: 49 },
  ]
  const cells = [{ path: 7, parent: 6, parents: 40, runs: 39 }]
  const place = { parentElement: 4, parentTotal: 100, runTotal: 99, records, cells }

  it('is expected where nearly every parent has it, and missing where one has not', () => {
    expect(estimate(place, 'presence')).toEqual({
      signal: 'presence',
      level: 0,
      baseRate: 2 / 102,
      normal: 0.99,
      reference: 100,
      perBucket: 50,
      moments: dispersionMoments([50, 50], [0, 1], 0, 2),
      byPath: {
        paths: Int32Array.of(0, 6),
        totals: Float64Array.of(0, 40),
        hits: Float64Array.of(0, 1),
      },
    })
    expect(estimate({ ...place, runTotal: 98 }, 'presence')).toBeDefined()
    expect(estimate({ ...place, runTotal: 97.9 }, 'presence')).toBeUndefined()
    expect(estimate({ ...place, runTotal: 101 }, 'presence')).toMatchObject({ normal: 1 })
    expect(estimate(place, 'appearance')).toBeUndefined()
  })

  it('is optional where few parents have it', () => {
    const rare = {
      ...place,
      runTotal: 40,
      records: [
        { parents: 50, runs: 10 },
        { parents: 50, runs: 30 },
      ],
    }
    expect(estimate(rare, 'appearance')).toEqual({
      signal: 'appearance',
      level: 0,
      baseRate: 41 / 102,
      normal: 0.4,
      reference: 100,
      perBucket: 50,
      moments: dispersionMoments([50, 50], [10, 30], 0, 2),
      byPath: {
        paths: Int32Array.of(0, 6),
        totals: Float64Array.of(0, 40),
        hits: Float64Array.of(0, 39),
      },
    })
    expect(estimate(rare, 'presence')).toBeUndefined()
    expect(estimate({ ...rare, runTotal: 50.1 }, 'appearance')).toBeUndefined()
    // Below an entry the mix of requests decides.
    expect(estimate({ ...rare, underEntry: true }, 'appearance')).toBeUndefined()
    expect(estimate({ ...place, underEntry: true }, 'presence')).toBeDefined()
  })

  it('needs a parent that was seen often enough', () => {
    expect(estimate({ ...place, parentElement: 0 }, 'presence')).toBeUndefined()
    expect(estimate({ ...place, parentTotal: 29, runTotal: 29 }, 'presence')).toBeUndefined()
    expect(estimate({ ...place, parentTotal: 30, runTotal: 30 }, 'presence')).toBeDefined()
  })
})

describe('calls that do what was never seen', () => {
  const parent = { place: 10, element: 4, records: [{ n: 20 }, { n: 20 }, { n: 20 }] }

  it('are as frequent as children in places that are hardly known', () => {
    const child = { place: 11, element: 5, parentElement: 4, records: [{ n: 9, runs: 3 }] }
    const data = handReferenceData([parent, child], [], [33])
    const known = knownPlaces(data, BARE)
    expect(known).toEqual([10, 33])
    const shares = unseenShares(data, known)
    expect(shares.get(4)).toEqual({ n: 60, unseen: 3 })
    expect(shares.get(5)).toEqual({ n: 9, unseen: 0 })
    const [unseen] = placeEstimates(data, 0, shares, 10, BARE).filter(
      (one) => one.signal === 'unseen',
    )
    expect(unseen).toEqual({
      signal: 'unseen',
      level: 0,
      baseRate: 4 / 62,
      normal: 0.05,
      reference: 60,
      perBucket: 20,
      moments: { excess: 0, pairs: 0 },
      byPath: null,
    })
  })

  it('are not those of calls, of places hardly known or hardly seen', () => {
    expect(estimate(parent, 'unseen')).toBeDefined()
    expect(estimate({ ...parent, isCall: true }, 'unseen')).toBeUndefined()
    expect(estimate({ ...parent, records: [{ n: 30 }, { n: 30 }] }, 'unseen')).toBeUndefined()
    const thin = [{ n: 10 }, { n: 10 }, { n: 9 }]
    expect(estimate({ ...parent, records: thin }, 'unseen')).toBeUndefined()
    expect(estimate({ ...parent, records: [...thin, { n: 1 }] }, 'unseen')).toBeDefined()
  })
})

describe('the series of a line of a log', () => {
  it('say how often it comes, and nothing of time or failures', () => {
    const records = TIMES.map((record) => ({ ...record, parents: 50, runs: 50 }))
    const place = { parentElement: 4, parentTotal: 500, runTotal: 500, records }
    for (const signal of ['selfTimeP90', 'errors'] as const) {
      expect(estimate(place, signal)).toBeDefined()
      expect(estimate({ ...place, isLog: true }, signal)).toBeUndefined()
    }
    expect(estimate({ ...place, isLog: true }, 'presence')).toEqual(estimate(place, 'presence'))
    expect(estimate({ ...place, isLog: true }, 'presence')).toBeDefined()
  })
})

describe('unusual observations of an entry', () => {
  const strata: HandStratum[] = [
    [3, [[9, 9]]],
    [
      5,
      [
        [20, 1],
        [30, 3],
      ],
    ],
  ]

  it('are those of the calibration, in bursts as the buckets saw them', () => {
    const data = handReferenceData([], strata)
    const share = { stratum: 5, observations: 48, unusual: 4 }
    expect(structureOf(data, share, BARE)).toEqual([
      {
        signal: 'structure',
        level: 0,
        baseRate: 0.1,
        normal: 4 / 48,
        reference: 48,
        perBucket: 25,
        moments: dispersionMoments([20, 30], [1, 3], 0, 2),
        byPath: null,
      },
    ])
    const [unseen] = structureOf(data, { ...share, stratum: 9 }, BARE)
    expect(unseen).toMatchObject({ perBucket: 1, moments: { excess: 0, pairs: 0 } })
    // The first of them has buckets, too.
    const [first] = structureOf(data, { ...share, stratum: 3 }, BARE)
    expect(first).toMatchObject({ perBucket: 9, moments: dispersionMoments([9], [9], 0, 1) })
    expect(structureOf(data, { ...share, observations: 29 }, BARE)).toEqual([])
    expect(structureOf(data, { ...share, observations: 30 }, BARE)).toHaveLength(1)
  })

  it('by their attributes say nothing where a fifth of them is unusual', () => {
    const share = { stratum: 5, usual: [], observations: 98, unusual: 9 }
    expect(categoryOf(share, BARE)).toEqual([
      {
        signal: 'category',
        level: 0,
        baseRate: 0.1,
        normal: 9 / 98,
        reference: 98,
        perBucket: 1,
        moments: { excess: 0, pairs: 0 },
        byPath: null,
      },
    ])
    expect(categoryOf({ ...share, unusual: 19 }, BARE)).toHaveLength(1)
    expect(categoryOf({ ...share, unusual: 20 }, BARE)).toEqual([])
    expect(categoryOf({ ...share, observations: 29, unusual: 0 }, BARE)).toEqual([])
    expect(categoryOf({ ...share, observations: 30, unusual: 0 }, BARE)).toHaveLength(1)
  })
})
