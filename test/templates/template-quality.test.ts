import { describe, expect, it } from 'vitest'
import { TemplateMiner } from '../../src/templates/template-miner.ts'
import { templateQuality } from '../../src/templates/template-quality.ts'
import { addLine, minerOf } from './lines.ts'
import { logLines } from './log-lines.ts'

/** A word of its own for each number. */
const word = (n: number): string =>
  String(n).replace(/\d/g, (digit) => 'ghjklmnpqr'[Number(digit)] ?? '')

describe('the quality of templates', () => {
  it('is good where lines are of few kinds', () => {
    const { warning, aloneShare, lines } = templateQuality(minerOf(logLines(2000, 1)), Number.NaN)
    expect(warning).toBe('')
    expect(lines).toBe(2000)
    expect(aloneShare).toBeLessThan(0.02)
  })

  it('is told to be poor where hardly a line is like another, with what to do', () => {
    const lines = Array.from({ length: 1500 }, (_, n) => `${word(n)}a ${word(n)}b ${word(n)}c`)
    const { warning, aloneShare } = templateQuality(minerOf(lines), Number.NaN)
    expect(aloneShare).toBe(1)
    expect(warning).toMatch(/^does not template well: 100 % .*log\.record\.template/)
  })

  it('is not told of from few lines', () => {
    const lines = Array.from({ length: 999 }, (_, n) => `${word(n)}a ${word(n)}b`)
    expect(templateQuality(minerOf(lines), Number.NaN).warning).toBe('')
    expect(templateQuality(new TemplateMiner(), Number.NaN)).toMatchObject({
      lines: 0,
      rareShare: 0,
    })
  })

  it('counts templates that are alone, rare and dead', () => {
    const miner = new TemplateMiner()
    for (const [line, ms] of [
      ['a', 1],
      ['b', 1],
      ['b', 9],
      ['c', 9],
      ['c', 9],
      ['c', 9],
    ] as const) {
      addLine(miner, line, ms)
    }
    expect(templateQuality(miner, 5)).toMatchObject({
      lines: 6,
      templates: 3,
      singleUseShare: 1 / 3,
      rareShare: 2 / 3,
      deadShare: 1 / 3,
      aloneShare: 1 / 6,
    })
  })
})
