import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/simulate/changes.ts'
import { buildShop } from '../../src/simulate/shop.ts'
import { type Arrival, arrivals, type TrafficOptions } from '../../src/simulate/traffic.ts'
import { share } from './collected-traces.ts'

const HOUR_MS = 3_600_000
const MIDNIGHT_MS = 1_789_948_800_000
const shop = buildShop(1, 1)

function arrive(options: Partial<TrafficOptions> = {}): Arrival[] {
  const base = { seed: 5, startMs: MIDNIGHT_MS, durationMs: 60_000, tracesPerSecond: 100 }
  return [...arrivals(shop, { ...base, dailySwing: 0, changes: [], ...options })]
}

function between(all: readonly Arrival[], fromMs: number, toMs: number): Arrival[] {
  return all.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs)
}

describe('arrivals', () => {
  it('come in the order of time, within the duration, at the stated rate', () => {
    const all = arrive()
    expect(Math.abs(all.length - 6000)).toBeLessThan(4 * Math.sqrt(6000))
    const ordered = all.every(({ timeMs }, i) => i === 0 || timeMs > (all[i - 1]?.timeMs ?? 0))
    expect(ordered).toBe(true)
    expect(all.at(-1)?.timeMs).toBeLessThan(60_000)
  })

  it('are a Poisson process: exponential gaps, counts as variable as large', () => {
    const all = arrive({ durationMs: 600_000 })
    const gaps = all.slice(1).map(({ timeMs }, i) => timeMs - (all[i]?.timeMs ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    expect(share(gaps, (gap) => gap > mean)).toBeCloseTo(Math.exp(-1), 2)
    const counts = new Array<number>(600).fill(0)
    for (const { timeMs } of all) counts[Math.floor(timeMs / 1000)]!++
    const variance = counts.reduce((sum, n) => sum + (n - 100) ** 2, 0) / 600
    expect(variance / 100).toBeGreaterThan(0.8)
    expect(variance / 100).toBeLessThan(1.2)
  })

  it('swing over the day, most at two in the afternoon', () => {
    const all = arrive({ durationMs: 24 * HOUR_MS, tracesPerSecond: 1, dailySwing: 0.5 })
    const rate = (hour: number): number =>
      between(all, hour * HOUR_MS, (hour + 1) * HOUR_MS).length / 3600
    expect(rate(13.5)).toBeGreaterThan(1.4)
    expect(rate(1.5)).toBeLessThan(0.6)
    expect(all.length / 86_400).toBeCloseTo(1, 1)
  })

  it('enter where the weights say', () => {
    const all = arrive({ durationMs: 300_000 })
    const total = shop.entries.reduce((sum, { weight }) => sum + weight, 0)
    for (const { name, weight } of shop.entries) {
      const found = share(all, ({ entry }) => entry.name === name)
      expect(Math.abs(found - weight / total), name).toBeLessThan(0.012)
    }
  })

  it('grow with a load change and come back, at once or over a while', () => {
    const load: Change = { kind: 'load', factor: 3, fromMs: 100_000, toMs: 200_000 }
    const all = arrive({ durationMs: 300_000, changes: [load] })
    const rate = (from: number, to: number): number => between(all, from, to).length / (to - from)
    expect(rate(0, 100_000) * 1000).toBeCloseTo(100, -1)
    expect(rate(100_000, 200_000) * 1000).toBeCloseTo(300, -1)
    expect(rate(200_000, 300_000) * 1000).toBeCloseTo(100, -1)
    const slowly = arrive({ durationMs: 300_000, changes: [{ ...load, rampMs: 100_000 }] })
    const start = between(slowly, 100_000, 120_000).length / 20
    expect(start).toBeGreaterThan(100)
    expect(start).toBeLessThan(150)
  })

  it('enter elsewhere after a change of the mix', () => {
    const factors = { 'gateway/GET /search': 4, 'gateway/GET /': 0 }
    const changes: Change[] = [{ kind: 'mix', factors, fromMs: 150_000, toMs: 300_000 }]
    const all = arrive({ durationMs: 300_000, changes })
    const of = (name: string, part: readonly Arrival[]): number =>
      share(part, ({ entry }) => entry.name === name)
    const before = between(all, 0, 150_000)
    const after = between(all, 150_000, 300_000)
    expect(of('gateway/GET /', after)).toBe(0)
    // 44 of 100 - 20 + 33
    expect(of('gateway/GET /search', before)).toBeCloseTo(0.11, 1)
    expect(of('gateway/GET /search', after)).toBeCloseTo(44 / 113, 1)
  })

  it('stay away where there is no traffic or no time', () => {
    expect(arrive({ tracesPerSecond: 0 })).toEqual([])
    expect(arrive({ durationMs: 0 })).toEqual([])
    const changes: Change[] = [{ kind: 'load', factor: 0, fromMs: 0, toMs: 30_000 }]
    expect(arrive({ changes }).every(({ timeMs }) => timeMs >= 30_000)).toBe(true)
  })
})
