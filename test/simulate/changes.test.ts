import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/simulate/changes.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { BASE, type CollectedTrace, collect, quantile, servedBy } from './collected-traces.ts'

const HALF_MS = BASE.durationMs / 2

function halves(traces: readonly CollectedTrace[]): [CollectedTrace[], CollectedTrace[]] {
  const late = ({ label }: CollectedTrace): boolean => label.startMs - BASE.startMs >= HALF_MS
  return [traces.filter((t) => !late(t)), traces.filter(late)]
}

function selfP50(traces: readonly CollectedTrace[], service: string, name: string): number {
  const calls = servedBy(traces, service).filter(({ span }) => span.name.startsWith(name))
  return quantile(
    calls.map((s) => s.selfMs),
    0.5,
  )
}

/** Everything about a trace but its ids and absolute times. */
function shape({ spans }: CollectedTrace): string {
  const names = spans.map((s) => `${s.parent?.span.name}>${s.span.name} ${s.span.status}`)
  return names
    .map((name) => name.replaceAll(/[0-9a-f]{8}/g, '{id}'))
    .sort()
    .join('\n')
}

describe('changes that are no faults', () => {
  it('load alone changes neither latencies nor shapes nor errors', () => {
    const changes: Change[] = [{ kind: 'load', factor: 3, fromMs: HALF_MS, toMs: BASE.durationMs }]
    const [before, after] = halves(collect({ changes, durationMs: BASE.durationMs }))
    expect(after.length / before.length).toBeGreaterThan(2.6)
    for (const [service, name] of [
      ['pricing', 'shop.Pricing/Quote'],
      ['auth', 'shop.Auth/ValidateToken'],
      ['frontend', 'GET /product'],
      ['recommendation', 'shop.Recommendation'],
    ] as const) {
      const ratio = selfP50(after, service, name) / selfP50(before, service, name)
      expect(ratio, service).toBeGreaterThan(0.85)
      expect(ratio, service).toBeLessThan(1.18)
    }
    const p95 = (traces: CollectedTrace[]): number =>
      quantile(
        servedBy(traces, 'pricing').map((s) => s.selfMs),
        0.95,
      )
    expect(p95(after) / p95(before)).toBeGreaterThan(0.8)
    expect(p95(after) / p95(before)).toBeLessThan(1.25)
    const failed = after.filter(({ spans }) => spans.some((s) => !s.parent && s.span.status === 2))
    expect(failed.length / after.length).toBeLessThan(0.005)
    const known = new Set(before.map(shape))
    const fresh = after.filter((trace) => !known.has(shape(trace)))
    expect(fresh.length / after.length).toBeLessThan(0.5)
  })

  it('a change of the mix leaves every entry as it was', () => {
    const factors = { 'gateway/GET /search': 5 }
    const changes: Change[] = [{ kind: 'mix', factors, fromMs: 0, toMs: BASE.durationMs }]
    const traces = collect({ changes })
    const share = (of: CollectedTrace[]): number =>
      of.filter(({ label }) => label.entry === 'gateway/GET /search').length / of.length
    const normal = collect()
    expect(share(normal)).toBeLessThan(0.15)
    expect(share(traces)).toBeGreaterThan(0.32)
    const ratio = selfP50(traces, 'search', 'GET') / selfP50(normal, 'search', 'GET')
    expect(ratio).toBeGreaterThan(0.85)
    expect(ratio).toBeLessThan(1.18)
  })

  it('a deployment stays: new instances, twice the own time, one call replaced, no error', () => {
    const changes: Change[] = [{ kind: 'deployment', service: 'frontend', fromMs: HALF_MS }]
    const [before, after] = halves(collect({ changes }))
    const pods = (traces: CollectedTrace[]): Set<string> =>
      new Set(servedBy(traces, 'frontend').map((s) => s.instance))
    expect(pods(before).size).toBe(3)
    expect(pods(after).size).toBe(3)
    expect([...pods(after)].filter((pod) => pods(before).has(pod))).toEqual([])
    for (const name of ['GET /product', 'GET /cart']) {
      const ratio = selfP50(after, 'frontend', name) / selfP50(before, 'frontend', name)
      expect(ratio).toBeGreaterThan(1.7)
      expect(ratio).toBeLessThan(2.4)
    }
    const called = (traces: CollectedTrace[]): Set<string> =>
      new Set(
        servedBy(traces, 'frontend')
          .filter((s) => s.span.name === 'GET /cart')
          .flatMap((s) => s.children.map((child) => child.span.name)),
      )
    expect([...called(before)].sort()).toContain('shop.Cart/GetCart')
    expect([...called(after)].sort()).toContain('shop.Cart/GetCartV2')
    expect([...called(after)].sort()).not.toContain('shop.Cart/GetCart')
    const failed = after.filter(({ spans }) => spans.some((s) => !s.parent && s.span.status === 2))
    expect(failed.length / after.length).toBeLessThan(0.01)
    for (const { label } of after) expect(label.touched).toEqual([])
  })

  it('a ramp grows in a straight line and stays at its end', () => {
    const ramp: Change = { kind: 'ramp', service: 'pricing', factor: 4, fromMs: 0, toMs: HALF_MS }
    const traces = collect({ changes: [ramp], tracesPerSecond: 150 })
    const normal = selfP50(collect(), 'pricing', 'shop.Pricing/QuoteMany')
    const at = (fromMs: number, toMs: number): number => {
      const part = traces.filter(({ label }) => {
        const time = label.startMs - BASE.startMs
        return time >= fromMs && time < toMs
      })
      return selfP50(part, 'pricing', 'shop.Pricing/QuoteMany') / normal
    }
    expect(at(0, HALF_MS / 5)).toBeLessThan(1.6)
    expect(at(HALF_MS * 0.4, HALF_MS * 0.6)).toBeGreaterThan(2.1)
    expect(at(HALF_MS * 0.4, HALF_MS * 0.6)).toBeLessThan(2.9)
    expect(at(HALF_MS, BASE.durationMs)).toBeGreaterThan(3.5)
    expect(at(HALF_MS, BASE.durationMs)).toBeLessThan(4.5)
  })

  it('refuses changes of what the shop does not have', () => {
    const error = (change: Change): string => {
      try {
        simulate({ ...BASE, changes: [change] }).next()
        return ''
      } catch (e) {
        return String(e)
      }
    }
    expect(error({ kind: 'deployment', service: 'nobody', fromMs: 0 })).toContain('nobody')
    expect(error({ kind: 'ramp', service: 'nobody', factor: 2, fromMs: 0, toMs: 1 })).toContain(
      'nobody',
    )
    expect(error({ kind: 'mix', factors: { 'x/y': 2 }, fromMs: 0, toMs: 1 })).toContain('x/y')
    expect(error({ kind: 'load', factor: -1, fromMs: 0, toMs: 1 })).toContain('-1')
  })
})
