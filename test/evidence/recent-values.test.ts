import { describe, expect, it } from 'vitest'
import { RecentValues } from '../../src/evidence/recent-values.ts'

function seen(values: readonly number[]): RecentValues {
  const recent = new RecentValues(3)
  for (const value of values) recent.add(1, value)
  return recent
}

describe('the recent values of a series', () => {
  it('have a median, the upper one of an even number, and none at first', () => {
    expect(seen([]).median(1)).toBeNaN()
    expect(seen([7]).median(1)).toBe(7)
    expect(seen([9, 1, 5]).median(1)).toBe(5)
    expect(seen([9, 1, 5, 3]).median(1)).toBe(5)
  })

  it('are the last fifteen', () => {
    const rising = Array.from({ length: 40 }, (_, i) => i)
    expect(seen(rising.slice(0, 15)).median(1)).toBe(7)
    expect(seen(rising.slice(0, 16)).median(1)).toBe(8)
    expect(seen(rising).median(1)).toBe(32)
  })

  it('are those of one series, and none once they are cleared', () => {
    const recent = seen([4, 4, 4])
    recent.add(0, 1)
    recent.add(2, 9)
    expect([0, 1, 2].map((series) => recent.median(series))).toEqual([1, 4, 9])
    recent.clear(1)
    expect(recent.median(1)).toBeNaN()
    expect(recent.median(2)).toBe(9)
  })
})
