import { describe, expect, it } from 'vitest'
import { demoScenario } from '../../src/simulate/demo-scenario.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { faultWindows, type TraceLabel, truthOf, windowOf } from '../../src/simulate/trace-label.ts'
import { START_MS } from './collected-traces.ts'

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

  it('gives every fault traces that show it, and none before the warm-up is over', () => {
    // All of them are simulated in demo-scenario.statistics.test.ts.
    const whole = demoScenario(7)
    const part = 1 / 3
    const labels: TraceLabel[] = []
    const options = { ...whole, tracesPerSecond: whole.tracesPerSecond * part, startMs: START_MS }
    for (const _ of simulate({ ...options, onTrace: (label) => labels.push(label) }));
    const affected = whole.faults.map((_, i) => labels.filter((one) => one.affected.includes(i)))
    for (const { length } of affected) expect(length).toBeGreaterThan(200 * part)
    const early = labels.filter(({ startMs }) => startMs < START_MS + whole.warmupMs - 1000)
    expect(early.length).toBeGreaterThan(10_000 * part)
    expect(early.every(({ touched }) => touched.length === 0)).toBe(true)
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
