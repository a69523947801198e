import { describe, expect, it } from 'vitest'
import {
  COUNT,
  ERRORS,
  fromLogTime,
  MAX_SELF,
  MEAN_DURATION,
  PROFILE_STRIDE,
} from '../../src/profile/profile.ts'
import { type HandSpan, HandTraces } from './traces.ts'

const SERVER = 2
const CLIENT = 3

const SHOP: readonly HandSpan[] = [
  { service: 'web', name: 'GET /', parent: -1, start: 0, duration: 100, kind: SERVER },
  { service: 'web', name: 'HTTP POST', parent: 0, start: 10, duration: 40, kind: CLIENT },
  { service: 'cart', name: 'POST /cart', parent: 1, start: 15, duration: 30, kind: SERVER },
  {
    service: 'cart',
    name: 'HGETALL',
    parent: 2,
    start: 16,
    duration: 4,
    kind: CLIENT,
    attributes: { 'db.system': 'redis' },
  },
  {
    service: 'cart',
    name: 'HGETALL',
    parent: 2,
    start: 22,
    duration: 8,
    kind: CLIENT,
    error: true,
    attributes: { 'db.system.name': 'redis' },
  },
]

describe('a trace as elements', () => {
  it('names a call after its callee: the service that answers, else what its attributes say', () => {
    const traces = new HandTraces()
    let paths: string[] = []
    traces.read(SHOP, () => {
      const { elements } = traces
      paths = Array.from(elements.path.slice(0, elements.count), (path) =>
        traces.tables.elements.pathText(path),
      )
    })
    const cart = 'web GET / > web HTTP POST → cart > cart POST /cart'
    expect(paths).toEqual([
      'web GET /',
      'web GET / > web HTTP POST → cart',
      cart,
      `${cart} > cart HGETALL → redis`,
      `${cart} > cart HGETALL → redis`,
    ])
  })

  it('names nobody where a span calls several services', () => {
    const traces = new HandTraces()
    let text = ''
    traces.read(
      [
        { service: 'web', name: 'home', parent: -1, start: 0, duration: 50 },
        { service: 'a', name: 'x', parent: 0, start: 5, duration: 5, kind: SERVER },
        { service: 'b', name: 'y', parent: 0, start: 15, duration: 5, kind: SERVER },
      ],
      () => {
        text = traces.tables.elements.elementText(traces.elements.element[0]!)
      },
    )
    expect(text).toBe('web home')
  })

  it('takes the union of the children from a duration: what is left is self time', () => {
    const traces = new HandTraces()
    let self: number[] = []
    traces.read(
      [
        { service: 'a', name: 'root', parent: -1, start: 0, duration: 100 },
        // Overlapping children: together 10 to 50; one outlives its parent: counted up to 100.
        { service: 'a', name: 'one', parent: 0, start: 10, duration: 30 },
        { service: 'a', name: 'two', parent: 0, start: 20, duration: 30 },
        { service: 'a', name: 'late', parent: 0, start: 90, duration: 40 },
      ],
      () => {
        self = Array.from(traces.elements.selfNs.slice(0, 4), (ns) => Math.round(ns / 1e6))
      },
    )
    expect(self).toEqual([50, 30, 30, 40])
  })

  it('takes from the self time of a handler the calls beside it that it waits for', () => {
    const traces = new HandTraces()
    let self: number[] = []
    traces.read(
      [
        { service: 'a', name: 'root', parent: -1, start: 0, duration: 100, kind: 2 },
        { service: 'a', name: 'handle', parent: 0, start: 10, duration: 70 },
        // Two calls at once: 20 to 60 together; the third begins within and ends after the handler.
        { service: 'a', name: 'call', parent: 0, start: 20, duration: 30, kind: 3 },
        { service: 'a', name: 'call', parent: 0, start: 30, duration: 30, kind: 3 },
        { service: 'a', name: 'send', parent: 0, start: 75, duration: 15, kind: 4 },
        // After the handler, and no call: neither is waited for.
        { service: 'a', name: 'call', parent: 0, start: 92, duration: 5, kind: 3 },
      ],
      () => {
        self = Array.from(traces.elements.selfNs.slice(0, 6), (ns) => Math.round(ns / 1e6))
      },
    )
    expect(self).toEqual([100 - 80 - 5, 70 - 40 - 5, 30, 30, 15, 5])
  })

  it('becomes a profile: repeated siblings are one element with a count', () => {
    const traces = new HandTraces()
    traces.read(SHOP, () => {
      const { scratch } = traces
      expect(scratch.count).toBe(4)
      const at = scratch.row(traces.elements.path[3]!) * PROFILE_STRIDE
      expect(scratch.values[at + COUNT]).toBe(2)
      expect(scratch.values[at + ERRORS]).toBe(1)
      // Mean of logarithms of 4 and 8 ms: their geometric mean.
      expect(fromLogTime(scratch.values[at + MEAN_DURATION]!)).toBeCloseTo(Math.sqrt(32), 2)
      expect(fromLogTime(scratch.values[at + MAX_SELF]!)).toBeCloseTo(8, 2)
    })
  })

  it('is the same profile when kept and loaded again', () => {
    const traces = new HandTraces()
    traces.read(SHOP, () => {
      const kept = traces.scratch.keep()
      const signature = traces.scratch.signature()
      traces.scratch.load(kept)
      expect(traces.scratch.signature()).toBe(signature)
      expect(traces.scratch.keep()).toEqual(kept)
      expect([...kept.paths]).toEqual([...kept.paths].sort((a, b) => a - b))
    })
  })

  it('folds old and new names of the semantic conventions into one category', () => {
    const traces = new HandTraces()
    const categories: string[][] = []
    for (const key of ['http.method', 'http.request.method']) {
      traces.read(
        [
          {
            service: 'a',
            name: 'x',
            parent: -1,
            start: 0,
            duration: 1,
            attributes: { [key]: 'GET' },
          },
        ],
        () => {
          categories.push(
            Array.from(traces.scratch.categories, (id) => traces.tables.values.text(id)),
          )
        },
      )
    }
    expect(categories[0]).toEqual(categories[1])
    expect(categories[0]![0]).toBe('GET')
  })
})
