import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../src/anomaly-clusters/alarm.ts'
import {
  type DescribeContext,
  describeCluster,
  rankCluster,
} from '../../src/anomaly-clusters/published-cluster.ts'
import type { Suspects } from '../../src/anomaly-clusters/suspects.ts'
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
  const { services, lead } = rankCluster(handCluster({ alarms }), suspects, 3)
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

  it('leave out who only misses calls where others fail', () => {
    const fails = placeAlarm({ subject: 2, score: 1 })
    const missing = placeAlarm({ signal: 'presence', subject: 3, score: 9 })
    const without = entryAlarm({ subject: 4, vote: -5, score: 9 })
    expect(ranked(fails, missing, without).services).toEqual(['cart'])
    expect(ranked(missing, without).services).toEqual(['ads', 'mail'])
    expect(ranked(fails, { ...without, vote: 5 }).services).toEqual(['mail', 'cart'])
    // It fails as well.
    const both = placeAlarm({ signal: 'presence', subject: 2, score: 3 })
    expect(ranked(fails, both)).toEqual({ services: ['cart'], lead: 1 })
  })
})

describe('a cluster as it is published', () => {
  const traces = new HandTraces()
  const context: DescribeContext = {
    table: traces.tables.elements,
    suspects,
    reader: { read: (trace: KeptTrace) => trace, categoryText: () => '' } as never,
    distances: DISTANCES,
    callerOf: 3,
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

  it('has a rate even where nothing was counted', () => {
    expect(describeCluster({ ...whole, alarms: [{ ...slow, n: 0, c: 0 }] }, context, 60).rate).toBe(
      0,
    )
  })
})
