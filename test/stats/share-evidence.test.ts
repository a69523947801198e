import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logBetaBinomial } from '../../src/stats/beta-binomial.ts'
import {
  logLaterNull,
  logShareExcess,
  logShareRatio,
  materialEvidence,
} from '../../src/stats/share-evidence.ts'

const share = fc.double({ min: 0.01, max: 0.95, noNaN: true })
const rho = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 0.5, noNaN: true }))
const size = fc.integer({ min: 0, max: 60 })

/** E of `value(c)` for c of n deviating under the null, by summing over every count. */
function underNull(n: number, base: number, baseRho: number, value: (c: number) => number): number {
  let total = 0
  let logChoices = 0
  for (let c = 0; c <= n; c++) {
    total += Math.exp(logChoices + logBetaBinomial(n, c, base, baseRho)) * value(c)
    logChoices += Math.log((n - c) / (c + 1))
  }
  return total
}

describe('the likelihood ratio of a bucket', () => {
  it('of one deviating call at 60 % against 10 % is 6; of one normal call 4/9', () => {
    expect(Math.exp(logShareRatio(1, 1, 0.6, 0.1, 0.1, 0.2))).toBeCloseTo(6, 10)
    expect(Math.exp(logShareRatio(1, 0, 0.6, 0.1, 0.1, 0.2))).toBeCloseTo(4 / 9, 10)
  })

  it('says nothing of an empty bucket', () => {
    expect(logShareRatio(0, 0, 0.9, 0.1, 0.05, 0.2)).toBe(0)
  })

  it('has mean 1 under the null for a bucket of any length', () => {
    fc.assert(
      fc.property(size, share, rho, share, rho, (n, alternative, alternativeRho, base, baseRho) => {
        const ratio = (c: number): number =>
          Math.exp(logShareRatio(n, c, alternative, alternativeRho, base, baseRho))
        expect(underNull(n, base, baseRho, ratio)).toBeCloseTo(1, 7)
      }),
    )
  })

  it('is a martingale along the bucket: the next call changes it by nothing on average', () => {
    fc.assert(
      fc.property(
        size,
        size,
        share,
        rho,
        share,
        rho,
        (deviating, normal, alternative, alternativeRho, base, baseRho) => {
          const n = deviating + normal
          const at = (m: number, c: number): number =>
            logShareRatio(m, c, alternative, alternativeRho, base, baseRho)
          const seen = logBetaBinomial(n, deviating, base, baseRho)
          const up = Math.exp(logBetaBinomial(n + 1, deviating + 1, base, baseRho) - seen)
          const step = (c: number): number => Math.exp(at(n + 1, c) - at(n, deviating))
          expect(up * step(deviating + 1) + (1 - up) * step(deviating)).toBeCloseTo(1, 7)
        },
      ),
    )
  })

  it('has mean at most 1 once immaterial evidence is left out, and is never raised by that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        share,
        rho,
        share,
        rho,
        (n, alternative, alternativeRho, base, baseRho) => {
          const material = (c: number): number => {
            const ratio = logShareRatio(n, c, alternative, alternativeRho, base, baseRho)
            const kept = materialEvidence(ratio, n, c, alternative)
            expect(kept).toBeLessThanOrEqual(ratio)
            return Math.exp(kept)
          }
          expect(underNull(n, base, baseRho, material)).toBeLessThanOrEqual(1 + 1e-7)
        },
      ),
    )
  })
})

describe('the evidence of the end of a bucket', () => {
  const claim = { share: 0.6, shareRho: 0.1, base: 0.1, baseRho: 0.2 }

  function logLaterEvidence(
    { n, c, beforeN, beforeC }: Record<'n' | 'c' | 'beforeN' | 'beforeC', number>,
    { share, shareRho, base, baseRho }: typeof claim,
  ): number {
    const claimed = logBetaBinomial(n - beforeN, c - beforeC, share, shareRho)
    return claimed - logLaterNull(n, c, beforeN, beforeC, base, baseRho)
  }

  it('is that of a bucket of its own where nothing came before', () => {
    const whole = logLaterEvidence({ n: 7, c: 5, beforeN: 0, beforeC: 0 }, claim)
    expect(whole).toBeCloseTo(logShareRatio(7, 5, 0.6, 0.1, 0.1, 0.2), 12)
  })

  it('is no greater after a calm beginning, though that makes a burst unlikely', () => {
    const calm = logLaterEvidence({ n: 57, c: 5, beforeN: 50, beforeC: 0 }, claim)
    expect(calm).toBeCloseTo(logShareRatio(7, 5, 0.6, 0.1, 0.1, 0.2), 12)
  })

  it('is less after a burst: of one call at 60 % against 1 of 1 before it, 0.6 / 0.28', () => {
    // Beta(0.4, 3.6) after one deviating call has mean 1.4 / 5.
    const after = logLaterEvidence({ n: 2, c: 2, beforeN: 1, beforeC: 1 }, claim)
    expect(Math.exp(after)).toBeCloseTo(0.6 / 0.28, 10)
  })

  it('has mean at most 1 under the null, whatever came before', () => {
    const before = fc.tuple(size, size)
    fc.assert(
      fc.property(
        before,
        size,
        share,
        rho,
        share,
        rho,
        ([beforeC, calm], n, alternative, alternativeRho, base, baseRho) => {
          const beforeN = beforeC + calm
          const seen = logBetaBinomial(beforeN, beforeC, base, baseRho)
          let mean = 0
          let logChoices = 0
          for (let c = 0; c <= n; c++) {
            const bucket = { n: beforeN + n, c: beforeC + c, beforeN, beforeC }
            const chance = logBetaBinomial(bucket.n, bucket.c, base, baseRho) - seen
            const evidence = logLaterEvidence(bucket, {
              share: alternative,
              shareRho: alternativeRho,
              base,
              baseRho,
            })
            mean += Math.exp(logChoices + chance + evidence)
            logChoices += Math.log((n - c) / (c + 1))
          }
          expect(mean).toBeLessThanOrEqual(1 + 1e-7)
        },
      ),
    )
  })
})

describe('material evidence', () => {
  it('counts from the least share that is claimed, and always counts against a change', () => {
    expect(materialEvidence(2.5, 10, 3, 0.3)).toBe(2.5)
    expect(materialEvidence(2.5, 10, 2, 0.3)).toBe(0)
    expect(materialEvidence(-2.5, 10, 0, 0.3)).toBe(-2.5)
  })
})

describe('the evidence of an excess', () => {
  it('is the mean likelihood of all shares over that of the bound, and none below it', () => {
    // The integral of p^8 is 1 / 9; of p (1 - p)^2, 1 / 12.
    expect(logShareExcess(8, 8, 0.5)).toBeCloseTo(Math.log(2 ** 8 / 9), 12)
    expect(logShareExcess(1, 3, 0.1)).toBeCloseTo(Math.log(1 / 12 / (0.1 * 0.9 ** 2)), 12)
    expect(logShareExcess(5, 10, 0.5)).toBe(-Infinity)
    expect(logShareExcess(0, 0, 0.5)).toBe(-Infinity)
  })
})
