import { describe, expect, it } from 'vitest'
import { CODE_FAULT_KINDS, CODE_FAULTS } from '../../src/simulate/code-faults.ts'
import type { Fault } from '../../src/simulate/faults.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { BASE } from './collected-traces.ts'

const OPTIONS = { ...BASE, logs: true }

/** Bytes of the spans, the log lines by their text without values, and how many traces were changed. */
function run(faults: readonly Fault[] = [], logs = true) {
  const spans: Uint8Array[] = []
  const lines = new Map<string, number>()
  const spanIds = new Set<string>()
  const logged: { spanId: string; service: unknown }[] = []
  let affected = 0
  const onTrace = (trace: { affected: readonly number[] }): void => {
    if (trace.affected.length > 0) affected++
  }
  for (const record of simulate({ ...OPTIONS, logs, faults, onTrace })) {
    if (!record.logs) spans.push(toOtlpProto(record))
    for (const { attributes, spans: own } of record.resources) {
      for (const { spanId } of own) spanIds.add(`${attributes['service.name']} ${spanId}`)
    }
    for (const { attributes, records } of record.logs ?? []) {
      for (const { body, spanId } of records) {
        const text = body.replace(/\b[0-9a-f]{8}\b|\d+/g, '*')
        lines.set(text, (lines.get(text) ?? 0) + 1)
        logged.push({ spanId, service: attributes['service.name'] })
      }
    }
  }
  const strays = logged.filter(({ service, spanId }) => !spanIds.has(`${service} ${spanId}`))
  return {
    spans: Buffer.concat(spans),
    lines,
    logged: logged.length,
    strays: strays.length,
    affected,
  }
}

const healthy = run()

describe('a shop that logs', () => {
  it('has the same spans as one that does not', () => {
    expect(healthy.logged).toBeGreaterThan(1000)
    expect(healthy.spans.equals(run([], false).spans)).toBe(true)
  })

  it('names in each line the span of the service that logs it', () => {
    expect(healthy.strays).toBe(0)
  })

  it.each(CODE_FAULT_KINDS)('has a mistake that only its lines show: %s', (kind) => {
    const { service } = CODE_FAULTS[kind]
    const wrong = run([{ kind, service, strength: 'strong', fromMs: 0, toMs: 25_000 }])
    expect(wrong.affected).toBeGreaterThan(10)
    expect(wrong.spans.equals(healthy.spans)).toBe(true)
    expect(wrong.lines).not.toEqual(healthy.lines)
  })

  it('cannot have one without logs, or in another service', () => {
    const fault = { kind: 'missing_line', strength: 'strong', fromMs: 0, toMs: 1 } as const
    const all = (service: string, logs: boolean) => () =>
      simulate({ ...OPTIONS, logs, faults: [{ ...fault, service }] }).next()
    expect(all('orders', false)).toThrow('missing_line shows in logs only')
    expect(all('pricing', true)).toThrow('missing_line cannot be in pricing')
  })
})
