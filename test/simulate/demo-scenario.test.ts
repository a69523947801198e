import { describe, expect, inject, it } from 'vitest'
import { demoScenario } from '../../src/simulate/demo-scenario.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { faultWindows, type TraceLabel, truthOf, windowOf } from '../../src/simulate/trace-label.ts'
import { START_MS } from './collected-traces.ts'

/** Of the demo's traffic, where it is not looked at as a whole. */
const PART = inject('thorough') ? 1 : 1 / 3

describe('the demo', () => {
  it('learns first, then has seven faults one after the other with quiet after each', () => {
    const { faults, warmupMs, durationMs, tracesPerSecond, titles } = demoScenario(7)
    expect(faults.map(({ kind }) => kind)).toEqual([
      'slow_dependency',
      'cpu_bound',
      'errors',
      'missing_call',
      'retry_storm',
      'unseen_path',
      'missing_line',
    ])
    expect(titles.length).toBe(7)
    expect(new Set(faults.map(({ service }) => service)).size).toBe(7)
    let quietFrom = warmupMs - 20_000
    for (const { fromMs, toMs } of faults) {
      expect(fromMs - quietFrom).toBeGreaterThanOrEqual(20_000)
      expect(toMs - fromMs).toBeGreaterThanOrEqual(40_000)
      quietFrom = toMs
    }
    expect(durationMs - quietFrom).toBeGreaterThanOrEqual(20_000)
    expect(durationMs).toBeGreaterThanOrEqual(6 * 60_000)
    expect(durationMs).toBeLessThanOrEqual(11 * 60_000)
    expect(tracesPerSecond).toBeGreaterThanOrEqual(100)
    expect(tracesPerSecond).toBeLessThanOrEqual(200)
  })

  it('gives every fault a few hundred traces that show it, and none before the warm-up is over', () => {
    const scenario = demoScenario(7)
    const affected = new Array<number>(7).fill(0)
    const labels: TraceLabel[] = []
    const onTrace = (label: TraceLabel): void => {
      labels.push(label)
      for (const index of label.affected) affected[index]!++
    }
    let spans = 0
    const tracesPerSecond = scenario.tracesPerSecond * PART
    for (const record of simulate({ ...scenario, tracesPerSecond, startMs: START_MS, onTrace })) {
      spans += record.spanCount
    }
    for (const count of affected) expect(count).toBeGreaterThan(200 * PART)
    const early = labels.filter(({ startMs }) => startMs < START_MS + scenario.warmupMs - 1000)
    expect(early.length).toBeGreaterThan(10_000 * PART)
    expect(early.every(({ touched }) => touched.length === 0)).toBe(true)
    expect(labels.length).toBeGreaterThan(60_000 * PART)
    expect(spans).toBeGreaterThan(1_000_000 * PART)
  })
})

describe('labels', () => {
  const faults = demoScenario(1).faults.slice(0, 1)
  const windows = faultWindows(1000, faults)
  const [from = 0, to = 0] = [windows[0]?.startMs, windows[0]?.endMs]
  const trace = (startMs: number, touched: number[] = []): TraceLabel => ({
    traceId: '0'.repeat(32),
    startMs,
    endMs: startMs + 10,
    entry: 'gateway/GET /',
    touched,
    affected: [],
  })

  it('place windows in absolute time', () => {
    expect(windows).toEqual([
      {
        startMs: 1000 + (faults[0]?.fromMs ?? 0),
        endMs: 1000 + (faults[0]?.toMs ?? 0),
        service: 'pricing',
        kind: 'slow_dependency',
        strength: 'strong',
      },
    ])
  })

  it('are 1 for a trace that met a fault, 0 far from all, and -1 near one', () => {
    expect(truthOf(trace(from + 5, [0]), windows)).toBe(1)
    expect(truthOf(trace(from - 5, [0]), windows)).toBe(1)
    expect(truthOf(trace(from + 5), windows)).toBe(-1)
    expect(truthOf(trace(to + 119_000), windows)).toBe(-1)
    expect(truthOf(trace(to + 121_000), windows)).toBe(0)
    expect(truthOf(trace(from - 5), windows)).toBe(0)
  })

  it('name the window in which a trace began, or which it met', () => {
    expect(windowOf(trace(from), windows)).toBe(0)
    expect(windowOf(trace(to), windows)).toBe(-1)
    expect(windowOf(trace(from - 5, [0]), windows)).toBe(0)
    expect(windowOf(trace(from - 5), windows)).toBe(-1)
  })
})
