import { describe, expect, it } from 'vitest'
import { clocksOff } from './clocks-off.ts'
import { type CaseResult, opened, runCase } from './run-case.ts'
import { type CaseSpan, Chance, MINUTE, offBy, records, shop, T0_MS } from './small-shop.ts'

const WARM = { seed: 1, fromMs: T0_MS, minutes: 6 }
const TEST_MS = T0_MS + 10 * MINUTE
const slow = (t: number): number => (t > TEST_MS + 3 * MINUTE && t < TEST_MS + 6 * MINUTE ? 4 : 1)
const warm = records(shop(WARM))
const traffic = shop({ seed: 2, fromMs: TEST_MS, minutes: 7, slow })

/** A phone whose clock is `aheadMs` ahead sends a span of its own. */
function phone(atMs: number, aheadMs: number, seed = 9): CaseSpan {
  const chance = new Chance(seed)
  const traceId = chance.hex(32)
  const at = { startMs: atMs - 200 + aheadMs, durationMs: 200, arrivesMs: atMs }
  return { service: 'app', name: 'screen.load', kind: 1, traceId, spanId: chance.hex(16), ...at }
}

function run(spans: readonly CaseSpan[], restartAt?: number): CaseResult {
  return runCase(warm, { 'k/0': records(spans) }, TEST_MS, restartAt)
}

const right = run(traffic)
const [first] = opened(right)

describe('a fault told by clocks that are right', () => {
  it('is found, for comparison', () => {
    expect(first?.sentence).toContain('orders')
    expect(first!.atS).toBeGreaterThan(180)
    expect(first!.atS).toBeLessThan(240)
  })
})

describe.each([
  ['one span 9.5 minutes ahead', [phone(TEST_MS + 2 * MINUTE, 9.5 * MINUTE)]],
  [
    'three spans a day ahead, each sent by itself',
    [1, 2, 3].map((i) => phone(TEST_MS + 2 * MINUTE + i * 1001, 24 * 60 * MINUTE, i)),
  ],
  [
    'phones that are up to an hour ahead, all the time',
    Array.from({ length: 400 }, (_, i) =>
      phone(TEST_MS + i * 1000, ((i * 7) % 60) * MINUTE + 30_000, 100 + i),
    ),
  ],
])('%s', (_, spans) => {
  const result = run([...traffic, ...spans])

  it('stops no verdict and delays no cluster', () => {
    const [cluster] = opened(result)
    expect(Math.abs(cluster!.atS - first!.atS)).toBeLessThanOrEqual(5)
    expect(opened(result)).toHaveLength(opened(right).length)
    for (const [minute, count] of right.byMinute.entries()) {
      expect(result.byMinute[minute]).toBeGreaterThanOrEqual(count * 0.95)
    }
  })

  it('is said, with the service and how far it is ahead', () => {
    const { clocksAhead } = result.detector.status()
    expect(clocksAhead.map(({ service }) => service)).toEqual(['app'])
    expect(clocksAhead[0]!.aheadMs).toBeGreaterThan(20_000)
    expect(result.detector.counts().assembled.rejectedJumps).toBeGreaterThan(0)
  })
})

describe('a clock that all believed and that was wrong', () => {
  // All spans of 20 s are a day ahead: a broken time server, and its correction.
  const from = TEST_MS + 60_000
  const spans = traffic.map((span) =>
    span.arrivesMs > from && span.arrivesMs < from + 20_000 ? offBy(span, 24 * 60 * MINUTE) : span,
  )

  it.each([-1, 85])('comes back, and the fault is found as without it (restart at %i)', (at) => {
    const result = run(spans, at)
    expect(result.detector.counts().assembled.clockRestarts).toBe(1)
    const found = opened(result).filter(({ sentence }) => sentence.includes('orders'))
    expect(found.length).toBeGreaterThan(0)
    expect(found.some(({ atS }) => Math.abs(atS - first!.atS) <= 30)).toBe(true)
    expect(result.byMinute.slice(2, 7).every((count) => count > 500)).toBe(true)
  })
})

describe('a fifth of the senders with clocks that are off', () => {
  const pods = clocksOff(traffic, 77)

  it('delays the cluster by less than 30 s', () => {
    const [cluster] = opened(run(pods)).filter(({ sentence }) => sentence.includes('orders'))
    expect(cluster!.atS - first!.atS).toBeLessThan(30)
  })
})
