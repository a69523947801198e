import type { FeatureTerm } from '../feature-term.ts'

/** Jaccard distance of the sets of call paths: which are missing, which are new. A metric. */
export const structure: FeatureTerm = {
  distance({ shared, union }) {
    return union === 0 ? 0 : (union - shared) / union
  },
}
