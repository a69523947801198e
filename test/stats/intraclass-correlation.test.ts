import { describe, expect, it } from 'vitest'
import { rankIntraclassCorrelation } from '../../src/stats/intraclass-correlation.ts'

describe('the intraclass correlation of ranks', () => {
  it('is the share of their variance between groups, wherever these begin to be numbered', () => {
    // Between 4, within 1 / 2, two of a group: 3.5 / 4.5. Mixed: between 1, within 4 / 2: -1 / 3.
    expect(rankIntraclassCorrelation(Int32Array.of(0, 0, 1, 1), 0, 2)).toBeCloseTo(7 / 9, 12)
    expect(rankIntraclassCorrelation(Int32Array.of(5, 6, 5, 6), 5, 7)).toBeCloseTo(-1 / 3, 12)
  })

  it('leaves out groups without a value', () => {
    expect(rankIntraclassCorrelation(Int32Array.of(0, 0, 2, 2), 0, 3)).toBeCloseTo(7 / 9, 12)
  })
})
