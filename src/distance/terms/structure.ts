import type { FeatureTerm } from '../feature-term.ts'

/** Jaccard distance of the sets of call paths: which are missing, which are new. A metric. */
export const structure: FeatureTerm = {
  distance({ shared, union }) {
    return union === 0 ? 0 : (union - shared) / union
  },

  explain(alignment, emit) {
    const { x, m, rows, shared, union } = alignment
    if (union === shared) return
    const each = 1 / union
    let found = 0
    for (let j = 0; j < m.paths.length; j++) {
      if (rows[j]! >= 0) found++
      else emit(m.paths[j]!, 'presence', 0, 1, each)
    }
    if (found === x.count) return
    for (let row = 0; row < x.count; row++) {
      if (m.paths.indexOf(x.paths[row]!) < 0) emit(x.paths[row]!, 'presence', 1, 0, each)
    }
  },
}
