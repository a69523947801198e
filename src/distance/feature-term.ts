import type { Alignment } from './alignment.ts'

/** Takes one part of a term: element (path id; for categories their index), what differs, both values. */
export type EmitPart = (
  element: number,
  measure: string,
  value: number | string,
  medoid: number | string,
  part: number,
) => void

/** One term of the dissimilarity: in [0, 1], and exactly the sum of its parts. */
export interface FeatureTerm {
  distance(alignment: Alignment): number
  /** Emits parts >= 0 that sum to `distance` within rounding. */
  explain(alignment: Alignment, emit: EmitPart): void
}
