import { describe, expect, it } from 'vitest'
import type { Alarm, PlaceAlarm } from '../../src/anomaly-clusters/alarm.ts'
import type { EntryImpact } from '../../src/anomaly-clusters/impact.ts'
import { NO_REQUESTS } from '../../src/anomaly-clusters/recent-requests.ts'
import { clockText, placeText, sentenceOf } from '../../src/anomaly-clusters/sentence.ts'
import { categoryVote } from '../../src/evidence/path-votes.ts'
import { KIND_LOG } from '../../src/otlp/span-columns.ts'
import { HandTraces, mailed } from '../profile/traces.ts'
import { entryAlarm, placeAlarm, similarAlarm } from './hand-alarms.ts'

const LINE = '“retrying <*>”'
const traces = new HandTraces()
const places = new Map<string, number>()
const paths = new Map<string, number>()
let stratum = 0
const table = traces.tables.elements
traces.read(
  [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 90, kind: 2 },
    { service: 'shop', name: 'page', parent: 0, start: 1, duration: 80 },
    { service: 'shop', name: 'POST', parent: 1, start: 2, duration: 20, kind: 3 },
    { service: 'cart', name: 'Get', parent: 2, start: 3, duration: 10, kind: 2 },
  ],
  () => {
    stratum = traces.elements.stratum
    for (let i = 0; i < traces.elements.count; i++) {
      const name = table.operationText(traces.elements.element[i]!)
      places.set(name, traces.elements.place[i]!)
      paths.set(name, traces.elements.path[i]!)
    }
    const [above = 0] = traces.elements.element
    const line = table.element(
      table.value('shop'),
      traces.tables.names.internOwn(LINE),
      KIND_LOG,
      0,
    )
    places.set(LINE, table.places.intern(above, line))
    paths.set(LINE, table.paths.intern(traces.elements.path[0]!, line))
  },
)
const names = {
  categoryText: (category: number, value: number) => `key${category} ${value}`,
  isNew: (path: number) => path === paths.get('POST') || path === paths.get(LINE),
}
const SINCE_MS = Date.UTC(2026, 0, 1, 7, 4, 9)
const FACTS = { n: 40, c: 12, baseRate: 0.015 }

function said(alarm: Alarm, impact: readonly EntryImpact[] = []): string {
  return `${sentenceOf({ ...alarm, ...FACTS } as Alarm, impact, SINCE_MS, table, names)}.`
}

function inPlace(
  signal: PlaceAlarm['signal'],
  name: string,
  more: Partial<PlaceAlarm> = {},
): string {
  return said(placeAlarm({ signal, subject: places.get(name)!, ...more }))
}

describe('the sentence about an alarm', () => {
  const since = 'since 07:04:09'

  it.each([
    ['selfTimeP90', 'slower'],
    ['selfTimeP99', 'slower'],
    ['selfTimeP10', 'faster'],
  ] as const)('says of %s that it is %s', (signal, words) => {
    expect(inPlace(signal, 'page', { typical: 60e6, normal: 2.5e6 })).toBe(
      `shop GET / is ${words} ${since}: typically 60 ms, normally 2.5 ms, in 12 of 40 calls.`,
    )
  })

  it('says who fails or does not answer, with what, for whom', () => {
    const refused = table.value('ECONNREFUSED') * 4
    expect(inPlace('noAnswer', 'POST', { vote: refused, normal: 0 })).toBe(
      `cart does not answer (connection refused) ${since} in 30 %: 12 of 40 calls from shop.`,
    )
    const code = table.value('500') * 4 + 2
    expect(inPlace('errors', 'Get', { vote: code, normal: 0.002 })).toBe(
      `cart Get fails (HTTP 500) ${since} in 30 %: 12 of 40 calls from shop, normally 0.2 %.`,
    )
    expect(inPlace('errors', 'GET /', { normal: 0 })).toBe(
      `shop GET / fails ${since} in 30 %: 12 of 40 requests.`,
    )
  })

  it('says whose messages wait for whom', () => {
    const mails = new HandTraces()
    const waiting = (subject: number) => {
      const alarm = placeAlarm({ signal: 'wait', subject, typical: 31e9, normal: 40e6 })
      const facts = { ...alarm, ...FACTS } as Alarm
      return `${sentenceOf(facts, [], SINCE_MS, mails.tables.elements, names)}.`
    }
    // Taken from nobody who is known.
    const [, , alone] = mailed(0)
    mails.read([{ ...alone!, parent: -1 }], () => {})
    const [place = 0] = mails.elements.place
    const wait = `wait longer ${since}: typically 31.0 s, normally 40 ms, in 12 of 40.`
    expect(waiting(place)).toBe(`messages to mailer (mails process) ${wait}`)
    mails.read(mailed(40, 'orders'), () => {})
    expect(waiting(place)).toBe(`messages from orders to mailer (mails process) ${wait}`)
    // Of one that comes late nobody knows who sent it.
    mails.read([{ ...alone!, parent: -1 }], () => {})
    expect(waiting(place)).toBe(`messages from orders to mailer (mails process) ${wait}`)
    // Several send them.
    mails.read(mailed(40, 'refunds'), () => {})
    expect(waiting(place)).toBe(`messages to mailer (mails process) ${wait}`)
  })

  it('says of lines of a log that they are new, missing, or logged more often', () => {
    const calls = 'in 12 of 40 calls of shop GET /'
    expect(inPlace('count', LINE, { typical: 4.8, normal: 1 })).toBe(
      `shop logs ${LINE} 5 times ${since}, normally once: ${calls}.`,
    )
    expect(inPlace('appearance', LINE, { normal: 0.05 })).toBe(
      `shop logs ${LINE} more often ${since}: ${calls}, normally in 5 %.`,
    )
    expect(inPlace('presence', LINE, { normal: 1 })).toBe(
      `shop: log line ${LINE} is missing ${since}: ${calls}, normally never.`,
    )
    const path = paths.get(LINE)!
    expect(inPlace('unseen', 'GET /', { vote: path })).toBe(
      `shop: new log line ${LINE} ${since}: in 12 of 40 calls of shop GET /.`,
    )
    const ofEntry = (vote: number) =>
      said(entryAlarm({ signal: 'structure', subject: stratum, vote }))
    expect(ofEntry(path)).toContain(`shop: new log line ${LINE} ${since}: in 12 of 40 requests`)
    expect(ofEntry(-path)).toContain(`shop: log line ${LINE} is missing ${since}: in 12 of 40`)
  })

  it('says what is repeated, new or missing', () => {
    expect(inPlace('count', 'POST', { typical: 3.6, normal: 1 })).toBe(
      `shop → cart POST is called more often ${since}: typically 4 times, normally once, by 12 of 40 callers.`,
    )
    expect(inPlace('count', 'POST', { normal: 1.4 })).toContain('typically often, normally once')
    expect(inPlace('appearance', 'Get', { normal: 0.1 })).toBe(
      `shop → cart Get is called more often ${since}: in 12 of 40 calls of shop POST, normally in 10 %.`,
    )
    expect(inPlace('presence', 'Get', { normal: 1 })).toBe(
      `cart Get sends no spans ${since}: for 12 of 40 calls from shop, normally never.`,
    )
    expect(inPlace('presence', 'page', { normal: 0.99 })).toBe(
      `shop page is missing ${since}: in 12 of 40 calls of shop GET /, normally 1 %.`,
    )
    // Less than one in two thousand is never.
    const missing = (normal: number) =>
      /normally (.*)\.$/.exec(inPlace('presence', 'page', { normal }))
    expect([0.9992, 0.9996].map((normal) => missing(normal)?.[1])).toEqual(['0.08 %', 'never'])
    expect(inPlace('unseen', 'page', { vote: paths.get('Get')! })).toBe(
      `cart Get is new ${since}: in 12 of 40 calls of shop page.`,
    )
  })

  it('says of an entry what is unusual', () => {
    const requests = '12 of 40 requests of shop GET /'
    const at = { subject: stratum }
    expect(said(entryAlarm(at))).toBe(`${requests} make unusual calls ${since}, normally 1.5 %.`)
    const vote = paths.get('Get')!
    expect(said(entryAlarm({ ...at, vote }))).toBe(
      `cart Get is called more often ${since}: in ${requests}, normally 1.5 %.`,
    )
    expect(said(entryAlarm({ ...at, vote: -vote }))).toBe(
      `cart Get sends no spans ${since}: for ${requests}, normally 1.5 %.`,
    )
    expect(said(entryAlarm({ ...at, vote: paths.get('POST')! }))).toBe(
      `shop POST → cart is new ${since}: in ${requests}, normally 1.5 %.`,
    )
    expect(said(entryAlarm({ ...at, signal: 'category', vote: categoryVote(1, 7) }))).toBe(
      `key1 7 is sent more often ${since}: ${requests} have unusual attributes, normally 1.5 %.`,
    )
    expect(said(similarAlarm(at))).toBe(
      `shop GET /: 12 of 40 requests are strange in the same way ${since}, normally 1.5 % at all.`,
    )
  })

  it('says of an entry that nobody knows whether it fails by itself', () => {
    const at = { subject: stratum, signal: 'failures' } as const
    const requests = 'in 30 %: 12 of 40 requests.'
    expect(said(entryAlarm(at))).toBe(`shop GET / fails ${since} ${requests}`)
    expect(said(entryAlarm({ ...at, vote: paths.get('GET /')! }))).toBe(
      `shop GET / fails ${since} ${requests}`,
    )
    expect(said(entryAlarm({ ...at, vote: paths.get('Get')! }))).toBe(
      `shop GET / fails ${since}, as cart Get does, ${requests}`,
    )
    expect(said(entryAlarm({ ...at, vote: -paths.get('POST')! }))).toBe(
      `shop GET / fails ${since}, as cart does not answer, ${requests}`,
    )
    const all = { ...entryAlarm(at), n: 30, c: 30 }
    const allNew = { ...names, isNew: () => true }
    expect(sentenceOf(all, [], SINCE_MS, table, allNew)).toBe(
      `shop GET / is new and fails ${since}: 30 of 30 requests`,
    )
  })

  it('says first who suffers, if anybody does', () => {
    const cause = { ...placeAlarm({ signal: 'noAnswer', subject: places.get('POST')!, normal: 0 }) }
    const all = { ...cause, ...FACTS, n: 97, c: 97 }
    const impact = (requests: number, failed: number, slow: number): string =>
      `${sentenceOf(all, [{ ...NO_REQUESTS, stratum, requests, failed, slow }], SINCE_MS, table, names)}.`
    const blame = 'cart does not answer: 97 of 97 calls from shop.'
    expect(impact(50, 50, 0)).toBe(`shop GET /: 100 % of requests fail ${since}. ${blame}`)
    expect(impact(1000, 997, 3)).toBe(`shop GET /: 99.7 % of requests fail ${since}. ${blame}`)
    expect(impact(50, 1, 20)).toBe(`shop GET /: 40 % of requests are slow ${since}. ${blame}`)
    expect(impact(1000, 0, 49)).toBe(impact(1000, 9, 0))
    expect(impact(1000, 9, 0)).toBe(`cart does not answer ${since}: 97 of 97 calls from shop.`)
  })

  it('rounds shares to two digits, and to whole ones from ten per cent', () => {
    const normally = (normal: number) =>
      /normally (.*)\.$/.exec(said(placeAlarm({ subject: places.get('Get')!, normal })))?.[1]
    const shares = [0.1234, 0.0999, 0.0944, 0.01234, 0.1]
    expect(shares.map(normally)).toEqual(['12 %', '10 %', '9.4 %', '1.2 %', '10 %'])
    expect(normally(0.0004)).toBeUndefined()
  })

  it('tells the time of day', () => {
    expect(clockText(Date.UTC(2026, 5, 7, 23, 59, 8, 999))).toBe('23:59:08')
    expect(clockText(0)).toBe('00:00:00')
  })
})

describe('the place of an alarm', () => {
  it('is that of the table, or the entry and the path that differs', () => {
    expect(placeText(placeAlarm({ subject: places.get('Get')! }), table)).toBe(
      'shop POST → cart > cart Get',
    )
    const vote = -paths.get('Get')!
    expect(placeText(entryAlarm({ subject: stratum, vote }), table)).toBe('shop GET /: cart Get')
    expect(placeText(entryAlarm({ subject: stratum, vote, signal: 'category' }), table)).toBe(
      'shop GET /',
    )
    expect(placeText(similarAlarm({ subject: stratum }), table)).toBe('shop GET /')
  })
})
