import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyCounts } from '../../src/assemble/assembler-counts.ts'
import { DataClock } from '../../src/assemble/data-clock.ts'
import { endMsOf, harness, record, T0_MS } from './span-drafts.ts'

const REACH = 1_000

/** A span of a service, by its end, ms after `T0_MS`, of a trace of its own. */
type Said = number | [end: number, trace: number, service?: number]

/** A clock fed by ends; [end, trace, service] where these matter, else a new trace each of service 2. */
function clockOf() {
  const clock = new DataClock(REACH)
  const counts = emptyCounts()
  let traces = 1000
  const see = (...ends: Said[]): number => {
    const drafts = ends.map((each) => {
      const [end, trace, service = 2] = typeof each === 'number' ? [each, traces++] : each
      return { trace, span: 1, start: end, duration: 0, service }
    })
    clock.observe(record(drafts), counts)
    // Ends are as the decoder makes them, 0.25 us steps.
    return Math.round(clock.watermarkMs - T0_MS)
  }
  return { clock, counts, see }
}

/** A clock past its probation, at 0. */
function settledClock() {
  const made = clockOf()
  for (let i = 0; i < 20; i++) made.see(0)
  return made
}

describe('data time', () => {
  it('is the largest end seen', () => {
    const { see } = clockOf()
    expect([see(5), see(9, 7), see(8), see(12)]).toEqual([5, 9, 9, 12])
  })

  it('is 0 before the first believable time', () => {
    const { clock, counts } = clockOf()
    clock.observe(record([]), counts)
    expect(clock.watermarkMs).toBe(0)
    clock.observe(record([{ trace: 1, span: 1, start: 0, startNs: 0n, endNs: 0n }]), counts)
    expect(clock.watermarkMs).toBe(0)
  })

  it('is moved by no span more than the reach at once', () => {
    const { see, counts } = settledClock()
    expect([see(1000), see(2001), see(2000)]).toEqual([1000, 1000, 2000])
    expect(counts.rejectedJumps).toBe(1)
  })

  it('ignores times of 0, before 2000 and after 2100, and counts them', () => {
    const { see, clock, counts } = settledClock()
    const absurd = [0n, 946_684_000_000_000_000n, 4_102_445_000_000_000_000n, 2n ** 64n - 1n]
    const drafts = absurd.map((endNs, i) => ({ trace: i + 1, span: 1, start: 0, endNs }))
    clock.observe(record(drafts), counts)
    clock.observe(record(drafts), counts)
    expect(see(3)).toBe(3)
    expect(counts).toMatchObject({ absurdTimes: 8, rejectedJumps: 0 })
  })
})

describe('a jump where one service sends alone', () => {
  it('is believed when three traces and most of the latest spans agree, and goes to the smallest', () => {
    const { see, counts } = settledClock()
    expect([90_000, 70_000, 80_000, 85_000, 86_000].map((end) => see(end))).toEqual([
      0, 0, 0, 0, 70_000,
    ])
    expect(counts).toMatchObject({ rejectedJumps: 5, acceptedJumps: 1 })
  })

  it('is not believed of three spans in records of their own beside a busy stream', () => {
    const { see, counts } = settledClock()
    const day = 86_400_000
    for (let now = 1; now < 50; now++) see(now, now, now)
    expect([see(day), see(day + 1), see(day + 2)]).toEqual([49, 49, 49])
    for (let now = 50; now < 100; now++) expect(see(now, now, now)).toBe(now)
    expect(counts).toMatchObject({ rejectedJumps: 3, acceptedJumps: 0, clockRestarts: 0 })
  })

  it('is not believed of one trace, however many spans it has', () => {
    const { see } = settledClock()
    for (let i = 0; i < 10; i++) expect(see([70_000, 5], [71_000, 5], [72_000, 6])).toBe(0)
  })

  it('goes on within reach of the smallest in the same record', () => {
    const { see } = settledClock()
    expect(see(70_000, 70_900, 72_000, 70_400, 70_100, 70_100, 70_100, 70_100, 70_100)).toBe(70_900)
  })

  it('is not believed while most spans are where data time is', () => {
    const { see, counts } = settledClock()
    // One host of five is an hour ahead, and in every trace.
    for (let trace = 1; trace < 300; trace++) {
      const now = trace * 2
      expect(see(now, now, now, now, [3_600_000 + now, trace])).toBe(now)
    }
    expect(counts.acceptedJumps).toBe(0)
    expect(counts.rejectedJumps).toBe(299)
  })

  it('is believed after a real gap even where one host was ahead before', () => {
    const { see } = settledClock()
    for (let trace = 1; trace < 400; trace++) see(trace, trace, trace, [3_600_000, trace])
    let records = 0
    while (see(200_000 + records, 200_000 + records) < 200_000) records++
    // The votes before the gap are forgotten soon, or 400 records would have to be outnumbered.
    expect(records).toBeLessThan(64)
  })

  it('counts anew after it, but for those that are still ahead', () => {
    const { see } = settledClock()
    const many = Array.from({ length: 50 }, (_, i): [number, number] => [70_000, 8 + (i % 2)])
    expect(see(...many, [90_000, 1])).toBe(70_000)
    for (let i = 1; i <= 8; i++) {
      const now = 70_000 + i
      expect(see(now, now, now, [90_000, i])).toBe(now)
    }
    const late = [11, 12, 13].map((trace): [number, number] => [90_000, trace])
    for (let i = 0; i < 5; i++) see(...late)
    expect(see(...late)).toBe(90_000)
  })

  it('follows a stream whose traces are further apart than its reach', () => {
    const { see } = settledClock()
    for (let i = 1; i <= 200; i++) {
      const time = see(i * 5_000)
      expect(time).toBeGreaterThanOrEqual((i - 5) * 5_000)
      expect(time).toBeLessThanOrEqual(i * 5_000)
    }
  })

  it('drops votes that came within reach in the meantime', () => {
    const { see } = settledClock()
    see(1_500)
    see(1_600)
    expect(see(900)).toBe(900)
    // Only these are ahead now; the two above no longer count.
    expect([see(50_000), see(51_000)]).toEqual([900, 900])
  })
})

describe('the start', () => {
  it('is the median of the first record and what is in reach of it', () => {
    const { see, counts } = clockOf()
    expect(see(10, 999_999, 30, 20)).toBe(30)
    expect(counts.rejectedJumps).toBe(1)
  })

  it('takes the smaller of two that do not agree', () => {
    const { see } = clockOf()
    expect(see(999_999, 10)).toBe(10)
  })

  it('is set back where the first record was ahead of all that follow', () => {
    const { see, counts } = clockOf()
    expect([see(900_000), see(10), see(20), see(15)]).toEqual([900_000, 900_000, 900_000, 15])
    expect(see(30)).toBe(30)
    expect(counts.clockRestarts).toBe(1)
  })

  it('is set back all the same where a snapshot comes in between', () => {
    const { see, clock, counts } = clockOf()
    see(900_000)
    see(10)
    see(20)
    const restored = new DataClock(REACH)
    restored.restore(structuredClone(clock.state()))
    restored.observe(record([{ trace: 5, span: 1, start: 15, duration: 0 }]), counts)
    expect(restored.watermarkMs).toBe(T0_MS + 15)
    expect(see(15)).toBe(15)
  })

  it('is not set back for a few old spans among many', () => {
    const { see } = clockOf()
    see(100_000, 100_000, 100_000, 100_000)
    see(5, 100_001)
    see(6, 100_002)
    expect(see(7, 100_003)).toBe(100_003)
  })

  it('is not set back later for a few old records', () => {
    const { see, counts } = settledClock()
    for (let i = 0; i < 100; i++) {
      for (let k = 0; k < 7; k++) expect(see(i - 50_000, i - 50_000)).toBe(i)
      see(i + 1)
    }
    expect(counts.clockRestarts).toBe(0)
  })
})

/** A clock that three services agree on, at 0. */
function agreedClock() {
  const made = clockOf()
  const says = (...ends: [service: number, ...ends: number[]][]): number =>
    made.see(
      ...ends.flatMap(([service, ...each]) =>
        each.map((end, i): Said => [end, service * 1000 + i, service]),
      ),
    )
  for (let i = 0; i < 20; i++) says([2, 0], [3, 0], [4, 0])
  return { ...made, says }
}

describe('where several services send', () => {
  it('one that is ahead moves nothing, however much it sends and whatever the records', () => {
    const { says, counts } = agreedClock()
    const phone = Array.from({ length: 500 }, () => 570_000)
    for (let now = 1; now < 200; now++) {
      expect(says([2, now], [3, now], [4, now], [9, ...phone])).toBe(now)
      expect(says([9, ...phone])).toBe(now)
    }
    expect(counts).toMatchObject({ rejectedJumps: 199 * 1000, acceptedJumps: 0, clockRestarts: 0 })
  })

  it('it is known which one disagrees, and by how much', () => {
    const { says, clock } = agreedClock()
    says([9, 570_000, 570_001], [3, 5])
    says([8, 86_400_000])
    expect(
      clock.disagreeing().map((one) => ({ ...one, offsetMs: Math.round(one.offsetMs) })),
    ).toEqual([
      { service: 9, spans: 2, offsetMs: 570_000 },
      { service: 8, spans: 1, offsetMs: 86_399_995 },
    ])
  })

  it('a gap that most of a record have behind them is believed at once', () => {
    const { says, clock } = agreedClock()
    expect(says([2, 900], [3, 950], [4, 990])).toBe(990)
    expect(says([2, 1_950], [3, 1_980], [5, 995])).toBe(1_980)
    expect(says([2, 600_000], [3, 600_010], [4, 600_020])).toBe(600_020)
    expect(clock.disagreeing()).toEqual([])
  })

  it('a gap beyond the reach is believed when three traces of most services agree', () => {
    const { says, see } = agreedClock()
    expect(see([70_000, 1, 2], [70_000, 1, 3])).toBe(0)
    expect(see([71_000, 2, 4], [70_500, 2, 3])).toBe(0)
    expect(see([72_000, 3, 2], [71_500, 3, 3])).toBe(72_000)
    expect(says([2, 72_001])).toBe(72_001)
  })

  it('many wrong clocks close to each other carry nobody away', () => {
    const { says } = agreedClock()
    // Each is half the reach ahead of the one before.
    for (let k = 1; k < 500; k++) {
      expect(says([2, k], [3, k], [4, k], [9, k + k * 500])).toBeLessThanOrEqual(k + 1_000)
    }
  })

  it('comes back when most have been behind for eight records, at once when it is told so early', () => {
    const { says, see, counts } = agreedClock()
    // All agree on a day ahead, and then all do not.
    const day = 86_400_000
    for (let i = 0; i < 9; i++) see([day + i, i, 2], [day, i, 3], [day, i, 4])
    expect(see([day + 9, 9, 2])).toBe(day + 9)
    for (let i = 1; i < 8; i++) expect(says([2, i], [3, i])).toBe(day + 9)
    expect(says([2, 8], [3, 8])).toBe(8)
    expect(counts.clockRestarts).toBe(1)
    // Once bitten: the services of one record alone are not believed for a while.
    expect(see([900 + 600, 1, 2], [900 + 600, 1, 5], [9, 1, 3])).toBe(9)
  })

  it('comes back from a snapshot that was taken while it was wrong', () => {
    const { see, clock, counts } = agreedClock()
    const day = 86_400_000
    for (let i = 0; i < 9; i++) see([day + i, i, 2], [day, i, 3], [day, i, 4])
    const restored = new DataClock(REACH)
    restored.restore(structuredClone(clock.state()))
    for (let i = 1; i <= 8; i++) {
      const drafts = [2, 3].map((service) => ({
        trace: service,
        span: 1,
        start: i,
        duration: 0,
        service,
      }))
      restored.observe(record(drafts), counts)
    }
    expect(Math.round(restored.watermarkMs)).toBe(T0_MS + 8)
  })

  it('says the same whatever the order within a record', () => {
    const span = fc.tuple(
      fc.oneof(fc.nat(2_000), fc.nat(100_000), fc.constant(86_400_000), fc.constant(-90_000)),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 2, max: 6 }),
    )
    const records = fc.array(fc.array(span, { minLength: 1, maxLength: 8 }), { maxLength: 40 })
    fc.assert(
      fc.property(records, (list) => {
        const one = clockOf()
        const other = clockOf()
        for (const spans of list) {
          expect(other.see(...spans.toReversed())).toBe(one.see(...spans))
        }
        expect(other.counts).toEqual(one.counts)
      }),
      { seed: 12, numRuns: 200 },
    )
  })
})

describe('open traces when data time jumps', () => {
  it('stay open if they are what it jumped for', () => {
    const { feed, tick, traces } = harness({ maxJumpMs: 2_000 })
    tick(0)
    feed({ trace: 9, span: 2, parent: 1, start: 5 })
    feed({ trace: 1, span: 2, parent: 1, start: 50_000 })
    feed({ trace: 2, span: 2, parent: 1, start: 50_010 })
    feed({ trace: 3, span: 2, parent: 1, start: 50_020 })
    // Data time is 50,021 now: only what came before the gap is overdue.
    expect(traces()).toMatchObject([{ trace: 9, cause: 'max_wait' }])
    feed({ trace: 1, span: 1, start: 50_000, duration: 60 })
    tick(50_160)
    expect(traces().slice(1)).toMatchObject([{ trace: 1, cause: 'quiet', rooted: true }])
    expect(traces()[1]!.spans).toHaveLength(2)
  })

  it('stay whole in a stream whose traces are further apart than the reach', () => {
    const { feed, traces } = harness({ maxJumpMs: 2_000 })
    for (let trace = 1; trace <= 30; trace++) {
      const start = trace * 60_000
      feed({ trace, span: 2, parent: 1, start })
      feed({ trace, span: 1, start, duration: 5 })
    }
    expect(traces().length).toBeGreaterThan(25)
    expect(traces().every((trace) => trace.rooted && trace.spans.length === 2)).toBe(true)
    expect(traces().every((one) => Math.round(one.endMs) === T0_MS + one.trace * 60_000 + 5)).toBe(
      true,
    )
  })

  it('are dated anew only so often, so that one from the far future does not stay for ever', () => {
    const { feed, traces } = harness({ maxJumpMs: 2_000 })
    feed({ trace: 1, span: 1, start: 0 })
    feed({ trace: 400, span: 2, parent: 1, start: 3e11 }) // nine years ahead
    for (let trace = 2; trace <= 60; trace++) feed({ trace, span: 1, start: trace * 60_000 })
    expect(traces().map((trace) => trace.trace)).toContain(400)
  })

  it('close in order after the clock was set back', () => {
    const { feed, tick, traces } = harness({ maxJumpMs: 2_000 })
    feed({ trace: 1, span: 1, start: 3_600_000 })
    for (let trace = 2; trace <= 4; trace++) feed({ trace, span: 1, start: trace })
    tick(500)
    expect(traces().map((trace) => trace.trace)).toEqual([2, 3, 4])
    tick(1_400)
    expect(traces().map((trace) => trace.trace)).toEqual([2, 3, 4, 1])
  })
})

describe('whatever comes', () => {
  it('data time is a time that was seen, and goes back only by a counted restart', () => {
    const end = fc.oneof(fc.nat(2_000), fc.nat(5_000_000), fc.constant(-1e12))
    const span = fc.tuple(end, fc.integer({ min: 1, max: 12 }))
    fc.assert(
      fc.property(fc.array(fc.array(span, { maxLength: 6 }), { maxLength: 60 }), (records) => {
        const { clock, counts, see } = clockOf()
        const seen = new Set<number>([0])
        for (const spans of records) {
          for (const [ms, trace] of spans) {
            seen.add(endMsOf({ trace, span: 1, start: ms, duration: 0 }))
          }
          const { watermarkMs: before } = clock
          const { clockRestarts } = counts
          see(...spans)
          expect(seen.has(clock.watermarkMs)).toBe(true)
          if (counts.clockRestarts === clockRestarts) {
            expect(clock.watermarkMs).toBeGreaterThanOrEqual(before)
          }
        }
      }),
      { seed: 11, numRuns: 300 },
    )
  })
})
