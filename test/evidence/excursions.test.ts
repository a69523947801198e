import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import { Excursions } from '../../src/evidence/excursions.ts'

const LEVEL = Math.log(20)

/** One that goes so far and falls back. */
function excursion(excursions: Excursions, peak: number, series = 0): void {
  excursions.step(series, peak)
  excursions.step(series, -peak)
}

function seen(peaks: readonly number[]): Excursions {
  const excursions = new Excursions(1, CONSTANTS)
  for (const peak of peaks) excursion(excursions, peak)
  return excursions
}

describe('the excursions of a series', () => {
  it('are as far beyond the level as they should be, until many went further', () => {
    expect(seen([]).tail(0)).toBe(1)
    // 100 that went 2 beyond: 200 / (100 + 2 sqrt 100).
    expect(seen(Array(100).fill(LEVEL + 2)).tail(0)).toBeCloseTo(200 / 120, 9)
    // 4 of them: 8 / (4 + 2 sqrt 4) is no reason to ask more.
    expect(seen(Array(4).fill(LEVEL + 2)).tail(0)).toBe(1)
    // Fewer than 10 say nothing, however far they went; of 10 that all went far it is unknown how far.
    expect(seen(Array(9).fill(LEVEL + 50)).tail(0)).toBe(1)
    expect(seen(Array(10).fill(LEVEL + 50)).tail(0)).toBeCloseTo(
      (10 * LEVEL) / (2 * Math.sqrt(10)),
      9,
    )
    // ... nor are ever so many that went half as far as they might.
    expect(seen(Array(400).fill(LEVEL + 0.5)).tail(0)).toBe(1)
  })

  it('count from the level on', () => {
    const few = seen([...Array(100).fill(LEVEL + 2), ...Array(1000).fill(LEVEL - 0.01)])
    expect(few.tail(0)).toBeCloseTo(200 / 120, 9)
  })

  it('are cut off another level beyond, so that a fault that raised no alarm hardly counts', () => {
    const excursions = seen([...Array(100).fill(LEVEL + 2), LEVEL + 50])
    expect(excursions.tail(0)).toBeCloseTo((200 + LEVEL) / (100 + 2 * Math.sqrt(101)), 9)
  })

  it('go as far as the most that they were, over several buckets, and begin again at 0', () => {
    const excursions = new Excursions(1, CONSTANTS)
    for (let i = 0; i < 100; i++) for (const gain of [2, 3, -1, 0.9, -9]) excursions.step(0, gain)
    expect(excursions.tail(0)).toBeCloseTo((100 * (5 - LEVEL)) / 120, 9)
    expect(excursions.rows.of.times[0]).toBe(100)
  })

  it('go as far as they were at a look, though the bucket ends lower', () => {
    const excursions = new Excursions(1, CONSTANTS)
    for (let i = 0; i < 100; i++) {
      excursions.step(0, 2)
      excursions.reach(0, 3)
      excursions.reach(0, 1)
      excursions.step(0, -9)
    }
    expect(excursions.tail(0)).toBeCloseTo((100 * (5 - LEVEL)) / 120, 9)
  })

  it('do not count where an alarm came of them', () => {
    const excursions = seen(Array(100).fill(LEVEL + 2))
    excursions.step(0, 9)
    excursions.drop(0)
    excursions.step(0, -1)
    expect(excursions.tail(0)).toBeCloseTo(200 / 120, 9)
    // What comes after begins at 0.
    excursion(excursions, LEVEL + 2)
    expect(excursions.tail(0)).toBeCloseTo(202 / (101 + 2 * Math.sqrt(101)), 9)
  })

  it('end where nothing speaks for a change any more', () => {
    const excursions = seen(Array(99).fill(LEVEL + 2))
    excursions.step(0, LEVEL + 2)
    expect(excursions.rows.of.times[0]).toBe(99)
    excursions.fallBack(0)
    expect(excursions.tail(0)).toBeCloseTo(200 / 120, 9)
  })

  it('of long ago count less', () => {
    const then = Array(1000).fill(LEVEL + 2)
    const since = Array(1000).fill(LEVEL + 0.1)
    expect(seen(then).rows.of.times[0]).toBe(500)
    expect(seen(then).tail(0)).toBeGreaterThan(1.8)
    expect(seen([...then, ...since, ...since]).tail(0)).toBe(1)
  })

  it('that went far count less, as all do, when they are of long ago', () => {
    const then = seen(Array(1000).fill(LEVEL + 50))
    expect([then.rows.of.times[0], then.rows.of.far[0]]).toEqual([500, 500])
  })

  it('are those of each series', () => {
    const excursions = new Excursions(2, CONSTANTS)
    for (let i = 0; i < 100; i++) excursion(excursions, LEVEL + 2, 1)
    expect([excursions.tail(0), excursions.tail(1) > 1.6]).toEqual([1, true])
  })
})
