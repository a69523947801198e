import { describe, expect, it } from 'vitest'
import { binomialBand } from '../../src/cli/binomial-band.ts'
import { simulatedLog } from '../simulated-log.ts'
import { learnThenJudge } from './learn-then-judge.ts'

const START = Date.UTC(2026, 10, 25, 7)

describe('the flag rate on normal traffic', () => {
  it.each([3, 4])('stays in the 99.9 % binomial band of alpha, seed %i', (seed) => {
    const alpha = 0.02
    const log = simulatedLog({ seed, startMs: START, durationMs: 600_000, tracesPerSecond: 12 })
    const { verdicts, anomalies } = learnThenJudge(log, START + 300_000, alpha)
    const count = verdicts.filter(({ p }) => p !== null).length
    const [low, high] = binomialBand(count, alpha, 0.999)
    expect(count).toBeGreaterThan(2500)
    expect(anomalies.length).toBeGreaterThanOrEqual(low)
    expect(anomalies.length).toBeLessThanOrEqual(high)
  })
})
