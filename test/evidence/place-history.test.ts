import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MINUTE_MS, MINUTES, PlaceHistory } from '../../src/evidence/place-history.ts'

/** Ids below are no places of their own. */
const PLACE = 2
const MS = 1e6

/** Observations of one span each, of which `failed` fail. */
function observe(
  history: PlaceHistory,
  place: number,
  selfMs: readonly number[],
  failed = 0,
): void {
  selfMs.forEach((ms, i) => {
    history.count(
      { place: Int32Array.of(place), selfNs: Float64Array.of(ms * MS), count: 1 },
      { ownError: Uint8Array.of(i < failed ? 1 : 0) },
    )
  })
}

function at(minute: number): number {
  return minute * MINUTE_MS
}

describe('the history of places', () => {
  it('tells calls, failures and self times of each minute that has ended', () => {
    const history = new PlaceHistory()
    expect(history.begin(at(100))).toBe(false)
    observe(history, PLACE, [...Array(98).fill(10), 400, 400], 3)
    expect(history.since(PLACE, 0).every(({ n }) => n === 0)).toBe(true)
    expect(history.begin(at(101) - 1)).toBe(false)
    expect(history.begin(at(101))).toBe(true)
    const [ended] = history.since(PLACE, 100)
    expect(ended).toMatchObject({ minute: 100, n: 100, errors: 3 })
    expect((ended?.p50 ?? 0) / MS / 10).toBeGreaterThan(0.79)
    expect((ended?.p50 ?? 0) / MS / 10).toBeLessThan(1.26)
    expect((ended?.p99 ?? 0) / MS / 400).toBeGreaterThan(0.79)
    expect((ended?.p99 ?? 0) / MS / 400).toBeLessThan(1.26)
  })

  it('is within a quarter of the exact median, whatever the self times', () => {
    const times = fc.array(fc.double({ min: 0.0013, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 99,
    })
    fc.assert(
      fc.property(times, (selfMs) => {
        const history = new PlaceHistory()
        history.begin(at(1))
        observe(history, PLACE, selfMs)
        const sorted = selfMs.toSorted((a, b) => a - b)
        const exact = (sorted[Math.ceil(sorted.length / 2) - 1] ?? 0) * MS
        const p50 = history.running(PLACE)?.p50 ?? 0
        expect(p50).toBeGreaterThanOrEqual(exact * 0.79)
        expect(p50).toBeLessThanOrEqual(exact * 1.26)
      }),
    )
  })

  it('counts a minute without a call, and forgets what is older than it says', () => {
    const history = new PlaceHistory()
    history.begin(at(1000))
    observe(history, PLACE, [1, 1])
    history.begin(at(1003))
    observe(history, PLACE, [1])
    history.begin(at(1004))
    expect(history.since(PLACE, 1000).map(({ n }) => n)).toEqual([2, 0, 0, 1])
    const none = { errors: 0, p50: 0, p99: 0, n: 0 }
    expect(history.since(PLACE, 1001).slice(0, 2)).toEqual([
      { ...none, minute: 1001 },
      { ...none, minute: 1002 },
    ])
    history.begin(at(1000 + MINUTES))
    expect(history.since(PLACE, 0)).toHaveLength(40)
    expect(history.since(PLACE, 0)[0]).toMatchObject({ minute: 1000, n: 2 })
    history.begin(at(1001 + MINUTES))
    expect(history.since(PLACE, 0)[0]).toMatchObject({ minute: 1001, n: 0 })
  })

  it('gives the room of places that are gone to new ones, and counts what finds none', () => {
    const history = new PlaceHistory()
    history.begin(at(1))
    for (let place = PLACE; place < PLACE + 8192; place++) observe(history, place, [1])
    observe(history, 9000, [1])
    expect(history.dropped).toBe(1)
    const restored = new PlaceHistory()
    restored.restore(structuredClone(history.state()))
    expect(restored.dropped).toBe(1)
    history.begin(at(2))
    observe(history, PLACE, [1])
    history.begin(at(2 + MINUTES))
    expect(history.dropped).toBe(1)
    observe(history, 9000, [5])
    expect(history.dropped).toBe(1)
    history.begin(at(3 + MINUTES))
    expect(history.since(9000, 2 + MINUTES)).toMatchObject([{ n: 1 }])
    expect(history.since(PLACE, 2)[0]).toMatchObject({ n: 0 })
  })

  it('keeps the median of a place that is called more often than a bin can count', () => {
    const history = new PlaceHistory()
    history.begin(at(1))
    const n = 70_000
    history.count(
      { place: new Int32Array(n).fill(PLACE), selfNs: new Float64Array(n).fill(MS), count: n },
      { ownError: new Uint8Array(n) },
    )
    expect(history.running(PLACE)?.n).toBe(n)
    expect((history.running(PLACE)?.p50 ?? 0) / MS).toBeCloseTo(1, 0)
    // Calls that are fewer by far make no other median.
    observe(history, PLACE, Array<number>(6000).fill(400))
    expect((history.running(PLACE)?.p50 ?? 0) / MS).toBeCloseTo(1, 0)
  })

  it('drops what lies beyond the present where time was set back', () => {
    const history = new PlaceHistory()
    history.begin(at(10))
    observe(history, PLACE, [1])
    history.begin(at(20))
    observe(history, PLACE, [1, 1])
    history.turnBack(at(5))
    observe(history, PLACE, [1])
    history.begin(at(30))
    const told = history.since(PLACE, 0).filter(({ n }) => n > 0)
    // The running minute goes on in the one of now.
    expect(told).toMatchObject([{ minute: 5, n: 3 }])
  })

  it('forgets places that will be other ones', () => {
    const history = new PlaceHistory()
    history.begin(at(1))
    observe(history, PLACE, [1, 1])
    observe(history, PLACE + 1, [1])
    history.begin(at(2))
    observe(history, PLACE, [1])
    history.forget([PLACE, 7777])
    expect(history.running(PLACE)).toBeNull()
    expect(history.since(PLACE, 1)).toMatchObject([{ n: 0 }])
    expect(history.since(PLACE + 1, 1)).toMatchObject([{ n: 1 }])
    observe(history, PLACE, [1, 1, 1])
    expect(history.running(PLACE)).toMatchObject({ n: 3 })
  })

  it('tells nothing of what has no place, and nothing of places without a call', () => {
    const history = new PlaceHistory()
    history.begin(at(1))
    for (const none of [0, 1]) observe(history, none, [1])
    observe(history, PLACE, [1])
    expect([0, 1, PLACE + 1].map((place) => history.running(place))).toEqual([null, null, null])
    history.begin(at(2))
    expect(history.running(PLACE)).toBeNull()
  })

  it('has a bin for what takes no time, and for what takes a year', () => {
    const median = (selfMs: number): number => {
      const history = new PlaceHistory()
      history.begin(at(1))
      observe(history, PLACE, [selfMs, selfMs, selfMs])
      return (history.running(PLACE)?.p50 ?? Number.NaN) / MS
    }
    expect(median(0)).toBeGreaterThanOrEqual(0)
    expect(median(0)).toBeLessThan(0.0013)
    const longest = median(1e12)
    expect(longest).toBeGreaterThan(1e6)
    expect(median(3e10)).toBe(longest)
  })

  it('takes times within a bin for evenly spread', () => {
    const quantiles = (...selfMs: number[]): number[] => {
      const history = new PlaceHistory()
      history.begin(at(1))
      observe(history, PLACE, selfMs)
      const { p50, p99 } = history.running(PLACE)!
      return [p50, p99]
    }
    // The first bin ends at a microsecond and a quarter.
    const [median, most] = quantiles(0, 0, 0)
    expect(median).toBe(640)
    expect(most).toBeCloseTo(1267.2, 9)
    // A millisecond lies in the last quarter of the powers from 2^19 ns on.
    const [from, to] = [1.75 * 2 ** 19, 2 ** 20]
    expect(quantiles(1)).toEqual([(from + to) / 2, from + 0.99 * (to - from)])
    // The fiftieth of a hundred is the last but one of 51 short ones.
    const short = Array<number>(51).fill(1)
    const long = Array<number>(49).fill(400)
    const [p50, p99] = quantiles(...long, ...short)
    expect(p50).toBeCloseTo(from + (50 / 51) * (to - from), 3)
    const [longFrom, longTo] = [1.25 * 2 ** 28, 1.5 * 2 ** 28]
    expect(p99).toBeCloseTo(longFrom + (48 / 49) * (longTo - longFrom), 3)
  })

  it('begins with the very first minute of all time', () => {
    const history = new PlaceHistory()
    expect(history.minute).toBe(-1)
    expect(history.begin(at(0))).toBe(false)
    observe(history, PLACE, [1, 1])
    expect(history.begin(at(1))).toBe(true)
    observe(history, PLACE + 1, [1])
    history.begin(at(2))
    expect(history.since(PLACE, 0).map(({ n }) => n)).toEqual([2, 0])
    expect(history.since(PLACE + 1, 0).map(({ n }) => n)).toEqual([0, 1])
  })

  it('is not turned back to what is still to come', () => {
    const history = new PlaceHistory()
    history.begin(at(10))
    observe(history, PLACE, [1])
    history.turnBack(at(12))
    history.begin(at(11))
    expect(history.since(PLACE, 10)).toMatchObject([{ minute: 10, n: 1 }])
  })

  it('goes on from its state as if nothing had happened', () => {
    const step = (history: PlaceHistory, minute: number): void => {
      history.begin(at(minute))
      observe(history, PLACE + (minute % 3), [minute, 1], minute % 2)
    }
    const through = new PlaceHistory()
    let restored = new PlaceHistory()
    for (let minute = 1; minute < 100; minute += 1 + (minute % 5)) {
      step(through, minute)
      step(restored, minute)
      const state = structuredClone(restored.state())
      restored = new PlaceHistory()
      restored.restore(state)
    }
    expect(restored.state()).toEqual(through.state())
    expect(restored.since(PLACE, 0)).toEqual(through.since(PLACE, 0))
  })
})
