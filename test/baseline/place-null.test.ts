import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import { fitPlaceNull, type PlaceNull, type SeriesNull } from '../../src/baseline/place-null.ts'
import { PlaceReference } from '../../src/baseline/place-reference.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'

const START = Date.UTC(2026, 0, 1)
const BUCKET = 30_000

/** How one request of the shop goes. */
interface Request {
  readonly cartMs: number
  readonly fails?: boolean
  readonly calls?: number
  readonly ads?: boolean
}

function spansOf({ cartMs, fails = false, calls = 1, ads = false }: Request): HandSpan[] {
  const spans: HandSpan[] = [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 500, kind: 2 },
    { service: 'shop', name: 'page', parent: 0, start: 1, duration: 400 },
  ]
  const call = (service: string, name: string, start: number, duration: number, error = false) => {
    const client = spans.length
    spans.push({ service: 'shop', name, parent: 1, start, duration: duration + 1, kind: 3 })
    spans.push({ service, name, parent: client, start, duration, kind: 2, error })
  }
  for (let i = 0; i < calls; i++) call('cart', 'Get', 2 + i * 30, cartMs, fails)
  if (ads) call('ads', 'Pick', 300, 5)
  return spans
}

/** A reference of so many buckets of `perBucket` requests each. */
function referenceOf(
  buckets: number,
  perBucket: number,
  request: (i: number) => Request,
): { reference: PlaceReference; traces: HandTraces } {
  const traces = new HandTraces()
  const reference = new PlaceReference(traces.tables.elements, {
    bucketMs: BUCKET,
    halfLifeMs: 6 * 3_600_000,
    seed: 1,
  })
  for (let i = 0; i < buckets * perBucket; i++) {
    const timeMs = START + Math.floor(i / perBucket) * BUCKET + (i % perBucket)
    traces.read(spansOf(request(i)), () => reference.learn(traces.elements, timeMs))
  }
  // One more, so that the last bucket has ended.
  traces.read(spansOf(request(0)), () => reference.learn(traces.elements, START + buckets * BUCKET))
  return { reference, traces }
}

/** The series of the place whose text ends so. */
function seriesOf(placeNull: PlaceNull, traces: HandTraces, place: string): SeriesNull[] {
  const row = placeNull.places.find(({ place: id }) =>
    traces.tables.elements.placeText(id).endsWith(place),
  )
  return [...(row?.series ?? [])]
}

function one(series: readonly SeriesNull[], signal: SeriesSignal): SeriesNull | undefined {
  return series.find((each) => each.signal === signal)
}

/** 10, 10.01, … 14.99 ms, in a fixed disorder. */
const spread = (i: number): number => 10 + ((i * 37) % 500) / 100

describe('the null of a place', () => {
  it('takes its level from the upper bound of the p90, and materially beyond the median', () => {
    const { reference, traces } = referenceOf(20, 25, (i) => ({ cartMs: spread(i) }))
    const cart = seriesOf(fitPlaceNull(reference.request()), traces, 'cart Get')
    const high = one(cart, 'selfTimeP90')
    expect(high?.normal).toBeCloseTo(12.5e6, -6)
    // The trace takes 500 ms: what is not 25 ms slower is not material, however significant.
    expect((high?.level ?? 0) - (high?.normal ?? 0)).toBeCloseTo(25e6, -5)
    const free = fitPlaceNull(reference.request(), undefined, { ...CONSTANTS, few: 0 })
    const level = one(seriesOf(free, traces, 'cart Get'), 'selfTimeP90')?.level ?? 0
    // p90 is 14.5 ms; its bound from 500 values lies at 0.9 + 2 sqrt(0.09 / 500) = 92.7 %.
    expect(level / 1e6).toBeGreaterThan(14.5)
    expect(level / 1e6).toBeLessThan(14.8)
  })

  it('assumes no rarer deviations than its floors, and none below 1 in n', () => {
    const { reference, traces } = referenceOf(20, 25, (i) => ({ cartMs: spread(i) }))
    const cart = seriesOf(fitPlaceNull(reference.request()), traces, 'cart Get')
    expect(one(cart, 'selfTimeP90')?.baseRate).toBe(CONSTANTS.few)
    expect(one(cart, 'selfTimeP99')?.baseRate).toBe(1 - CONSTANTS.farQuantile)
    expect(one(cart, 'errors')?.baseRate).toBe(CONSTANTS.hardlyEver)
  })

  it('counts the errors that are its own', () => {
    const { reference, traces } = referenceOf(20, 25, (i) => ({ cartMs: 10, fails: i % 10 === 0 }))
    const placeNull = fitPlaceNull(reference.request())
    expect(one(seriesOf(placeNull, traces, 'cart Get'), 'errors')?.baseRate).toBeCloseTo(0.1, 2)
    expect(one(seriesOf(placeNull, traces, 'shop GET /'), 'errors')?.baseRate).toBeLessThan(0.01)
  })

  it('expects a child that every parent has, and watches an optional one for becoming the rule', () => {
    const { reference, traces } = referenceOf(20, 25, (i) => ({ cartMs: 10, ads: i % 5 === 0 }))
    const placeNull = fitPlaceNull(reference.request())
    const cart = seriesOf(placeNull, traces, 'shop Get → cart')
    const ads = seriesOf(placeNull, traces, 'shop Pick → ads')
    expect(one(cart, 'presence')?.baseRate).toBe(CONSTANTS.rare)
    expect(one(cart, 'appearance')).toBeUndefined()
    expect(one(ads, 'presence')).toBeUndefined()
    expect(one(ads, 'appearance')?.baseRate).toBeCloseTo(0.2, 1)
  })

  it('knows how often a parent makes a call', () => {
    const { reference, traces } = referenceOf(20, 25, (i) => ({ cartMs: 10, calls: 1 + (i % 3) }))
    const placeNull = fitPlaceNull(reference.request())
    const count = one(seriesOf(placeNull, traces, 'shop Get → cart'), 'count')
    expect(count?.normal).toBe(2)
    expect(count?.level).toBe(3)
  })

  it('sees bursts: slow buckets among quick ones give a greater over-dispersion', () => {
    const slow = (i: number): boolean => Math.floor(i / 25) % 8 === 0
    const bursty = referenceOf(80, 25, (i) => ({
      cartMs: slow(i) && i % 2 === 0 ? 200 : spread(i),
    }))
    const calm = referenceOf(80, 25, (i) => ({ cartMs: i % 16 === 0 ? 200 : spread(i) }))
    const rho = ({ reference, traces }: typeof bursty): number =>
      one(seriesOf(fitPlaceNull(reference.request()), traces, 'cart Get'), 'selfTimeP90')?.rho ?? 0
    expect(rho(bursty)).toBeGreaterThan(3 * rho(calm))
  })

  it('is not there where too little was seen', () => {
    const { reference } = referenceOf(2, 5, () => ({ cartMs: 10 }))
    for (const { series } of fitPlaceNull(reference.request()).places) expect(series).toEqual([])
  })
})

describe('the reference', () => {
  it('does not learn from a frozen place, and forgets what was accepted', () => {
    const { reference, traces } = referenceOf(4, 25, () => ({ cartMs: 10 }))
    const cart = [...reference.request().places].find((place) =>
      traces.tables.elements.placeText(place).endsWith('cart Get'),
    )!
    const occurrences = (): number => {
      const data = reference.request()
      const i = data.places.indexOf(cart)
      if (i < 0) return 0
      return data.n.slice(data.records[i], data.records[i + 1]).reduce((sum, n) => sum + n, 0)
    }
    expect(occurrences()).toBe(100)
    reference.freezePlace(cart, true)
    for (let b = 5; b < 8; b++) {
      traces.read(spansOf({ cartMs: 900 }), () =>
        reference.learn(traces.elements, START + b * BUCKET),
      )
    }
    // The last bucket before was still running when it was frozen.
    expect(occurrences()).toBeLessThanOrEqual(101)
    reference.forgetPlace(cart)
    expect(occurrences()).toBe(0)
  })

  it('takes back what a place did since then, in the running bucket too', () => {
    const { reference, traces } = referenceOf(5, 20, (i) => ({ cartMs: spread(i) }))
    const { elements } = traces.tables
    const ids = [...reference.request().places]
    const cart = ids.find((place) => elements.placeText(place).endsWith('cart Get')) ?? 0
    const buckets = (place: number): number[] => {
      const data = reference.request()
      const i = data.places.indexOf(place)
      return i < 0 ? [] : [...data.bucket.slice(data.records[i], data.records[i + 1])]
    }
    const first = START / BUCKET
    expect(buckets(cart)).toEqual([0, 1, 2, 3, 4].map((b) => first + b))
    reference.dropPlaceSince(cart, START + 3 * BUCKET + 7000)
    traces.read(spansOf({ cartMs: 10 }), () => reference.learn(traces.elements, START + 6 * BUCKET))
    expect(buckets(cart)).toEqual([0, 1, 2].map((b) => first + b))
    // Another place has lost nothing.
    const page = ids.find((place) => elements.placeText(place).endsWith('shop page')) ?? 0
    expect(buckets(page)).toEqual([0, 1, 2, 3, 4, 5].map((b) => first + b))
  })

  it('goes on the same from a state, in the middle of a bucket', () => {
    const { reference, traces } = referenceOf(3, 40, (i) => ({ cartMs: spread(i), ads: i % 2 > 0 }))
    const other = new PlaceReference(traces.tables.elements, {
      bucketMs: BUCKET,
      halfLifeMs: 6 * 3_600_000,
      seed: 1,
    })
    other.restore(structuredClone(reference.state()))
    for (let i = 0; i < 200; i++) {
      traces.read(spansOf({ cartMs: spread(i) }), () => {
        reference.learn(traces.elements, START + 3 * BUCKET + i * 1000)
        other.learn(traces.elements, START + 3 * BUCKET + i * 1000)
      })
    }
    expect(other.request()).toEqual(reference.request())
    expect(other.state()).toEqual(reference.state())
  })
})
