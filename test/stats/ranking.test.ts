import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ranking } from '../../src/stats/ranking.ts'

/** `+` faulty, `-` normal, strangest first; what is between blanks has one value. */
function rankingOf(order: string): Ranking {
  let unit = 0
  return new Ranking(
    order
      .split(' ')
      .flatMap((step, i) =>
        [...step].map((one) => ({ value: -i, faulty: one === '+', unit: unit++ })),
      ),
  )
}

const ONCE = new Float64Array(500).fill(1)

describe('the figures of a ranking', () => {
  it('are 1 where all faulty ones come first', () => {
    expect(rankingOf('+ + - - -').figures(ONCE)).toEqual({
      auc: 1,
      average_precision: 1,
      recall_at_fpr_1: 1,
      recall_at_fpr_3: 1,
    })
  })

  it('are as worked by hand', () => {
    // Faulty ones at ranks 1, 3 and 4: precision 1, 2/3, 3/4; 4 of 6 pairs are in order besides the first's.
    const found = rankingOf('+ - + + -').figures(ONCE)
    expect(found?.average_precision).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 12)
    expect(found?.auc).toBeCloseTo((2 + 1 + 1) / 6, 12)
    expect(found?.recall_at_fpr_1).toBeCloseTo(1 / 3, 12)
  })

  it('count ties by half, and as one step', () => {
    const found = rankingOf('+-').figures(ONCE)
    expect(found).toMatchObject({ auc: 0.5, average_precision: 0.5, recall_at_fpr_1: 0 })
  })

  it('allow as many normal ones as the rate says', () => {
    const hundred = '-'.repeat(100).split('').join(' ')
    // Two of 200 normal ones come first: 1 %; the third is too many for it.
    const found = rankingOf(`- - + - + ${hundred} ${hundred}`).figures(
      new Float64Array(999).fill(1),
    )
    expect(found?.recall_at_fpr_1).toBe(0.5)
    expect(found?.recall_at_fpr_3).toBe(1)
  })

  it('are none without faulty or without normal ones', () => {
    expect(rankingOf('+ +').figures(ONCE)).toBeNull()
    expect(rankingOf('- -').figures(ONCE)).toBeNull()
    expect(rankingOf('+ -').figures([1, 0])).toBeNull()
  })

  it('take a weight for so many observations', () => {
    const order = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(order, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (drawn, stream) => {
        const weights = drawn.map(() => stream.next().value as number)
        const rows = drawn.map(([faulty, value], unit) => ({ faulty, value, unit }))
        const repeated = rows.flatMap((row) =>
          Array.from({ length: weights[row.unit] ?? 0 }, () => row),
        )
        const whole = new Ranking(rows).figures(weights)
        const again = new Ranking(repeated).figures(drawn.map(() => 1))
        if (whole === null || again === null) expect(whole).toBe(again)
        else {
          expect(whole.auc).toBeCloseTo(again.auc, 9)
          expect(whole.average_precision).toBeCloseTo(again.average_precision, 9)
          expect(whole.recall_at_fpr_3).toBeCloseTo(again.recall_at_fpr_3, 9)
        }
      }),
    )
  })
})
