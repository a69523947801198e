import { describe, expect, it } from 'vitest'
import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import {
  type Address,
  carts,
  checkouts,
  polls,
  proxied,
  type Traffic,
  twoConsumers,
} from './application.ts'
import { type CaseResult, runCase } from './run-case.ts'
import { type CaseSpan, MINUTE, records, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 10 * MINUTE
const FAULT_S = 90
const FAULT_MS = TEST_MS + FAULT_S * 1000

function run(rate: number, make: (traffic: Traffic) => CaseSpan[], restartAt = -1): CaseResult {
  const warm = make({ seed: 1, fromMs: T0_MS, minutes: 8, rate })
  const test = make({ seed: 2, fromMs: TEST_MS, minutes: 4, rate, faultMs: FAULT_MS })
  return runCase(records(warm), { 'k/0': records(test) }, TEST_MS, restartAt)
}

/** Everything that was told of the only cluster there is, and when it opened. */
function onlyCluster({ changes, detector }: CaseResult): {
  readonly openedS: number
  readonly opened: AnomalyCluster
  readonly last: AnomalyCluster
} {
  const opened = changes.filter(({ change }) => change.change === 'opened')
  expect(opened.map(({ change }) => change.cluster.sentence)).toHaveLength(1)
  const [last] = detector.openClusters()
  return { openedS: opened[0]!.atS, opened: opened[0]!.change.cluster, last: last! }
}

describe.each<[string, Address]>([
  ['an address and a port', { 'server.address': '127.0.0.1', 'server.port': '18103' }],
  ['the host alone', { 'server.address': '127.0.0.1' }],
  ['nothing', {}],
])('a dependency that refuses connections, of which its callers say %s', (_, address) => {
  const { openedS, opened, last } = onlyCluster(run(3, (traffic) => checkouts(traffic, address)))

  it('is named within 20 s, with who suffers, since when, and why', () => {
    expect(openedS - FAULT_S).toBeLessThan(20)
    for (const cluster of [opened, last]) {
      expect(cluster.sentence).toMatch(
        /^gateway POST \/api\/checkout: 100 % of requests fail since 08:11:\d\d\. payment does not answer \(connection refused\): (\d+) of \1 calls from orders\.$/,
      )
      expect(cluster).toMatchObject({
        suspect: 'payment',
        severity: 'critical',
        alerts: true,
        term: 'no_answer',
      })
      expect(cluster.services[0]).toBe('payment')
    }
  })

  it('counts the entry operation that suffers, from the first request that did', () => {
    expect(last.impact).toHaveLength(1)
    const { entry, requests, failed, share } = last.impact[0]!
    expect(entry).toBe('gateway POST /api/checkout')
    expect([failed, share]).toEqual([requests, 1])
    expect(last.observations).toBe(last.occurrences)
    expect(Math.abs(last.firstMs - FAULT_MS)).toBeLessThan(2000)
  })
})

describe('an address from which no telemetry ever came', () => {
  it('is shown as that, and is the suspect once it does not answer', () => {
    const address = { 'server.address': '192.0.2.7', 'server.port': '8080' }
    const silent = (traffic: Traffic): CaseSpan[] =>
      checkouts(traffic, address).filter(({ service }) => service !== 'payment')
    const { last } = onlyCluster(run(3, silent))
    expect(last.suspect).toBe('192.0.2.7:8080 (no telemetry)')
    expect(last.sentence).toContain(
      '192.0.2.7:8080 (no telemetry) does not answer (connection refused): ',
    )
  })
})

describe('errors of a framework that says them twice', () => {
  const { openedS, opened, last } = onlyCluster(run(3, (traffic) => carts(traffic)))

  it('are those of the service that answers, counted once for each request', () => {
    // The first failing request comes within seconds, and is judged after the quiet of its trace.
    expect(openedS - FAULT_S).toBeLessThan(20)
    for (const cluster of [opened, last]) {
      expect(cluster.sentence).toMatch(
        /^gateway POST \/api\/cart: \d\d % of requests fail since 08:11:\d\d\. cart POST \/cart\/\{user\}\/items fails \(HTTP 500\) in \d\d %: \d+ of \d+ calls from gateway\.$/,
      )
      expect(cluster).toMatchObject({ suspect: 'cart', severity: 'critical', term: 'errors' })
    }
    const [suffering] = last.impact
    expect(suffering?.failed).toBe(last.observations)
    expect(last.rate).toBeGreaterThan(0.15)
    expect(last.rate).toBeLessThan(0.25)
  })
})

describe('errors that several callers get', () => {
  it('are told from the first, although each caller has but a part of them', () => {
    const callers = ['web', 'mobile', 'partner']
    const { opened, last } = onlyCluster(run(3, (traffic) => carts(traffic, callers)))
    for (const { sentence, suspect } of [opened, last]) {
      expect(sentence).toContain('cart POST /cart/{user}/items fails (HTTP 500) in ')
      expect(suspect).toBe('cart')
    }
  })
})

describe('a proxy that has no spans of its calls', () => {
  it('is told to fail where nobody answers, and who should have', () => {
    const { openedS, last } = onlyCluster(run(3, proxied))
    expect(openedS - FAULT_S).toBeLessThan(25)
    expect(last.sentence).toMatch(
      /^proxy GET \/shop → shop: \d\d % of requests fail since 08:11:\d\d\. proxy GET \/shop fails \(HTTP 504\) in \d\d %: /,
    )
    expect(last).toMatchObject({ suspect: 'shop', severity: 'critical', term: 'errors' })
  })
})

describe('calls of which many wait for the very same time', () => {
  it('are no slower than they were', () => {
    expect(run(2, polls).changes).toEqual([])
  })
})

describe('a topic with two consumers', () => {
  it('keeps its name when one of them is away: nothing is new, and nobody is told', () => {
    const { changes, verdicts } = run(3, twoConsumers)
    expect(changes.filter(({ change }) => change.cluster.alerts)).toEqual([])
    const sent = new Set(verdicts.map(({ stratum }) => stratum))
    expect([...sent].sort()).toEqual([
      'mailer process orders',
      'orders POST /orders',
      'warehouse process orders',
    ])
  })
})

describe('what was told', () => {
  it('stays the same through a restart', () => {
    const make = (traffic: Traffic): CaseSpan[] => checkouts(traffic, {})
    const told = ({ changes, detector }: CaseResult): unknown => [changes, detector.openClusters()]
    expect(told(run(3, make, 150))).toEqual(told(run(3, make)))
  })
})
