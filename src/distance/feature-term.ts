import type { Alignment } from './alignment.ts'

/** One term of the dissimilarity, in [0, 1]. */
export interface FeatureTerm {
  distance(alignment: Alignment): number
}
