import { describe, expect, it } from 'vitest'
import { categoryShares, unusualCategory } from '../../src/baseline/entry-shares.ts'
import type { PackedProfiles } from '../../src/profile/profile.ts'

/** Profiles of which only the categories matter; two each. */
function packed(values: readonly (readonly [number, number])[]): PackedProfiles {
  return { count: values.length, categories: Int32Array.from(values.flat()) } as PackedProfiles
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value)
}

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

  it('are held against observations that the sample does not have', () => {
    expect(shares.map(({ observations, unusual }) => [observations, unusual])).toEqual([
      [51, 2],
      [1, 0],
    ])
  })

  it('tell which category comes first that has another one', () => {
    const usual = shares[0]?.usual ?? []
    expect(unusualCategory(usual, [7, 0])).toBe(-1)
    expect(unusualCategory(usual, [7, 1])).toBe(1)
    expect(unusualCategory(usual, [1, 1])).toBe(0)
    expect(unusualCategory([], [1, 1])).toBe(-1)
  })
})
