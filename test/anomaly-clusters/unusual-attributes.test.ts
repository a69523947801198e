import { describe, expect, it } from 'vitest'
import type { AnomalyClusters } from '../../src/anomaly-clusters/anomaly-clusters.ts'
import { categoryShares } from '../../src/baseline/entry-shares.ts'
import { fitPlaceNull, type PlaceNull } from '../../src/baseline/place-null.ts'
import type { PlaceReference } from '../../src/baseline/place-reference.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { packProfiles } from '../../src/profile/profile.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { handClusters, handContext, handReference, NO_SCALES } from './hand-clusters.ts'

const START = Date.UTC(2026, 0, 1)

interface Request {
  readonly status: string
  /** The cart below fails by itself. */
  readonly failsWithin?: boolean
}

function spansOf({ status, failsWithin = false }: Request): HandSpan[] {
  const attributes = { 'http.request.method': 'GET', 'http.response.status_code': status }
  const entry = { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 50, kind: 2 }
  const cart = { service: 'cart', name: 'Get', parent: 0, start: 1, duration: 10, kind: 2 }
  return [
    { ...entry, attributes, error: failsWithin },
    { ...cart, error: failsWithin },
  ]
}

/** Requests of one entry, ten a second; what is usual is learned from those before `watch`. */
class Entry {
  readonly traces = new HandTraces()
  readonly changes: AnomalyClusterChange[] = []
  readonly #reference: PlaceReference
  readonly #learned: Profile[] = []
  clusters: AnomalyClusters
  #stratum = 0
  #timeMs = START

  constructor() {
    this.#reference = handReference(this.traces)
    this.clusters = handClusters(this.traces, this.#reference)
  }

  learn(count: number, request: (i: number) => Request): this {
    for (let i = 0; i < count; i++) {
      this.traces.read(spansOf(request(i)), () => {
        this.#stratum = this.traces.elements.stratum
        this.#learned.push(this.traces.scratch.keep())
      })
    }
    return this
  }

  /** The null that a fit would make of what was learned, every second one for calibration. */
  placeNull(): PlaceNull {
    const width = this.traces.tables.categories.length
    const sample = this.#learned.filter((_, i) => i % 2 === 0)
    const calibration = this.#learned.filter((_, i) => i % 2 === 1)
    const strata = (of: readonly Profile[]): Int32Array<ArrayBuffer> =>
      new Int32Array(of.length).fill(this.#stratum)
    const categories = categoryShares({
      categories: width,
      sample: packProfiles(sample, width),
      sampleStratum: strata(sample),
      sampleWeight: new Float64Array(sample.length).fill(1),
      calibration: packProfiles(calibration, width),
      calibrationStratum: strata(calibration),
    })
    const observations = calibration.length
    const structure = [{ stratum: this.#stratum, observations, unusual: 0 }]
    return fitPlaceNull(this.#reference.request(), { structure, categories, tails: [] })
  }

  watch(): this {
    const places = this.placeNull()
    this.clusters.install({ id: 'model-1', fittedMs: START, places, scales: NO_SCALES })
    return this
  }

  see(count: number, request: (i: number) => Request): this {
    for (let i = 0; i < count; i++) {
      this.#timeMs += 100
      this.traces.read(spansOf(request(i)), () => {
        const context = handContext(this.traces, this.#timeMs, { pStructure: 1 })
        this.clusters.observe(this.traces.elements, context)
      })
      this.clusters.advance(this.#timeMs, this.changes)
    }
    return this
  }

  restored(): this {
    const state = structuredClone(this.clusters.state())
    this.clusters = handClusters(this.traces, this.#reference)
    this.clusters.restore(state)
    return this
  }

  opened(): string[] {
    const opened = this.changes.filter(({ change }) => change === 'opened')
    return opened.map(({ cluster }) => cluster.sentence)
  }
}

const usual = (i: number): Request => ({ status: i % 10 === 0 ? '404' : '200' })
const throttled = (i: number): Request => (i % 5 === 0 ? { status: '429' } : usual(i))

describe('unusual attributes of an entry', () => {
  it('open a cluster of their own, which says which value', () => {
    const entry = new Entry().learn(400, usual).watch().see(600, usual)
    expect(entry.opened()).toEqual([])
    entry.see(600, throttled)
    expect(entry.opened()).toEqual([
      expect.stringMatching(
        /^http.response.status_code 429 is sent more often since 00:01:\d\d: \d+ of \d+ requests of shop GET \/.* have unusual attributes\.$/,
      ),
    ])
    const [{ cluster }] = entry.changes as [AnomalyClusterChange]
    expect(cluster).toMatchObject({ term: 'category', direction: 'high', services: ['shop'] })
    expect(cluster.representative?.spans[0]?.attributes).toMatchObject({
      'http.response.status_code': '429',
    })
  })

  it('that were seen in few observations are watched, in many are usual', () => {
    const rarely = (share: number) => (i: number) =>
      i % share === 1 ? { status: '429' } : usual(i)
    expect(new Entry().learn(400, rarely(8)).watch().see(900, throttled).opened()).toEqual([])
    const rare = new Entry().learn(400, rarely(100)).watch()
    expect(rare.see(900, rarely(100)).opened()).toEqual([])
    expect(rare.see(1200, throttled).opened()).toHaveLength(1)
  })

  it('are no news where a call within failed: that has a place of its own', () => {
    const failing = (i: number): Request =>
      i % 5 === 0 ? { status: '500', failsWithin: true } : usual(i)
    const entry = new Entry().learn(400, usual).watch().see(300, usual).see(600, failing)
    expect(entry.opened()).toEqual([])
    const alone = (i: number): Request => (i % 5 === 0 ? { status: '429' } : usual(i))
    expect(entry.see(600, alone).opened()).toHaveLength(1)
  })

  it('say nothing where hardly any value is usual', () => {
    const each = (i: number): Request => ({ status: `2${i % 97}` })
    const series = new Entry().learn(400, each).placeNull().strata[0]?.series ?? []
    expect(series.map(({ signal }) => signal)).not.toContain('category')
    const few = new Entry().learn(400, usual).placeNull().strata[0]?.series ?? []
    expect(few.map(({ signal }) => signal)).toContain('category')
  })

  it('end when they end, over a restart', () => {
    const entry = new Entry().learn(400, usual).watch().see(300, usual).see(600, throttled)
    entry.restored().see(1500, usual)
    expect(entry.changes.at(-1)).toMatchObject({
      change: 'closed',
      cluster: { term: 'category', sentence: expect.stringContaining('status_code 429') },
    })
  })
})
