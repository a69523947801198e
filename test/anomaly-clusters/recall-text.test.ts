import { describe, expect, it } from 'vitest'
import { recallText } from '../../src/anomaly-clusters/recall-text.ts'
import type { Recalled } from '../../src/contract/signature.ts'

function said(changes: Partial<Recalled>): string {
  const recalled = { name: '', times: 3, known: true, excess: null, ...changes }
  return recallText(recalled as Recalled)
}

describe('what is said of a cluster that is like others before', () => {
  it('is nothing where there were none', () => {
    expect(recallText(null)).toBe('')
  })

  it('is which time it is, and its name', () => {
    expect(said({ known: false })).toBe('; 3rd time')
    expect(said({ known: false, name: 'restart' })).toBe('; 3rd time (restart)')
    expect(said({})).toBe('; 3rd time, as before')
  })

  it.each([
    [1, '1st'],
    [2, '2nd'],
    [3, '3rd'],
    [4, '4th'],
    [10, '10th'],
    [11, '11th'],
    [12, '12th'],
    [13, '13th'],
    [14, '14th'],
    [21, '21st'],
    [102, '102nd'],
    [111, '111th'],
    [113, '113th'],
    [120, '120th'],
  ])('counts %i as %s', (times, ordinal) => {
    expect(said({ times, known: false })).toBe(`; ${ordinal} time`)
  })

  it('is how it goes beyond those that are known', () => {
    expect(said({ excess: 'longer' })).toBe('; 3rd time, longer than the 2 before')
    expect(said({ excess: 'larger', times: 2 })).toBe('; 2nd time, larger than the one before')
    expect(said({ excess: 'more often', name: 'job' })).toBe(
      '; 3rd time (job), more often than the 2 before',
    )
    expect(said({ excess: 'elsewhere' })).toBe('; 3rd time, now also elsewhere')
    // What is not known yet is no measure.
    expect(said({ excess: 'longer', known: false })).toBe('')
  })
})
