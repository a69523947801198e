import { describe, expect, it } from 'vitest'
import { opened, runCase } from './run-case.ts'
import { type CaseSpan, type Chance, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const HOUR = 60 * MINUTE
const TEST_MS = T0_MS + 8 * HOUR
const FAULT_MS = TEST_MS + HOUR
const RATE = 1 / 60
const inFault = (timeMs: number): boolean => timeMs >= FAULT_MS && timeMs < FAULT_MS + HOUR

/** Six in ten requests fail in `orders` while it is faulty. */
function failing(spans: CaseSpan[], startMs: number, chance: Chance): CaseSpan[] {
  const failed = inFault(startMs) && chance.unit() < 0.6
  return failed ? spans.map((span) => (span.kind === 3 ? span : { ...span, failed })) : spans
}

describe.each([1, 2, 3, 4])('a request a minute, chance %i', (seed) => {
  const warm = records(shop({ seed, fromMs: T0_MS, minutes: 8 * 60, rate: RATE }))
  const traffic = { seed: seed + 10, fromMs: TEST_MS, minutes: 3 * 60, rate: RATE }

  it('has an hour in which it is slow told once, and over when it is', () => {
    const slow = (timeMs: number): number => (inFault(timeMs) ? 6 : 1)
    const result = runCase(warm, { 'k/0': records(shop({ ...traffic, slow })) }, TEST_MS)
    expect(opened(result).map(({ service }) => service)).toEqual(['orders'])
    const closed = result.changes.filter(({ change }) => change.change === 'closed')
    expect(closed).toHaveLength(1)
    expect(Math.abs(closed[0]!.atS - 2 * 3600)).toBeLessThan(600)
  })

  it('has an hour in which most fail told, and is not taken to be used to it', () => {
    const result = runCase(warm, { 'k/0': records(shop({ ...traffic, edit: failing })) }, TEST_MS)
    expect(opened(result).length).toBeGreaterThan(0)
    expect(opened(result).length).toBeLessThanOrEqual(2)
    expect(result.changes.every(({ change }) => change.cluster.alerts)).toBe(true)
  })
})
