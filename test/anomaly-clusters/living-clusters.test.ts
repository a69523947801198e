import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../src/anomaly-clusters/alarm.ts'
import { MOST_ALARMS } from '../../src/anomaly-clusters/cluster.ts'
import { NO_EXTENT } from '../../src/anomaly-clusters/episode.ts'
import { LivingClusters } from '../../src/anomaly-clusters/living-clusters.ts'
import { UNTOLD } from '../../src/anomaly-clusters/story.ts'
import type { Recalled } from '../../src/contract/signature.ts'
import { member, placeAlarm, similarAlarm } from './hand-alarms.ts'

const alarm = (subject: number) => placeAlarm({ subject, series: 10 * subject })

/** Clusters that were opened one by one, each by an alarm of its own: a by subject 1, b by 2, … */
function opened(...ids: readonly string[]): LivingClusters {
  const clusters = new LivingClusters()
  ids.forEach((id, i) => {
    clusters.apply({ decision: 'open', id, reason: 'nothing like it', alarm: alarm(i + 1) }, i + 1)
  })
  return clusters
}

function ids(of: LivingClusters['open']): string {
  return of.map(({ id }) => id).join(' ')
}

function of(clusters: LivingClusters, id: string) {
  return [...clusters.open, ...clusters.past].find((one) => one.id === id)!
}

function join(clusters: LivingClusters, id: string, joining: Alarm) {
  const reason = 'same suspect'
  return clusters.apply({ decision: 'join', cluster: of(clusters, id), reason, alarm: joining }, 9)
}

describe('applying a decision', () => {
  it('opens a cluster with the alarm', () => {
    const clusters = opened('a', 'b')
    expect(ids(clusters.open)).toBe('a b')
    expect(of(clusters, 'b')).toMatchObject({ openedMs: 2, state: 'open', alarms: [alarm(2)] })
    expect(clusters.at(20)).toBe(of(clusters, 'b'))
    expect(clusters.at(30)).toBeUndefined()
    expect(clusters.counts).toMatchObject({ opened: 2, reopened: 0, closed: 0 })
    expect(clusters.openAlarms()).toEqual([alarm(1), alarm(2)])
  })

  it('joins an alarm to a cluster', () => {
    const clusters = opened('a', 'b')
    expect(join(clusters, 'a', alarm(3))).toBe(of(clusters, 'a'))
    expect(of(clusters, 'a').alarms).toEqual([alarm(1), alarm(3)])
    expect(clusters.at(30)?.id).toBe('a')
    expect(clusters.counts.opened).toBe(2)
  })

  it('counts what is refused by what there was no room for', () => {
    const clusters = opened('a')
    const refuse = (reason: 'too many clusters' | 'too many alarms') =>
      clusters.apply({ decision: 'refuse', reason, alarm: alarm(5) }, 1)
    expect(refuse('too many clusters')).toBeNull()
    refuse('too many clusters')
    refuse('too many alarms')
    expect(clusters.counts).toMatchObject({ clustersDropped: 2, alarmsDropped: 1, opened: 1 })
    expect(clusters.at(50)).toBeUndefined()
  })

  it('ends an alarm, and its cluster with the last one', () => {
    const clusters = opened('a', 'b')
    join(clusters, 'a', alarm(3))
    expect(clusters.apply({ decision: 'end', alarm: { ...alarm(1), n: 7 } }, 50)).toBeNull()
    expect(of(clusters, 'a').alarms).toEqual([{ ...alarm(1), n: 7, closedMs: 50 }, alarm(3)])
    expect(clusters.at(10)).toBeUndefined()
    expect(clusters.apply({ decision: 'end', alarm: alarm(1) }, 55)).toBeNull()
    const ended = clusters.apply({ decision: 'end', alarm: alarm(3) }, 60)
    expect(ended).toMatchObject({ id: 'a', state: 'resolved', closedMs: 60 })
    expect([ids(clusters.open), ids(clusters.past)]).toEqual(['b', 'a'])
    expect(clusters.counts).toMatchObject({ closed: 1, accepted: 0 })
  })

  it('reopens a cluster among those of its age by their ids, whichever it is', () => {
    const clusters = new LivingClusters()
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      const own = alarm(i + 1)
      clusters.apply({ decision: 'open', id, reason: 'nothing like it', alarm: own }, 5)
    }
    for (const [subject, id] of [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [1, 'a'],
    ] as const) {
      clusters.apply({ decision: 'end', alarm: alarm(subject) }, 50)
      expect(ids(clusters.past)).toBe(id)
      const cluster = of(clusters, id)
      const reason = 'same again'
      clusters.apply({ decision: 'reopen', cluster, reason, alarm: alarm(subject) }, 70)
      expect([ids(clusters.open), ids(clusters.past)]).toEqual(['a b c', ''])
    }
  })

  it('reopens a cluster in the order of age, the same alarm in the place of the old one', () => {
    const clusters = opened('b', 'c')
    const c = of(clusters, 'c')
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 50)
    clusters.apply({ decision: 'end', alarm: alarm(2) }, 60)
    clusters.apply({ decision: 'open', id: 'a', reason: 'nothing like it', alarm: alarm(9) }, 2)
    const reopen = (id: string, subject: number) =>
      clusters.apply(
        {
          decision: 'reopen',
          cluster: of(clusters, id),
          reason: 'same again',
          alarm: alarm(subject),
        },
        70,
      )
    expect(reopen('c', 2)).toBe(c)
    expect(c).toMatchObject({ state: 'open', closedMs: null, openedMs: 2, alarms: [alarm(2)] })
    reopen('b', 1)
    // Of equal age by id.
    expect([ids(clusters.open), ids(clusters.past)]).toEqual(['b a c', ''])
    expect(clusters.counts).toMatchObject({ opened: 3, reopened: 2, closed: 2 })
    expect(clusters.at(20)).toBe(c)
  })

  it('accepts a cluster: ends all that is open in it for good', () => {
    const clusters = opened('a', 'b')
    join(clusters, 'a', alarm(3))
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 50)
    const accepted = clusters.apply({ decision: 'accept', cluster: of(clusters, 'a') }, 60)
    expect(accepted).toMatchObject({ state: 'accepted', closedMs: 60 })
    expect(accepted?.alarms.map(({ closedMs }) => closedMs)).toEqual([50, 60])
    expect(clusters.at(30)).toBeUndefined()
    expect([ids(clusters.open), ids(clusters.past)]).toEqual(['b', 'a'])
    expect(clusters.counts).toMatchObject({ accepted: 1, closed: 0 })
  })

  it('merges the younger into the older one: alarms, members, and what was merged before', () => {
    const clusters = opened('a', 'b', 'c')
    const merge = (older: string, younger: string) =>
      clusters.apply(
        {
          decision: 'merge',
          older: of(clusters, older),
          younger: of(clusters, younger),
          reason: 'same suspect',
        },
        40,
      )
    clusters.addMember(of(clusters, 'a'), member(5))
    clusters.addMember(of(clusters, 'c'), member(3))
    clusters.addMember(of(clusters, 'c'), member(5))
    join(clusters, 'c', alarm(4))
    clusters.apply({ decision: 'end', alarm: alarm(4) }, 30)
    const c = of(clusters, 'c')
    expect(merge('b', 'c')?.id).toBe('b')
    expect(c).toMatchObject({ state: 'resolved', closedMs: 40, id: 'c' })
    expect(merge('a', 'b')?.id).toBe('a')
    const a = of(clusters, 'a')
    expect(a.mergedFrom).toEqual(['b', 'c'])
    expect(a.members.map(({ hash }) => hash)).toEqual([3, 5])
    expect(a.alarms.map(({ subject, closedMs }) => [subject, closedMs])).toEqual([
      [1, null],
      [2, null],
      [3, null],
      [4, 30],
    ])
    expect([10, 20, 30].map((series) => clusters.at(series)?.id)).toEqual(['a', 'a', 'a'])
    expect([ids(clusters.open), ids(clusters.past)]).toEqual(['a', ''])
    expect(clusters.counts).toMatchObject({ merged: 2, closed: 0 })
  })

  it('takes along in a merge what is over, as far as there is room', () => {
    const clusters = opened('a', 'b')
    for (let i = 0; i < MOST_ALARMS - 2; i++) join(clusters, 'a', alarm(100 + i))
    for (const subject of [3, 4]) {
      join(clusters, 'b', alarm(subject))
      clusters.apply({ decision: 'end', alarm: alarm(subject) }, 30)
    }
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 30)
    const [older, younger] = [of(clusters, 'a'), of(clusters, 'b')]
    clusters.apply({ decision: 'merge', older, younger, reason: 'same caller' }, 40)
    const { alarms } = of(clusters, 'a')
    expect(alarms).toHaveLength(MOST_ALARMS)
    expect(alarms.filter(({ subject }) => subject < 100).map(({ subject }) => subject)).toEqual([
      1, 2,
    ])
  })

  it('splits off alarms and members under an id of their own', () => {
    const clusters = opened('a')
    join(clusters, 'a', alarm(3))
    const a = of(clusters, 'a')
    const part = clusters.apply(
      {
        decision: 'split',
        cluster: a,
        id: 'p',
        alarms: [a.alarms[1]!],
        leave: [member(1)],
        stay: [member(2)],
        reason: 'no tie, and examples that differ',
      },
      70,
    )
    expect(part).toMatchObject({
      id: 'p',
      openedMs: 70,
      state: 'open',
      alarms: [alarm(3)],
      shown: false,
    })
    expect(part?.members).toEqual([member(1)])
    expect(a).toMatchObject({ alarms: [alarm(1)], members: [member(2)] })
    expect([clusters.at(10)?.id, clusters.at(30)?.id]).toEqual(['a', 'p'])
    expect(ids(clusters.open)).toBe('a p')
    expect(clusters.counts).toMatchObject({ split: 1, opened: 1 })
  })

  it('remembers the latest 256 that are over', () => {
    const clusters = opened('a')
    for (let i = 2; i < 260; i++) {
      clusters.apply(
        { decision: 'open', id: `c${i}`, reason: 'nothing like it', alarm: alarm(i) },
        i,
      )
    }
    for (let i = 1; i < 257; i++) clusters.apply({ decision: 'end', alarm: alarm(i) }, i)
    expect(clusters.past).toHaveLength(256)
    expect(clusters.past[0]?.id).toBe('a')
    clusters.apply({ decision: 'end', alarm: alarm(257) }, 300)
    expect(clusters.past).toHaveLength(256)
    expect(clusters.past[0]?.id).toBe('c2')
    expect(clusters.past.at(-1)?.id).toBe('c257')
  })
})

describe('what people are told of a cluster', () => {
  const recalled = { id: 's', times: 3, known: true, excess: null } as Recalled
  const extent = { ...NO_EXTENT, toMs: 44 }
  const ofEntry = (stratum: number, requests: number, failed: number) => ({
    ...{ stratum, requests, failed },
    ...{ slow: 0, plainlySlow: 0, fineAfter: 0 },
  })
  const known = (clusters: LivingClusters, id: string, subject: number, back = false) =>
    clusters.apply(
      {
        decision: 'known',
        cluster: back ? of(clusters, id) : null,
        reason: 'no more than what comes back',
        ...{ id, recalled, alarm: alarm(subject) },
      },
      80,
    )

  it('is nothing where it is known to come back, whether it opens or reopens', () => {
    const clusters = opened('a')
    expect(known(clusters, 'b', 2)).toMatchObject({ id: 'b', told: false, recalled, openedMs: 80 })
    expect(clusters.at(20)?.id).toBe('b')
    expect(clusters.counts).toMatchObject({ opened: 2, reopened: 0, known: 1 })
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 50)
    expect(known(clusters, 'a', 1, true)).toMatchObject({
      ...{ id: 'a', told: false, recalled },
      ...{ state: 'open', openedMs: 1 },
    })
    expect([ids(clusters.open), ids(clusters.past)]).toEqual(['a b', ''])
    expect(clusters.counts).toMatchObject({ opened: 2, reopened: 1, known: 2 })
  })

  it('begins anew where it reopens', () => {
    const clusters = opened('a')
    clusters.note(of(clusters, 'a'), { extent, recalled, told: false })
    expect(of(clusters, 'a')).toMatchObject({ extent, recalled, told: false, sinceMs: 1 })
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 50)
    const cluster = of(clusters, 'a')
    clusters.apply({ decision: 'reopen', cluster, reason: 'same again', alarm: alarm(1) }, 70)
    const anew = { extent: NO_EXTENT, recalled: null, told: true, sinceMs: 70, openedMs: 1 }
    expect(of(clusters, 'a')).toMatchObject(anew)
  })

  it('is of a merged one what was told of either, and who suffers from both', () => {
    const clusters = opened('a', 'b')
    const [a, b] = [of(clusters, 'a'), of(clusters, 'b')]
    clusters.note(a, { extent, recalled, told: false })
    const older = { ...UNTOLD, suspect: 'cart', sinceMs: 5, lead: 6, impact: [ofEntry(7, 9, 4)] }
    clusters.tell(a, older)
    const impact = [ofEntry(8, 5, 5)]
    clusters.tell(b, { ...UNTOLD, suspect: 'ads', sinceMs: 2, severity: 'critical', impact })
    clusters.apply({ decision: 'merge', older: a, younger: b, reason: 'same suspect' }, 40)
    expect(a).toMatchObject({ told: true, sinceMs: 1, extent })
    const both = [ofEntry(8, 5, 5), ofEntry(7, 9, 4)]
    expect(a.story).toEqual({ ...older, severity: 'critical', impact: both })
    expect(b.story).toMatchObject({ suspect: 'ads', mergedInto: 'a' })
  })

  it('is since the earlier of two that are merged, though that one is told under the other id', () => {
    const clusters = opened('a', 'b')
    const a = of(clusters, 'a')
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 5)
    clusters.apply({ decision: 'reopen', cluster: a, reason: 'same again', alarm: alarm(1) }, 70)
    expect(a.sinceMs).toBe(70)
    const younger = of(clusters, 'b')
    clusters.apply({ decision: 'merge', older: a, younger, reason: 'same suspect' }, 90)
    expect(a).toMatchObject({ sinceMs: 2, told: true })
  })

  it('is of a part that is split off who suffers, and no suspect yet', () => {
    const clusters = opened('a')
    join(clusters, 'a', { ...alarm(3), openedMs: 33 })
    join(clusters, 'a', { ...alarm(4), openedMs: 22 })
    const a = of(clusters, 'a')
    clusters.note(a, { extent, recalled, told: false })
    const impact = [ofEntry(7, 9, 4)]
    clusters.tell(a, { ...UNTOLD, suspect: 'cart', sinceMs: 5, lead: 6, impact })
    const reason = 'no tie, and examples that differ' as const
    const sides = { alarms: a.alarms.slice(1), leave: [], stay: [] }
    const split = { decision: 'split', cluster: a, id: 'p', ...sides, reason } as const
    expect(clusters.apply(split, 70)).toMatchObject({
      ...{ told: false, sinceMs: 22, openedMs: 70 },
      story: { ...UNTOLD, impact },
    })
    expect(a.story).toMatchObject({ suspect: 'cart', lead: 6 })
  })

  it('counts the requests of its entry operations', () => {
    const clusters = opened('a')
    const a = of(clusters, 'a')
    clusters.tell(a, { ...UNTOLD, impact: [ofEntry(7, 9, 4), ofEntry(8, 5, 5)] })
    clusters.count(a, 8, 'failed')
    clusters.count(a, 9, 'failed')
    expect(a.story.impact).toEqual([ofEntry(7, 9, 4), ofEntry(8, 6, 6)])
  })

  it('is that it was accepted, also when it is over', () => {
    const clusters = opened('a')
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 50)
    clusters.acceptPast(of(clusters, 'a'))
    expect(of(clusters, 'a')).toMatchObject({ state: 'accepted', closedMs: 50 })
    expect(clusters.counts).toMatchObject({ accepted: 1, closed: 1 })
  })
})

describe('living clusters', () => {
  it('take new numbers of open alarms, and of no others', () => {
    const clusters = opened('a', 'b')
    clusters.update({ ...alarm(2), n: 5 })
    expect(of(clusters, 'b').alarms).toEqual([{ ...alarm(2), n: 5 }])
    expect(of(clusters, 'a').alarms).toEqual([alarm(1)])
    join(clusters, 'b', alarm(3))
    clusters.apply({ decision: 'end', alarm: alarm(2) }, 7)
    clusters.update({ ...alarm(2), n: 9 })
    expect(of(clusters, 'b').alarms.map(({ n }) => n)).toEqual([0, 0])
  })

  it('give open alarms other numbers', () => {
    const clusters = opened('a', 'b')
    join(clusters, 'a', alarm(3))
    clusters.apply({ decision: 'end', alarm: alarm(1) }, 7)
    clusters.renumber(({ subject }) => 100 + subject)
    expect(clusters.openAlarms().map(({ series }) => series)).toEqual([103, 102])
    expect(of(clusters, 'a').alarms[0]?.series).toBe(10)
    expect([103, 102, 101, 10, 20, 30].map((series) => clusters.at(series)?.id)).toEqual([
      'a',
      'b',
      ...Array.from({ length: 4 }, () => undefined),
    ])
  })

  it('take members that they want', () => {
    const clusters = opened('a')
    const a = of(clusters, 'a')
    for (const hash of [4, 2, 4]) clusters.addMember(a, member(hash))
    expect(a.members.map(({ hash }) => hash)).toEqual([2, 4])
    clusters.markShown(a, true)
    expect(a.shown).toBe(true)
  })

  it('are the same from a copy of their state, and share nothing with it', () => {
    const clusters = opened('a', 'b')
    join(clusters, 'a', similarAlarm({ subject: 4 }))
    clusters.apply({ decision: 'end', alarm: alarm(2) }, 7)
    const state = clusters.state()
    const copy = new LivingClusters()
    copy.restore(structuredClone(state))
    const shared = new LivingClusters()
    shared.restore(state)
    expect(copy.state()).toEqual(state)
    expect(copy.at(-1)?.id).toBe('a')
    expect(copy.at(20)).toBeUndefined()
    for (const one of [clusters, shared]) {
      one.apply({ decision: 'end', alarm: alarm(1) }, 8)
      one.addMember(of(one, 'a'), member(1))
    }
    expect(copy.state()).toEqual(state)
    expect(state.counts.closed).toBe(1)
  })
})
