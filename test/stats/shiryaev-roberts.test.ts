import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logShareRatio } from '../../src/stats/share-evidence.ts'
import {
  logMeanExp,
  logPlusOne,
  MOST_LOG_EVIDENCE,
  NO_EVIDENCE,
  srStep,
  srStepWithin,
} from '../../src/stats/shiryaev-roberts.ts'
import { BurstDraws } from '../evidence/burst-draws.ts'
import { meanRunLength } from '../evidence/run-length.ts'

/** Buckets until M reaches 100, on average: 10 % deviate in bursts of rho 0.2, the null says `nullRho`. */
function runLength(nullRho: number): { mean: number; error: number } {
  const draws = new BurstDraws(71)
  const threshold = Math.log(100)
  const n = 12
  return meanRunLength(400, () => {
    let logM = NO_EVIDENCE
    let steps = 0
    while (logM < threshold) {
      const c = draws.binomial(n, draws.share(0.1, 0.2))
      logM = srStep(logM, logShareRatio(n, c, 0.6, 0.1, 0.1, nullRho))
      steps++
    }
    return steps
  })
}

describe('the Shiryaev-Roberts step', () => {
  it('goes 0, 2, 9, 5 for e-values 2, 3, 1/2', () => {
    const first = srStep(NO_EVIDENCE, Math.log(2))
    const second = srStep(first, Math.log(3))
    const third = srStep(second, Math.log(0.5))
    expect(Math.exp(first)).toBeCloseTo(2, 12)
    expect(Math.exp(second)).toBeCloseTo(9, 12)
    expect(Math.exp(third)).toBeCloseTo(5, 12)
  })

  it('is the sum over all starts of the product of the e-values since', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { maxLength: 20 }),
        (logs) => {
          let logM = NO_EVIDENCE
          for (const log of logs) logM = srStep(logM, log)
          let sum = 0
          for (let start = 0; start < logs.length; start++) {
            sum += Math.exp(logs.slice(start).reduce((total, log) => total + log, 0))
          }
          expect(Math.abs(Math.exp(logM) - sum)).toBeLessThanOrEqual(1e-9 * sum)
        },
      ),
    )
  })

  it('stays finite, and says so in e-values, whatever the evidence', () => {
    let logM = NO_EVIDENCE
    for (let i = 0; i < 50; i++) logM = srStep(logM, 400)
    expect(logM).toBe(MOST_LOG_EVIDENCE)
    expect(Number.isFinite(Math.exp(logM))).toBe(true)
    expect(Number.isFinite(srStep(logM, -1e6))).toBe(true)
  })

  it('takes C buckets or more on average to reach C under a bursty null', () => {
    const { mean, error } = runLength(0.2)
    expect(mean).toBeGreaterThan(100 - 4 * error)
  })

  it('takes far fewer where the bursts are left out of the null', () => {
    const { mean, error } = runLength(0)
    expect(mean).toBeLessThan(100 - 4 * error)
  })

  it('reaches C within a few buckets of a change to the share it looks for', () => {
    const draws = new BurstDraws(72)
    let logM = NO_EVIDENCE
    let steps = 0
    while (logM < Math.log(1e7) && steps < 100) {
      logM = srStep(logM, logShareRatio(40, draws.binomial(40, 0.6), 0.6, 0.1, 0.1, 0.1))
      steps++
    }
    expect(steps).toBeLessThan(6)
  })
})

describe('logPlusOne', () => {
  it('is 0 without evidence, ln 2 at 0, and x itself far out', () => {
    expect(logPlusOne(NO_EVIDENCE)).toBe(0)
    expect(logPlusOne(0)).toBeCloseTo(Math.LN2, 15)
    expect(logPlusOne(800)).toBe(800)
    expect(logPlusOne(-800)).toBe(0)
  })
})

describe('logMeanExp', () => {
  it('is ln 3 for the values 1, 3, 5, wherever they lie', () => {
    const values = Float64Array.of(99, 0, Math.log(3), Math.log(5), 99)
    expect(logMeanExp(values, 1, 3)).toBeCloseTo(Math.log(3), 12)
  })

  it('is finite for huge values and -Infinity where there is no evidence at all', () => {
    expect(logMeanExp(Float64Array.of(900, 900, NO_EVIDENCE), 0, 3)).toBeCloseTo(
      900 + Math.log(2 / 3),
      9,
    )
    expect(logMeanExp(new Float64Array(3).fill(NO_EVIDENCE), 0, 3)).toBe(NO_EVIDENCE)
  })
})

describe('a step within which a change may begin', () => {
  it('is worked by hand: (3 + 1/2) 2 + 1/4', () => {
    const next = srStepWithin(Math.log(3), Math.log(2), 0.5, Math.log(0.25))
    expect(Math.exp(next)).toBeCloseTo(7.25, 12)
  })

  it('is the plain step where all changes begin with it', () => {
    for (const [logM, logE] of [
      [NO_EVIDENCE, 2],
      [-3, 0.5],
      [40, -7],
    ] as const) {
      expect(srStepWithin(logM, logE, 1, NO_EVIDENCE)).toBeCloseTo(srStep(logM, logE), 12)
    }
  })
})
