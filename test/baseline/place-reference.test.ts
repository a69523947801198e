import { describe, expect, it } from 'vitest'
import { PlaceReference, type PlaceReferenceOptions } from '../../src/baseline/place-reference.ts'
import { IdSets } from '../../src/columns/marks.ts'
import { type HandSpan, HandTraces, mailed } from '../profile/traces.ts'

const BUCKET = 30_000

/** A page with work of its own, which asks the cart so many times. */
function spansOf(carts: number): HandSpan[] {
  const spans: HandSpan[] = [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 50, kind: 2 },
    { service: 'shop', name: 'render', parent: 0, start: 1, duration: 1 },
  ]
  for (let i = 0; i < carts; i++) {
    spans.push({ service: 'cart', name: 'Get', parent: 0, start: 2 + i, duration: 1, kind: 2 })
  }
  return spans
}

class Shop {
  readonly traces = new HandTraces()
  readonly reference: PlaceReference

  constructor(halfLifeMs = 1e12) {
    const { elements } = this.traces.tables
    this.reference = new PlaceReference(elements, { bucketMs: BUCKET, halfLifeMs, seed: 1 })
  }

  see(bucket: number, carts = 1, unusual = false): this {
    const { elements } = this.traces
    const timeMs = bucket * BUCKET + 5
    this.traces.read(spansOf(carts), () => {
      this.reference.learn(elements, timeMs)
      this.reference.learnStructure(elements.stratum, unusual, timeMs)
    })
    return this
  }

  /** Ids of the places of the page and of the cart. */
  places(): [page: number, cart: number] {
    const { place } = this.traces.elements
    return [place[0] ?? 0, place[2] ?? 0]
  }

  /** What the fit gets of a place. */
  data(place: number) {
    const data = this.reference.request()
    const i = data.places.indexOf(place)
    const of = (column: { slice(from?: number, to?: number): Iterable<number> }): number[] =>
      i < 0 ? [] : [...column.slice(data.records[i], data.records[i + 1])]
    return {
      bucket: of(data.bucket),
      n: of(data.n),
      runs: of(data.runs),
      parents: of(data.parents),
      runTotal: data.runTotal[i],
      parentTotal: data.parentTotal[i],
      counts: [...data.counts.slice(i * 16, i * 16 + 3)],
      underEntry: data.underEntry[i],
      isCall: data.isCall[i],
    }
  }
}

describe('the reference of a place', () => {
  it('keeps each bucket once it has ended, and totals of all', () => {
    const shop = new Shop().see(3, 1).see(3, 2).see(5, 0).see(5, 2).see(9)
    const [page, cart] = shop.places()
    const found = shop.data(cart)
    expect(found).toMatchObject({ bucket: [3, 5], n: [3, 2], runs: [2, 1], parents: [2, 2] })
    expect(found).toMatchObject({ underEntry: 1, isCall: 0 })
    expect(found.runTotal).toBeCloseTo(3, 5)
    expect(found.parentTotal).toBeCloseTo(4, 5)
    // One run of the bucket that goes on is among them already.
    expect(found.counts.map(Math.round)).toEqual([2, 2, 0])
    expect(shop.data(page)).toMatchObject({ bucket: [3, 5], n: [2, 2], underEntry: 0 })
  })

  it('counts the requests of all entries, and those that fail, to half of them after a half-life', () => {
    const { traces, reference } = new Shop(2 * BUCKET)
    const see = (bucket: number, error: boolean): void => {
      const [entry, ...below] = spansOf(1) as [HandSpan, ...HandSpan[]]
      traces.read([{ ...entry, error }, ...below], () => {
        reference.learn(traces.elements, bucket * BUCKET + 5)
      })
    }
    for (const error of [false, false, false, true]) see(0, error)
    expect(reference.request().requests).toEqual({ n: 4, failed: 1 })
    see(2, false)
    const { n, failed } = reference.request().requests
    expect([n, failed].map((one) => one.toFixed(9))).toEqual(['3.000000000', '0.500000000'])
  })

  it('decays by its half-life, empty buckets counted', () => {
    const shop = new Shop(2 * BUCKET).see(0, 2).see(2, 2)
    const [, cart] = shop.places()
    expect(shop.data(cart).runTotal).toBeCloseTo(0.5, 12)
    shop.see(4, 2)
    expect(shop.data(cart).runTotal).toBeCloseTo(0.75, 12)
  })

  it('leaves out what is frozen, place by place', () => {
    const shop = new Shop().see(0)
    const [page, cart] = shop.places()
    shop.reference.freezePlace(cart, true)
    shop.see(1).see(2)
    expect(shop.data(cart)).toMatchObject({ bucket: [0] })
    expect(shop.data(cart).parentTotal).toBeLessThan(1.1)
    expect(shop.data(page).bucket).toEqual([0, 1])
    shop.reference.freezePlace(cart, false)
    expect(shop.see(3).see(4).data(cart).bucket).toEqual([0, 3])
  })

  it('learns the structure of an entry, unless that is frozen, taken back or forgotten', () => {
    const shop = new Shop().see(0, 1, true).see(0).see(1)
    const { stratum } = shop.traces.elements
    const strata = (): number[][] => {
      const { strata: ids, strataRecords, observations, unusual } = shop.reference.request()
      return [[...ids], [...strataRecords], [...observations], [...unusual]]
    }
    expect(strata()).toEqual([[stratum], [0, 1], [2], [1]])
    shop.reference.freezeStratum(stratum, true)
    shop.see(2, 1, true).see(3)
    // What came before it in its bucket was kept.
    expect(strata()).toEqual([[stratum], [0, 2], [2, 1], [1, 0]])
    shop.reference.freezeStratum(stratum, false)
    shop.see(3, 1, true)
    shop.reference.dropStratumSince(stratum, BUCKET + 7)
    expect(shop.see(4).see(5)).toBe(shop)
    expect(strata()).toEqual([[stratum], [0, 2], [2, 1], [1, 0]])
    shop.reference.forgetStratum(stratum)
    expect(strata()).toEqual([[], [0], [], []])
  })

  it('forgets what is accepted, and says that it was', () => {
    const shop = new Shop().see(0).see(1)
    const [page, cart] = shop.places()
    shop.reference.forgetPlace(cart)
    expect(shop.data(cart).bucket).toEqual([])
    expect([...shop.reference.request().accepted]).toEqual([cart])
    expect(shop.data(page).bucket).toEqual([0])
    expect(shop.see(2).data(cart).runTotal).toBeCloseTo(1, 5)
  })

  it('gives up places and entries of which nothing has come for long, and learns them anew', () => {
    const shop = new Shop().see(0, 3).see(1, 3).see(2)
    const [page, cart] = shop.places()
    const { stratum } = shop.traces.elements
    shop.reference.forgetPlace(page)
    const [path = 0] = shop.traces.elements.path.slice(2)
    const cells = () => [...shop.reference.request().cellPath]
    expect(cells()).toContain(path)
    const idle = new IdSets()
    for (const place of [page, cart, 9999]) idle.places.add(place)
    idle.strata.add(stratum)
    shop.reference.giveUp(idle)
    const { places, strata, accepted } = shop.reference.request()
    expect(cells()).not.toContain(path)
    expect(places).not.toContain(cart)
    expect([[...strata], [...accepted]]).toEqual([[], []])
    const again = shop.see(5, 2).see(6).see(7).data(cart)
    // What the running bucket had counted is learned.
    expect(again).toMatchObject({ bucket: [2, 5, 6], n: [1, 2, 1] })
    expect(again.runTotal).toBeCloseTo(3, 5)
  })

  it('forgets what ids mean that will be those of other things', () => {
    const shop = new Shop().see(0, 3).see(1, 3)
    const [page, cart] = shop.places()
    const [path = 0] = shop.traces.elements.path.slice(2)
    const { stratum } = shop.traces.elements
    shop.reference.freezePlace(cart, true)
    shop.reference.freezeStratum(stratum, true)
    const valuePaths = () => [...shop.reference.request().valuePaths]
    const cellPaths = () => [...shop.reference.request().cellPath]
    expect([valuePaths().includes(path), cellPaths().includes(path)]).toEqual([true, true])
    const gone = new IdSets()
    gone.places.add(cart)
    gone.strata.add(stratum)
    gone.paths.add(path)
    gone.paths.add(9999)
    shop.reference.forget(gone)
    expect([valuePaths().includes(path), cellPaths().includes(path)]).toEqual([false, false])
    // The running bucket has nothing of it any more, and what comes is learned: nothing is frozen.
    shop.see(2, 1).see(3)
    expect(shop.data(cart).bucket).toEqual([0, 2])
    expect(shop.data(page).bucket).toEqual([0, 1, 2])
    const { strataRecords, observations } = shop.reference.request()
    expect([[...strataRecords], [...observations]]).toEqual([
      [0, 2],
      [1, 1],
    ])
  })

  it('forgets buckets that are still to come where data time was set back', () => {
    const shop = new Shop().see(0).see(1).see(900).see(901)
    const [, cart] = shop.places()
    shop.reference.turnBack(2 * BUCKET)
    expect(shop.data(cart).bucket).toEqual([0, 1])
    expect(shop.see(3).see(4).data(cart).bucket).toEqual([0, 1, 2, 3])
    // To where it is not yet: nothing to forget, and the running bucket ends as it would have.
    shop.reference.turnBack(7 * BUCKET)
    expect(shop.data(cart).bucket).toEqual([0, 1, 2, 3])
    expect(shop.see(5).data(cart).bucket).toEqual([0, 1, 2, 3, 4])
  })

  it('keeps a sample that prefers what is recent, neighbouring buckets together', () => {
    const shop = new Shop(100 * BUCKET)
    for (let bucket = 0; bucket <= 800; bucket++) shop.see(bucket)
    const samples = shop.places().map((place) => shop.data(place).bucket)
    for (const kept of samples) {
      expect(kept.length).toBeGreaterThan(400)
      expect(kept.length).toBeLessThanOrEqual(512)
      expect(kept.filter((bucket) => bucket >= 700)).toHaveLength(100)
      const early = kept.filter((bucket) => bucket < 200).length
      expect(early).toBeLessThan(kept.filter((bucket) => bucket >= 400 && bucket < 600).length / 2)
      const blocks = Map.groupBy(kept, (bucket) => Math.floor(bucket / 4))
      expect([...blocks.values()].filter(({ length }) => length < 4).length).toBeLessThan(5)
    }
    // Each draws for itself.
    expect(samples[0]).not.toEqual(samples[1])
  })

  it('goes on from its state as if nothing had happened', () => {
    const shop = new Shop().see(0, 2).see(1, 3, true).see(2)
    const [, cart] = shop.places()
    shop.reference.forgetPlace(cart)
    shop.see(3, 2, true)
    const { elements } = shop.traces.tables
    const options = { bucketMs: BUCKET, halfLifeMs: 1e12, seed: 1 }
    const copy = new PlaceReference(elements, options)
    copy.restore(structuredClone(shop.reference.state()))
    expect(copy.request()).toEqual(shop.reference.request())
    expect([...copy.request().accepted]).toEqual([cart])
    expect(copy.request().requests.n).toBeCloseTo(4, 5)
    expect([...copy.request().observations]).toEqual([1, 1, 1])
  })
})

/** A mailer that takes messages, and what is remembered of how long those waited. */
class Mailer {
  readonly traces = new HandTraces()
  readonly options: PlaceReferenceOptions
  readonly reference: PlaceReference

  constructor(halfLifeMs = 1e12) {
    this.options = { bucketMs: BUCKET, halfLifeMs, seed: 1 }
    this.reference = new PlaceReference(this.traces.tables.elements, this.options)
  }

  /** One message in a bucket for each wait, ms. */
  see(bucket: number, ...waits: readonly number[]): this {
    return this.seeAt(bucket * BUCKET + 5, ...waits)
  }

  seeAt(timeMs: number, ...waits: readonly number[]): this {
    for (const wait of waits) {
      this.traces.read(mailed(wait), () => this.reference.learn(this.traces.elements, timeMs))
    }
    return this
  }

  /** Place and path of the mailer, which is read last. */
  ids(): [place: number, path: number] {
    return [this.traces.elements.place[0]!, this.traces.elements.path[0]!]
  }

  /** Messages of each ended bucket, and their waits, ms. */
  waits(reference = this.reference): unknown {
    const { places, waits } = reference.request()
    const i = places.indexOf(this.ids()[0])
    const [from, to] = [waits.records[i], waits.records[i + 1]]
    const values = waits.values.slice(waits.valueOffsets[from!], waits.valueOffsets[to!])
    return {
      bucket: [...waits.bucket.slice(from, to)],
      n: [...waits.n.slice(from, to)],
      ms: [...values].map((ns) => Math.round(ns / 1e6)),
      durationMs: [...waits.durationNs.slice(from, to)].map((ns) => Math.round(ns / 1e6)),
    }
  }
}

const KEPT = { bucket: [0, 1], n: [2, 1], ms: [30, 40, 50], durationMs: [20, 20] }
const NOTHING = { bucket: [], n: [], ms: [], durationMs: [] }

describe('how long messages waited', () => {
  const seen = () => new Mailer().see(0, 30, 40).see(1, 50).see(2, 60)

  it('is kept by place as each bucket ends, of places that take messages alone', () => {
    const mailer = seen()
    expect(mailer.waits()).toEqual(KEPT)
    const { places, waits } = mailer.reference.request()
    expect(places).toHaveLength(3)
    expect([...waits.n]).toEqual(KEPT.n)
    expect([...new Set(waits.valuePaths)]).toEqual([mailer.ids()[1]])
    // And never in the place of self times.
    const i = places.indexOf(mailer.ids()[0])
    const { values, valueOffsets, records } = mailer.reference.request()
    const self = values.slice(valueOffsets[records[i]!], valueOffsets[records[i + 1]!])
    expect([...self].map((ns) => Math.round(ns / 1e6))).toEqual([20, 20, 20])
  })

  it('is kept at each look at a bucket, that is ten times in it', () => {
    const mailer = new Mailer().seeAt(5, 30, 40).seeAt(2_999, 50).seeAt(3_000, 60)
    expect(mailer.waits()).toEqual(NOTHING)
    // The place itself is known once its bucket has ended.
    const later = mailer.seeAt(29_999, 70).seeAt(30_000, 80).seeAt(33_000, 90)
    const lasts = [20, 20, 20, 20]
    expect(later.waits()).toEqual({
      ...{ bucket: [0, 0, 0, 1], n: [3, 1, 1, 1] },
      ...{ ms: [30, 40, 50, 60, 70, 80], durationMs: lasts },
    })
    later.reference.dropPlaceSince(later.ids()[0], 30_001)
    expect(later.waits()).toMatchObject({ n: [3, 1, 1], ms: [30, 40, 50, 60, 70] })
  })

  it('prefers what is recent, neighbouring looks together', () => {
    const mailer = new Mailer(30 * BUCKET)
    for (let look = 0; look < 900; look++) {
      mailer.seeAt(look * 3_000 + 5, ...new Array<number>(10).fill(look))
    }
    const { n, ms } = mailer.waits() as typeof KEPT
    const looks = [...new Set(ms)]
    expect(n.length).toBe(looks.length)
    expect(n.length).toBeGreaterThan(100)
    expect(n.length).toBeLessThanOrEqual(128)
    const early = looks.filter((look) => look < 450).length
    expect(early).toBeLessThan(looks.length / 3)
    expect(early).toBeGreaterThan(0)
    const blocks = Map.groupBy(looks, (look) => Math.floor(look / 4))
    expect([...blocks.values()].filter(({ length }) => length < 4).length).toBeLessThan(5)
  })

  it('is no more than a sample where many come', () => {
    const many = Array.from({ length: 200 }, (_, i) => i)
    const { n, ms } = new Mailer()
      .see(0, ...many)
      .see(1, 1)
      .waits() as typeof KEPT
    expect([n, ms.length]).toEqual([[200], 32])
    expect(ms.some((wait) => wait >= 32)).toBe(true)
    // The room for those of the running bucket is that of places that took any in it.
    const { reference, traces } = seen()
    expect(reference.state().waitSample.places.ids).toHaveLength(1)
    traces.read(mailed(0).slice(0, 1), () => reference.learn(traces.elements, 5 * BUCKET))
    expect(reference.state().waitSample.places.ids).toHaveLength(0)
  })

  it('is not learned while the place is frozen', () => {
    const mailer = seen()
    mailer.reference.freezePlace(mailer.ids()[0], true)
    mailer.see(3, 70).see(4, 80)
    expect(mailer.waits()).toEqual({
      ...KEPT,
      bucket: [0, 1, 2],
      n: [2, 1, 1],
      ms: [30, 40, 50, 60],
      durationMs: [20, 20, 20],
    })
    mailer.reference.freezePlace(mailer.ids()[0], false)
    expect(mailer.see(4, 90).see(5, 1).waits()).toMatchObject({
      bucket: [0, 1, 2, 4],
      n: [2, 1, 1, 1],
    })
  })

  it('is taken back, forgotten and given up with its place', () => {
    const mailer = seen()
    const [place] = mailer.ids()
    mailer.reference.dropPlaceSince(place, BUCKET + 7)
    expect(mailer.waits()).toMatchObject({ bucket: [0], ms: [30, 40] })
    // What the running bucket had of it is gone as well.
    expect(mailer.see(3, 70).see(4, 1).waits()).toMatchObject({ bucket: [0, 3], ms: [30, 40, 70] })
    mailer.reference.forgetPlace(place)
    expect(mailer.waits()).toEqual(NOTHING)
    expect(mailer.see(5, 80).see(6, 1).waits()).toMatchObject({ bucket: [4, 5], ms: [1, 80] })
    const again = seen()
    const idle = new IdSets()
    idle.places.add(again.ids()[0])
    again.reference.giveUp(idle)
    expect(again.see(3, 70).see(4, 1).waits()).toMatchObject({ bucket: [2, 3], ms: [60, 70] })
  })

  it('forgets what is still to come where data time was set back, and paths that are gone', () => {
    const mailer = new Mailer().see(0, 30).see(900, 40).see(901, 50)
    mailer.reference.turnBack(2 * BUCKET)
    expect(mailer.waits()).toMatchObject({ bucket: [0], ms: [30] })
    // What was counted last ends with what comes next.
    mailer.see(3, 60).see(4, 70).see(5, 80)
    expect(mailer.waits()).toMatchObject({ bucket: [0, 2, 3, 4], ms: [30, 50, 60, 70] })
    const gone = new IdSets()
    gone.paths.add(mailer.ids()[1])
    mailer.reference.forget(gone)
    expect([...new Set(mailer.reference.request().waits.valuePaths)]).toEqual([1])
  })

  it('goes on from its state as if nothing had happened', () => {
    const mailer = seen()
    const copy = new PlaceReference(mailer.traces.tables.elements, mailer.options)
    copy.restore(structuredClone(mailer.reference.state()))
    for (const reference of [mailer.reference, copy]) {
      mailer.traces.read(mailed(99), () => reference.learn(mailer.traces.elements, 3 * BUCKET))
    }
    expect(mailer.waits(copy)).toEqual(mailer.waits())
    expect(mailer.waits(copy)).toMatchObject({ bucket: [0, 1, 2], ms: [30, 40, 50, 60] })
  })
})
