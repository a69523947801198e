import type { Term } from '../contract/anomaly.ts'
import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'
import { Alignment } from './alignment.ts'
import type { FeatureTerm } from './feature-term.ts'
import { category } from './terms/category.ts'
import { latency } from './terms/latency.ts'
import { outcome } from './terms/outcome.ts'
import { structure } from './terms/structure.ts'
import { volume } from './terms/volume.ts'

/** The terms, cheapest first, with the weights they have unless a model says otherwise. Sum: 1. */
export const TERMS = {
  structure: { term: structure, weight: 0.25 },
  latency: { term: latency, weight: 0.4 },
  outcome: { term: outcome, weight: 0.15 },
  volume: { term: volume, weight: 0.15 },
  category: { term: category, weight: 0.05 },
} as const satisfies Record<Term, { term: FeatureTerm; weight: number }>

const NAMES = Object.keys(TERMS) as Term[]

/**
 * The dissimilarity of two observations, by which they are clustered: a fixed-weight sum of terms in
 * [0, 1]. Holds the scratch space of one comparison.
 */
export class Dissimilarity {
  readonly #alignment = new Alignment()
  readonly #terms: FeatureTerm[] = NAMES.map((name) => TERMS[name].term)
  readonly #weights = Float64Array.from(NAMES, (name) => TERMS[name].weight)

  /**
   * Distance of x to m in [0, 1]. Gives up, with some value above `limit`, as soon as the terms so
   * far exceed it. x must have been scaled by the scales that scaled m.
   */
  distance(x: ProfileScratch, m: ScaledProfile, limit = 2): number {
    this.#alignment.align(x, m)
    let total = 0
    for (let t = 0; t < this.#terms.length; t++) {
      total += this.#weights[t]! * this.#terms[t]!.distance(this.#alignment)
      if (total > limit) return total
    }
    return total
  }
}
