/** One judged and labelled observation. */
export interface Ranked {
  /** The higher, the stranger. */
  readonly value: number
  readonly faulty: boolean
  /** What it is drawn with: an index into the weights. */
  readonly unit: number
}

/** How well a ranking puts faulty observations before normal ones. */
export interface RankingFigures {
  readonly auc: number
  readonly average_precision: number
  /** Share of the faulty ones before more than 1 (3) % of the normal ones have come. */
  readonly recall_at_fpr_1: number
  readonly recall_at_fpr_3: number
}

/** Observations in the order of their values; equal values are one step. */
export class Ranking {
  readonly #sorted: readonly Ranked[]

  constructor(observations: readonly Ranked[]) {
    this.#sorted = observations.toSorted((a, b) => b.value - a.value)
  }

  /**
   * @param weights how often each unit counts
   * @returns null without faulty or without normal observations
   */
  figures(weights: ArrayLike<number>): RankingFigures | null {
    const sorted = this.#sorted
    let faulty = 0
    let normal = 0
    for (const one of sorted) {
      if (one.faulty) faulty += weights[one.unit]!
      else normal += weights[one.unit]!
    }
    if (faulty === 0 || normal === 0) return null
    const found = { auc: 0, average_precision: 0, recall_at_fpr_1: 0, recall_at_fpr_3: 0 }
    let hits = 0
    let misses = 0
    for (let i = 0; i < sorted.length; ) {
      let hit = 0
      let miss = 0
      const { value } = sorted[i]!
      for (; i < sorted.length && sorted[i]!.value === value; i++) {
        if (sorted[i]!.faulty) hit += weights[sorted[i]!.unit]!
        else miss += weights[sorted[i]!.unit]!
      }
      found.auc += (miss * (hits + hit / 2)) / faulty / normal
      hits += hit
      misses += miss
      if (hit > 0) found.average_precision += ((hit / faulty) * hits) / (hits + misses)
      if (misses / normal <= 0.01) found.recall_at_fpr_1 = hits / faulty
      if (misses / normal <= 0.03) found.recall_at_fpr_3 = hits / faulty
    }
    return found
  }
}
