import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import { fitPlaceNull, type SeriesNull } from '../../src/baseline/place-null.ts'
import { PlaceReference } from '../../src/baseline/place-reference.ts'
import { HandTraces } from '../profile/traces.ts'

const START = Date.UTC(2026, 0, 1)
const BUCKET = 30_000

/** A shop whose page makes, besides its usual one, the call that it is told. */
class Shop {
  readonly traces = new HandTraces()
  readonly reference: PlaceReference
  readonly #table = this.traces.tables.elements
  #bucket = 0

  constructor() {
    const options = { bucketMs: BUCKET, halfLifeMs: 6 * 3_600_000, seed: 1 }
    this.reference = new PlaceReference(this.#table, options)
  }

  /** One bucket of so many requests; request i calls `extra(i)` as well. */
  bucket(requests: number, extra: (i: number) => string | null = () => null): this {
    for (let i = 0; i < requests; i++) {
      const span = { parent: 0, duration: 5 }
      const name = extra(i)
      const spans = [
        { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 50, kind: 2 },
        { ...span, service: 'shop', name: 'render', start: 1 },
        ...(name === null ? [] : [{ ...span, service: 'shop', name, start: 10 }]),
      ]
      const timeMs = START + this.#bucket * BUCKET + i
      this.traces.read(spans, () => this.reference.learn(this.traces.elements, timeMs))
    }
    this.#bucket++
    return this
  }

  /** The null of "the page does something unseen". */
  page(): SeriesNull | undefined {
    // The last bucket has ended once another one begins.
    this.bucket(1)
    const { places } = fitPlaceNull(this.reference.request())
    const page = places.find(({ place }) => this.#table.placeText(place).endsWith('GET /'))
    return page?.series.find(({ signal }) => signal === 'unseen')
  }

  known(): string[] {
    this.bucket(1)
    const { known } = fitPlaceNull(this.reference.request())
    return known.map((place) => this.#table.placeText(place))
  }

  place(name: string): number {
    const { places } = this.#table
    for (let place = 2; place < places.size; place++) {
      if (this.#table.placeText(place).endsWith(name)) return place
    }
    throw new Error(`No place of ${name}.`)
  }
}

describe('the share of calls that do what was never seen', () => {
  it('is one of n + 2, and at least the floor, where nothing new ever turned up', () => {
    // Four buckets of ten and the one that ends them, which has not ended itself.
    const shop = new Shop().bucket(10).bucket(10).bucket(10).bucket(10)
    expect(shop.page()).toMatchObject({ baseRate: 1 / 42, normal: 0 })
    const long = new Shop()
    for (let b = 0; b < 10; b++) long.bucket(100)
    expect(long.page()?.baseRate).toBe(CONSTANTS.hardlyEver)
  })

  it('counts what the reference itself saw in few buckets', () => {
    const shop = new Shop()
      .bucket(20, (i) => (i < 3 ? 'once' : null))
      .bucket(20)
      .bucket(20, (i) => (i < 4 ? 'also once' : null))
      .bucket(20)
    expect(shop.page()).toMatchObject({ baseRate: 8 / 82, normal: 7 / 80 })
  })

  it('is not claimed of a page that was hardly seen', () => {
    expect(new Shop().bucket(100).page()).toBeUndefined()
    expect(new Shop().bucket(5).bucket(5).bucket(5).page()).toBeUndefined()
  })
})

describe('a place', () => {
  it('is known from three buckets on', () => {
    const often = (i: number): string | null => (i === 0 ? 'cache' : null)
    const shop = new Shop().bucket(5, often).bucket(5, often).bucket(5)
    expect(shop.known().some((text) => text.endsWith('cache'))).toBe(false)
    expect(
      shop
        .bucket(5, often)
        .known()
        .some((text) => text.endsWith('cache')),
    ).toBe(true)
  })

  it('is known once a person accepted it, however little was seen since', () => {
    const shop = new Shop().bucket(5, () => 'cache').bucket(5)
    shop.reference.forgetPlace(shop.place('cache'))
    expect(shop.known().some((text) => text.endsWith('cache'))).toBe(true)
  })
})
