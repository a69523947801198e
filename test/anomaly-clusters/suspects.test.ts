import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../src/anomaly-clusters/alarm.ts'
import { rankSuspects, type Suspect, Suspects } from '../../src/anomaly-clusters/suspects.ts'
import { KIND_LOG } from '../../src/otlp/span-columns.ts'
import { type HandSpan, HandTraces, mailed } from '../profile/traces.ts'
import { entryAlarm, placeAlarm, similarAlarm } from './hand-alarms.ts'

/** shop calls cart (traced) and a database without spans of its own. */
const SPANS: readonly HandSpan[] = [
  { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 90, kind: 2 },
  { service: 'shop', name: 'page', parent: 0, start: 1, duration: 80 },
  { service: 'shop', name: 'POST', parent: 1, start: 2, duration: 20, kind: 3 },
  { service: 'cart', name: 'Get', parent: 2, start: 3, duration: 10, kind: 2 },
  {
    service: 'shop',
    name: 'SELECT',
    parent: 1,
    start: 30,
    duration: 20,
    kind: 3,
    attributes: { 'db.system.name': 'postgresql' },
  },
]

/** What suspects are told from, once it has seen the trace, and the place ids of its spans by name. */
function shop(): {
  suspects: Suspects
  place: (name: string) => number
  path: (name: string) => number
  stratum: number
} {
  const traces = new HandTraces()
  const places = new Map<string, number>()
  const paths = new Map<string, number>()
  let stratum = 0
  traces.read(SPANS, () => {
    stratum = traces.elements.stratum
    for (let i = 0; i < traces.elements.count; i++) {
      const name = traces.tables.elements.operationText(traces.elements.element[i]!)
      places.set(name, traces.elements.place[i]!)
      paths.set(name, traces.elements.path[i]!)
    }
  })
  return {
    suspects: new Suspects(traces.tables.elements),
    place: (name) => places.get(name)!,
    path: (name) => paths.get(name)!,
    stratum,
  }
}

describe('a deviating place', () => {
  const { suspects, place, path, stratum } = shop()
  const serviceOf = (alarm: Alarm): string => suspects.of(alarm).service

  it('blames its service, a call its callee', () => {
    expect(serviceOf(placeAlarm({ signal: 'selfTimeP90', subject: place('Get') }))).toBe('cart')
    expect(serviceOf(placeAlarm({ signal: 'selfTimeP90', subject: place('page') }))).toBe('shop')
    expect(suspects.of(placeAlarm({ signal: 'selfTimeP90', subject: place('POST') }))).toEqual({
      service: 'cart',
      caller: 'shop',
      callee: 'cart',
    })
  })

  it('blames the caller of a database that has no spans', () => {
    expect(suspects.of(placeAlarm({ signal: 'selfTimeP90', subject: place('SELECT') }))).toEqual({
      service: 'shop',
      caller: 'shop',
      callee: 'postgresql',
    })
  })

  it('blames who repeats a call, or makes a new one', () => {
    expect(serviceOf(placeAlarm({ signal: 'count', subject: place('POST') }))).toBe('shop')
    expect(serviceOf(placeAlarm({ signal: 'appearance', subject: place('POST') }))).toBe('shop')
  })

  it('blames who no longer makes a call, but the callee where it was made and not answered', () => {
    expect(serviceOf(placeAlarm({ signal: 'presence', subject: place('POST'), c: 10 }))).toBe(
      'shop',
    )
    expect(
      serviceOf(placeAlarm({ signal: 'presence', subject: place('POST'), c: 10, unanswered: 9 })),
    ).toBe('cart')
    expect(serviceOf(placeAlarm({ signal: 'presence', subject: place('Get'), c: 10 }))).toBe('cart')
    const half = { subject: place('POST'), c: 10, unanswered: 5 }
    expect(serviceOf(placeAlarm({ signal: 'presence', ...half }))).toBe('shop')
    // Nobody calls an entry.
    expect(serviceOf(placeAlarm({ signal: 'presence', subject: place('GET /') }))).toBe('shop')
    expect(suspects.of(placeAlarm({ subject: place('Get') }))).toEqual({
      service: 'cart',
      caller: '',
      callee: '',
    })
  })

  it('blames for structure whoever the differing path is about', () => {
    expect(serviceOf(entryAlarm({ subject: stratum, vote: path('Get') }))).toBe('cart')
    expect(serviceOf(entryAlarm({ subject: stratum, vote: -path('POST') }))).toBe('shop')
    expect(serviceOf(entryAlarm({ subject: stratum }))).toBe('shop')
  })

  it('blames who does not answer, with spans or without', () => {
    const unanswered = (name: string) =>
      suspects.of(placeAlarm({ signal: 'noAnswer', subject: place(name) }))
    expect(unanswered('POST')).toEqual({ service: 'cart', caller: 'shop', callee: 'cart' })
    const database = { service: 'postgresql', caller: 'shop', callee: 'postgresql' }
    expect(unanswered('SELECT')).toEqual(database)
  })

  it('blames its own service when it fails by itself', () => {
    expect(serviceOf(placeAlarm({ signal: 'errors', subject: place('Get') }))).toBe('cart')
  })
})

describe('messages that wait', () => {
  it('blame who takes them, whomever that calls to work on them', () => {
    const traces = new HandTraces()
    const calls = { name: 'Render', parent: 2, start: 40, duration: 5, kind: 2 }
    traces.read([...mailed(30), { service: 'templates', ...calls }], () => {})
    const [element = 0] = traces.elements.element
    const table = traces.tables.elements
    expect(table.elementText(element)).toBe('mailer mails process → templates')
    const subject = traces.elements.place[0]!
    const suspect = (signal: 'wait' | 'selfTimeP90') =>
      new Suspects(table).of(placeAlarm({ signal, subject }))
    expect(suspect('wait')).toEqual({ service: 'mailer', caller: '', callee: '' })
    expect(suspect('selfTimeP90').service).toBe('templates')
  })
})

describe('a line of a log that is new', () => {
  it('blames who logs it, though it stands in a call of somebody else', () => {
    const traces = new HandTraces()
    const table = traces.tables.elements
    let [place, vote] = [0, 0]
    traces.read(SPANS, () => {
      const line = table.element(
        table.value('cart'),
        traces.tables.names.intern('“x”'),
        KIND_LOG,
        0,
      )
      vote = table.paths.intern(traces.elements.path[3]!, line)
      place = traces.elements.place[2]!
    })
    const suspects = new Suspects(table)
    const unseen = placeAlarm({ signal: 'unseen', subject: place, vote })
    expect(suspects.of(unseen)).toEqual({ service: 'cart', caller: '', callee: '' })
    const plain = { service: 'cart', caller: 'shop', callee: 'cart' }
    expect(suspects.of(placeAlarm({ signal: 'unseen', subject: place }))).toEqual(plain)
  })
})

describe('an alarm without a place', () => {
  const { suspects, path, stratum } = shop()

  it('blames for unusual attributes the service of the entry', () => {
    const alarm = entryAlarm({ signal: 'category', subject: stratum, vote: path('Get') })
    expect(suspects.of(alarm)).toEqual({ service: 'shop', caller: '', callee: '' })
  })

  it('blames for failing requests who fails in most of them, or does not answer', () => {
    const failing = (vote: number) =>
      suspects.of(entryAlarm({ signal: 'failures', subject: stratum, vote }))
    expect(failing(0)).toEqual({ service: 'shop', caller: '', callee: '' })
    expect(failing(path('Get')).service).toBe('cart')
    expect(failing(path('SELECT')).service).toBe('shop')
    expect(failing(-path('SELECT')).service).toBe('postgresql')
  })

  it('blames whom most similar anomalies blame', () => {
    expect(suspects.of(similarAlarm({ subject: stratum, service: 'ads' })).service).toBe('ads')
  })
})

describe('a call that nobody answers', () => {
  const traces = new HandTraces()
  const paths = new Map<string, number>()
  const shop = { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 90, kind: 2 }
  const page = { service: 'shop', name: 'page', parent: 0, start: 1, duration: 80 }
  const post = { service: 'shop', name: 'POST', parent: 1, start: 2, duration: 20, kind: 3 }
  const put = { ...post, name: 'PUT' }
  const send = { ...post, kind: 4 }
  const cart = { service: 'cart', name: 'Get', parent: 2, start: 3, duration: 10, kind: 2 }
  const read = (spans: readonly HandSpan[], name: string): void =>
    traces.read(spans, () => paths.set(name, traces.elements.path[spans.length - 1]!))
  read([shop, page, post, cart], 'answered')
  read([shop, page, post], 'POST')
  read([shop, page, put], 'PUT')
  read([shop, page, send], 'send')
  const suspects = new Suspects(traces.tables.elements)
  const blamed = (name: string) => suspects.of(entryAlarm({ vote: paths.get(name)! }))

  it('blames who answers the same call else', () => {
    expect(blamed('POST')).toEqual({ service: 'cart', caller: 'shop', callee: 'cart' })
  })

  it('blames the caller where nobody ever did, or only another kind of it', () => {
    expect(blamed('PUT')).toEqual({ service: 'shop', caller: '', callee: '' })
    expect(blamed('send').service).toBe('shop')
  })

  it('blames the caller where it is no longer made', () => {
    expect(suspects.of(entryAlarm({ vote: -paths.get('POST')! })).service).toBe('shop')
    expect(suspects.of(entryAlarm({ vote: -paths.get('answered')! })).service).toBe('cart')
  })
})

describe('the ranking of services', () => {
  const call = (caller: string, callee: string, traced = true): Suspect => ({
    service: traced ? callee : caller,
    caller,
    callee,
  })
  const own = (service: string): Suspect => ({ service, caller: '', callee: '' })

  it('adds up what is said against each', () => {
    const blames = [
      { suspect: own('cart'), score: 3 },
      { suspect: own('shop'), score: 5 },
      { suspect: call('shop', 'cart'), score: 3 },
    ]
    expect(rankSuspects(blames)).toEqual(['cart', 'shop'])
  })

  it('blames the caller where calls to three different callees deviate together', () => {
    const blames = ['cart', 'ads', 'mail'].map((callee) => ({
      suspect: call('shop', callee),
      score: 1,
    }))
    expect(rankSuspects(blames)).toEqual(['shop'])
    expect(rankSuspects(blames.slice(1))).toEqual(['ads', 'mail'])
  })

  it('blames a database where calls of two services to it deviate together', () => {
    const one = { suspect: call('shop', 'postgresql', false), score: 1 }
    const other = { suspect: call('cart', 'postgresql', false), score: 1 }
    expect(rankSuspects([one])).toEqual(['shop'])
    expect(rankSuspects([one, other])).toEqual(['postgresql'])
  })

  it('is the same whatever the order, ties by name', () => {
    const blames = ['b', 'a', 'c'].map((service) => ({ suspect: own(service), score: 1 }))
    expect(rankSuspects(blames)).toEqual(['a', 'b', 'c'])
    expect(rankSuspects([...blames].reverse())).toEqual(['a', 'b', 'c'])
  })
})
