import { describe, expect, it } from 'vitest'
import { EarlyExamples } from '../../src/anomaly-clusters/early-examples.ts'
import { member } from './hand-alarms.ts'

function keeping(...series: readonly number[]): EarlyExamples {
  const early = new EarlyExamples()
  for (const one of series) early.begin(one)
  return early
}

describe('early examples', () => {
  it('are wanted of series that it began with, four of each', () => {
    const early = keeping(7)
    expect([early.has(7), early.has(8), early.size]).toEqual([true, false, 1])
    expect([early.wants(7), early.wants(8)]).toEqual([true, false])
    for (let i = 0; i < 3; i++) early.add(7, member(i))
    expect(early.wants(7)).toBe(true)
    early.add(7, member(3))
    expect(early.wants(7)).toBe(false)
    early.begin(7)
    expect(early.handOver(7).map(({ hash }) => hash)).toEqual([0, 1, 2, 3])
    expect(early.has(7)).toBe(false)
    expect(early.handOver(7)).toEqual([])
  })

  it('are all of all series', () => {
    const early = keeping(1, 2, 3)
    for (const [series, hash] of [
      [1, 5],
      [3, 6],
      [1, 7],
    ] as const)
      early.add(series, member(hash))
    expect([...early.all()].map(({ hash }) => hash)).toEqual([5, 7, 6])
  })

  it('are of 256 series, and what found no room is counted', () => {
    const early = keeping(...Array.from({ length: 256 }, (_, i) => i))
    expect([early.size, early.dropped]).toEqual([256, 0])
    early.begin(5)
    expect(early.dropped).toBe(0)
    early.begin(999)
    expect([early.size, early.dropped, early.has(999)]).toEqual([256, 1, false])
  })

  it('are forgotten where the evidence no longer grows, and all of them', () => {
    const early = keeping(1, 2, 3)
    early.keepOnly((series) => series === 2)
    expect([early.has(1), early.has(2), early.has(3)]).toEqual([false, true, false])
    early.clear()
    expect(early.size).toBe(0)
  })

  it('are the same from a copy of their state', () => {
    const early = keeping(1, 2)
    early.add(2, member(9))
    early.dropped = 3
    const copy = new EarlyExamples()
    copy.restore(structuredClone(early.state()))
    expect(copy.state()).toEqual(early.state())
    early.add(2, member(10))
    expect(copy.dropped).toBe(3)
    expect(copy.handOver(2)).toEqual([member(9)])
  })
})
