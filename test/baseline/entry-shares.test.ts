import { describe, expect, it } from 'vitest'
import {
  categoryShares,
  structureShares,
  unusualCategory,
} from '../../src/baseline/entry-shares.ts'
import type { Calibration } from '../../src/model/calibration.ts'
import type { PackedProfiles } from '../../src/profile/profile.ts'

/** Profiles of which only the categories matter; two each. */
function packed(values: readonly (readonly [number, number])[]): PackedProfiles {
  return { count: values.length, categories: Int32Array.from(values.flat()) } as PackedProfiles
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value)
}

describe('how many observations have unusual calls', () => {
  it('is counted by entry operation, ascending, against all that the model was calibrated with', () => {
    const structure = Float64Array.from({ length: 999 }, (_, i) => 1 + i)
    const calibration = { count: 999, structure } as unknown as Calibration
    const scored: [stratum: number, nats: number][] = [
      [9, 5000],
      [5, 500],
      [9, 999],
      [5, 0],
      [5, 998],
    ]
    const shares = structureShares(calibration, {
      stratum: Int32Array.from(scored, ([stratum]) => stratum),
      structure: Float64Array.from(scored, ([, nats]) => nats),
    })
    expect(shares).toEqual([
      { stratum: 5, observations: 3, unusual: 1 },
      { stratum: 9, observations: 2, unusual: 2 },
    ])
  })
})

describe('the usual values of categories', () => {
  const sample = [
    ...times(97, [7, 0] as const),
    ...times(2, [8, 0] as const),
    [9, 5] as const,
    ...times(3, [4, 4] as const),
  ]
  const calibration = [
    ...times(48, [7, 0] as const),
    [8, 0] as const,
    [9, 0] as const,
    [7, 6] as const,
    [4, 4] as const,
    [7, 0] as const,
  ]
  const shares = categoryShares({
    categories: 2,
    sample: packed(sample),
    sampleStratum: Int32Array.from(sample, (_, i) => (i < 100 ? 3 : 5)),
    sampleWeight: new Float64Array(sample.length).fill(2),
    calibration: packed(calibration),
    // The last one is of a stratum that the sample does not have.
    calibrationStratum: Int32Array.from(calibration, (_, i) => [5, 9][i - 51] ?? 3),
  })

  it('are those of a fiftieth of the sample, by stratum and category, missing among them', () => {
    expect(shares.map(({ stratum, usual }) => [stratum, usual])).toEqual([
      [3, [[7, 8], [0]]],
      [5, [[4], [4]]],
    ])
  })

  it('are told by stratum, ascending, in whatever order the sample has them', () => {
    const found = categoryShares({
      categories: 2,
      sample: packed([...times(2, [1, 2] as const), [3, 4], [5, 6]]),
      sampleStratum: Int32Array.of(9, 9, 4, 7),
      sampleWeight: new Float64Array(4).fill(1),
      calibration: packed([]),
      calibrationStratum: new Int32Array(0),
    })
    expect(found.map(({ stratum, usual }) => [stratum, usual])).toEqual([
      [4, [[3], [4]]],
      [7, [[5], [6]]],
      [9, [[1], [2]]],
    ])
  })

  it('are held against observations that the sample does not have', () => {
    expect(shares.map(({ observations, unusual }) => [observations, unusual])).toEqual([
      [51, 2],
      [1, 0],
    ])
  })

  it('are weighed: what stands for little is not usual by having come once', () => {
    const light = [...times(99, [7, 0] as const), [8, 0] as const]
    const found = categoryShares({
      categories: 2,
      sample: packed(light),
      sampleStratum: Int32Array.from(light, () => 3),
      sampleWeight: new Float64Array(light.length).fill(0.1),
      calibration: packed([]),
      calibrationStratum: new Int32Array(0),
    })
    expect(found.map(({ usual }) => usual)).toEqual([[[7], [0]]])
  })

  it('tell which category comes first that has another one', () => {
    const usual = shares[0]?.usual ?? []
    expect(unusualCategory(usual, [7, 0])).toBe(-1)
    expect(unusualCategory(usual, [7, 1])).toBe(1)
    expect(unusualCategory(usual, [1, 1])).toBe(0)
    expect(unusualCategory([], [1, 1])).toBe(-1)
  })
})
