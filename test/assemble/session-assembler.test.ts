import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SessionAssembler, type SessionRecord } from '../../src/assemble/session-assembler.ts'
import { SessionClock } from '../../src/assemble/session-clock.ts'

const ENTRY = 7
const T = 1_795_914_000_000
const settings = {
  gapMs: 1000,
  maxAgeMs: 5000,
  maxRecords: 4,
  maxOpen: 3,
  maxJumpMs: 60_000,
}

/** A session as it came out: the names of its records, in order, and why it was closed. */
interface Out {
  readonly names: number[]
  readonly cause: string
  readonly id: string
}

function record(key: string, name: number, at: number, severity = 9): SessionRecord {
  return { key: key.charCodeAt(0) * 2 ** 40, service: 1, name, severity, timeMs: T + at }
}

function drained(assembler: SessionAssembler): Out[] {
  const out: Out[] = []
  for (let trace = assembler.next(); trace; trace = assembler.next()) {
    const { columns, count, cause, id } = trace
    expect(columns.of.name[0]).toBe(ENTRY)
    expect(columns.count).toBe(count)
    out.push({ names: [...columns.of.name.slice(1, count)], cause, id: id.join() })
  }
  return out
}

/** Each record is a record of the log by itself. */
function give(assembler: SessionAssembler, records: readonly SessionRecord[]): Out[] {
  return records.flatMap((one, i) => {
    assembler.advance(Float64Array.of(one.timeMs))
    assembler.add(one, BigInt(i))
    return drained(assembler)
  })
}

describe('log sessions', () => {
  it('end when nothing of their key came for the gap', () => {
    const assembler = new SessionAssembler(settings, ENTRY, 0)
    const out = give(assembler, [record('a', 1, 0), record('b', 2, 500), record('a', 3, 900)])
    expect(out).toEqual([])
    expect(give(assembler, [record('c', 4, 1600)])).toMatchObject([{ names: [2], cause: 'quiet' }])
    assembler.flush()
    expect(drained(assembler).map(({ names, cause }) => [names, cause])).toEqual([
      [[1, 3], 'end_of_input'],
      [[4], 'end_of_input'],
    ])
  })

  it('end when they are full, old, or room is needed', () => {
    const assembler = new SessionAssembler(settings, ENTRY, 0)
    const full = give(
      assembler,
      [0, 1, 2, 3, 4].map((at) => record('a', at + 1, at)),
    )
    expect(full).toMatchObject([{ names: [1, 2, 3, 4], cause: 'max_wait' }])
    const others = ['b', 'c', 'd'].map((key, i) => record(key, 10 + i, 100 + i))
    expect(give(assembler, others)).toMatchObject([{ names: [5], cause: 'evicted' }])
    const young = new SessionAssembler({ ...settings, maxRecords: 100 }, ENTRY, 0)
    const steady = Array.from({ length: 12 }, (_, i) => record('a', i, i * 500))
    expect(give(young, steady)).toMatchObject([
      { names: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], cause: 'max_wait' },
    ])
  })

  it('have their records by time, errors as errors, and a name of their own each time', () => {
    const assembler = new SessionAssembler(settings, ENTRY, 0)
    for (const one of [record('a', 1, 30), record('a', 2, 10, 17)]) assembler.add(one, 0n)
    assembler.flush()
    const trace = assembler.next()
    expect(trace?.columns.of.name.slice(1, 3)).toEqual(Int32Array.of(2, 1))
    expect(trace?.columns.of.status.slice(0, 3)).toEqual(Uint8Array.of(0, 2, 0))
    expect([...(trace?.startNs.slice(0, 3) ?? [])]).toEqual([0, 0, 20e6])
    expect([trace?.part, trace?.endMs]).toEqual(['session', T + 30])
    const first = trace?.id.join()
    assembler.next()
    assembler.add(record('a', 1, 5000), 1n)
    assembler.flush()
    expect(assembler.next()?.id.join()).not.toBe(first)
  })

  it('lose no record, and go on from a state as if nothing had happened', () => {
    const some = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 0, max: 900 })),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(some, fc.nat({ max: 60 }), (steps, cut) => {
        let at = 0
        const records = steps.map(([key, step], i) => {
          at += step
          return record(key, i, at)
        })
        const whole = new SessionAssembler(settings, ENTRY, 0)
        const expected = give(whole, records)
        whole.flush()
        expected.push(...drained(whole))
        const before = new SessionAssembler(settings, ENTRY, 0)
        const out = give(before, records.slice(0, cut))
        const after = new SessionAssembler(settings, ENTRY, 0)
        after.restore(structuredClone(before.state()))
        out.push(...give(after, records.slice(cut)))
        after.flush()
        out.push(...drained(after))
        expect(out).toEqual(expected)
        expect(out.flatMap(({ names }) => names).sort((a, b) => a - b)).toEqual(
          records.map((_, i) => i),
        )
        expect(after.counts).toMatchObject({ records: records.length, recordsOut: records.length })
      }),
    )
  })

  it('say from where the log must be read again', () => {
    const assembler = new SessionAssembler(settings, ENTRY, 0)
    expect(assembler.lowWatermark(9n)).toBe(9n)
    assembler.add(record('a', 1, 0), 5n)
    assembler.add(record('b', 1, 0), 6n)
    expect(assembler.lowWatermark(9n)).toBe(5n)
  })
})

describe('the clock of logs', () => {
  it('follows the log, but no single record that is far ahead or behind', () => {
    const clock = new SessionClock(60_000)
    const seen = [0, 5000, 1e9, 6000, 4000, -1e9, 7000].map((at) => {
      clock.observe(T + at)
      return clock.watermarkMs - T
    })
    expect(seen).toEqual([0, 5000, 5000, 6000, 6000, 6000, 7000])
  })

  it('jumps to where three in a row agree, and back where fifty do', () => {
    const clock = new SessionClock(60_000)
    for (const at of [0, 1e9 + 2, 1e9 + 1, 1e9 + 3]) clock.observe(T + at)
    expect(clock.watermarkMs).toBe(T + 1e9 + 1)
    for (let i = 0; i < 49; i++) clock.observe(T + i)
    expect(clock.watermarkMs).toBe(T + 1e9 + 1)
    clock.observe(T)
    expect(clock.watermarkMs).toBe(T + 48)
  })
})
