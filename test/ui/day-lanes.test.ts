import { describe, expect, it } from 'vitest'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import { dayLanes, lanesOf } from '../../src/ui/day-lanes.ts'
import { exampleCluster } from './example-cluster.ts'

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 0, 2, 12)

/** A cluster of a service between two times, in hours before now; open without an end. */
function cluster(id: string, service: string, from: number, to: number | null): AnomalyCluster {
  return exampleCluster({
    id,
    suspect: service,
    severity: id === 'bad' ? 'critical' : 'information',
    state: to === null ? 'open' : 'resolved',
    firstMs: NOW - from * HOUR_MS,
    closedMs: to === null ? null : NOW - to * HOUR_MS,
  })
}

function drawn(clusters: readonly AnomalyCluster[]): string {
  return dayLanes(clusters, NOW)?.markup ?? ''
}

describe('the lanes of a day', () => {
  it('have a lane for each service, and a row for each cluster at the same time', () => {
    const all = [
      cluster('a', 'cart', 5, 3),
      cluster('b', 'cart', 4, 2),
      cluster('c', 'cart', 1, null),
      cluster('d', 'ads', 6, 5),
    ]
    const lanes = lanesOf(all, NOW - 24 * HOUR_MS, NOW)
    expect(lanes.map(({ service, rows }) => [service, rows])).toEqual([
      ['cart', 2],
      ['ads', 1],
    ])
    expect(lanes[0]?.bars.map((bar) => [bar.cluster.id, bar.row])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 0],
    ])
  })

  it('cut at the ends of the axis what began before or has not ended', () => {
    const [lane] = lanesOf([cluster('a', 'cart', 30, null)], NOW - 24 * HOUR_MS, NOW)
    expect(lane?.bars[0]).toMatchObject({ fromMs: NOW - 24 * HOUR_MS, toMs: NOW })
  })

  it('show the shortest time that holds all of them, a day at the most', () => {
    expect(drawn([cluster('a', 'cart', 0.5, null)])).toContain('The last hour')
    expect(drawn([cluster('a', 'cart', 5, 4)])).toContain('The last 6 hours')
    expect(drawn([cluster('a', 'cart', 40, 1)])).toContain('The last 24 hours')
    expect(drawn([cluster('a', 'cart', 40, 25)])).toBe('')
    expect(drawn([])).toBe('')
  })

  it('lead from each bar to its cluster, and say in words what it is', () => {
    const made = drawn([cluster('bad', 'cart', 2, null), cluster('b/1', 'ads', 2, 1)])
    expect(made).toMatch(
      /<a href="\/clusters\/bad" aria-label="critical, from 2026-01-02 10:00:00 UTC, still open: frontend/,
    )
    expect(made).toMatch(/<a href="\/clusters\/b%2F1" aria-label="information,.* until 11:00:00: /)
    expect(made).toContain('<rect class="critical"')
  })

  it('let no name become markup, and name what has none', () => {
    const made = drawn([cluster('a', '<script>', 1, null), cluster('b', '', 1, null)])
    expect(made).not.toContain('<script')
    expect(made).toContain('(unknown)')
  })

  it('are as many as there is room for', () => {
    const many = Array.from({ length: 30 }, (_, i) => cluster(`c${i}`, `service-${i}`, 1, null))
    expect(drawn(many)).toContain('6 further services are in the lists below.')
  })
})
