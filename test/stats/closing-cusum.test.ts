import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closingStep } from '../../src/stats/closing-cusum.ts'
import { logShareRatio } from '../../src/stats/share-evidence.ts'
import { BurstDraws } from '../evidence/burst-draws.ts'

describe('the closing test', () => {
  it('adds what speaks for normal and starts anew at 0', () => {
    expect(closingStep(0, -2)).toBe(2)
    expect(closingStep(2, 1.5)).toBe(0.5)
    expect(closingStep(0.5, 3)).toBe(0)
  })

  it('is the most that any stretch up to now speaks for normal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (ratios) => {
          let sum = 0
          for (const ratio of ratios) sum = closingStep(sum, ratio)
          let most = 0
          for (let from = 0; from < ratios.length; from++) {
            most = Math.max(
              most,
              ratios.slice(from).reduce((total, ratio) => total - ratio, 0),
            )
          }
          expect(sum).toBeCloseTo(most, 9)
        },
      ),
    )
  })

  it('stays low while the share of the cluster goes on, and rises when it is normal again', () => {
    const draws = new BurstDraws(5)
    const ratio = (share: number): number => {
      return logShareRatio(30, draws.binomial(30, draws.share(share, 0.1)), 0.6, 0.1, 0.05, 0.1)
    }
    let sum = 0
    let most = 0
    for (let i = 0; i < 200; i++) {
      sum = closingStep(sum, ratio(0.6))
      most = Math.max(most, sum)
    }
    let steps = 0
    while (sum <= Math.log(20) && steps < 50) {
      sum = closingStep(sum, ratio(0.05))
      steps++
    }
    expect(most).toBeLessThan(Math.log(20))
    expect(steps).toBeLessThan(6)
  })
})
