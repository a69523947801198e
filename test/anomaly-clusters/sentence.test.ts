import { describe, expect, it } from 'vitest'
import type { Alarm, PlaceAlarm } from '../../src/anomaly-clusters/alarm.ts'
import { clockText, placeText, sentenceOf } from '../../src/anomaly-clusters/sentence.ts'
import { categoryVote } from '../../src/evidence/path-votes.ts'
import { HandTraces } from '../profile/traces.ts'
import { entryAlarm, placeAlarm, similarAlarm } from './hand-alarms.ts'

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
  },
)
const reader = { categoryText: (category: number, value: number) => `key${category} ${value}` }
const FACTS = { n: 40, c: 12, firstMs: Date.UTC(2026, 0, 1, 7, 4, 9), baseRate: 0.015 }

function said(alarm: Alarm): string {
  return sentenceOf({ ...alarm, ...FACTS } as Alarm, table, reader)
}

function inPlace(
  signal: PlaceAlarm['signal'],
  name: string,
  more: Partial<PlaceAlarm> = {},
): string {
  return said(placeAlarm({ signal, subject: places.get(name)!, ...more }))
}

describe('the sentence about an alarm', () => {
  const times = { typical: 60e6, normal: 2.5e6 }
  const since = 'since 07:04:09, normally 1.5 %'

  it.each([
    ['selfTimeP90', 'above its normal p90'],
    ['selfTimeP99', 'above its normal p99'],
    ['selfTimeP10', 'below its normal p10'],
  ] as const)('says of %s how long it takes', (signal, tail) => {
    expect(inPlace(signal, 'page', times)).toBe(
      `shop page: self time ${tail} in 12 of 40 calls ${since}; typical 60 ms, normally 2.5 ms`,
    )
  })

  it('says what fails, is repeated, is made or is missing', () => {
    expect(inPlace('errors', 'Get')).toBe(`shop → cart Get: 12 of 40 calls fail ${since}`)
    expect(inPlace('count', 'POST', { typical: 3.6, normal: 1 })).toBe(
      `shop → cart POST: called more often than usual by 12 of 40 callers ${since}; typically 4 times, normally once`,
    )
    expect(inPlace('count', 'POST', { normal: 1.4 })).toContain('typically often, normally once')
    expect(inPlace('appearance', 'Get')).toBe(`shop → cart Get: made in 12 of 40 cases ${since}`)
    expect(inPlace('presence', 'GET /')).toBe(
      `shop GET /: missing in 12 of 40 calls that normally make it ${since}`,
    )
  })

  it('says what was never done', () => {
    expect(inPlace('unseen', 'page', { vote: paths.get('Get')! })).toBe(
      'shop page: does what it never did, cart Get, in 12 of 40 calls since 07:04:09',
    )
  })

  it('says of an entry what is unusual', () => {
    const calls = `12 of 40 observations have an unusual set of calls ${since}`
    const at = { subject: stratum }
    expect(said(entryAlarm(at))).toBe(`shop GET / differs: ${calls}`)
    const vote = paths.get('Get')!
    expect(said(entryAlarm({ ...at, vote }))).toBe(`shop GET /: cart Get differs: ${calls}`)
    expect(said(entryAlarm({ ...at, vote: -vote }))).toBe(
      `shop GET /: cart Get is missing: ${calls}`,
    )
    expect(said(entryAlarm({ ...at, signal: 'category', vote: categoryVote(1, 7) }))).toBe(
      `shop GET /: 12 of 40 observations have unusual attributes since 07:04:09, most often key1 7, normally 1.5 %`,
    )
    expect(said(similarAlarm(at))).toBe(
      `shop GET /: 12 of 40 observations are strange in the same way ${since} are strange at all`,
    )
  })

  it('rounds shares to two digits, and to whole ones from ten per cent', () => {
    const normally = (baseRate: number) =>
      /normally (.*)$/.exec(
        sentenceOf({ ...placeAlarm({ subject: places.get('Get')! }), baseRate }, table, reader),
      )?.[1]
    expect([0.1234, 0.0999, 0.01234, 0.1].map(normally)).toEqual(['12 %', '10 %', '1.2 %', '10 %'])
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
