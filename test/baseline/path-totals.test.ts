import { describe, expect, it } from 'vitest'
import { BucketCounts } from '../../src/baseline/bucket-counts.ts'
import { COUNT_BINS } from '../../src/baseline/count-bins.ts'
import { MOST_CELLS, PathTotals } from '../../src/baseline/path-totals.ts'
import { OccurrenceScan } from '../../src/profile/occurrence-scan.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'

/** A request that comes through `pricing Quote`, which may look something up. */
function spansOf(entry: string, lookUps: number, fails = false): HandSpan[] {
  const spans: HandSpan[] = [
    { service: 'shop', name: entry, parent: -1, start: 0, duration: 100, kind: 2 },
    { service: 'pricing', name: 'Quote', parent: 0, start: 1, duration: 90, kind: 2 },
  ]
  for (let i = 0; i < lookUps; i++) {
    spans.push({
      service: 'pricing',
      name: 'look up',
      parent: 1,
      start: i,
      duration: 1,
      kind: 3,
      error: fails,
    })
  }
  return spans
}

class Shop {
  readonly traces = new HandTraces()
  readonly totals = new PathTotals(this.traces.tables.elements)
  readonly bucket = new BucketCounts(this.traces.tables.elements)
  readonly #scan = new OccurrenceScan()

  see(times: number, entry: string, lookUps: number, fails = false): this {
    for (let i = 0; i < times; i++) {
      this.traces.read(spansOf(entry, lookUps, fails), () => {
        this.#scan.read(this.traces.elements)
        this.bucket.count(this.traces.elements, this.#scan)
        this.totals.learnRuns(this.traces.elements, this.#scan, this.bucket)
      })
    }
    return this
  }

  endBucket(factor = 1): this {
    this.totals.endBucket(this.bucket, factor)
    this.bucket.clear()
    return this
  }

  /** Place of the look-up. */
  get place(): number {
    const { elements } = this.traces.tables
    for (let place = 2; place < elements.places.size; place++) {
      if (elements.placeText(place).endsWith('look up')) return place
    }
    throw new Error('nobody looks up')
  }

  /** What is known of the look-up, by entry; `others` for the rest. */
  cells(): Record<string, { n: number; errors: number; runs: number; parents: number }> {
    const { tables } = this.traces
    const data = this.totals.request([this.place])
    const found: ReturnType<Shop['cells']> = {}
    data.cellPath.forEach((path, cell) => {
      const entry = path === 0 ? 'others' : tables.elements.pathText(path).split(' → ')[0]
      found[entry?.replace('shop ', '') ?? ''] = {
        n: data.cellN[cell] ?? 0,
        errors: data.cellErrors[cell] ?? 0,
        runs: data.cellRuns[cell] ?? 0,
        parents: data.cellParents[cell] ?? 0,
      }
    })
    return found
  }
}

const NOTHING = { n: 0, errors: 0, runs: 0, parents: 0 }

describe('totals by call path', () => {
  it('tell apart by which entry a place was reached', () => {
    const shop = new Shop().see(7, 'GET /a', 1).see(3, 'GET /b', 2).see(2, 'GET /b', 2, true)
    expect(shop.endBucket().cells()).toEqual({
      others: NOTHING,
      'GET /a': { n: 7, errors: 0, runs: 7, parents: 7 },
      'GET /b': { n: 10, errors: 4, runs: 5, parents: 5 },
    })
  })

  it('know how often the parent was there without the child, also where the child never was', () => {
    const shop = new Shop().see(4, 'GET /a', 0).see(6, 'GET /a', 1).see(5, 'GET /never', 0)
    expect(shop.endBucket().cells()).toEqual({
      others: { ...NOTHING, parents: 5 },
      'GET /a': { n: 6, errors: 0, runs: 6, parents: 10 },
    })
  })

  it('remember the parents of before a child came for the first time', () => {
    const shop = new Shop().see(8, 'GET /a', 0).endBucket().see(2, 'GET /a', 1).endBucket()
    expect(shop.cells()['GET /a']).toEqual({ n: 2, errors: 0, runs: 2, parents: 10 })
  })

  it('decay as a whole, what happened in the bucket included', () => {
    const shop = new Shop().see(8, 'GET /a', 1).endBucket(0.5).see(4, 'GET /a', 1).endBucket(0.5)
    expect(shop.cells()['GET /a']).toEqual({ n: 4, errors: 0, runs: 4, parents: 4 })
  })

  it('keep the sizes of runs', () => {
    const shop = new Shop().see(3, 'GET /a', 1).see(2, 'GET /a', 4).see(1, 'GET /b', 1).endBucket()
    const { cells, cellCounts } = shop.totals.request([shop.place])
    const own = [...cellCounts.slice(COUNT_BINS, 2 * COUNT_BINS)]
    expect([...cells]).toEqual([0, 3])
    expect(own.slice(0, 5)).toEqual([3, 0, 0, 2, 0])
    expect(cellCounts[2 * COUNT_BINS]).toBe(1)
    // They decay with the rest.
    const half = new Shop().see(4, 'GET /a', 4).endBucket(0.5)
    const { cellCounts: halved } = half.totals.request([half.place])
    expect([...halved.slice(COUNT_BINS, COUNT_BINS + 5)]).toEqual([0, 0, 0, 2, 0])
  })

  it('do not learn from a frozen place, and keep its shares as they were', () => {
    const shop = new Shop().see(4, 'GET /a', 1).see(4, 'GET /a', 0).endBucket()
    const before = shop.cells()
    shop.bucket.freezePlace(shop.place, true)
    shop.see(50, 'GET /a', 3, true).endBucket()
    expect(shop.cells()).toEqual(before)
  })

  it('forget a place, and learn it anew', () => {
    const shop = new Shop().see(50, 'GET /a', 0).see(50, 'GET /a', 1).endBucket()
    shop.totals.forgetPlaces((one) => one === shop.place)
    shop.see(9, 'GET /a', 1).see(1, 'GET /a', 0).endBucket()
    expect(shop.cells()['GET /a']).toEqual({ n: 9, errors: 0, runs: 9, parents: 10 })
  })

  it('are the same from a copy of their state', () => {
    const shop = new Shop().see(3, 'GET /a', 1).see(2, 'GET /a', 4).endBucket()
    const copy = new PathTotals(shop.traces.tables.elements)
    copy.restore(structuredClone(shop.totals.state()))
    expect(copy.request([shop.place])).toEqual(shop.totals.request([shop.place]))
  })

  it('take the rarest paths of a place with very many together', () => {
    const shop = new Shop()
    for (let i = 0; i < MOST_CELLS + 10; i++) {
      // Names without numbers: those would be masked.
      const name = `GET /${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`
      shop.see(i < 10 ? 1 : 2, name, 1)
    }
    const cells = shop.endBucket().cells()
    expect(Object.keys(cells)).toHaveLength(1 + MOST_CELLS)
    expect(cells['others']).toEqual({ n: 10, errors: 0, runs: 10, parents: 10 })
    expect(cells['GET /za']).toEqual({ n: 2, errors: 0, runs: 2, parents: 2 })
  })
})
