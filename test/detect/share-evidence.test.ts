import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logBetaBinomial } from '../../src/detect/beta-binomial.ts'
import { logShareRatio, materialEvidence } from '../../src/detect/share-evidence.ts'

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

describe('material evidence', () => {
  it('counts from the least share that is claimed, and always counts against a change', () => {
    expect(materialEvidence(2.5, 10, 3, 0.3)).toBe(2.5)
    expect(materialEvidence(2.5, 10, 2, 0.3)).toBe(0)
    expect(materialEvidence(-2.5, 10, 0, 0.3)).toBe(-2.5)
  })
})
