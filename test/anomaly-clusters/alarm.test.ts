import { describe, expect, it } from 'vitest'
import {
  isSameAlarm,
  keyOf,
  partsOfKey,
  raisedAlarm,
  refreshedAlarm,
} from '../../src/anomaly-clusters/alarm.ts'
import { SIGNAL_LIST, SIGNALS } from '../../src/baseline/signals.ts'
import type { SeriesEvidence } from '../../src/evidence/series-evidence.ts'
import type { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { entryAlarm, placeAlarm } from './hand-alarms.ts'

describe('the key of what deviates', () => {
  it('is another one for each signal and subject, and gives both back', () => {
    const keys = new Set<number>()
    for (const { name, number } of SIGNAL_LIST) {
      for (const subject of [0, 1, 77]) {
        const key = keyOf(name, subject)
        keys.add(key)
        expect(partsOfKey(key)).toEqual([number, subject])
      }
    }
    expect(keys.size).toBe(3 * SIGNAL_LIST.length)
  })

  it('tells whether two alarms are about the same', () => {
    const alarm = placeAlarm({ subject: 3 })
    expect(isSameAlarm(alarm, { ...alarm, series: 9, closedMs: 7 })).toBe(true)
    expect(isSameAlarm(alarm, { ...alarm, subject: 4 })).toBe(false)
    expect(isSameAlarm(alarm, { ...alarm, signal: 'count' })).toBe(false)
  })
})

describe('an alarm that is raised', () => {
  const raised = (name: keyof typeof SIGNALS) => {
    const of = { signal: [0, SIGNALS[name].number], subject: [0, 8], normal: [0, 5e6] }
    const since = { of: { firstMs: [0, 700], beforeN: [0, 6], beforeC: [0, 1] } }
    const deviations = { baseRate: () => 0.02 }
    const fake = { series: { rows: { of } }, deviations, evidence: { since } }
    return raisedAlarm(fake as unknown as SeriesMonitor, 1, 1000, 13)
  }

  it('says what deviates where, with the normal value of a place', () => {
    expect(raised('selfTimeP90')).toEqual(
      placeAlarm({
        signal: 'selfTimeP90',
        subject: 8,
        series: 1,
        openedMs: 1000,
        firstMs: 700,
        beforeN: 6,
        beforeC: 1,
        lastMs: 1000,
        activeMs: 1000,
        peak: 13,
        baseRate: 0.02,
        normal: 5e6,
      }),
    )
  })

  it('is about an entry where the signal is', () => {
    for (const signal of ['structure', 'category'] as const) {
      const alarm = raised(signal)
      expect(alarm).toMatchObject({ on: 'entry operation', signal, subject: 8 })
      expect(alarm).not.toHaveProperty('unanswered')
    }
    expect(raised('unseen').on).toBe('place')
  })
})

describe('an alarm that is refreshed', () => {
  interface Past {
    readonly lastMs?: number
    readonly vote?: number
    readonly median?: number
  }
  const evidence = ({ lastMs = 0, vote = 0, median = Number.NaN }: Past) => {
    const sums = { onsetN: [0, 15], onsetC: [0, 5], score: [0, 2], unanswered: [0, 3] }
    const times = { lastMs: [0, lastMs] }
    const fake = {
      since: { of: { ...sums, ...times } },
      votes: { leader: () => vote },
      recent: { median: () => median },
    }
    return fake as unknown as SeriesEvidence
  }
  const running = { n: 5, c: 1, score: 0.5, unanswered: 1 }
  const alarm = placeAlarm({
    series: 1,
    firstMs: 50,
    lastMs: 60,
    vote: 7,
    typical: 9,
    n: 99,
    peak: 3,
    beforeN: 4,
    beforeC: 1,
  })

  it('has what its evidence and the running bucket counted since it began', () => {
    const now = { lastMs: 80, vote: -4, median: 11 }
    expect(refreshedAlarm(alarm, evidence(now), running)).toEqual({
      ...alarm,
      n: 11,
      c: 4,
      score: 2.5,
      unanswered: 4,
      lastMs: 80,
      vote: -4,
      typical: 11,
    })
  })

  it('keeps what the evidence no longer says', () => {
    expect(refreshedAlarm(alarm, evidence({}), running)).toMatchObject({
      firstMs: 50,
      lastMs: 60,
      vote: 7,
      typical: 9,
    })
  })

  it('has nothing where its evidence began anew with less than was there before', () => {
    const later = { ...alarm, beforeN: 15, beforeC: 5 }
    expect(refreshedAlarm(later, evidence({}), running)).toMatchObject({ n: 0, c: 0 })
    const before = { ...alarm, beforeN: 99, beforeC: 99 }
    expect(refreshedAlarm(before, evidence({}), running)).toMatchObject({ n: 0, c: 0 })
  })

  it('of an entry has no values', () => {
    const entry = entryAlarm({ series: 1 })
    const fresh = refreshedAlarm(entry, evidence({ median: 5, vote: 3 }), running)
    expect(fresh).toEqual({ ...entry, n: 15, c: 5, score: 2.5, vote: 3 })
  })
})
