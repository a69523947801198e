import { describe, expect, it } from 'vitest'
import {
  byImpact,
  EntriesOfPlaces,
  type EntryImpact,
  mergedImpact,
  withEntries,
} from '../../src/anomaly-clusters/impact.ts'
import { RecentRequests } from '../../src/anomaly-clusters/recent-requests.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { entryAlarm, placeAlarm, similarAlarm } from './hand-alarms.ts'

const of = (stratum: number, requests: number, failed: number, slow = 0): EntryImpact => ({
  stratum,
  requests,
  failed,
  slow,
  plainlySlow: Math.floor(slow / 2),
  fineAfter: 0,
})

describe('the entry operations of a place', () => {
  it('are those whose call paths lead through it, also ones that come up later', () => {
    const traces = new HandTraces()
    const seen: { strata: number[]; payment: number } = { strata: [], payment: 0 }
    const read = (entry: string): void => {
      const spans: HandSpan[] = [
        { service: 'shop', name: entry, parent: -1, start: 0, duration: 50, kind: 2 },
        { service: 'orders', name: 'Place', parent: 0, start: 1, duration: 40, kind: 2 },
        { service: 'payment', name: 'Charge', parent: 1, start: 2, duration: 30, kind: 2 },
      ]
      traces.read(spans, () => {
        seen.strata.push(traces.elements.stratum)
        seen.payment = traces.elements.place[2]!
      })
    }
    const entries = new EntriesOfPlaces(traces.tables.elements)
    read('POST /a')
    expect(entries.of(placeAlarm({ subject: seen.payment }))).toEqual(seen.strata)
    read('POST /b')
    read('POST /a')
    expect(entries.of(placeAlarm({ subject: seen.payment }))).toEqual(seen.strata.slice(0, 2))
    expect(entries.of(placeAlarm({ subject: 9999 }))).toEqual([])
    expect(entries.of(entryAlarm({ subject: 5 }))).toEqual([5])
    expect(entries.of(similarAlarm({ subject: 6 }))).toEqual([6])
  })
})

describe('the impact of a cluster', () => {
  it('counts a further entry operation from when the cluster began, and a known one on', () => {
    const recent = new RecentRequests()
    for (let i = 0; i < 10; i++) recent.add(4, 50_000 + i, i < 4 ? 'fine' : 'failed')
    const impact = withEntries([of(3, 7, 1)], [3, 4, 4], recent, 50_004)
    expect(impact).toEqual([of(4, 6, 6), of(3, 7, 1)])
    expect(withEntries(impact, [3, 4], recent, 0)).toBe(impact)
  })

  it('keeps those that suffer most, where there are many', () => {
    const recent = new RecentRequests()
    for (let stratum = 0; stratum < 40; stratum++) {
      for (let i = 0; i <= stratum; i++) recent.add(stratum, 50_000, 'failed')
    }
    const all = Array.from({ length: 40 }, (_, stratum) => stratum)
    const impact = withEntries([], all, recent, 50_000)
    expect(impact.map(({ stratum }) => stratum)).toEqual(all.slice(8).reverse())
  })

  it('of two clusters that are one counts no request twice', () => {
    const merged = mergedImpact([of(3, 10, 5), of(4, 2, 0)], [of(3, 8, 6, 1), of(5, 9, 9)])
    expect(merged).toEqual([of(5, 9, 9), of(3, 10, 6, 1), of(4, 2, 0)])
  })

  it('is ordered by who suffers, then by who is asked, then by id', () => {
    const sorted = [of(2, 5, 1), of(1, 5, 1), of(3, 9, 1), of(4, 4, 1, 1)].sort(byImpact)
    expect(sorted.map(({ stratum }) => stratum)).toEqual([4, 3, 1, 2])
  })
})
