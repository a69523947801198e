import { describe, expect, it } from 'vitest'
import {
  type Burst,
  drawPause,
  drawSelf,
  selfQuantile,
  slowShareAt,
} from '../../src/simulate/latency.ts'
import { derive, unit } from '../../src/simulate/random.ts'
import { SERVICES } from '../../src/simulate/shop-services.ts'
import { collect, quantile, servedBy, share } from './collected-traces.ts'

const SELF = { median: 10, sigma: 0.4 }

/** Intra-class correlation of 0/1 outcomes in groups, by the method of moments (ANOVA). */
function intraCorrelation(groups: readonly (readonly [slow: number, calls: number])[]): number {
  const used = groups.filter(([, n]) => n > 0)
  const total = used.reduce((sum, [, n]) => sum + n, 0)
  const mean = used.reduce((sum, [slow]) => sum + slow, 0) / total
  const between =
    used.reduce((sum, [slow, n]) => sum + n * (slow / n - mean) ** 2, 0) / (used.length - 1)
  const within =
    used.reduce((sum, [slow, n]) => sum + slow * (1 - slow / n), 0) / (total - used.length)
  const size = (total - used.reduce((sum, [, n]) => sum + n * n, 0) / total) / (used.length - 1)
  return (between - within) / (between + (size - 1) * within)
}

describe('self times', () => {
  it('have the stated quantiles without bursts and pauses', () => {
    const values = Array.from({ length: 40_000 }, (_, i) => drawSelf(derive(3, i), SELF, null, 0))
    for (const q of [0.1, 0.5, 0.9, 0.95]) {
      const stated = selfQuantile(q, SELF, { burst: null, throttled: 0 })
      expect(quantile(values, q) / stated).toBeCloseTo(1, 1)
    }
    expect(selfQuantile(0.95, SELF, { burst: null, throttled: 0 })).toBeCloseTo(
      10 * Math.exp(1.6449 * 0.4),
      2,
    )
  })

  it('have a tail heavier than log-normal beyond p99.9', () => {
    const values = Array.from({ length: 100_000 }, (_, i) => drawSelf(derive(4, i), SELF, null, 0))
    const gaussian = 10 * Math.exp(4.265 * 0.4) // 1e-5 point of the body: one value expected above
    expect(values.filter((x) => x > gaussian).length).toBeGreaterThan(5)
  })

  it('are stretched in slow episodes, as the stated mixture has it', () => {
    const burst: Burst = { share: 0.08, rho: 0.15, slotMs: 1000, factor: 3 }
    const values: number[] = []
    for (let i = 0; i < 60_000; i++) {
      const slow = slowShareAt(5, burst, i * 20)
      values.push(drawSelf(derive(5, i), SELF, burst, slow))
    }
    const stated = selfQuantile(0.95, SELF, { burst, throttled: 0 })
    expect(stated).toBeGreaterThan(10 * Math.exp(1.645 * 0.4) * 1.2)
    expect(quantile(values, 0.95) / stated).toBeGreaterThan(0.9)
    expect(quantile(values, 0.95) / stated).toBeLessThan(1.1)
  })

  it('pause for one, two or three periods of 100 ms, six, three and one times in ten', () => {
    const pauses = Array.from({ length: 100_000 }, (_, i) => drawPause(derive(6, i), 0.015))
    expect(share(pauses, (p) => p > 0)).toBeCloseTo(0.015, 2)
    const paused = pauses.filter((p) => p > 0)
    expect(new Set(paused)).toEqual(new Set([100, 200, 300]))
    expect(share(paused, (p) => p === 100)).toBeCloseTo(0.6, 1)
    expect(share(paused, (p) => p === 300)).toBeCloseTo(0.1, 1)
  })

  it('never pause where no quota is set', () => {
    expect(drawPause(1, 0)).toBe(0)
  })
})

describe('bursts', () => {
  it('correlate the calls of a slot as stated', () => {
    for (const rho of [0.05, 0.2]) {
      const burst: Burst = { share: 0.08, rho, slotMs: 1000, factor: 3 }
      const groups: [number, number][] = []
      for (let slot = 0; slot < 3000; slot++) {
        const p = slowShareAt(11, burst, slot * 1000)
        let slow = 0
        for (let i = 0; i < 50; i++) if (unit(derive(slot, i), 1) < p) slow++
        groups.push([slow, 50])
      }
      const found = intraCorrelation(groups)
      expect(found).toBeGreaterThan(rho * 0.8)
      expect(found).toBeLessThan(rho * 1.2)
      expect(groups.reduce((sum, [slow]) => sum + slow, 0) / 150_000).toBeCloseTo(0.08, 1)
    }
  })

  it('show in half-minute buckets of the places that have them, and only there', {
    timeout: 120_000,
  }, () => {
    const traces = collect({ durationMs: 3_600_000, tracesPerSecond: 8 })
    const rhoOf = (service: string, name: string): number => {
      const calls = servedBy(traces, service).filter((item) => item.span.name.startsWith(name))
      const level = quantile(
        calls.map((item) => item.selfMs),
        0.9,
      )
      const groups = new Map<number, [number, number]>()
      for (const { span, selfMs } of calls) {
        const bucket = Number(span.startNs / 30_000_000_000n)
        const [slow, n] = groups.get(bucket) ?? [0, 0]
        groups.set(bucket, [slow + (selfMs > level ? 1 : 0), n + 1])
      }
      return intraCorrelation([...groups.values()])
    }
    for (const [service, name] of [
      ['reviews', 'GET /reviews'],
      ['inventory', 'shop.Inventory/Available'],
      ['catalogue', 'GET /products/'],
    ] as const) {
      // Slots do not fall together with buckets, and slow calls share p90 with merely slowish ones.
      expect(rhoOf(service, name), service).toBeGreaterThan(0.03)
      expect(rhoOf(service, name), service).toBeLessThan(0.22)
    }
    expect(Math.abs(rhoOf('pricing', 'shop.Pricing/Quote'))).toBeLessThan(0.02)
    expect(Math.abs(rhoOf('auth', 'shop.Auth/ValidateToken'))).toBeLessThan(0.02)
  })

  it('leave throttling steps in the tail of the services that are throttled', () => {
    const traces = collect({ durationMs: 60_000, tracesPerSecond: 200 })
    for (const [service, { throttled, burst }] of Object.entries(SERVICES)) {
      const calls = servedBy(traces, service)
      if (calls.length < 1500) continue
      const paused = share(calls, (item) => item.selfMs > 100)
      expect(paused, service).toBeGreaterThanOrEqual(throttled * 0.5)
      expect(paused, service).toBeLessThan(throttled * 1.5 + (burst ? 0.004 : 0.002))
    }
  })
})
