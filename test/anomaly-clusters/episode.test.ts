import { describe, expect, it } from 'vitest'
import {
  envelopeOf,
  episodeDistance,
  NO_EXTENT,
  subjectOf,
  whatOf,
  widened,
} from '../../src/anomaly-clusters/episode.ts'
import { entryAlarm, placeAlarm } from './hand-alarms.ts'

describe('how far an alarm has gone', () => {
  const sizeOf = (...[more]: Parameters<typeof placeAlarm>): number | undefined =>
    widened(NO_EXTENT, [placeAlarm({ n: 40, c: 12, ...more })], () => false).marks[0]?.size

  it('is its typical value over the normal one, or the other way where it is faster', () => {
    expect(sizeOf({ signal: 'selfTimeP90', typical: 60e6, normal: 20e6 })).toBe(3)
    expect(sizeOf({ signal: 'selfTimeP10', typical: 5e6, normal: 20e6 })).toBe(4)
    expect(sizeOf({ signal: 'count', typical: 6, normal: 1 })).toBe(6)
    expect(sizeOf({ signal: 'wait', typical: 5e9, normal: 40e6 })).toBe(125)
  })

  it('is nothing of errors: how long failing calls take is not compared with how many fail', () => {
    expect(sizeOf({ signal: 'errors', typical: 60e6, normal: 0.04 })).toBe(1)
    expect(sizeOf({ signal: 'noAnswer', typical: 60e6, normal: 0.04 })).toBe(1)
  })

  it('is nothing where what is typical or normal of it is not known', () => {
    expect(sizeOf({ signal: 'selfTimeP10', typical: 0, normal: 20e6 })).toBe(1)
    expect(sizeOf({ signal: 'selfTimeP90', typical: 60e6, normal: 0 })).toBe(1)
    expect(sizeOf({ signal: 'selfTimeP90', typical: 60e6, normal: Number.NaN })).toBe(1)
  })

  it('is the most that it ever was of each, in the order of their names', () => {
    const never = (): boolean => false
    const late = placeAlarm({ subject: 5, n: 40, c: 30, firstMs: 700, lastMs: 900 })
    const early = placeAlarm({ subject: 3, n: 40, c: 20, firstMs: 400, lastMs: 500 })
    const both = widened(NO_EXTENT, [late, early], never)
    expect(both).toMatchObject({ fromMs: 400, toMs: 900, failing: false })
    expect(both.marks.map(({ what }) => what)).toEqual([whatOf(early), whatOf(late)])
    const weaker = placeAlarm({ subject: 5, n: 40, c: 10, firstMs: 100, lastMs: 200 })
    expect(widened(both, [weaker], never)).toEqual({ ...both, fromMs: 100 })
    expect(widened(both, [], never)).toBe(both)
  })

  it('reaches requests where what fails is an entry, and stays so', () => {
    const failing = (signal: 'errors' | 'selfTimeP90', entry: number): boolean =>
      widened(NO_EXTENT, [placeAlarm({ signal, subject: 4 })], (place) => place === entry).failing
    expect([failing('errors', 4), failing('errors', 5), failing('selfTimeP90', 4)]).toEqual([
      true,
      false,
      false,
    ])
    expect(widened(NO_EXTENT, [entryAlarm()], () => true).failing).toBe(false)
    expect(widened(NO_EXTENT, [entryAlarm({ signal: 'failures' })], () => false).failing).toBe(true)
    const before = { ...NO_EXTENT, failing: true }
    expect(widened(before, [placeAlarm()], () => false).failing).toBe(true)
  })
})

describe('what deviates where', () => {
  it('tells what it is about', () => {
    expect(subjectOf(whatOf(placeAlarm({ subject: 14, vote: 9 })))).toEqual({
      ...{ place: 14, stratum: 0, vote: 0 },
    })
    expect(subjectOf(whatOf(entryAlarm({ subject: 3, vote: -15 })))).toEqual({
      ...{ place: 0, stratum: 3, vote: -15 },
    })
    expect(subjectOf('something else')).toEqual({ place: 0, stratum: 0, vote: 0 })
  })
})

describe('the envelope of episodes', () => {
  it('is the most that they showed', () => {
    const mark = (share: number, size: number) => [{ what: 'a', share, size }]
    const one = { fromMs: 100, toMs: 400, marks: mark(0.2, 3), failing: false }
    const other = { fromMs: 900, toMs: 1000, marks: mark(0.3, 2), failing: true }
    for (const episodes of [
      [one, other],
      [other, one],
    ]) {
      const { longestMs, marks, failing } = envelopeOf(episodes)
      expect([longestMs, failing]).toEqual([300, true])
      expect([...marks.values()]).toEqual(mark(0.3, 3))
    }
    expect(envelopeOf([])).toEqual({ longestMs: 0, marks: new Map(), failing: false })
  })
})

describe('the distance of two episodes', () => {
  const episode = (whats: string, share = 0.5, size = 2, lengthMs = 9000) => ({
    ...{ fromMs: 0, toMs: lengthMs, failing: false },
    marks: [...whats].map((what) => ({ what, share, size })),
  })

  it('is the share of marks that only one of them has', () => {
    expect(episodeDistance(episode('ab'), episode('ab'))).toBe(0)
    expect(episodeDistance(episode('abc'), episode('ab'))).toBeCloseTo(1 / 3, 12)
    expect(episodeDistance(episode('ab'), episode('abc'))).toBeCloseTo(1 / 3, 12)
    expect(episodeDistance(episode('ab'), episode('cd'))).toBe(1)
    // Two of which nothing is known do not differ.
    expect(episodeDistance(episode(''), episode(''))).toBe(0)
  })

  it('is how much longer, more often or larger one is, up to tenfold', () => {
    const one = episode('a', 0.1, 2, 9000)
    expect(episodeDistance(one, episode('a', 0.1, 2, 99_000))).toBe(1)
    expect(episodeDistance(one, episode('a', 0.2))).toBeCloseTo(Math.log10(2), 12)
    expect(episodeDistance(episode('a', 0.1, 6), one)).toBeCloseTo(Math.log10(3), 12)
    expect(episodeDistance(episode('a', 0.9, 200), one)).toBe(1)
    // Less than one of a hundred is as rare as one of a hundred.
    expect(episodeDistance(episode('a', 0.001), episode('a', 0.01))).toBe(0)
  })
})
