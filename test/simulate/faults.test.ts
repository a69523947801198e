import { beforeAll, describe, expect, it } from 'vitest'
import {
  FAULT_KINDS,
  type Fault,
  GRADES,
  type SpanFaultKind,
  type Strength,
} from '../../src/simulate/faults.ts'
import { buildShop } from '../../src/simulate/shop.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import {
  BASE,
  type CollectedSpan,
  type CollectedTrace,
  collect,
  quantile,
  servedBy,
  share,
} from './collected-traces.ts'

const FROM_MS = 4000
const TO_MS = 21_000
const STRENGTHS = ['weak', 'medium', 'strong'] as const

/** A service in which each kind of fault makes sense. */
const GUILTY: Readonly<Record<SpanFaultKind, string>> = {
  slow_dependency: 'pricing',
  cpu_bound: 'recommendation',
  throttled: 'inventory',
  network_delay: 'cart',
  errors: 'payment',
  fail_fast: 'inventory',
  missing_call: 'frontend',
  retry_storm: 'search',
  unseen_path: 'reviews',
  lock_contention: 'orders',
  cache_gone: 'catalogue',
  slow_database: 'inventory',
}

let healthy: CollectedTrace[] = []
const runs = new Map<string, CollectedTrace[]>()

beforeAll(() => {
  healthy = collect()
})

function fault(kind: SpanFaultKind, strength: Strength, more: Partial<Fault> = {}): Fault {
  return { kind, strength, service: GUILTY[kind], fromMs: FROM_MS, toMs: TO_MS, ...more }
}

function faulty(kind: SpanFaultKind, strength: Strength): CollectedTrace[] {
  const key = `${kind} ${strength}`
  const known = runs.get(key)
  if (known) return known
  const made = collect({ faults: [fault(kind, strength)] })
  runs.set(key, made)
  return made
}

function during(traces: readonly CollectedTrace[]): CollectedTrace[] {
  return traces.filter(({ label }) => {
    const at = label.startMs - BASE.startMs
    return at >= FROM_MS + 200 && at < TO_MS - 1000
  })
}

/** Everything that is in the spans of a trace. */
function exactly(trace: CollectedTrace | undefined): string {
  return JSON.stringify(
    trace?.spans.map(({ span }) => span),
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  )
}

/** What must not change where a fault is elsewhere: names, outcomes and own times, to the ns. */
function fingerprint(trace: CollectedTrace, without: string): string {
  return trace.spans
    .filter(({ service, parent, children }) => {
      const near = [service, parent?.service, ...children.map((child) => child.service)]
      return !near.includes(without)
    })
    .map((s) => `${s.service} ${s.span.name} ${s.span.status} ${s.selfMs.toFixed(6)}`)
    .sort()
    .join('\n')
}

function p95ByName(service: string): Map<string, number> {
  const found = new Map<string, number>()
  const calls = servedBy(healthy, service)
  for (const name of new Set(calls.map(nameOf))) {
    found.set(
      name,
      quantile(
        calls.filter((s) => nameOf(s) === name).map((s) => s.selfMs),
        0.95,
      ),
    )
  }
  return found
}

function nameOf({ span }: CollectedSpan): string {
  return span.name.replace(/[0-9a-f]{8}$/, '{id}')
}

/** Calls whose own time is above so many times the normal p95 of their operation. */
function above(kind: SpanFaultKind, strength: Strength, times: number): number {
  const normal = p95ByName(GUILTY[kind])
  const calls = servedBy(during(faulty(kind, strength)), GUILTY[kind])
  return share(calls, (s) => s.selfMs > times * (normal.get(nameOf(s)) ?? Infinity))
}

describe('every fault', () => {
  it.each(FAULT_KINDS)(
    '%s leaves traces that it does not affect as they are, to the byte',
    (kind) => {
      const traces = faulty(kind, 'strong')
      expect(traces.length).toBe(healthy.length)
      const affected = traces.filter(({ label }) => label.affected.length > 0).length
      const changed = traces.filter(
        (trace, i) => trace.label.affected.length === 0 && exactly(trace) !== exactly(healthy[i]),
      )
      expect(changed).toEqual([])
      expect(affected).toBeGreaterThan(30)
      expect(affected).toBeLessThan(traces.length)
    },
  )

  it.each(FAULT_KINDS)(
    '%s touches what its service served while it lasted, and only that',
    (kind) => {
      const traces = faulty(kind, 'medium')
      const wrong = traces.filter(({ label, spans }) => {
        const own = spans.filter(({ service }) => service === GUILTY[kind])
        const active = own.some(({ span, parent }) => {
          const at = Number(span.startNs - BigInt(BASE.startMs) * 1_000_000n) / 1e6
          const served = span.kind === 2 || !parent
          return served && at >= FROM_MS + 3 && at < TO_MS - 3
        })
        const touched = label.touched.length > 0
        const affected = label.affected.length > 0
        return (active && !touched) || (touched && own.length === 0) || (affected && !touched)
      })
      expect(wrong).toEqual([])
    },
  )

  it.each(FAULT_KINDS)('%s affects more traces the stronger it is', (kind) => {
    const [weak = 0, medium = 0, strong = 0] = STRENGTHS.map((strength) =>
      share(during(faulty(kind, strength)), ({ label }) => label.affected.length > 0),
    )
    expect(weak).toBeGreaterThan(0)
    expect(medium).toBeGreaterThan(weak * 1.3)
    expect(strong).toBeGreaterThan(medium * 1.1)
  })

  it.each([
    'slow_dependency',
    'cpu_bound',
    'throttled',
    'lock_contention',
    'slow_database',
    'network_delay',
  ] as const)('%s leaves the own times of all other services alone', (kind) => {
    const traces = faulty(kind, 'strong')
    const changed = traces.filter((trace, i) => {
      const other = healthy[i]
      return !other || fingerprint(trace, GUILTY[kind]) !== fingerprint(other, GUILTY[kind])
    })
    // What comes later may fall into another slot of a burst.
    expect(changed.length / traces.length).toBeLessThan(0.01)
  })

  it('does nothing outside its time', () => {
    const outside = faulty('slow_dependency', 'strong').filter(({ label }) => {
      const at = label.startMs - BASE.startMs
      return at >= TO_MS || label.endMs - BASE.startMs < FROM_MS
    })
    expect(outside.length).toBeGreaterThan(300)
    expect(outside.filter(({ label }) => label.affected.length > 0)).toEqual([])
  })
})

describe('faults that add time', () => {
  it.each(['slow_dependency', 'cpu_bound'] as const)(
    '%s: strong is at least five times the normal p95 in most calls, weak within the tail',
    (kind) => {
      expect(above(kind, 'strong', 5)).toBeGreaterThan(kind === 'cpu_bound' ? 0.6 : 0.9)
      expect(above(kind, 'medium', 5)).toBeLessThan(0.5)
      expect(above(kind, 'medium', 1)).toBeGreaterThan(0.45)
      expect(above(kind, 'weak', 1)).toBeGreaterThan(0.1)
      expect(above(kind, 'weak', 1)).toBeLessThan(0.4)
      expect(above(kind, 'weak', 5)).toBeLessThan(0.05)
    },
  )

  it('cpu_bound multiplies, so a call that was slower before stays slower', () => {
    const pairs = servedBy(faulty('cpu_bound', 'strong'), 'recommendation').map(
      (s) => [s.span.traceId + s.span.spanId, s.selfMs] as const,
    )
    const before = new Map(
      servedBy(healthy, 'recommendation').map((s) => [s.span.traceId + s.span.spanId, s.selfMs]),
    )
    const ratios = pairs
      .map(([id, selfMs]) => selfMs / (before.get(id) ?? Number.NaN))
      .filter((ratio) => ratio > 1.01 && ratio < 100)
    const spread = quantile(ratios, 0.8) / quantile(ratios, 0.2)
    expect(ratios.length).toBeGreaterThan(100)
    expect(spread).toBeLessThan(1.2)
  })

  it('throttled adds whole periods of 100 ms to the stated share of calls', () => {
    for (const strength of STRENGTHS) {
      const calls = servedBy(during(faulty('throttled', strength)), 'inventory')
      const before = new Map(
        servedBy(healthy, 'inventory').map((s) => [s.span.traceId + s.span.spanId, s.selfMs]),
      )
      const added = calls
        .map((s) => s.selfMs - (before.get(s.span.traceId + s.span.spanId) ?? Number.NaN))
        .filter((ms) => ms > 1)
      const expected = GRADES.throttled[strength].share
      expect(Math.abs(added.length / calls.length - expected)).toBeLessThan(0.05)
      const whole = share(added, (ms) => Math.abs(ms / 100 - Math.round(ms / 100)) < 1e-4)
      expect(whole).toBeGreaterThan(0.98)
    }
  })

  it('lock_contention scatters heavily and grows with the load', () => {
    const added = (factor: number): number[] => {
      const changes = [{ kind: 'load', factor, fromMs: 0, toMs: 1e9 } as const]
      const options = { changes, tracesPerSecond: 70 / factor, durationMs: 60_000 }
      const faults = [fault('lock_contention', 'strong', { fromMs: 0, toMs: 60_000 })]
      return servedBy(collect({ ...options, faults }), 'orders').map((s) => s.selfMs)
    }
    const normal = added(1)
    expect(quantile(normal, 0.9) / quantile(normal, 0.5)).toBeGreaterThan(2.5)
    const busy = added(2)
    expect(quantile(busy, 0.5) / quantile(normal, 0.5)).toBeGreaterThan(2)
  })

  it('network_delay shows between the client span and the server span, not within', () => {
    const gapOf = (s: CollectedSpan): number => (s.parent ? s.parent.durationMs - s.durationMs : 0)
    const before = servedBy(healthy, 'cart')
    const after = servedBy(during(faulty('network_delay', 'strong')), 'cart')
    expect(quantile(after.map(gapOf), 0.5)).toBeGreaterThan(60)
    expect(quantile(before.map(gapOf), 0.95)).toBeLessThan(3)
    const p50 = (calls: CollectedSpan[]): number =>
      quantile(
        calls.map((s) => s.durationMs),
        0.5,
      )
    expect(p50(after) / p50(before)).toBeCloseTo(1, 0)
  })

  it('network_delay of one caller leaves the other callers alone', () => {
    const faults = [fault('network_delay', 'strong', { caller: 'checkout' })]
    const calls = servedBy(during(collect({ faults })), 'cart')
    const late = (caller: string): number =>
      share(
        calls.filter(({ parent }) => parent?.service === caller),
        (s) => (s.parent?.durationMs ?? 0) - s.durationMs > 20,
      )
    expect(late('checkout')).toBeGreaterThan(0.9)
    expect(late('frontend')).toBe(0)
  })

  it('slow_database slows the statements of its service, or of everyone', () => {
    const p50 = (traces: CollectedTrace[], service: string): number =>
      quantile(
        traces.flatMap(({ spans }) =>
          spans
            .filter((s) => s.service === service && /^(SELECT|UPDATE|INSERT) /.test(s.span.name))
            .map((s) => s.durationMs),
        ),
        0.5,
      )
    const own = during(faulty('slow_database', 'strong'))
    expect(p50(own, 'inventory') / p50(healthy, 'inventory')).toBeGreaterThan(5)
    expect(p50(own, 'pricing') / p50(healthy, 'pricing')).toBeLessThan(1.15)
    const faults = [fault('slow_database', 'strong', { service: 'postgresql' })]
    const all = during(collect({ faults }))
    for (const service of ['inventory', 'pricing', 'reviews', 'search']) {
      expect(p50(all, service) / p50(healthy, service)).toBeGreaterThan(4)
    }
  })
})

describe('faults that change what happens', () => {
  const failed = (s: CollectedSpan): boolean => s.span.status === 2

  it('errors fail the stated share of calls, after the usual work, and callers fail with them', () => {
    for (const strength of STRENGTHS) {
      const faults = [fault('errors', strength, { service: 'orders' })]
      const calls = servedBy(during(collect({ faults })), 'orders')
      const expected = GRADES.errors[strength].share
      expect(Math.abs(share(calls, failed) - expected)).toBeLessThan(0.09)
      for (const call of calls.filter(failed)) {
        expect(call.parent && failed(call.parent)).toBe(true)
        expect(call.parent?.parent && failed(call.parent.parent)).toBe(true)
        expect(call.span.events?.length).toBe(1)
      }
      const p50 = (of: CollectedSpan[]): number =>
        quantile(
          of.map((s) => s.durationMs),
          0.5,
        )
      if (strength === 'weak') continue
      const bad = calls.filter(failed)
      expect(p50(bad)).toBeGreaterThan(p50(servedBy(healthy, 'orders')) * 0.6)
    }
  })

  it('errors are tried again where the caller does that, and only the last one counts', () => {
    const traces = during(faulty('errors', 'strong')).filter(({ spans }) =>
      spans.some((s) => s.span.name === 'POST /charge' && failed(s)),
    )
    const recovered = traces.filter(({ spans }) =>
      spans.some((s) => s.span.name === 'POST /charge' && !failed(s)),
    )
    expect(recovered.length).toBeGreaterThan(5)
    for (const { spans } of recovered) {
      expect(spans.filter((s) => s.span.name === 'POST /charge').length).toBe(2)
      expect(spans.some((s) => !s.parent && failed(s))).toBe(false)
    }
    expect(traces.some(({ spans }) => spans.some((s) => !s.parent && failed(s)))).toBe(true)
  })

  it('errors fail a page that needs the call, also one of several at once, and no other page', () => {
    const failedPages = (service: string): number => {
      const faults = [fault('errors', 'strong', { service })]
      const pages = servedBy(during(collect({ faults })), 'frontend').filter(
        ({ span, children }) =>
          span.name === 'GET /product/{id}' &&
          children.some((child) => child.children.some((s) => s.service === service && failed(s))),
      )
      expect(pages.length).toBeGreaterThan(80)
      return share(pages, failed)
    }
    expect(failedPages('pricing')).toBeGreaterThan(0.4)
    expect(failedPages('reviews')).toBeLessThan(0.02)
  })

  it('fail_fast fails at once and without any call', () => {
    const calls = servedBy(during(faulty('fail_fast', 'strong')), 'inventory')
    const bad = calls.filter(failed)
    expect(share(calls, failed)).toBeGreaterThan(0.6)
    for (const call of bad) expect(call.children.length).toBe(0)
    expect(
      quantile(
        bad.map((s) => s.durationMs),
        0.95,
      ),
    ).toBeLessThan(1)
    expect(
      quantile(
        servedBy(healthy, 'inventory').map((s) => s.durationMs),
        0.05,
      ),
    ).toBeGreaterThan(2)
  })

  it('missing_call omits one call and changes nothing that is still there', () => {
    const traces = during(faulty('missing_call', 'strong'))
    for (const { spans } of traces) {
      for (const s of spans.filter(
        (x) => x.span.name === 'GET /cart' && x.service === 'frontend',
      )) {
        expect(s.children.some((child) => child.span.name === 'shop.Cart/GetCart')).toBe(false)
        if (!failed(s)) expect(s.children.length).toBeGreaterThan(0)
      }
    }
    const half = during(faulty('missing_call', 'medium')).flatMap(({ spans }) =>
      spans.filter((x) => x.span.name === 'GET /cart' && x.service === 'frontend'),
    )
    const without = share(
      half,
      (s) => !s.children.some((child) => child.span.name === 'shop.Cart/GetCart'),
    )
    expect(Math.abs(without - 0.5)).toBeLessThan(0.12)
  })

  it('missing_call takes the call of the service that is named', () => {
    const faults = [fault('missing_call', 'strong', { service: 'checkout', callee: 'inventory' })]
    const calls = servedBy(during(collect({ faults })), 'checkout').filter((s) => !failed(s))
    const called = new Set(
      calls.flatMap((s) => s.children.flatMap((c) => c.children.map((x) => x.service))),
    )
    expect(called.has('inventory')).toBe(false)
    expect([...called].sort()).toEqual(['cart', 'email', 'orders', 'payment', 'shipping'])
  })

  it('retry_storm makes a call three to eight times as often', () => {
    const count = (s: CollectedSpan): number =>
      s.children.filter((child) => child.span.name === 'SELECT search_index').length
    const before = servedBy(healthy, 'search').map(count)
    const after = servedBy(during(faulty('retry_storm', 'strong')), 'search').map(count)
    expect(Math.max(...before)).toBe(3)
    expect(Math.max(...after)).toBeGreaterThan(15)
    expect(Math.max(...after)).toBeLessThanOrEqual(24)
    expect(share(after, (n) => n > 3)).toBeGreaterThan(0.6)
    const mean = (counts: number[]): number => counts.reduce((sum, n) => sum + n, 0) / counts.length
    expect(mean(after) / mean(before)).toBeGreaterThan(4)
    expect(mean(after) / mean(before)).toBeLessThan(6)
  })

  it('unseen_path adds operations that no healthy trace has', () => {
    const names = (traces: CollectedTrace[]): Set<string> =>
      new Set(traces.flatMap(({ spans }) => spans.map((s) => `${s.service} ${nameOf(s)}`)))
    const known = names(healthy)
    const added = [...names(faulty('unseen_path', 'strong'))].filter((name) => !known.has(name))
    expect(added.sort()).toEqual(['reviews SELECT reviews_legacy', 'reviews legacy fallback'])
  })

  it('cache_gone goes the way of a miss in the stated share of hits', () => {
    const missed = (traces: CollectedTrace[]): number =>
      share(servedBy(traces, 'catalogue'), (s) =>
        s.children.some((child) => child.span.name.startsWith('SELECT')),
      )
    expect(missed(healthy)).toBeLessThan(0.25)
    expect(missed(during(faulty('cache_gone', 'strong')))).toBeGreaterThan(0.97)
    expect(Math.abs(missed(during(faulty('cache_gone', 'medium'))) - 0.67)).toBeLessThan(0.07)
  })
})

describe('partial and combined faults', () => {
  it('hits one instance only, where one is named', () => {
    const instances = buildShop(BASE.seed, 1).services.find(({ name }) => name === 'pricing')
    expect(instances?.instances.length).toBe(2)
    const faults = [fault('slow_dependency', 'strong', { instance: 1 })]
    const calls = servedBy(during(collect({ faults })), 'pricing')
    const slow = new Map<string, number[]>()
    for (const call of calls)
      slow.set(call.instance, [...(slow.get(call.instance) ?? []), call.selfMs])
    const medians = [...slow.values()].map((values) => quantile(values, 0.5)).sort((a, b) => a - b)
    expect(medians.length).toBe(2)
    expect(medians[0]).toBeLessThan(8)
    expect(medians[1]).toBeGreaterThan(30)
  })

  it('keeps two faults at the same time apart', () => {
    const both = collect({
      faults: [
        fault('slow_dependency', 'strong'),
        fault('errors', 'strong', { service: 'catalogue' }),
      ],
    })
    const one = faulty('slow_dependency', 'strong')
    const changed = both.filter(
      (trace, i) => !trace.label.affected.includes(1) && exactly(trace) !== exactly(one[i]),
    )
    expect(changed).toEqual([])
    const met = new Set(both.map(({ label }) => label.affected.join(' ')))
    expect([...met].sort()).toEqual(['', '0', '0 1', '1'])
  })

  it('refuses faults that the shop cannot have, and says why', () => {
    const error = (more: Partial<Fault>): string => {
      try {
        simulate({ ...BASE, faults: [fault('errors', 'strong', more)] }).next()
        return ''
      } catch (e) {
        return String(e)
      }
    }
    expect(error({ service: 'nobody' })).toContain('nobody')
    expect(error({ kind: 'gremlins' as Fault['kind'] })).toContain('gremlins')
    expect(error({ strength: 'huge' as Strength })).toContain('huge')
    expect(error({ instance: 9 })).toContain('no instance 9')
    expect(error({ service: 'redis' })).toContain('redis')
    expect(error({ toMs: 0 })).toContain('ends at 0')
    expect(error({ caller: 'nobody' })).toContain('nobody')
    expect(error({ kind: 'missing_call', service: 'checkout', callee: 'ads' })).toContain('ads')
    expect(error({ kind: 'missing_call', service: 'currency' })).toContain('currency')
    expect(error({ kind: 'cache_gone', service: 'cart' })).toContain('cart')
  })
})
