import { expect, it } from 'vitest'
import { useNull } from '../../src/baseline/ids-of-null.ts'
import { IdSets } from '../../src/columns/marks.ts'
import { handNull, handSeries } from '../evidence/hand-null.ts'

it('a null refers to what it knows and watches, the call paths of mixes and usual values', () => {
  const mix = {
    ...{ paths: Int32Array.of(0, 31, 32), baseRate: 0.1, floor: 0.01 },
    ...{ shares: new Float64Array(3), rates: new Float64Array(3), spreads: new Float64Array(3) },
  }
  const placeNull = handNull(
    { 11: [handSeries('errors', { mix })], 12: [handSeries('count')] },
    { 21: [] },
    [[41, 42], [43]],
  )
  const used = new IdSets()
  useNull(used, { ...placeNull, known: [11, 13] })
  const { places, paths, strata, values } = used
  expect([places, paths, strata, values].map((ids) => [...ids])).toEqual([
    [11, 12, 13],
    [0, 31, 32],
    [21],
    [41, 42, 43],
  ])
})
