import { describe, expect, it } from 'vitest'
import type { AnomalyCluster, ClusterChangeKind } from '../../src/contract/anomaly-cluster.ts'
import { ClusterStore } from '../../src/io/cluster-store.ts'
import { exampleCluster } from '../ui/example-cluster.ts'

function changed(store: ClusterStore, change: ClusterChangeKind, cluster: AnomalyCluster): void {
  store.take({ change, timeMs: cluster.lastMs, cluster })
}

function opened(store: ClusterStore, id: string, more: Partial<AnomalyCluster> = {}): void {
  changed(store, 'opened', exampleCluster({ id, ...more }))
}

function closed(store: ClusterStore, id: string, more: Partial<AnomalyCluster> = {}): void {
  changed(store, 'closed', exampleCluster({ id, state: 'resolved', closedMs: 1, ...more }))
}

describe('the store of clusters', () => {
  it('lists what is open by strength, and what is over by recency', () => {
    const store = new ClusterStore()
    opened(store, 'a', { eValue: 1e6 })
    opened(store, 'b', { eValue: 1e9 })
    opened(store, 'c', { eValue: 1e7 })
    closed(store, 'c')
    opened(store, 'd', { eValue: 1e6 })
    closed(store, 'd')
    expect(store.open().map(({ id }) => id)).toEqual(['b', 'a'])
    expect(store.past().map(({ id }) => id)).toEqual(['d', 'c'])
    expect(store.changes).toMatchObject({ opened: 4, closed: 2, updated: 0 })
  })

  it('takes a reopened cluster back among the open ones', () => {
    const store = new ClusterStore()
    opened(store, 'a')
    closed(store, 'a')
    opened(store, 'a', { observations: 99 })
    expect(store.open().map(({ observations }) => observations)).toEqual([99])
    expect(store.past()).toEqual([])
  })

  it('answers for a cluster that was merged with the one that took it over', () => {
    const store = new ClusterStore()
    opened(store, 'old')
    opened(store, 'young')
    changed(store, 'merged', exampleCluster({ id: 'old', mergedFrom: ['young'] }))
    expect(store.open().map(({ id }) => id)).toEqual(['old'])
    expect(store.get('young')?.id).toBe('old')
    closed(store, 'old', { mergedFrom: ['young'] })
    expect(store.get('young')?.state).toBe('resolved')
    expect(store.get('never')).toBeNull()
  })

  it('stays within its limits, dropping the oldest, and counts what it drops', () => {
    const store = new ClusterStore({ maxPast: 5, maxPastSpans: 40 })
    for (let i = 0; i < 20; i++) closed(store, `c${i}`)
    // 9 + 7 spans each: two pairs fit into 40, the others keep only what was said.
    const past = store.past()
    expect(past.map(({ id }) => id)).toEqual(['c19', 'c18', 'c17', 'c16', 'c15'])
    expect(past.map(({ representative }) => representative !== null)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(store.droppedPast).toBe(15)
    expect(store.droppedExamples).toBe(18)
  })

  it('holds what a restored detector holds open without counting it as opened', () => {
    const store = new ClusterStore()
    store.seed([exampleCluster({ id: 'a' })])
    expect(store.open()).toHaveLength(1)
    expect(store.changes.opened).toBe(0)
  })
})
