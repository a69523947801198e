import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyCounts } from '../../src/assemble/assembler-counts.ts'
import { DataClock } from '../../src/assemble/data-clock.ts'
import { endMsOf, harness, record, T0_MS } from './span-drafts.ts'

const REACH = 1_000

/** A clock fed by ends, ms after `T0_MS`; [end, trace] where the trace matters, else a new one each. */
function clockOf() {
  const clock = new DataClock(REACH)
  const counts = emptyCounts()
  let traces = 1000
  const see = (...ends: (number | [end: number, trace: number])[]): number => {
    const drafts = ends.map((each) => {
      const [end, trace] = typeof each === 'number' ? [each, traces++] : each
      return { trace, span: 1, start: end, duration: 0 }
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

describe('a jump', () => {
  it('is believed when three traces agree, and goes to the smallest', () => {
    const { see, counts } = settledClock()
    expect([see(90_000), see(70_000), see(80_000)]).toEqual([0, 0, 70_000])
    expect(counts).toMatchObject({ rejectedJumps: 2, acceptedJumps: 1 })
  })

  it('is not believed of one trace, however many spans it has', () => {
    const { see } = settledClock()
    for (let i = 0; i < 10; i++) expect(see([70_000, 5], [71_000, 5], [72_000, 6])).toBe(0)
  })

  it('goes on within reach of the smallest in the same record', () => {
    const { see } = settledClock()
    expect(see(70_000, 70_900, 72_000, 70_400)).toBe(70_900)
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
    expect(see(70_001, 70_001, 70_001, [90_000, 2])).toBe(70_001)
    expect(see(70_002, 70_002, 70_002, [90_000, 3])).toBe(70_002)
    expect(see(...[1, 2, 3, 4, 5, 6].map((trace): [number, number] => [90_000, trace]))).toBe(
      90_000,
    )
  })

  it('follows a stream whose traces are further apart than its reach', () => {
    const { see } = settledClock()
    const times = Array.from({ length: 10 }, (_, i) => see((i + 1) * 5_000))
    // Two traces behind, but it never stands still.
    expect(times).toEqual([0, 0, 5, 10, 15, 20, 25, 30, 35, 40].map((s) => s * 1000))
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

  it('is never set back later', () => {
    const { see, counts } = settledClock()
    for (let i = 0; i < 100; i++) expect(see(-50_000, -50_000, -50_000)).toBe(0)
    expect(counts.clockRestarts).toBe(0)
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
    for (let trace = 2; trace <= 30; trace++) feed({ trace, span: 1, start: trace * 60_000 })
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
