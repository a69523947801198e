import { describe, expect, it } from 'vitest'
import type { SeriesNull } from '../../src/baseline/place-null.ts'
import { type SeriesSignal, SIGNALS } from '../../src/baseline/signals.ts'
import { Tables } from '../../src/detector/tables.ts'
import {
  EXPECTED,
  MonitoredSeries,
  NO_SERIES,
  OPTIONAL,
} from '../../src/evidence/monitored-series.ts'
import type { ElementTable } from '../../src/profile/element-table.ts'
import { detectorSettings } from '../detector-settings.ts'
import { handNull, handSeries } from './hand-null.ts'

const [SERVER, CLIENT] = [2, 3]
const [SHOP, CART, OTHER_CART] = [1, 2, 3]
const [ORDER, GET] = [1, 2]

/**
 * A shop whose entry calls a cart, which answers, as does another cart at times. Both carts look into
 * their store.
 */
class Shop {
  readonly table: ElementTable = new Tables(detectorSettings().features).elements
  readonly entry = this.table.element(SHOP, ORDER, SERVER, 0)
  readonly call = this.table.element(SHOP, GET, CLIENT, CART)
  readonly cart = this.table.element(CART, GET, SERVER, 0)
  readonly otherCart = this.table.element(OTHER_CART, GET, SERVER, 0)
  readonly store = this.table.element(CART, ORDER, CLIENT, 9)
  readonly placeOfEntry = this.table.places.intern(0, this.entry)
  readonly placeOfStore = this.table.places.intern(this.cart, this.store)
  readonly placeOfCall = this.table.places.intern(this.entry, this.call)
  readonly answer = this.table.places.intern(this.call, this.cart)
  readonly otherAnswer = this.table.places.intern(this.call, this.otherCart)
  readonly otherStore = this.table.places.intern(this.otherCart, this.store)

  monitored(
    places: Readonly<Record<number, readonly SeriesNull[]>>,
    strata: Readonly<Record<number, readonly SeriesNull[]>> = {},
  ): MonitoredSeries {
    return new MonitoredSeries(handNull(places, strata), this.table)
  }
}

/** Children of an element as they are listed. */
function childrenOf({ children, childStart }: MonitoredSeries, element: number): number[] {
  return [...children.slice(childStart[element], childStart[element + 1])]
}

const OF_PLACE = [
  ...(['selfTimeP90', 'selfTimeP10', 'selfTimeP99', 'errors', 'count', 'unseen', 'wait'] as const),
] as const
const OF_STRATUM = ['structure', 'category'] as const

/** A series no number of which is that of another. */
function distinct(signal: SeriesSignal, of: number): SeriesNull {
  const k = 1 + SIGNALS[signal].number
  return {
    signal,
    level: of * 100 + k,
    baseRate: k / 100 + of / 10_000,
    rho: k / 200 + of / 10_000,
    normal: of * 1000 + k,
  }
}

describe('the series of a null', () => {
  it('are numbered one after the other, and say what the null says of them', () => {
    const shop = new Shop()
    const series = shop.monitored(
      {
        [shop.placeOfEntry]: OF_PLACE.map((signal) => distinct(signal, shop.placeOfEntry)),
        [shop.answer]: [distinct('presence', shop.answer), distinct('noAnswer', shop.answer)],
        [shop.otherAnswer]: [distinct('appearance', shop.otherAnswer)],
      },
      { 2: OF_STRATUM.map((signal) => distinct(signal, 2)), 90: [distinct('structure', 90)] },
    )
    const told = [
      ...OF_PLACE.map((signal) => [signal, shop.placeOfEntry, shop.placeOfEntry] as const),
      // Children count by their parents.
      ['presence', shop.answer, shop.call],
      ['noAnswer', shop.answer, shop.answer],
      ['appearance', shop.otherAnswer, shop.call],
      ...OF_STRATUM.map((signal) => [signal, 2, 2] as const),
      ['structure', 90, 90],
    ] as const
    expect(series.count).toBe(told.length)
    const { rows } = series
    for (const [i, [signal, subject, counted]] of told.entries()) {
      expect(series.find(SIGNALS[signal].number, subject)).toBe(i)
      expect(series.signal(i).name).toBe(signal)
      expect([rows.of.subject[i], rows.of.counted[i]]).toEqual([subject, counted])
      const { level, baseRate, rho, normal } = distinct(signal, subject)
      expect([rows.of.level[i], rows.of.baseRate[i]]).toEqual([level, baseRate])
      expect([rows.of.rho[i], rows.of.normal[i]]).toEqual([rho, normal])
    }
    // And none is found where there is none.
    const all = Object.values(SIGNALS).flatMap(({ number }) =>
      Array.from({ length: 200 }, (_, subject) => series.find(number, subject)),
    )
    expect(all.filter((found) => found >= 0).sort((a, b) => a - b)).toEqual([...told.keys()])
    expect(all.filter((found) => found < 0).every((found) => found === NO_SERIES)).toBe(true)
  })

  it('are more than there is room for at first', () => {
    const shop = new Shop()
    const strata = Object.fromEntries(
      Array.from({ length: 70 }, (_, i) => [i + 2, [distinct('structure', i + 2)]]),
    )
    const series = shop.monitored({}, strata)
    expect(series.count).toBe(70)
    expect([...series.rows.of.subject.slice(0, 70)]).toEqual(Object.keys(strata).map(Number))
  })

  it('have a level where the null gives one; nothing deviates elsewhere', () => {
    const shop = new Shop()
    const { ofPlace, places } = shop.monitored({
      [shop.placeOfCall]: OF_PLACE.map((signal) => distinct(signal, 5)),
      [shop.answer]: [distinct('errors', 6)],
    })
    expect(places).toBe(shop.answer + 1)
    const { p90, p99, p10, calls, wait } = ofPlace.of
    const levels = (place: number) => [
      ...[p10[place], p90[place], p99[place], calls[place], wait[place]],
    ]
    expect(levels(shop.placeOfCall)).toEqual(
      (['selfTimeP10', 'selfTimeP90', 'selfTimeP99', 'count', 'wait'] as const).map(
        (signal) => distinct(signal, 5).level,
      ),
    )
    for (const place of [0, 1, shop.placeOfEntry, shop.answer]) {
      expect(levels(place)).toEqual([-1, Infinity, Infinity, Infinity, Infinity])
    }
  })

  it('have a mix of requests only where the null has one', () => {
    const shop = new Shop()
    const one = Float64Array.of(1)
    const mix = {
      ...{ paths: Int32Array.of(0), shares: one, rates: one, spreads: one },
      ...{ baseRate: 0.3, floor: 0.1 },
    }
    const series = shop.monitored({
      [shop.placeOfCall]: [handSeries('errors'), handSeries('count', { mix })],
    })
    expect([...series.mixes]).toEqual([[1, mix]])
  })

  it('are none under the null of before the first model', () => {
    const series = new Shop().monitored({})
    expect(series.count).toBe(0)
    // But the place of what has none.
    expect([series.places, [...series.known]]).toEqual([1, [1, 1]])
    expect([series.elements, [...series.children]]).toEqual([1, []])
    expect([...series.byPlace].every((found) => found === NO_SERIES)).toBe(true)
    expect(series.find(SIGNALS.errors.number, 7)).toBe(NO_SERIES)
  })

  it('leave places unknown that the baseline does not know, though they lie between', () => {
    const shop = new Shop()
    const { known } = shop.monitored({ [shop.placeOfEntry]: [], [shop.answer]: [] })
    const all = Array.from({ length: shop.answer + 1 }, (_, place) => known[place])
    const knows = [0, 1, shop.placeOfEntry, shop.answer]
    expect(all).toEqual(all.map((_, place) => (knows.includes(place) ? 1 : 0)))
    expect(known[shop.otherAnswer]).toBeUndefined()
  })
})

describe('the children of an element', () => {
  it('are those of which something is said, and answers; wanted are those that are expected', () => {
    const shop = new Shop()
    const series = shop.monitored({
      [shop.placeOfEntry]: [handSeries('errors')],
      [shop.placeOfStore]: [handSeries('presence')],
      [shop.placeOfCall]: [handSeries('errors')],
      [shop.answer]: [handSeries('presence'), handSeries('errors')],
      [shop.otherAnswer]: [handSeries('errors')],
      [shop.otherStore]: [handSeries('appearance')],
    })
    expect(series.elements).toBe(shop.otherCart + 1)
    const all = Array.from({ length: series.elements }, (_, e) => childrenOf(series, e))
    const listed = new Map([
      [shop.call, [shop.answer, shop.otherAnswer]],
      [shop.cart, [shop.placeOfStore]],
      [shop.otherCart, [shop.otherStore]],
    ])
    expect(all).toEqual(all.map((_, e) => listed.get(e) ?? []))
    // None of the other cart's is expected; of the entry's nothing is said at all.
    const wanted = new Map([
      [shop.call, 1],
      [shop.cart, 1],
      [shop.otherCart, 0],
    ])
    expect([...series.wanted]).toEqual(all.map((_, e) => wanted.get(e) ?? -1))
    const { child, answer } = series.ofPlace.of
    expect([child[shop.placeOfStore], child[shop.otherStore]]).toEqual([EXPECTED, OPTIONAL])
    expect([child[shop.placeOfCall], child[shop.otherAnswer]]).toEqual([0, 0])
    const places = [shop.placeOfEntry, shop.placeOfCall, shop.answer, shop.otherAnswer]
    expect(places.map((place) => answer[place])).toEqual([0, 0, 1, 1])
  })

  it('are in the order of their places, whatever that of the null', () => {
    const shop = new Shop()
    const { table } = shop
    const later = [7, 6, 5].map((name) =>
      table.places.intern(shop.cart, table.element(CART, name, CLIENT, 9)),
    )
    const rows = [...later, shop.placeOfStore].map((place) => ({
      place,
      series: [handSeries('presence')],
    }))
    const series = new MonitoredSeries({ ...handNull({}), places: rows }, table)
    expect(childrenOf(series, shop.cart)).toEqual([shop.placeOfStore, ...later])
    expect(series.wanted[shop.cart]).toBe(4)
  })
})

describe('the answer to a call', () => {
  it('is usual where it is expected, and not where it seldom comes', () => {
    const shop = new Shop()
    const series = shop.monitored({
      [shop.answer]: [handSeries('presence')],
      [shop.otherAnswer]: [handSeries('appearance')],
      [shop.placeOfStore]: [handSeries('presence')],
    })
    expect(series.isUsualAnswer(shop.answer)).toBe(true)
    expect(series.isUsualAnswer(shop.otherAnswer)).toBe(false)
    // What is no answer is no usual one.
    expect(series.isUsualAnswer(shop.placeOfStore)).toBe(false)
    expect(series.isUsualAnswer(shop.placeOfCall)).toBe(false)
  })

  it('is usual where nothing is said of it, but below an entry, of whose children nothing is', () => {
    const shop = new Shop()
    const isUsual = (...said: readonly SeriesNull[]): boolean =>
      shop.monitored({ [shop.answer]: said }).isUsualAnswer(shop.answer)
    expect(isUsual(handSeries('errors'))).toBe(true)
    // Requests that begin with the call itself.
    shop.table.places.intern(0, shop.call)
    expect(isUsual(handSeries('errors'))).toBe(false)
    expect(isUsual(handSeries('presence'))).toBe(true)
  })

  it('belongs to the same call whoever gives it', () => {
    const shop = new Shop()
    const { table } = shop
    const toOther = table.element(SHOP, GET, CLIENT, OTHER_CART)
    const asServer = table.element(SHOP, GET, SERVER, 0)
    const byName = table.element(SHOP, ORDER, CLIENT, CART)
    const series = shop.monitored({})
    const isSame = (element: number): boolean =>
      series.isSameCall(shop.placeOfCall, table.places.intern(shop.entry, element))
    expect([toOther, asServer, byName].map(isSame)).toEqual([true, false, false])
  })
})

describe('the strata of a null', () => {
  it('get a series of their structure when they turn up later, and keep it', () => {
    const shop = new Shop()
    const series = shop.monitored({}, { 2: [handSeries('structure', { baseRate: 0.5 })] })
    expect(series.structureOf(2)).toBe(0)
    const late = [300, 4, 64]
    expect(late.map((stratum) => series.structureOf(stratum))).toEqual([1, 2, 3])
    expect(late.map((stratum) => series.structureOf(stratum))).toEqual([1, 2, 3])
    expect(series.count).toBe(4)
    const { subject, counted, level, baseRate, rho, normal } = series.rows.of
    expect([...subject.slice(0, 4)]).toEqual([2, ...late])
    expect([...counted.slice(0, 4)]).toEqual([2, ...late])
    // Of such a stratum a fiftieth is taken to be unusual, and that it comes in bursts.
    expect([level[1], baseRate[1], rho[1], normal[1]]).toEqual([0, 0.02, 0.1, 0])
    expect(series.signal(1).name).toBe('structure')
    expect(series.find(SIGNALS.category.number, 300)).toBe(NO_SERIES)
  })

  it('tell the first unusual attribute where such are monitored', () => {
    const shop = new Shop()
    const usual = [[5, 6], [7]]
    const { strata, ...rest } = handNull(
      {},
      { 2: [handSeries('category')], 3: [handSeries('structure')] },
      usual,
    )
    const series = new MonitoredSeries({ ...rest, strata }, shop.table)
    const first = (stratum: number, ...values: number[]) =>
      series.unusualCategory(stratum, Int32Array.from(values))
    expect([first(2, 5, 7), first(2, 6, 7)]).toEqual([-1, -1])
    expect([first(2, 7, 7), first(2, 5, 8), first(2, 8, 8)]).toEqual([0, 1, 0])
    expect([first(3, 8, 8), first(9, 8, 8)]).toEqual([-1, -1])
  })

  it('tell how long hardly any request takes where that is known', () => {
    const shop = new Shop()
    const { strata, ...rest } = handNull({}, { 2: [], 3: [] })
    const tails = [5e9, null]
    const rows = strata.map((row, i) => ({ ...row, tailNs: tails[i] ?? null }))
    const series = new MonitoredSeries({ ...rest, strata: rows }, shop.table)
    expect([2, 3, 4].map((stratum) => series.tailNs(stratum))).toEqual([5e9, Infinity, Infinity])
  })
})
