import { describe, expect, it } from 'vitest'
import { emptyFront, type Front } from '../../src/anomaly-clusters/deviation-front.ts'
import { rankVoices, type Voice, Voices } from '../../src/anomaly-clusters/deviation-voice.ts'
import {
  APPEARANCE,
  COUNT,
  ERRORS,
  PRESENCE,
  SELF_HIGH,
  STRUCTURE,
} from '../../src/baseline/series-kind.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'

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

/** Voices that have seen the trace, and the place ids of its spans by name. */
function shop(): {
  voices: Voices
  place: (name: string) => number
  path: (name: string) => number
} {
  const traces = new HandTraces()
  const places = new Map<string, number>()
  const paths = new Map<string, number>()
  traces.read(SPANS, () => {
    for (let i = 0; i < traces.elements.count; i++) {
      const name = traces.tables.elements.operationText(traces.elements.element[i]!)
      places.set(name, traces.elements.place[i]!)
      paths.set(name, traces.elements.path[i]!)
    }
  })
  return {
    voices: new Voices(traces.tables.elements),
    place: (name) => places.get(name)!,
    path: (name) => paths.get(name)!,
  }
}

function front(kind: number, subject: number, more: Partial<Front> = {}): Front {
  return { ...emptyFront(kind, subject, 0, 0), ...more }
}

describe('a deviating place', () => {
  const { voices, place, path } = shop()

  it('speaks for its service, a call for its callee', () => {
    expect(voices.of(front(SELF_HIGH, place('Get'))).service).toBe('cart')
    expect(voices.of(front(SELF_HIGH, place('page'))).service).toBe('shop')
    expect(voices.of(front(SELF_HIGH, place('POST')))).toEqual({
      service: 'cart',
      caller: 'shop',
      callee: 'cart',
    })
  })

  it('speaks for the caller of a database that has no spans', () => {
    expect(voices.of(front(SELF_HIGH, place('SELECT')))).toEqual({
      service: 'shop',
      caller: 'shop',
      callee: 'postgresql',
    })
  })

  it('blames who repeats a call, or makes a new one', () => {
    expect(voices.of(front(COUNT, place('POST'))).service).toBe('shop')
    expect(voices.of(front(APPEARANCE, place('POST'))).service).toBe('shop')
  })

  it('blames who no longer makes a call, but the callee where it was made and not answered', () => {
    expect(voices.of(front(PRESENCE, place('POST'), { c: 10 })).service).toBe('shop')
    expect(voices.of(front(PRESENCE, place('POST'), { c: 10, unanswered: 9 })).service).toBe('cart')
    expect(voices.of(front(PRESENCE, place('Get'), { c: 10 })).service).toBe('cart')
  })

  it('blames for structure whoever the differing path is about', () => {
    expect(voices.of(front(STRUCTURE, 2, { path: path('Get') })).service).toBe('cart')
    expect(voices.of(front(STRUCTURE, 2, { path: -path('POST') })).service).toBe('shop')
    expect(voices.of(front(STRUCTURE, 2)).service).toBe('shop')
  })

  it('speaks for its own service when it fails by itself', () => {
    expect(voices.of(front(ERRORS, place('Get'))).service).toBe('cart')
  })
})

describe('the ranking of services', () => {
  const call = (caller: string, callee: string, traced = true): Voice => ({
    service: traced ? callee : caller,
    caller,
    callee,
  })
  const own = (service: string): Voice => ({ service, caller: '', callee: '' })

  it('adds up what speaks for each', () => {
    const voices = [
      { voice: own('cart'), score: 3 },
      { voice: own('shop'), score: 5 },
      { voice: call('shop', 'cart'), score: 3 },
    ]
    expect(rankVoices(voices, 3)).toEqual(['cart', 'shop'])
  })

  it('blames the caller where calls to three different callees deviate together', () => {
    const voices = ['cart', 'ads', 'mail'].map((callee) => ({
      voice: call('shop', callee),
      score: 1,
    }))
    expect(rankVoices(voices, 3)).toEqual(['shop'])
    expect(rankVoices(voices.slice(1), 3)).toEqual(['ads', 'mail'])
  })

  it('blames a database where calls of two services to it deviate together', () => {
    const one = { voice: call('shop', 'postgresql', false), score: 1 }
    const other = { voice: call('cart', 'postgresql', false), score: 1 }
    expect(rankVoices([one], 3)).toEqual(['shop'])
    expect(rankVoices([one, other], 3)).toEqual(['postgresql'])
  })

  it('is the same whatever the order, ties by name', () => {
    const voices = ['b', 'a', 'c'].map((service) => ({ voice: own(service), score: 1 }))
    expect(rankVoices(voices, 3)).toEqual(['a', 'b', 'c'])
    expect(rankVoices([...voices].reverse(), 3)).toEqual(['a', 'b', 'c'])
  })
})
