import { describe, expect, it } from 'vitest'
import { agents, mailed } from './late-traffic.ts'
import { opened, runCase } from './run-case.ts'
import { type CaseSpan, Chance, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 12 * MINUTE
const FAULT_FROM_S = 180
const inFault = (t: number): boolean =>
  t > TEST_MS + FAULT_FROM_S * 1000 && t < TEST_MS + 6 * MINUTE
const slow = (t: number): number => (inFault(t) ? 4 : 1)
const never = (): number => 1

describe.each([2, 10, 90])('a consumer that takes its message %i s later', (wait) => {
  const warm = shop({ seed: 1, fromMs: T0_MS, minutes: 8, edit: mailed(wait * 1000, never) })
  const test = shop({ seed: 2, fromMs: TEST_MS, minutes: 8, edit: mailed(wait * 1000, slow) })
  const result = runCase(records(warm), { 'k/0': records(test) }, TEST_MS)

  it('has its fault found, and nothing else is', () => {
    const found = opened(result)
    expect(found.map(({ service }) => service)).toEqual(['mailer'])
    expect(found[0]!.sentence).toContain('mails process')
    expect(found[0]!.atS).toBeLessThan(FAULT_FROM_S + 40)
  })

  it('is judged by itself under its trace, and nothing is dropped', () => {
    const parts = result.verdicts.filter(({ id }) => id.includes('-'))
    const whole = result.verdicts.filter(({ id }) => !id.includes('-'))
    expect(parts.length / whole.length).toBeGreaterThan(0.8)
    const ids = new Set(whole.map(({ id }) => id))
    expect(parts.every(({ id }) => ids.has(id.slice(0, 32)) && id.length === 49)).toBe(true)
    expect(parts.every(({ stratum }) => stratum.startsWith('mailer mails process'))).toBe(true)
    expect(result.detector.counts().assembled.lateSpans).toBe(0)
    expect(result.detector.status().late).toEqual([])
  })
})

describe('runs of an agent that last four minutes', () => {
  const chance = { warm: 5, test: 6 }
  const traffic = (
    fromMs: number,
    minutes: number,
    seed: number,
    factor: (t: number) => number,
  ) => {
    const shopping = shop({ seed, fromMs, minutes: minutes + 4, rate: 2 })
    return [...shopping, ...agents(fromMs, minutes, new Chance(seed + 10), factor)]
  }
  const warm = records(traffic(T0_MS, 6, chance.warm, never))
  const test = records(traffic(TEST_MS, 8, chance.test, slow))
  const result = runCase(warm, { 'k/0': test }, TEST_MS)

  it('are judged in parts while they go on', () => {
    const steps = result.verdicts.filter(({ stratum }) => stratum.startsWith('agent agent.step'))
    expect(steps.length).toBeGreaterThan(2000)
    const judged = steps.filter(({ p }) => p !== null)
    expect(judged.length / steps.length).toBeGreaterThan(0.95)
  })

  it('have their fault found while they go on', () => {
    const [first] = opened(result)
    expect(first?.service).toBe('agent')
    expect(first!.atS).toBeLessThan(FAULT_FROM_S + 120)
  })
})

describe('a service whose spans come half a minute late', () => {
  it('is named, with how many were dropped', () => {
    const late = (spans: CaseSpan[]): CaseSpan[] =>
      spans.map((span) =>
        span.service === 'orders' && span.kind === 3
          ? { ...span, arrivesMs: span.arrivesMs + 30_000 }
          : span,
      )
    const warm = shop({ seed: 1, fromMs: T0_MS, minutes: 3, rate: 2 })
    const test = shop({ seed: 2, fromMs: TEST_MS, minutes: 3, rate: 2, edit: late })
    const { detector } = runCase(records(warm), { 'k/0': records(test) }, TEST_MS)
    const [worst] = detector.status().late
    expect(worst?.service).toBe('orders')
    expect(worst!.spans).toBeGreaterThan(250)
    expect(detector.counts().assembled.lateSpans).toBe(worst!.spans)
  })
})
