import { describe, expect, it } from 'vitest'
import type { AnomalyClusters } from '../../src/anomaly-clusters/anomaly-clusters.ts'
import { fitPlaceNull } from '../../src/baseline/place-null.ts'
import type { PlaceReference } from '../../src/baseline/place-reference.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { handClusters, handContext, handReference, NO_SCALES } from './hand-clusters.ts'

const START = Date.UTC(2026, 0, 1)

type Request = 'usual' | 'legacy' | 'failing'

function spansOf(request: Request): HandSpan[] {
  const failing = request === 'failing'
  const spans: HandSpan[] = [
    { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 50, kind: 2 },
    {
      service: 'reviews',
      name: 'List',
      parent: 0,
      start: 1,
      duration: 20,
      kind: 2,
      error: failing,
    },
  ]
  if (request !== 'usual') {
    const name = failing ? 'say sorry' : 'legacy fallback'
    spans.push({ service: 'reviews', name, parent: 1, start: 5, duration: 2 })
    spans.push({ service: 'reviews', name: `${name} again`, parent: 1, start: 8, duration: 2 })
  }
  return spans
}

/** Twenty requests a second: learned from for two minutes, then watched. */
class Shop {
  readonly traces = new HandTraces()
  readonly changes: AnomalyClusterChange[] = []
  readonly clusters: AnomalyClusters
  readonly #reference: PlaceReference
  #timeMs = START

  constructor() {
    this.#reference = handReference(this.traces)
    this.clusters = handClusters(this.traces, this.#reference)
    this.see(120, () => 'usual')
    const places = fitPlaceNull(this.#reference.request())
    this.clusters.install({ id: 'model-1', fittedMs: START, places, scales: NO_SCALES })
  }

  see(seconds: number, request: (i: number) => Request): this {
    const { elements } = this.traces
    for (let i = 0; i < seconds * 20; i++) {
      this.#timeMs += 50
      this.traces.read(spansOf(request(i)), () => {
        const context = handContext(this.traces, this.#timeMs)
        const { cluster } = this.clusters.observe(elements, context)
        if (cluster === null) this.#reference.learn(elements, this.#timeMs)
      })
      this.clusters.advance(this.#timeMs, this.changes)
    }
    return this
  }

  opened(): AnomalyClusterChange[] {
    return this.changes.filter(({ change }) => change === 'opened')
  }
}

describe('an operation that does what it never did', () => {
  it('is found within seconds, wherever in a bucket it begins, and says what it does', () => {
    for (const phase of [0, 14, 28]) {
      const shop = new Shop().see(phase, () => 'usual')
      expect(shop.opened()).toEqual([])
      shop.see(10, () => 'legacy')
      const [{ cluster, timeMs }, ...others] = shop.opened() as [AnomalyClusterChange]
      expect(others).toEqual([])
      expect(timeMs - START - 120_000 - phase * 1000).toBeLessThanOrEqual(10_000)
      expect(cluster).toMatchObject({ term: 'structure', services: ['reviews'] })
      expect(cluster.sentence).toMatch(
        /^reviews legacy fallback is new since 00:0\d:\d\d: in (\d+) of \d+ calls of shop → reviews List\.$/,
      )
      // Two new things in one call are one call.
      expect(cluster.observations).toBeLessThanOrEqual(200)
      expect(cluster.observations).toBeGreaterThan(10)
    }
  })

  it('is no news now and then', () => {
    const shop = new Shop().see(150, (i) => (i % 40 === 7 ? 'legacy' : 'usual'))
    expect(shop.opened()).toEqual([])
  })

  it('is no news where the call failed: what is done about it follows from that', () => {
    const shop = new Shop().see(60, () => 'failing')
    const terms = new Set(shop.opened().map(({ cluster }) => cluster.term))
    expect([...terms]).toEqual(['errors'])
    expect(shop.opened()[0]?.cluster.sentence).not.toContain('never did')
  })
})
