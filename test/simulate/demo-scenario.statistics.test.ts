import { describe, expect, it } from 'vitest'
import { demoScenario } from '../../src/simulate/demo-scenario.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import type { TraceLabel } from '../../src/simulate/trace-label.ts'
import { START_MS } from './collected-traces.ts'

describe('the demo', () => {
  it('gives every fault a few hundred traces that show it, and none before the warm-up is over', () => {
    const scenario = demoScenario(7)
    const affected = new Array<number>(7).fill(0)
    const labels: TraceLabel[] = []
    const onTrace = (label: TraceLabel): void => {
      labels.push(label)
      for (const index of label.affected) affected[index]!++
    }
    let spans = 0
    for (const record of simulate({ ...scenario, startMs: START_MS, onTrace })) {
      spans += record.spanCount
    }
    for (const count of affected) expect(count).toBeGreaterThan(200)
    const early = labels.filter(({ startMs }) => startMs < START_MS + scenario.warmupMs - 1000)
    expect(early.length).toBeGreaterThan(10_000)
    expect(early.every(({ touched }) => touched.length === 0)).toBe(true)
    expect(labels.length).toBeGreaterThan(60_000)
    expect(spans).toBeGreaterThan(1_000_000)
  })
})
