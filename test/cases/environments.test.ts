import { describe, expect, it } from 'vitest'
import { opened, runCase } from './run-case.ts'
import { type CaseSpan, MINUTE, records, shop, T0_MS } from './small-shop.ts'

const TEST_MS = T0_MS + 10 * MINUTE
const slow = (t: number): number => (t > TEST_MS + 2 * MINUTE ? 4 : 1)
const of = (environment: string) => (spans: CaseSpan[]) =>
  spans.map((span) => ({ ...span, resource: { 'deployment.environment.name': environment } }))

describe('two environments under the same service names', () => {
  it('are told apart: what is slow in one is found there, by its name', () => {
    const rate = 5
    const warm = [
      ...shop({ seed: 1, fromMs: T0_MS, minutes: 6, rate, edit: of('production') }),
      ...shop({ seed: 2, fromMs: T0_MS, minutes: 6, rate, edit: of('staging') }),
    ]
    const test = [
      ...shop({ seed: 3, fromMs: TEST_MS, minutes: 5, rate, edit: of('production') }),
      ...shop({ seed: 4, fromMs: TEST_MS, minutes: 5, rate, edit: of('staging'), slow }),
    ]
    const result = runCase(records(warm), { 'k/0': records(test) }, TEST_MS)
    const clusters = opened(result)
    expect(clusters).toHaveLength(1)
    const names = result.detector.status().strata.map(({ name }) => name.split(' GET')[0])
    const [first, second] = ['front', 'front (staging)'].map((name) => names.includes(name))
    expect([first, second]).toEqual([true, true])
    expect(clusters[0]!.service).toMatch(/^orders \((staging|production)\)$/)
  })
})
