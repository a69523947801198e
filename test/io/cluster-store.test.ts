import { describe, expect, it } from 'vitest'
import type { AnomalyCluster, ClusterChangeKind } from '../../src/contract/anomaly-cluster.ts'
import { moreSevere, severityOf } from '../../src/io/cluster-severity.ts'
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

  it('never lowers the severity of an open cluster', () => {
    const store = new ClusterStore()
    opened(store, 'a', { rate: 0.9 })
    opened(store, 'a', { rate: 0.3 })
    const [cluster] = store.open()
    expect(cluster && severityOf(cluster)).toBe('warning')
    expect(cluster && store.severity(cluster)).toBe('critical')
  })
})

describe('severity', () => {
  it.each([
    ['critical', { rate: 0.97, typical: 590, normal: 6 }],
    ['warning', { rate: 0.97, typical: 8, normal: 6 }],
    ['warning', { rate: 0.2, typical: 590, normal: 6 }],
    ['info', { direction: 'low' }],
    ['critical', { term: 'errors', rate: 0.25 }],
    ['warning', { term: 'errors', rate: 0.05 }],
    ['critical', { term: 'presence', direction: 'low', rate: 0.9 }],
    ['warning', { term: 'structure', rate: 1 }],
    ['critical', { term: 'count', rate: 0.9, typical: 8, normal: 1 }],
    ['warning', { term: 'count', rate: 0.9, typical: null, normal: 1 }],
    ['info', { term: 'like', rate: 1 }],
  ] as const)('is %s for %j', (severity, more) => {
    expect(severityOf(exampleCluster(more))).toBe(severity)
  })

  it('is ordered', () => {
    expect(moreSevere('info', 'warning')).toBe('warning')
    expect(moreSevere('critical', 'warning')).toBe('critical')
  })
})
