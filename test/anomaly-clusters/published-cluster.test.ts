import { describe, expect, it } from 'vitest'
import { type Alarm, keyOf } from '../../src/anomaly-clusters/alarm.ts'
import type { Cluster } from '../../src/anomaly-clusters/cluster.ts'
import {
  type DescribeContext,
  describeCluster,
  rankCluster,
  storyOf,
} from '../../src/anomaly-clusters/published-cluster.ts'
import { NO_REQUESTS } from '../../src/anomaly-clusters/recent-requests.ts'
import { UNTOLD } from '../../src/anomaly-clusters/story.ts'
import type { Suspects } from '../../src/anomaly-clusters/suspects.ts'
import type { Recalled } from '../../src/contract/signature.ts'
import type { KeptTrace } from '../../src/profile/kept-trace.ts'
import { detectorSettings } from '../detector-settings.ts'
import { HandTraces } from '../profile/traces.ts'
import {
  DISTANCES,
  entryAlarm,
  handCluster,
  member,
  placeAlarm,
  similarAlarm,
} from './hand-alarms.ts'

const SERVICES = ['', '', 'cart', 'ads', 'mail']
/** An alarm blames the service of its subject's number. */
const suspects = {
  of: ({ subject }: Alarm) => ({ service: SERVICES[subject]!, caller: '', callee: '' }),
} as unknown as Suspects

function ranked(...alarms: readonly Alarm[]) {
  const { services, lead } = rankCluster(handCluster({ alarms }), suspects)
  return { services, lead: alarms.indexOf(lead) }
}

describe('the services of a cluster', () => {
  it('come by how much is said against them; the strongest alarm of the first leads', () => {
    const weak = placeAlarm({ subject: 2, score: 1 })
    const strong = placeAlarm({ subject: 2, signal: 'count', score: 4 })
    const other = placeAlarm({ subject: 3, score: 4.5 })
    expect(ranked(weak, other, strong)).toEqual({ services: ['cart', 'ads'], lead: 2 })
  })

  it('count what deviates twice in one direction once, by the stronger alarm', () => {
    const slow = placeAlarm({ subject: 2, signal: 'selfTimeP90', score: 3 })
    const slower = placeAlarm({ subject: 2, signal: 'selfTimeP99', score: 2 })
    const fast = placeAlarm({ subject: 2, signal: 'selfTimeP10', score: 2 })
    const other = placeAlarm({ subject: 3, signal: 'selfTimeP90', score: 4 })
    expect(ranked(slow, slower, other)).toEqual({ services: ['ads', 'cart'], lead: 2 })
    expect(ranked(slower, slow, fast, other)).toEqual({ services: ['cart', 'ads'], lead: 1 })
  })

  it('are led by the alarm that was first, of equal ones', () => {
    const late = placeAlarm({ subject: 2, signal: 'unseen', score: 1, openedMs: 9 })
    const early = placeAlarm({ subject: 2, signal: 'count', score: 1, openedMs: 5 })
    expect(ranked(late, early).lead).toBe(1)
  })

  it('leave out what an entry answers where something else deviates', () => {
    const answers = entryAlarm({ signal: 'category', subject: 3, score: 9 })
    const within = placeAlarm({ subject: 2, score: 1 })
    expect(ranked(answers, within)).toEqual({ services: ['cart'], lead: 1 })
    expect(ranked(answers)).toEqual({ services: ['ads'], lead: 0 })
  })

  it('leave out who takes messages later where something is slower or fails', () => {
    const waits = placeAlarm({ signal: 'wait', subject: 2, score: 9 })
    const slow = placeAlarm({ signal: 'selfTimeP90', subject: 3, score: 1 })
    expect(ranked(waits, slow)).toEqual({ services: ['ads'], lead: 1 })
    expect(ranked(waits, { ...slow, signal: 'errors' })).toEqual({ services: ['ads'], lead: 1 })
    expect(ranked(waits, { ...slow, signal: 'noAnswer' })).toEqual({ services: ['ads'], lead: 1 })
    for (const signal of ['selfTimeP10', 'count', 'appearance', 'unseen'] as const) {
      expect(ranked(waits, { ...slow, signal })).toEqual({ services: ['cart', 'ads'], lead: 0 })
    }
    expect(ranked(waits)).toEqual({ services: ['cart'], lead: 0 })
  })

  it('leave out who only misses calls where others fail', () => {
    const fails = placeAlarm({ subject: 2, score: 1 })
    const missing = placeAlarm({ signal: 'presence', subject: 3, score: 9 })
    const without = entryAlarm({ subject: 4, vote: -5, score: 9 })
    expect(ranked(fails, missing, without).services).toEqual(['cart'])
    expect(ranked(missing, without).services).toEqual(['ads', 'mail'])
    // New calls follow from it as well, but for those that were there before.
    const since = { ...fails, firstMs: 50 }
    const news = { ...without, vote: 5 }
    expect(ranked(since, { ...news, firstMs: 50 }).services).toEqual(['cart'])
    expect(ranked(since, { ...news, firstMs: 49 }).services).toEqual(['mail', 'cart'])
    const other = placeAlarm({ signal: 'unseen', subject: 3, score: 9, firstMs: 60 })
    expect(ranked(since, other).services).toEqual(['cart'])
    // It fails as well.
    const both = placeAlarm({ signal: 'presence', subject: 2, score: 4 })
    expect(ranked(fails, both)).toEqual({ services: ['cart'], lead: 1 })
  })
})

describe('the services of a cluster with a failure', () => {
  /** Calls that are made too often blame who makes them. */
  const callers = {
    of: (alarm: Alarm) =>
      alarm.signal === 'count' ? { ...suspects.of(alarm), service: 'shop' } : suspects.of(alarm),
  } as unknown as Suspects

  it('leave out who calls again what fails, not who calls something else too often', () => {
    const fails = placeAlarm({ subject: 2, score: 1 })
    const services = (subject: number): string[] => {
      const again = placeAlarm({ signal: 'count', subject, score: 9 })
      return rankCluster(handCluster({ alarms: [fails, again] }), callers).services
    }
    expect(services(2)).toEqual(['cart'])
    expect(services(3)).toEqual(['shop', 'cart'])
    const entry = entryAlarm({ signal: 'failures', subject: 2, score: 1 })
    const again = placeAlarm({ signal: 'count', subject: 2, score: 9 })
    expect(rankCluster(handCluster({ alarms: [entry, again] }), callers).services[0]).toBe('shop')
  })

  it('are led by it, unless something else says several times as much', () => {
    const fails = placeAlarm({ subject: 2, score: 3 })
    const slow = (score: number) => placeAlarm({ subject: 2, signal: 'selfTimeP90', score })
    expect(ranked(slow(8.9), fails).lead).toBe(1)
    expect(ranked(slow(9.1), fails).lead).toBe(0)
    expect(ranked(slow(8.9), { ...fails, signal: 'noAnswer' }).lead).toBe(1)
  })
})

describe('what was told of a cluster', () => {
  const told = placeAlarm({ subject: 2, signal: 'count', score: 4 })
  const story = { ...UNTOLD, lead: keyOf('count', 2) }
  const leads = (other: Alarm, state: Cluster['state'] = 'open'): string =>
    rankCluster(handCluster({ alarms: [told, other], story, state }), suspects).lead.signal

  it('leads on until something else says half as much again', () => {
    const slow = (score: number) => placeAlarm({ subject: 2, signal: 'selfTimeP90', score })
    expect([leads(slow(5.9)), leads(slow(6))]).toEqual(['count', 'selfTimeP90'])
  })

  it('leads no longer where another service is more suspect', () => {
    expect(leads(placeAlarm({ subject: 3, signal: 'selfTimeP90', score: 4.1 }))).toBe('selfTimeP90')
  })

  it('leads to the end once it is over', () => {
    const stronger = placeAlarm({ subject: 3, signal: 'selfTimeP90', score: 99 })
    expect([leads(stronger, 'resolved'), leads(stronger, 'accepted')]).toEqual(['count', 'count'])
  })
})

describe('a cluster as it is published', () => {
  const traces = new HandTraces()
  const context: DescribeContext = {
    table: traces.tables.elements,
    suspects,
    reader: { read: (trace: KeptTrace) => trace, categoryText: () => '' } as never,
    distances: DISTANCES,
    categoryText: () => '',
    isNew: () => false,
    model: 'model-7',
    askAfterMs: 100,
    severity: detectorSettings().accumulate.severity,
  }
  const slow = placeAlarm({
    signal: 'selfTimeP90',
    n: 40,
    c: 10,
    score: 5,
    baseRate: 0.1,
    peak: 1,
    firstMs: 30,
    lastMs: 50,
    typical: 7e6,
    normal: 2e6,
  })
  const more = placeAlarm({ subject: 3, firstMs: 20, lastMs: 40, peak: 3 })
  const members = [member(1, [2, 3]), member(2, [2, 3]), member(3, [2, 9])]
  const whole = handCluster({ openedMs: 25, alarms: [slow, more], members, mergedFrom: ['x'] })

  it('says what its leading alarm says, and since when any of its alarms', () => {
    expect(describeCluster(whole, context, 60)).toMatchObject({
      id: 'c',
      state: 'open',
      openedMs: 25,
      closedMs: null,
      firstMs: 20,
      lastMs: 50,
      term: 'self_time',
      direction: 'high',
      services: ['cart', 'ads'],
      observations: 10,
      occurrences: 40,
      rate: 0.25,
      normalRate: 0.1,
      eValue: Math.exp(3),
      typical: 7,
      normal: 2,
      representative: members[0]!.example.trace,
      nearestNormal: null,
      mergedFrom: ['x'],
      model: 'model-7',
    })
  })

  it('has values only where they have a unit', () => {
    const values = (alarm: Alarm) => {
      const { typical, normal } = describeCluster({ ...whole, alarms: [alarm] }, context, 60)
      return [typical, normal]
    }
    expect(values({ ...slow, signal: 'count', typical: 4, normal: 1 })).toEqual([4, 1])
    expect(values({ ...slow, signal: 'errors' })).toEqual([null, null])
    expect(values({ ...slow, typical: Number.NaN })).toEqual([null, 2])
    expect(values(entryAlarm())).toEqual([null, null])
    expect(values(similarAlarm())).toEqual([null, null])
  })

  it('asks to be accepted when it has been open for long', () => {
    const asks = (timeMs: number, state: 'open' | 'resolved' = 'open') =>
      describeCluster({ ...whole, state }, context, timeMs).asksAcceptance
    expect([asks(124), asks(125), asks(125, 'resolved')]).toEqual([false, true, false])
  })

  it('shows diverse examples, the same ones until members or model change', () => {
    const shown = (of = whole, by: DescribeContext = context) => describeCluster(of, by, 60)
    expect(shown().members).toHaveLength(2)
    expect(shown({ ...whole, members: [] })).toMatchObject({ members: [], representative: null })
    expect(shown({ ...whole, members: members.slice(2) }).members).toHaveLength(1)
    // Chosen before there is a model: none.
    const fresh = { ...whole, members: [...members] }
    expect(shown(fresh, { ...context, distances: null }).members).toEqual([])
    expect(shown(fresh).members).toHaveLength(2)
    const normal = {
      ...members[0]!,
      example: { ...members[0]!.example, nearestNormal: members[2]!.example.trace },
    }
    expect(shown({ ...whole, members: [normal] }).nearestNormal).toBe(members[2]!.example.trace)
  })

  const suffered = { ...NO_REQUESTS, stratum: 5, requests: 50, failed: 20, slow: 5 }

  it('is told by a story that goes on: its suspect and its beginning stay, its severity only rises', () => {
    const first = storyOf({ ...whole, story: UNTOLD }, context, [])
    expect(first).toEqual({
      ...{ suspect: 'cart', sinceMs: 30, lead: keyOf('selfTimeP90', 2) },
      ...{ severity: 'warning', impact: [], mergedInto: null },
    })
    const more2 = { ...more, score: 99, signal: 'selfTimeP10' } as const
    const later = { ...whole, alarms: [more2], story: { ...first, severity: 'critical' } } as const
    expect(storyOf(later, context, [])).toEqual({
      ...{ suspect: 'cart', sinceMs: 30, lead: keyOf('selfTimeP10', 3) },
      ...{ severity: 'critical', impact: [], mergedInto: null },
    })
    const merged = { ...whole, story: { ...UNTOLD, mergedInto: 'm' } }
    expect(storyOf(merged, context, [suffered])).toMatchObject({
      ...{ severity: 'critical', impact: [suffered], mergedInto: 'm' },
    })
  })

  it('alerts where people are told of it, and it is more than information', () => {
    const alerts = (severity: 'information' | 'warning', told = true) =>
      describeCluster({ ...whole, told, story: { ...UNTOLD, severity } }, context, 900)
    expect(alerts('warning')).toMatchObject({ alerts: true, asksAcceptance: true })
    expect(alerts('information')).toMatchObject({ alerts: false, asksAcceptance: true })
    expect(alerts('warning', false)).toMatchObject({ alerts: false, asksAcceptance: false })
  })

  it('names the suspect that was told first, though another one has passed it', () => {
    const of = (suspect: string) =>
      describeCluster({ ...whole, story: { ...UNTOLD, suspect } }, context, 60).suspect
    expect([of('ads'), of('')]).toEqual(['ads', 'cart'])
  })

  it('tells of the eight entry operations that suffer most, and of none that does not', () => {
    const entries = Array.from({ length: 10 }, (_, i) => ({ ...suffered, failed: i, slow: 0 }))
    const story = { ...UNTOLD, impact: entries }
    const { impact } = describeCluster({ ...whole, story }, context, 60)
    expect(impact.map(({ failed }) => failed)).toEqual([9, 8, 7, 6, 5, 4, 3, 2])
    const one = { ...UNTOLD, impact: [suffered, { ...suffered, requests: 0 }] }
    const { impact: shares } = describeCluster({ ...whole, story: one }, context, 60)
    expect(shares.map(({ share }) => share)).toEqual([0.5, 0])
  })

  it('says which time it is, and what it was merged into', () => {
    const recalled = { name: '', times: 2, known: false, excess: null } as unknown as Recalled
    const { sentence } = describeCluster({ ...whole, recalled }, context, 60)
    expect(sentence).toMatch(/; 2nd time\.$/)
    const story = { ...UNTOLD, mergedInto: 'm' }
    const merged = describeCluster({ ...whole, recalled, story }, context, 60)
    expect(merged).toMatchObject({ sentence: `Merged into m: ${sentence}`, mergedInto: 'm' })
  })

  it('has a rate even where nothing was counted', () => {
    expect(describeCluster({ ...whole, alarms: [{ ...slow, n: 0, c: 0 }] }, context, 60).rate).toBe(
      0,
    )
  })
})
