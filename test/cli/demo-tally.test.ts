import { describe, expect, it } from 'vitest'
import { DemoTally } from '../../src/cli/demo-tally.ts'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { demoScenario } from '../../src/simulate/demo-scenario.ts'
import { cluster } from '../fakes/publications.ts'

const START_MS = 1_790_000_000_000
const scenario = demoScenario(7)
/** The first fault: pricing is slow. */
const [fault] = scenario.faults

function tallied(...clusters: readonly Partial<AnomalyCluster>[]): {
  found: boolean
  clusters: number
  falseClusters: number
} {
  const tally = new DemoTally(scenario, START_MS)
  const output = emptyOutput()
  clusters.forEach((more, i) => {
    const openedMs = START_MS + fault!.fromMs + 10_000
    const one = cluster({ id: `c${i}`, openedMs, ...more })
    output.clusterChanges.push({ change: 'opened', timeMs: openedMs, cluster: one })
  })
  tally.take(output)
  const { faults, falseClusters } = tally.result()
  const { found, clusters: counted } = faults[0]!
  return { found, clusters: counted, falseClusters }
}

describe('a cluster of the demo', () => {
  const elsewhere = { suspect: 'cart', services: ['cart'], place: 'frontend GET / > cart Get' }

  it.each([
    { ...elsewhere, suspect: 'pricing' },
    { ...elsewhere, services: ['pricing', 'cart'] },
    { ...elsewhere, place: 'frontend POST → pricing > pricing Quote' },
  ])('is that of a fault whose service it suspects, or calls: %j', (story) => {
    expect(tallied(story)).toEqual({ found: true, clusters: 1, falseClusters: 0 })
  })

  it('is false where it tells another story, also while a fault lasts', () => {
    expect(tallied(elsewhere)).toEqual({ found: false, clusters: 0, falseClusters: 1 })
    const alike = { ...elsewhere, place: 'frontend GET / > pricing-cache Get' }
    expect(tallied(alike, { suspect: 'pricing' })).toEqual({
      found: true,
      clusters: 1,
      falseClusters: 1,
    })
  })

  it('is false where it opens at another time', () => {
    const openedMs = START_MS + fault!.fromMs - 1
    expect(tallied({ suspect: 'pricing', openedMs })).toMatchObject({
      found: false,
      falseClusters: 1,
    })
  })
})
