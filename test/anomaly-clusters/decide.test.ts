import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../src/anomaly-clusters/alarm.ts'
import { keyOf } from '../../src/anomaly-clusters/alarm.ts'
import { MOST_ALARMS } from '../../src/anomaly-clusters/cluster.ts'
import {
  clusterId,
  decide,
  decideMerge,
  decideSplit,
  type Grounds,
  isActive,
  tieOf,
} from '../../src/anomaly-clusters/decide.ts'
import {
  DISTANCES,
  entryAlarm,
  handCluster,
  member,
  placeAlarm,
  similarAlarm,
} from './hand-alarms.ts'

const NOW = 1_000_000
const BUCKET = 30_000
const limits = { bucketMs: BUCKET, reopenMs: 120_000, maxOpenClusters: 3, mergeOverlap: 0.5 }

/** By subject: whom alarms blame, as `service`, or `caller>callee` for a call to a traced callee. */
const BLAMED: Readonly<Record<number, string>> = {
  2: 'cart',
  3: 'cart',
  4: 'ads',
  5: 'shop>mail',
  6: 'shop>news',
  7: 'orders',
  8: 'payment',
  11: 'news>mail',
}
/** Shares of common observations by the series of two alarms. */
const OVERLAPS: Readonly<Record<string, number>> = { '20 40': 0.5, '20 41': 0.49 }

const grounds: Grounds = {
  timeMs: NOW,
  limits,
  suspectOf: (alarm) => {
    const [caller = '', callee = ''] = (BLAMED[alarm.subject] ?? '').split('>')
    if (alarm.on === 'similar anomalies') return { service: alarm.service, caller: '', callee: '' }
    return callee === ''
      ? { service: caller, caller: '', callee: '' }
      : { service: callee, caller, callee }
  },
  knownAs: () => null,
  isCall: (a, b) => a.subject + b.subject === 15,
  // Places 2 and 14 are two callers' of one operation.
  isSameOperation: (a, b) =>
    a.on === 'place' && b.on === 'place' && a.subject % 12 === b.subject % 12,
  overlap: (a, b, least) => {
    expect(least).toBe(3)
    return OVERLAPS[`${Math.min(a, b)} ${Math.max(a, b)}`] ?? 0
  },
}
const now = { lastMs: NOW }
const cart = placeAlarm({ ...now, subject: 2, series: 20 })
const cartToo = placeAlarm({ ...now, subject: 3, series: 21 })
const ads = placeAlarm({ ...now, subject: 4, series: 40 })
const mail = placeAlarm({ ...now, subject: 5, series: 50 })
const news = placeAlarm({ ...now, subject: 6, series: 60 })

function inCluster(id: string, ...alarms: readonly Alarm[]) {
  return handCluster({ id, alarms })
}

describe('two alarms are tied', () => {
  it('by their suspect, by their caller, or by their observations', () => {
    expect(tieOf(cart, cartToo, grounds)).toBe('same suspect')
    expect(tieOf(mail, news, grounds)).toBe('same caller')
    const mailToo = placeAlarm({ ...now, subject: 11, series: 110 })
    const untraced: Grounds = {
      ...grounds,
      suspectOf: (alarm) => {
        const suspect = grounds.suspectOf(alarm)
        return { ...suspect, service: suspect.caller }
      },
    }
    expect(tieOf(mail, mailToo, untraced)).toBe('same callee')
    expect(tieOf(news, mailToo, untraced)).toBeNull()
    expect(tieOf(cart, ads, grounds)).toBe('same observations')
    expect(tieOf(ads, cart, grounds)).toBe('same observations')
  })

  it('as caller and callee, where both began within two minutes', () => {
    const orders = placeAlarm({ ...now, subject: 7, series: 70, firstMs: 50_000 })
    const payment = placeAlarm({ ...now, subject: 8, series: 80, firstMs: 170_000 })
    expect(tieOf(orders, payment, grounds)).toBe('caller and callee')
    expect(tieOf(payment, orders, grounds)).toBe('caller and callee')
    expect(tieOf({ ...orders, firstMs: 49_999 }, payment, grounds)).toBeNull()
    expect(tieOf(cartToo, payment, grounds)).toBeNull()
  })

  it('by none of these else', () => {
    expect(tieOf(cart, { ...ads, series: 41 }, grounds)).toBeNull()
    expect(tieOf(cartToo, ads, grounds)).toBeNull()
    expect(tieOf(mail, ads, grounds)).toBeNull()
  })

  it('only by their suspect where they are similar anomalies', () => {
    expect(tieOf(similarAlarm({ service: 'cart' }), cart, grounds)).toBe('same suspect')
    const similar = similarAlarm({ service: 'mailer', series: 20 })
    expect(tieOf(similar, ads, grounds)).toBeNull()
    expect(tieOf(ads, similar, grounds)).toBeNull()
  })
})

describe('an alarm is active', () => {
  it('while it is open and deviated within two buckets', () => {
    expect(isActive(cart, grounds)).toBe(true)
    expect(isActive({ ...cart, lastMs: NOW - 2 * BUCKET }, grounds)).toBe(true)
    expect(isActive({ ...cart, lastMs: NOW - 2 * BUCKET - 1 }, grounds)).toBe(false)
    expect(isActive({ ...cart, closedMs: NOW }, grounds)).toBe(false)
    expect(isActive(similarAlarm(now), grounds)).toBe(true)
    expect(isActive(similarAlarm({ lastMs: 0 }), grounds)).toBe(false)
  })

  it('while hardly anything speaks for its end', () => {
    expect(isActive({ ...cart, closing: 0.99 }, grounds)).toBe(true)
    expect(isActive({ ...cart, closing: 1 }, grounds)).toBe(false)
    expect(isActive(entryAlarm({ ...now, closing: 1 }), grounds)).toBe(false)
  })
})

describe('decide', () => {
  it('opens a cluster where nothing is like it', () => {
    expect(decide(cart, { open: [], past: [] }, grounds)).toEqual({
      decision: 'open',
      id: clusterId(cart, NOW),
      reason: 'nothing like it',
    })
    const open = [inCluster('a', { ...ads, series: 41 })]
    expect(decide(cart, { open, past: [] }, grounds).decision).toBe('open')
  })

  it('joins the first cluster with a tie, and says which tie', () => {
    const open = [inCluster('a', mail), inCluster('b', news, ads), inCluster('c', cartToo)]
    expect(decide(cart, { open, past: [] }, grounds)).toEqual({
      decision: 'join',
      cluster: open[1],
      reason: 'same observations',
    })
    const [, , c] = open
    expect(decide(cart, { open: [c!], past: [] }, grounds)).toMatchObject({
      decision: 'join',
      reason: 'same suspect',
    })
  })

  it('joins no cluster whose tied alarm has stopped', () => {
    const open = [inCluster('a', { ...cartToo, closing: 1 }, { ...ads, closedMs: NOW })]
    expect(decide(cart, { open, past: [] }, grounds).decision).toBe('open')
  })

  it('joins the open cluster of its operation, whoever calls that, however long that seems to pause', () => {
    const paused = { ...cart, lastMs: 0, closing: 2 }
    const far = placeAlarm({ ...now, subject: cart.subject, signal: 'selfTimeP99', series: 22 })
    expect(decide(far, { open: [inCluster('a', paused)], past: [] }, grounds)).toMatchObject({
      decision: 'join',
      reason: 'same operation',
    })
    const elsewhere = placeAlarm({ ...now, subject: cart.subject + 12, series: 23 })
    expect(decide(elsewhere, { open: [inCluster('a', paused)], past: [] }, grounds)).toMatchObject({
      decision: 'join',
    })
    const over = inCluster('a', { ...paused, closedMs: 1 })
    expect(decide(far, { open: [over], past: [] }, grounds).decision).toBe('open')
    const entry = entryAlarm({ ...now, subject: cart.subject, series: 22 })
    expect(decide(entry, { open: [inCluster('a', paused)], past: [] }, grounds).decision).toBe(
      'open',
    )
  })

  it('knows what stays within a known signature, and brings it back or opens it untold', () => {
    const recalled = {
      ...{ id: 's', name: '', note: '', runbook: '', times: 4, lastMs: 0 },
      ...{ known: true, excess: null },
    }
    const knowing = { ...grounds, knownAs: (alarm: Alarm) => (alarm === cart ? recalled : null) }
    const reason = 'no more than what comes back'
    expect(decide(cart, { open: [], past: [] }, knowing)).toEqual({
      ...{ decision: 'known', cluster: null, id: clusterId(cart, NOW), recalled, reason },
    })
    const past = [inCluster('a', cart)]
    expect(decide(cart, { open: [], past }, knowing)).toEqual({
      ...{ decision: 'known', cluster: past[0], id: 'a', recalled, reason },
    })
    // It belongs to the story that is told anyway.
    const open = [inCluster('b', cartToo)]
    expect(decide(cart, { open, past: [] }, knowing).decision).toBe('join')
    const full = [inCluster('a'), inCluster('b'), inCluster('c')]
    expect(decide(cart, { open: full, past: [] }, knowing).decision).toBe('refuse')
  })

  it('rather joins than reopens, and rather reopens than opens, though there is no room', () => {
    const past = [inCluster('old', cart)]
    const open = [inCluster('a', cartToo), inCluster('b'), inCluster('c')]
    expect(decide(cart, { open, past }, grounds).decision).toBe('join')
    const others = [inCluster('a'), inCluster('b'), inCluster('c')]
    expect(decide(cart, { open: others, past }, grounds)).toEqual({
      decision: 'reopen',
      cluster: past[0],
      reason: 'same again',
    })
  })

  it('reopens the latest cluster with the very same alarm', () => {
    const ended = { ...cart, closedMs: NOW - 1 }
    const past = [
      inCluster('first', ended),
      inCluster('latest', mail, ended),
      inCluster('other', cartToo),
    ]
    expect(decide(cart, { open: [], past }, grounds)).toMatchObject({ cluster: { id: 'latest' } })
    const other = placeAlarm({ ...cart, signal: 'count' })
    expect(decide(other, { open: [], past }, grounds).decision).toBe('open')
  })

  it('reopens within its time since the last deviation of any of its alarms', () => {
    const at = (lastMs: number) => [inCluster('a', { ...cart, lastMs: 0 }, { ...mail, lastMs })]
    const decided = (lastMs: number) =>
      decide({ ...cart, firstMs: NOW }, { open: [], past: at(lastMs) }, grounds).decision
    expect(decided(NOW - 120_000)).toBe('reopen')
    expect(decided(NOW - 120_001)).toBe('open')
  })

  it('reopens what began before it was over, however late that is told', () => {
    const past = [inCluster('a', { ...cart, lastMs: NOW - 600_000 })]
    const told = (firstMs: number) =>
      decide({ ...cart, firstMs }, { open: [], past }, grounds).decision
    expect([told(NOW - 600_000), told(NOW - 599_999)]).toEqual(['reopen', 'open'])
  })

  it('reopens no accepted cluster, and none for an unusual set of calls', () => {
    const accepted = { ...inCluster('a', cart), state: 'accepted' as const }
    expect(decide(cart, { open: [], past: [accepted] }, grounds).decision).toBe('open')
    const structure = entryAlarm({ ...now, subject: 9 })
    expect(
      decide(structure, { open: [], past: [inCluster('a', structure)] }, grounds).decision,
    ).toBe('open')
    const category = entryAlarm({ ...now, subject: 9, signal: 'category' })
    expect(decide(category, { open: [], past: [inCluster('a', category)] }, grounds).decision).toBe(
      'reopen',
    )
  })

  it('refuses an alarm that there is no room for, and says where', () => {
    const apart = [inCluster('a'), inCluster('b'), inCluster('c')]
    expect(decide(cart, { open: apart, past: [] }, grounds)).toEqual({
      decision: 'refuse',
      reason: 'too many clusters',
    })
    expect(decide(cart, { open: apart.slice(1), past: [] }, grounds).decision).toBe('open')
    const many = Array.from({ length: MOST_ALARMS }, (_, i) => ({
      ...cartToo,
      subject: 3,
      series: i,
      signal: 'errors' as const,
    }))
    const distinct = many.map((alarm, i) => (i === 0 ? alarm : { ...alarm, subject: 1000 + i }))
    expect(decide(cart, { open: [inCluster('a', ...distinct)], past: [] }, grounds)).toEqual({
      decision: 'refuse',
      reason: 'too many alarms',
    })
    expect(
      decide(cart, { open: [inCluster('a', ...distinct.slice(0, -1))], past: [] }, grounds)
        .decision,
    ).toBe('join')
  })

  it('names a cluster by what opened it, where and when', () => {
    const ids = [
      clusterId(cart, NOW),
      clusterId(cartToo, NOW),
      clusterId({ ...cart, signal: 'count' }, NOW),
      clusterId(cart, NOW + 1),
      clusterId(cart, NOW + 4294967296),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^cluster-[0-9a-f]{16}$/)
    // Published: it stays as it is.
    expect(clusterId(cart, 1_600_000_000_000)).toBe('cluster-96d939c1d5105216')
  })
})

describe('decideMerge', () => {
  it('merges where an active alarm of the younger is tied to the older, and says how', () => {
    const [older, younger] = [
      inCluster('a', mail, cart),
      inCluster('b', { ...ads, series: 41 }, cartToo),
    ]
    expect(decideMerge(older, younger, grounds)).toEqual({
      decision: 'merge',
      older,
      younger,
      reason: 'same suspect',
    })
  })

  it('keeps both apart else, and where either side has stopped', () => {
    const keep = { decision: 'keep', reason: 'no tie' }
    expect(decideMerge(inCluster('a', mail), inCluster('b', ads), grounds)).toEqual(keep)
    const stopped = { ...cartToo, closing: 1 }
    expect(decideMerge(inCluster('a', cart), inCluster('b', stopped), grounds)).toEqual(keep)
    expect(decideMerge(inCluster('a', stopped), inCluster('b', cart), grounds)).toEqual(keep)
  })
})

describe('decideSplit', () => {
  const CART_KEY = keyOf('errors', 2)
  const MAIL_KEY = keyOf('errors', 5)
  /** Members 0-4 deviate in the cart, 5-9 in the mail, and have other call paths. */
  const members = Array.from({ length: 10 }, (_, i) =>
    i < 5 ? member(i, [2, 3, 4], [CART_KEY]) : member(i, [2, 30, 31, 32], [MAIL_KEY]),
  )
  const strong = { ...cart, score: 5 }
  const whole = handCluster({ alarms: [mail, strong], members })
  const split = (cluster = whole, openClusters = 1) =>
    decideSplit(cluster, openClusters, DISTANCES, grounds)

  it('splits off what nothing ties to the strongest alarm, with its members', () => {
    expect(split()).toEqual({
      decision: 'split',
      cluster: whole,
      id: clusterId(mail, NOW),
      alarms: [mail],
      leave: members.slice(5),
      stay: members.slice(0, 5),
      reason: 'no tie, and examples that differ',
    })
    const other = split({ ...whole, alarms: [{ ...mail, score: 9 }, strong] })
    expect(other).toMatchObject({ alarms: [strong], leave: members.slice(0, 5) })
  })

  it('keeps one alarm, tied ones, and those that are tied through another', () => {
    const tied = { decision: 'keep', reason: 'tied' }
    expect(split({ ...whole, alarms: [cart] })).toEqual(tied)
    expect(split({ ...whole, alarms: [cart, cartToo] })).toEqual(tied)
    // ads is tied to cart, which is tied to cartToo.
    expect(split({ ...whole, alarms: [{ ...cartToo, score: 9 }, ads, cart] })).toEqual(tied)
  })

  it('keeps what is over, and what has stopped', () => {
    expect(split({ ...whole, alarms: [{ ...mail, closedMs: NOW }, strong] }).decision).toBe('keep')
    expect(split({ ...whole, alarms: [{ ...mail, closing: 1 }, strong] }).decision).toBe('keep')
    // What tied both is over.
    const between = { ...ads, closedMs: NOW, score: 9 }
    expect(split({ ...whole, alarms: [mail, strong, between] }).decision).toBe('split')
  })

  it('keeps all where there is no room for another cluster', () => {
    expect(split(whole, 2).decision).toBe('split')
    expect(split(whole, 3)).toEqual({ decision: 'keep', reason: 'no room' })
  })

  it('keeps all where the examples do not tell the alarms apart', () => {
    const similar = { decision: 'keep', reason: 'similar examples' }
    expect(split({ ...whole, members: members.slice(0, 5) })).toEqual(similar)
    const both = members.map((one) => ({ ...one, series: [CART_KEY, MAIL_KEY] }))
    expect(split({ ...whole, members: both })).toEqual(similar)
    const none = members.map((one) => ({ ...one, series: [] }))
    expect(split({ ...whole, members: none })).toEqual(similar)
    const with1 = members.map((one, i) => (i === 0 ? { ...one, series: [MAIL_KEY] } : one))
    expect(split({ ...whole, members: with1 }).decision).toBe('split')
    const with2 = with1.map((one, i) => (i === 1 ? { ...one, series: [MAIL_KEY] } : one))
    expect(split({ ...whole, members: with2 })).toEqual(similar)
    const without1 = members.map((one, i) => (i === 9 ? { ...one, series: [] } : one))
    expect(split({ ...whole, members: without1 }).decision).toBe('split')
    const without2 = without1.map((one, i) => (i === 8 ? { ...one, series: [] } : one))
    expect(split({ ...whole, members: without2 })).toEqual(similar)
  })

  it('takes the strongest first by score, then by series', () => {
    const equal = split({ ...whole, alarms: [{ ...mail, score: 5 }, strong] })
    expect(equal).toMatchObject({ alarms: [{ subject: 5 }] })
  })
})
