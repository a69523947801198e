import { describe, expect, it } from 'vitest'
import type { AnomalyClusters } from '../../src/anomaly-clusters/anomaly-clusters.ts'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import { detectorSettings } from '../detector-settings.ts'
import { type HandSpan, HandTraces } from '../profile/traces.ts'
import { handClusters, handContext, handReference, NO_SCALES } from './hand-clusters.ts'

const START = Date.UTC(2026, 0, 1)
const NORMAL: readonly HandSpan[] = [
  { service: 'shop', name: 'GET /', parent: -1, start: 0, duration: 50, kind: 2 },
  { service: 'cart', name: 'Get', parent: 0, start: 1, duration: 10, kind: 2 },
]
const STRANGE: readonly HandSpan[] = [
  ...NORMAL,
  { service: 'cart', name: 'fallback', parent: 1, start: 2, duration: 5 },
  { service: 'cart', name: 'SELECT old', parent: 2, start: 3, duration: 2 },
]

/** Anomaly clusters whose model knows no places: only what is flagged can open a cluster. */
class Shop {
  readonly traces = new HandTraces()
  readonly settings = detectorSettings().accumulate
  readonly changes: AnomalyClusterChange[] = []
  clusters = this.#fresh()
  #timeMs = START

  #fresh(): AnomalyClusters {
    return handClusters(this.traces, handReference(this.traces))
  }

  learn(): this {
    this.clusters.install({ id: 'model-1', fittedMs: START, places: null, scales: NO_SCALES })
    return this
  }

  /** One observation a second: the open cluster that it belongs to, or null. */
  see(spans: readonly HandSpan[], flagged: boolean): string | null {
    let cluster: string | null = null
    this.#timeMs += 1000
    this.traces.read(spans, () => {
      const context = handContext(this.traces, this.#timeMs, { flagged })
      cluster = this.clusters.observe(this.traces.elements, context).cluster
    })
    this.clusters.advance(this.#timeMs, this.changes)
    return cluster
  }

  normal(count: number): this {
    for (let i = 0; i < count; i++) this.see(NORMAL, false)
    return this
  }

  strange(count: number): this {
    for (let i = 0; i < count; i++) {
      this.see(STRANGE, true)
      this.normal(2)
    }
    return this
  }

  restored(): this {
    const state = structuredClone(this.clusters.state())
    this.clusters = this.#fresh()
    this.clusters.restore(state)
    return this
  }

  told(): string[] {
    return this.changes.map(({ change }) => change)
  }
}

describe('strange and similar observations without a shared place', () => {
  it('open one cluster, whose representative is one of them', () => {
    const shop = new Shop().learn().normal(800).strange(8)
    const opened = shop.changes.filter(({ change }) => change === 'opened')
    expect(opened).toHaveLength(1)
    const { cluster } = opened[0]!
    expect(cluster.term).toBe('like')
    expect(cluster.sentence).toMatch(
      /shop GET \/ → cart: \d+ of \d+ requests are strange in the same way/,
    )
    expect(cluster.representative?.spans).toHaveLength(STRANGE.length)
    expect(cluster.members.length).toBeGreaterThan(0)
  })

  it('belong to it from then on, and others do not', () => {
    const shop = new Shop().learn().normal(800).strange(8)
    expect(shop.see(STRANGE, true)).toBe(shop.changes[0]!.cluster.id)
    expect(shop.see(NORMAL, false)).toBeNull()
    const other = [NORMAL[0]!, ...Array.from({ length: 6 }, (_, i) => other6(i))]
    expect(shop.see(other, true)).toBeNull()
  })

  it('close when they stay away', () => {
    const shop = new Shop().learn().normal(800).strange(8).normal(400)
    expect(shop.told().filter((change) => change === 'closed')).toHaveLength(1)
    expect(shop.clusters.open()).toEqual([])
  })

  it('open nothing when they come as rarely as flagged observations do', () => {
    const shop = new Shop().learn()
    for (let i = 0; i < 8; i++) {
      shop.see(STRANGE, true)
      shop.normal(300)
    }
    expect(shop.told()).toEqual([])
  })

  it('give the same after a restart in the middle', () => {
    const one = new Shop().learn().normal(800).strange(4).strange(6).normal(100)
    const other = new Shop().learn().normal(800).strange(4).restored().strange(3).restored()
    other.strange(3).normal(100)
    expect(one.changes.length).toBeGreaterThan(1)
    expect(other.changes).toEqual(one.changes)
  })

  it('may be accepted', () => {
    const shop = new Shop().learn().normal(800).strange(8)
    const [cluster] = shop.clusters.open()
    const told: AnomalyClusterChange[] = []
    expect(shop.clusters.accept(cluster!.id, START, told)).toBe(true)
    expect(told.map(({ change, cluster: { state } }) => [change, state])).toEqual([
      ['accepted', 'accepted'],
    ])
    expect(shop.clusters.open()).toEqual([])
    expect(shop.clusters.accept(cluster!.id, START, told)).toBe(false)
  })
})

function other6(i: number): HandSpan {
  return { service: 'ads', name: `odd ${'abcdef'[i]}`, parent: 0, start: i, duration: 1 }
}
