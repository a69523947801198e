import { describe, expect, it } from 'vitest'
import {
  SelfTimeSample,
  VALUES_PER_BUCKET,
  WaitSample,
} from '../../src/baseline/self-time-sample.ts'

const PLACE = 3

function sampleOf(count: number, seed: number): SelfTimeSample {
  const sample = new SelfTimeSample(seed)
  sample.grow(PLACE + 2)
  for (let n = 1; n <= count; n++) sample.offer(PLACE, n, 1000 + n, n % 5)
  return sample
}

/** The values kept of a place, and the paths that they came by. */
function keptOf(sample: SelfTimeSample, place = PLACE): [value: number, path: number][] {
  const { value, path } = sample.values.of
  const rows = Array.from({ length: VALUES_PER_BUCKET }, (_, i) => place * VALUES_PER_BUCKET + i)
  return rows.map((row) => [value[row]!, path[row]!])
}

describe('the self times kept of a place in one bucket', () => {
  it('are all of them, in their order, while there is room', () => {
    const kept = keptOf(sampleOf(VALUES_PER_BUCKET, 1))
    expect(kept).toEqual(Array.from(kept, (_, i) => [1001 + i, (1 + i) % 5]))
  })

  it('leave the rows of other places alone', () => {
    const sample = sampleOf(500, 1)
    const nothing = Array.from({ length: VALUES_PER_BUCKET }, () => [0, 0])
    expect(keptOf(sample, PLACE - 1)).toEqual(nothing)
    expect(keptOf(sample, PLACE + 1)).toEqual(nothing)
  })

  it('are a fair sample of more: each is as likely to be kept, with its own path', () => {
    const COUNT = 320
    const RUNS = 300
    const tenths = new Array<number>(10).fill(0)
    for (let seed = 1; seed <= RUNS; seed++) {
      for (const [value, path] of keptOf(sampleOf(COUNT, seed))) {
        const n = value - 1000
        expect(path).toBe(n % 5)
        tenths[Math.floor(((n - 1) * 10) / COUNT)]!++
      }
    }
    const fair = (RUNS * VALUES_PER_BUCKET) / 10
    for (const count of tenths) expect(Math.abs(count / fair - 1)).toBeLessThan(0.15)
  })

  it('are the same for the same seed, over a restart as well, and others for another', () => {
    const whole = sampleOf(100, 7)
    const copy = new SelfTimeSample(8)
    copy.restore(structuredClone(sampleOf(60, 7).state()))
    for (let n = 61; n <= 100; n++) copy.offer(PLACE, n, 1000 + n, n % 5)
    expect(keptOf(copy)).toEqual(keptOf(whole))
    expect(keptOf(sampleOf(100, 8))).not.toEqual(keptOf(whole))
  })
})

describe('the waits kept between two looks', () => {
  /** The first ones kept of a place. */
  const keptOf = (sample: WaitSample, place: number, count: number): [number, number][] => {
    const { value, path } = sample.values.of
    const from = sample.rowOf(place)
    return Array.from({ length: count }, (_, i) => [value[from + i]!, path[from + i]!])
  }
  const placesOf = ({ taken }: WaitSample): number[] => [...taken.ids.slice(0, taken.count)]

  it('are those of each place that took messages, and there is room for no others', () => {
    const sample = new WaitSample(1)
    sample.grow(5_000)
    sample.offer(4_000, 10, 7)
    sample.offer(3, 20, 8)
    sample.offer(4_000, 30, 9)
    expect(keptOf(sample, 4_000, 2)).toEqual([
      [10, 7],
      [30, 9],
    ])
    expect(keptOf(sample, 3, 1)).toEqual([[20, 8]])
    expect([placesOf(sample), sample.countOf(4_000), sample.countOf(3)]).toEqual([[4_000, 3], 2, 1])
    expect(sample.values.rows).toBe(2 * VALUES_PER_BUCKET)
  })

  it('begin anew after each, and where what a place took is taken back', () => {
    const sample = new WaitSample(1)
    sample.grow(10)
    for (const place of [4, 5]) sample.offer(place, place, 0)
    sample.clear()
    expect(placesOf(sample)).toEqual([])
    for (const place of [6, 5]) sample.offer(place, place, 0)
    expect([5, 6].map((place) => keptOf(sample, place, 1)[0]![0])).toEqual([5, 6])
    expect(sample.values.rows).toBe(2 * VALUES_PER_BUCKET)
    sample.takeBack(6)
    sample.takeBack(99)
    expect([sample.countOf(6), sample.countOf(5)]).toEqual([0, 1])
    sample.offer(6, 7, 1)
    expect([keptOf(sample, 6, 1), sample.countOf(6), placesOf(sample)]).toEqual([
      [[7, 1]],
      1,
      [6, 5],
    ])
  })

  it('are the same over a restart', () => {
    const offer = (sample: WaitSample, from: number, to: number): WaitSample => {
      sample.grow(10)
      for (let n = from; n <= to; n++) for (const place of [3, 8]) sample.offer(place, n, place)
      return sample
    }
    const whole = offer(new WaitSample(7), 1, 100)
    const copy = new WaitSample(8)
    copy.restore(structuredClone(offer(new WaitSample(7), 1, 60).state()))
    expect(offer(copy, 61, 100).state()).toEqual(whole.state())
  })
})
