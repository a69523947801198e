import type { Alignment } from '../alignment.ts'
import type { FeatureTerm } from '../feature-term.ts'

/** At least half of the largest distance, so that a missing value keeps the term a metric. */
const MISSING = 0.5

/** Gower's distance over the configured categories of the entry; missing is a value of its own. */
export const category: FeatureTerm = {
  distance(alignment) {
    const width = alignment.m.categories.length
    if (width === 0) return 0
    let sum = 0
    for (let c = 0; c < width; c++) sum += gapOf(alignment, c)
    return sum / width
  },
}

function gapOf({ x, m }: Alignment, c: number): number {
  const value = x.categories[c]!
  const normal = m.categories[c]!
  if (value === normal) return 0
  return value === 0 || normal === 0 ? MISSING : 1
}
