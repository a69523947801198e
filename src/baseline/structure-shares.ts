import { type Calibration, structuralP } from '../model/calibration.ts'
import { NULL_OPTIONS } from './null-options.ts'

/** How many calibration observations of a stratum are structurally unusual. */
export interface StructureShare {
  readonly stratum: number
  readonly observations: number
  readonly unusual: number
}

/** Whether an observation of this structural p-value counts as unusual. */
export function isUnusual(pStructure: number): boolean {
  return pStructure <= NULL_OPTIONS.structureCut
}

/** Counts them by stratum, ascending; observation i has `stratum[i]` and `novelty[i]`. */
export function structureShares(
  calibration: Calibration,
  scored: { readonly stratum: Int32Array; readonly novelty: Float64Array },
): StructureShare[] {
  const counts = new Map<number, { observations: number; unusual: number }>()
  scored.stratum.forEach((stratum, i) => {
    const count = counts.get(stratum) ?? { observations: 0, unusual: 0 }
    counts.set(stratum, count)
    count.observations++
    if (isUnusual(structuralP(calibration, scored.novelty[i]!))) count.unusual++
  })
  return [...counts].sort((a, b) => a[0] - b[0]).map(([stratum, count]) => ({ stratum, ...count }))
}
