import { describe, expect, it } from 'vitest'
import { BucketCounts } from '../../src/baseline/bucket-counts.ts'
import {
  SelfTimeSample,
  VALUES_PER_BUCKET,
  WaitSample,
} from '../../src/baseline/self-time-sample.ts'
import { IdSets } from '../../src/columns/marks.ts'
import { OccurrenceScan } from '../../src/profile/occurrence-scan.ts'
import { type HandSpan, HandTraces, mailed } from '../profile/traces.ts'

/** A page that asks the cart so many times, the last of which fails. */
function spansOf(calls: number, rooted = true): HandSpan[] {
  const spans: HandSpan[] = [
    { service: 'shop', name: 'GET /', parent: rooted ? -1 : 90, start: 0, duration: 50, kind: 2 },
  ]
  for (let i = 0; i < calls; i++) {
    const error = i === calls - 1
    spans.push({ service: 'cart', name: 'Get', parent: 0, start: i, duration: 1, kind: 2, error })
  }
  return spans
}

class Shop {
  readonly traces = new HandTraces()
  readonly table = this.traces.tables.elements
  readonly sample = new SelfTimeSample(1)
  readonly bucket = new BucketCounts(this.table, this.sample)
  readonly #scan = new OccurrenceScan()

  see(calls: number, rooted = true): this {
    this.traces.read(spansOf(calls, rooted), () => {
      this.#scan.read(this.traces.elements)
      this.bucket.count(this.traces.elements, this.#scan)
    })
    return this
  }

  /** Place of the cart, its path and the element of the page. */
  ids(): { place: number; path: number; page: number } {
    const { place, path, element } = this.traces.elements
    return { place: place[1] ?? 0, path: path[1] ?? 0, page: element[0] ?? 0 }
  }

  /** What was counted of the cart. */
  counted(): Record<string, number | undefined> {
    const { place, path, page } = this.ids()
    const { places, paths, elements } = this.bucket
    return {
      occurrences: places.of.occurrences[place],
      errors: places.of.errors[place],
      runs: places.of.runs[place],
      parents: elements.of.parents[page],
      byPath: paths.of.occurrences[path],
      errorsByPath: paths.of.errors[path],
      runsByPath: paths.of.runs[path],
      completeByPath: paths.of.parents[path],
    }
  }
}

const ONCE = { runs: 1, parents: 1, runsByPath: 1 }

describe('the counts of a bucket', () => {
  it('hold occurrences, own errors, runs and complete parents, by place and by path', () => {
    const shop = new Shop().see(3)
    const three = { occurrences: 3, errors: 1, byPath: 3, errorsByPath: 1, completeByPath: 3 }
    expect(shop.counted()).toEqual({ ...three, ...ONCE })
    const { place } = shop.ids()
    expect(shop.bucket.places.of.durationNs[place]).toBe(50e6)
  })

  it('say nothing of children and parents where the trace is not complete', () => {
    expect(new Shop().see(2, false).counted()).toEqual({
      occurrences: 2,
      errors: 1,
      runs: 0,
      parents: 0,
      byPath: 2,
      errorsByPath: 1,
      runsByPath: 0,
      completeByPath: 0,
    })
  })

  it('are denominators by what a signal counts against', () => {
    const shop = new Shop().see(3).see(1)
    const { place, path, page } = shop.ids()
    const { bucket } = shop
    bucket.countObservation(2, true)
    expect(bucket.denominator('occurrences')[place]).toBe(4)
    expect(bucket.denominator('runs')[place]).toBe(2)
    expect(bucket.denominator('parents')[page]).toBe(2)
    expect(bucket.denominator('observations')[2]).toBe(1)
    expect(bucket.denominatorByPath('occurrences')[path]).toBe(4)
    expect(bucket.denominatorByPath('runs')[path]).toBe(2)
    expect(bucket.denominatorByPath('parents')[path]).toBe(4)
  })

  it('hold the messages that a place took, where it is known how long they waited', () => {
    const traces = new HandTraces()
    const waits = new WaitSample(1)
    const bucket = new BucketCounts(traces.tables.elements, null, waits)
    const scan = new OccurrenceScan()
    const see = (spans: readonly HandSpan[]): void =>
      traces.read(spans, () => {
        scan.read(traces.elements)
        bucket.count(traces.elements, scan)
      })
    see(mailed(30))
    const [place = 0] = traces.elements.place
    const [path = 0] = traces.elements.path
    // One that nobody is known to have sent.
    see(
      mailed(0)
        .slice(2)
        .map((span) => ({ ...span, parent: -1 })),
    )
    expect(traces.elements.place[0]).toBe(place)
    see(mailed(0))
    const counted = () => [
      bucket.denominator('occurrences')[place],
      bucket.denominator('waits')[place],
      bucket.denominatorByPath('waits')[path],
    ]
    expect(counted()).toEqual([3, 2, 3])
    const from = waits.rowOf(place)
    expect([...waits.values.of.value.slice(from, from + 3)]).toEqual([30e6, 0, 0])
    // Neither the request nor what sends took any.
    expect(bucket.denominator('waits').reduce((sum, n) => sum + n)).toBe(2)
    bucket.freezePlace(place, true)
    see(mailed(50))
    expect(counted()).toEqual([3, 2, 3])
    bucket.takeBackPlace(place)
    expect(counted()).toEqual([0, 0, 3])
    expect(waits.countOf(place)).toBe(0)
    // Its number is another place's.
    bucket.freezePlace(place, false)
    see(mailed(60))
    const gone = new IdSets()
    gone.places.add(place)
    bucket.forget(gone)
    expect(waits.countOf(place)).toBe(0)
  })

  it('leave out what is frozen, but for its being there for its children', () => {
    const shop = new Shop().see(1)
    const { place } = shop.ids()
    shop.bucket.clear()
    shop.bucket.freezePlace(place, true)
    expect(shop.bucket.isFrozen(place)).toBe(true)
    const nothing = {
      occurrences: 0,
      errors: 0,
      runs: 0,
      byPath: 0,
      errorsByPath: 0,
      runsByPath: 0,
    }
    expect(shop.see(2).counted()).toEqual({ ...nothing, parents: 1, completeByPath: 2 })
    shop.bucket.freezePlace(place, false)
    expect(shop.see(2).counted()).toMatchObject({ occurrences: 2, runs: 1, completeByPath: 4 })
    shop.bucket.clear()
    // Each row that was used is empty again, the path of the frozen place among them.
    expect(Object.values(shop.counted())).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('hold observations of entries, the unusual and the usual ones', () => {
    const { bucket } = new Shop().see(1)
    bucket.countObservation(2, true)
    bucket.countObservation(2, false)
    bucket.freezeStratum(2, true)
    bucket.countObservation(2, true)
    expect([bucket.strata.of.observations[2], bucket.strata.of.unusual[2]]).toEqual([2, 1])
    expect([...bucket.strata.ids.slice(0, bucket.strata.count)]).toEqual([2])
    bucket.takeBackStratum(2)
    expect([bucket.strata.of.observations[2], bucket.strata.of.unusual[2]]).toEqual([0, 0])
  })

  it('take back a place alone', () => {
    const shop = new Shop().see(3)
    const { place } = shop.ids()
    shop.bucket.takeBackPlace(place)
    expect(shop.counted()).toMatchObject({ occurrences: 0, errors: 0, runs: 0, parents: 1 })
    expect(shop.see(1).counted()).toMatchObject({ occurrences: 1, runs: 1, parents: 2 })
  })

  it('are the same from a state, frozen places and all', () => {
    const shop = new Shop().see(3)
    shop.bucket.countObservation(2, true)
    shop.bucket.freezePlace(7, true)
    shop.bucket.freezeStratum(3, true)
    const other = new BucketCounts(shop.table)
    other.restore(structuredClone(shop.bucket.state()))
    expect(other.state()).toEqual(shop.bucket.state())
    expect(other.isFrozen(7)).toBe(true)
    other.clear()
    expect(other.places.count).toBe(0)
    expect(other.denominator('occurrences').every((count) => count === 0)).toBe(true)
    expect(other.isFrozen(7)).toBe(true)
  })
})

describe('the sample of self times', () => {
  it('keeps all of a bucket that are few, each with its path', () => {
    const shop = new Shop().see(3)
    const { place, path } = shop.ids()
    const at = place * VALUES_PER_BUCKET
    const { value, path: paths } = shop.sample.values.of
    expect([...value.slice(at, at + 4)]).toEqual([1e6, 1e6, 1e6, 0])
    expect([...paths.slice(at, at + 4)]).toEqual([path, path, path, 0])
  })

  it('draws uniformly of many', () => {
    let kept = 0
    for (let seed = 0; seed < 400; seed++) {
      const sample = new SelfTimeSample(seed)
      sample.grow(2)
      for (let n = 1; n <= 64; n++) sample.offer(1, n, n, 0)
      const from = VALUES_PER_BUCKET
      const values = sample.values.of.value.slice(from, 2 * from)
      expect(new Set(values).size).toBe(VALUES_PER_BUCKET)
      expect(sample.values.of.value.slice(0, from).every((value) => value === 0)).toBe(true)
      for (const value of values) if (value <= 32) kept++
    }
    // Half of them, give or take four standard errors of a draw without replacement.
    expect(Math.abs(kept / (400 * VALUES_PER_BUCKET) - 0.5)).toBeLessThan(0.02)
  })

  it('draws the same from a state', () => {
    const one = new SelfTimeSample(5)
    one.grow(1)
    for (let n = 1; n <= 100; n++) one.offer(0, n, n, n)
    const other = new SelfTimeSample(6)
    other.restore(structuredClone(one.state()))
    for (let n = 101; n <= 300; n++) {
      one.offer(0, n, n, n)
      other.offer(0, n, n, n)
    }
    expect(other.state()).toEqual(one.state())
  })
})
