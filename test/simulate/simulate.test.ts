import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SimulationOptions, simulate } from '../../src/simulate/simulate.ts'
import {
  type SimulatedRecord,
  toOtlpJson,
  toOtlpProto,
} from '../../src/simulate/simulated-record.ts'
import type { TraceLabel } from '../../src/simulate/trace-label.ts'
import { BASE, type CollectedTrace, collect, START_MS, share } from './collected-traces.ts'

const SHORT = { ...BASE, durationMs: 5000 } as const

function bodies(options: Partial<SimulationOptions> = {}): Buffer {
  return Buffer.concat([...simulate({ ...SHORT, ...options })].map(toOtlpProto))
}

/** Everything that is wrong with the shape of a trace; clocks may be off by 2 ms each. */
function faultsOfShape({ label, spans }: CollectedTrace): string[] {
  const faults: string[] = []
  const roots = spans.filter(({ span }) => span.parentSpanId === '')
  if (roots.length !== 1) faults.push(`${roots.length} roots`)
  if (new Set(spans.map(({ span }) => span.spanId)).size !== spans.length) faults.push('same id')
  let last = 0
  for (const { span, parent, service } of spans) {
    const endMs = Number(span.endNs - BigInt(START_MS) * 1_000_000n) / 1e6
    last = Math.max(last, endMs)
    if (!/^[0-9a-f]{32}$/.test(span.traceId)) faults.push(`trace id ${span.traceId}`)
    if (!/^[0-9a-f]{16}$/.test(span.spanId)) faults.push(`span id ${span.spanId}`)
    if (span.endNs <= span.startNs) faults.push(`${span.name} takes no time`)
    if (span.parentSpanId !== '' && !parent) faults.push(`${span.name} has no parent`)
    if (!parent) continue
    const early = Number(parent.span.startNs - span.startNs) / 1e6
    const late = Number(span.endNs - parent.span.endNs) / 1e6
    const slack = parent.service === service ? 0 : 4
    if (span.kind === 5) {
      if (early > slack) faults.push(`${span.name} is taken before it is sent`)
    } else if (early > slack || late > slack) faults.push(`${span.name} is outside its parent`)
  }
  if (Math.abs(label.endMs - START_MS - last) > 0.01) faults.push(`label ends ${label.endMs}`)
  return faults
}

describe('simulate', () => {
  it('gives the same bytes for the same seed, and others for another', () => {
    const first = bodies()
    expect(first.length).toBeGreaterThan(100_000)
    expect(bodies().equals(first)).toBe(true)
    expect(bodies({ seed: 8 }).equals(first)).toBe(false)
    expect(Buffer.concat([...simulate(SHORT)].map(toOtlpJson)).equals(first)).toBe(false)
  })

  it('makes whole traces, whatever the seed, the scale and the faults', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(1, 2, 4, 16),
        fc.constantFrom('errors', 'fail_fast', 'retry_storm', 'missing_call', 'unseen_path'),
        fc.constantFrom('weak', 'medium', 'strong'),
        fc.constantFrom('pricing', 'checkout', 'frontend'),
        (seed, scale, kind, strength, service) => {
          const faults = [{ kind, strength, service, fromMs: 500, toMs: 1500 } as const]
          const traces = collect({ seed, scale, faults, durationMs: 2000, tracesPerSecond: 40 })
          expect(traces.length).toBeGreaterThan(30)
          for (const trace of traces) expect(faultsOfShape(trace)).toEqual([])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('has unique trace ids', () => {
    const ids = collect({ durationMs: 60_000 }).map(({ label }) => label.traceId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has other trace ids but the same requests when it starts at another time', () => {
    const idsAndNames = (startMs: number): [Set<string>, string[]] => {
      const traces = collect({ startMs, durationMs: 5000 })
      const names = traces.map(({ spans }) =>
        spans
          .map(({ span }) => span.name)
          .sort()
          .join(),
      )
      return [new Set(traces.map(({ label }) => label.traceId)), names]
    }
    const [ids, names] = idsAndNames(START_MS)
    const [otherIds, otherNames] = idsAndNames(START_MS + 1000)
    expect(otherNames).toEqual(names)
    expect([...otherIds].filter((id) => ids.has(id))).toEqual([])
  })

  it('sends records in the order of time, each with spans that ended within the second before', () => {
    let before = 0
    let spans = 0
    let skewed = 0
    for (const record of simulate({ ...BASE, recordSpans: 100 })) {
      expect(record.timeMs).toBeGreaterThanOrEqual(before)
      expect(record.timeMs - before).toBeLessThanOrEqual(before === 0 ? Infinity : 200)
      expect(record.spanCount).toBeLessThanOrEqual(100)
      let count = 0
      for (const { spans: group } of record.resources) {
        count += group.length
        for (const { endNs } of group) {
          expect(Number(endNs) / 1e6).toBeLessThanOrEqual(record.timeMs + 0.001)
          if (Number(endNs) / 1e6 < record.timeMs - 1200) skewed++
        }
      }
      expect(count).toBe(record.spanCount)
      spans += count
      before = record.timeMs
    }
    expect(spans).toBeGreaterThan(20_000)
    expect(skewed).toBeLessThan(spans * 0.001)
  })

  it('groups the spans of a record by who sent them, once each', () => {
    for (const { resources } of simulate(SHORT)) {
      const senders = resources.map(({ attributes }) => attributes['service.instance.id'])
      expect(new Set(senders).size).toBe(senders.length)
      for (const { attributes } of resources) {
        for (const key of ['service.name', 'service.instance.id', 'k8s.pod.name']) {
          expect(attributes[key]).toMatch(/^[a-z0-9-]+$/)
        }
      }
    }
  })

  it('spreads most traces over several records', () => {
    const records = new Map<string, Set<number>>()
    for (const { timeMs, resources } of simulate(BASE)) {
      for (const { spans } of resources) {
        for (const { traceId } of spans) {
          records.set(traceId, (records.get(traceId) ?? new Set()).add(timeMs))
        }
      }
    }
    const several = share([...records.values()], (times) => times.size > 1)
    expect(several).toBeGreaterThan(0.8)
  })

  it('holds little: the first record comes long before the last trace begins', () => {
    let traces = 0
    const records = simulate({ ...BASE, durationMs: 3_600_000_000, onTrace: () => traces++ })
    expect(records.next().done).toBe(false)
    expect(traces).toBeLessThan(200)
  })

  it('puts clones of the shop side by side under other names, with the same work per trace', () => {
    const one = collect({ durationMs: 60_000 })
    const four = collect({ durationMs: 60_000, scale: 4 })
    const servicesOf = (traces: CollectedTrace[]): Set<string> =>
      new Set(traces.flatMap(({ spans }) => spans.map(({ service }) => service)))
    expect(servicesOf(one).size).toBe(18)
    expect(servicesOf(four).size).toBe(72)
    const work = (traces: CollectedTrace[]): number =>
      traces.reduce((sum, { spans }) => sum + spans.length, 0) / traces.length
    expect(work(four) / work(one)).toBeCloseTo(1, 1)
    for (const { spans } of four) {
      const suffixes = new Set(spans.map(({ service }) => service.split('-')[1] ?? ''))
      expect(suffixes.size).toBe(1)
    }
  })

  it('has twelve entries with several shapes each', () => {
    const shapes = new Map<string, Set<string>>()
    for (const { label, spans } of collect({ durationMs: 120_000 })) {
      const paths = new Set(spans.map((item) => `${item.parent?.span.name} ${item.span.name}`))
      const shape = [...paths].map((path) => path.replace(/[0-9a-f]{8}/, '{id}')).sort()
      shapes.set(label.entry, (shapes.get(label.entry) ?? new Set()).add(shape.join('\n')))
    }
    expect(shapes.size).toBe(12)
    const several = [...shapes.values()].filter((found) => found.size >= 3)
    expect(several.length).toBeGreaterThanOrEqual(8)
  })

  it('fails rarely: some handled "not found", some retried calls, few failed requests', () => {
    const traces = collect({ durationMs: 300_000 })
    const failed = share(traces, ({ spans }) => spans.some((s) => !s.parent && s.span.status === 2))
    expect(failed).toBeGreaterThan(0)
    expect(failed).toBeLessThan(0.005)
    const notFound = share(traces, ({ spans }) =>
      spans.some((s) => !s.parent && s.span.attributes['http.response.status_code'] === 404),
    )
    expect(notFound).toBeGreaterThan(0.001)
    expect(notFound).toBeLessThan(0.02)
    const retried = traces.filter(
      ({ spans }) =>
        spans.some((s) => s.span.kind === 2 && s.span.status === 2) &&
        spans.every((s) => s.parent || s.span.status === 0),
    )
    expect(retried.length).toBeGreaterThan(5)
  })

  it('writes as real SDKs do: old and new names, bare client spans, ids in names', () => {
    const spans = collect({ durationMs: 60_000 }).flatMap((trace) => trace.spans)
    const some = (test: (s: (typeof spans)[number]) => boolean): boolean => spans.some(test)
    expect(some((s) => 'http.request.method' in s.span.attributes)).toBe(true)
    expect(some((s) => s.service === 'payment' && 'http.method' in s.span.attributes)).toBe(true)
    expect(some((s) => 'rpc.grpc.status_code' in s.span.attributes)).toBe(true)
    expect(some((s) => 'db.system' in s.span.attributes)).toBe(true)
    const bare = spans.filter((s) => s.span.kind === 3 && s.span.name === 'HTTP POST')
    expect(share(bare, (s) => !('server.address' in s.span.attributes))).toBeGreaterThan(0.5)
    expect(some((s) => /^GET \/products\/[0-9a-f]{8}$/.test(s.span.name))).toBe(true)
    expect(some((s) => s.span.kind === 4) && some((s) => s.span.kind === 5)).toBe(true)
    const thrown = spans.filter((s) => s.span.kind === 2 && s.span.status === 2)
    expect(thrown.every((s) => s.span.events?.[0]?.name === 'exception')).toBe(true)
  })

  it('labels every trace once, in the order of their starts, before its spans are out', () => {
    const labels = new Map<string, TraceLabel>()
    let before = 0
    const onTrace = (label: TraceLabel): void => {
      expect(labels.has(label.traceId)).toBe(false)
      expect(label.startMs).toBeGreaterThanOrEqual(before)
      before = label.startMs
      labels.set(label.traceId, label)
    }
    const seen = new Set<string>()
    for (const { resources } of simulate({ ...BASE, onTrace })) {
      for (const { spans } of resources) {
        for (const { traceId } of spans) {
          expect(labels.has(traceId)).toBe(true)
          seen.add(traceId)
        }
      }
    }
    expect(seen.size).toBe(labels.size)
  })

  it.each([0, 1234, 125_000])(
    'goes on after %d ms as a whole run does, a fault included',
    (resumeMs) => {
      const fault = { kind: 'network_delay', strength: 'strong', service: 'catalogue' } as const
      const faults = [{ ...fault, fromMs: resumeMs, toMs: resumeMs + 5000 }]
      const options = { ...SHORT, faults, durationMs: resumeMs + 3000, tracesPerSecond: 10 }
      const later = ({ timeMs }: SimulatedRecord): boolean => timeMs > START_MS + resumeMs
      const sent = (records: Iterable<SimulatedRecord>): Buffer =>
        Buffer.concat([...records].map(toOtlpProto))
      const whole = [...simulate(options)]
      const resumed = sent(simulate({ ...options, resumeMs }))
      expect(resumed.equals(sent(whole.filter(later)))).toBe(true)
      const healthy = [...simulate({ ...options, faults: [] })]
      expect(sent(healthy.filter(later)).equals(resumed)).toBe(false)
      const before = whole.filter((record) => !later(record))
      expect(sent(healthy.slice(0, before.length)).equals(sent(before))).toBe(true)
    },
  )

  it('refuses options that make no sense, and names them', () => {
    const error = (options: Partial<SimulationOptions>): string => {
      try {
        simulate({ ...SHORT, ...options }).next()
        return ''
      } catch (e) {
        return String(e)
      }
    }
    expect(error({ startMs: 0.5 })).toContain('startMs 0.5')
    expect(error({ scale: 0 })).toContain('scale 0')
    expect(error({ dailySwing: 1 })).toContain('dailySwing 1')
    expect(error({ recordSpans: 0 })).toContain('recordSpans 0')
    expect(error({ tracesPerSecond: Number.NaN })).toContain('tracesPerSecond NaN')
    expect(error({ resumeMs: -1 })).toContain('resumeMs -1')
    expect(error({ durationMs: -1 })).toContain('durationMs -1')
    expect([...simulate({ ...SHORT, tracesPerSecond: 0 })]).toEqual([])
    expect([...simulate({ ...SHORT, durationMs: 0 })]).toEqual([])
  })
})
