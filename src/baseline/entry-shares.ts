import { type Calibration, structuralP } from '../model/calibration.ts'
import type { ModelRequest } from '../model/fit-request.ts'
import { strataRanges } from '../model/stratum-range.ts'
import type { PackedProfiles } from '../profile/profile.ts'
import { CONSTANTS } from './constants.ts'

/** How many calibration observations of a stratum are structurally unusual. */
export interface StructureShare {
  readonly stratum: number
  readonly observations: number
  readonly unusual: number
}

/** Whether an observation of this structural p-value counts as unusual. */
export function isUnusual(pStructure: number): boolean {
  return pStructure <= CONSTANTS.rare
}

/** Counts them by stratum, ascending; observation i has `stratum[i]` and `structure[i]`. */
export function structureShares(
  calibration: Calibration,
  scored: { readonly stratum: Int32Array; readonly structure: Float64Array },
): StructureShare[] {
  const counts = new Map<number, { observations: number; unusual: number }>()
  scored.stratum.forEach((stratum, i) => {
    const count = counts.get(stratum) ?? { observations: 0, unusual: 0 }
    counts.set(stratum, count)
    count.observations++
    if (isUnusual(structuralP(calibration, scored.structure[i]!))) count.unusual++
  })
  return [...counts].sort((a, b) => a[0] - b[0]).map(([stratum, count]) => ({ stratum, ...count }))
}

/** Which values the categories of a stratum usually have, and how many observations have others. */
export interface CategoryShare {
  readonly stratum: number
  /** By category: vocabulary ids of its usual values, ascending; 0 = missing. */
  readonly usual: readonly (readonly number[])[]
  /** Calibration observations, and those with an unusual value in some category. */
  readonly observations: number
  readonly unusual: number
}

/**
 * What is usual is seen in the sample, how often something else comes in the calibration observations,
 * which the sample does not hold. By stratum, ascending.
 */
export function categoryShares(
  request: Pick<ModelRequest, 'categories' | 'sample' | 'sampleStratum' | 'sampleWeight'> &
    Pick<ModelRequest, 'calibration' | 'calibrationStratum'>,
  least = CONSTANTS.rare,
): CategoryShare[] {
  const { categories, sample, sampleStratum, sampleWeight } = request
  const shares = new Map<number, { usual: number[][]; observations: number; unusual: number }>()
  for (const { stratum, from, to } of strataRanges(sampleStratum)) {
    const usual = Array.from({ length: categories }, (_, c) =>
      usualValues(sample, sampleWeight, { from, to, category: c, categories }, least),
    )
    shares.set(stratum, { usual, observations: 0, unusual: 0 })
  }
  request.calibrationStratum.forEach((stratum, i) => {
    const share = shares.get(stratum)
    if (!share) return
    share.observations++
    const from = i * categories
    const values = request.calibration.categories.subarray(from, from + categories)
    if (unusualCategory(share.usual, values) >= 0) share.unusual++
  })
  return [...shares].sort((a, b) => a[0] - b[0]).map(([stratum, share]) => ({ stratum, ...share }))
}

/** Index of the first category with an unusual value, or -1. */
export function unusualCategory(
  usual: readonly (readonly number[])[],
  values: ArrayLike<number>,
): number {
  for (let c = 0; c < usual.length; c++) if (!usual[c]!.includes(values[c]!)) return c
  return -1
}

function usualValues(
  sample: PackedProfiles,
  weight: Float64Array,
  at: { from: number; to: number; category: number; categories: number },
  least: number,
): number[] {
  const sums = new Map<number, number>()
  let total = 0
  for (let i = at.from; i < at.to; i++) {
    const value = sample.categories[i * at.categories + at.category]!
    sums.set(value, (sums.get(value) ?? 0) + weight[i]!)
    total += weight[i]!
  }
  return [...sums]
    .filter(([, sum]) => sum >= least * total)
    .map(([value]) => value)
    .sort((a, b) => a - b)
}
