import { Dissimilarity } from '../distance/dissimilarity.ts'
import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'
import { type PValues, pValues } from './calibration.ts'
import { POOLED } from './fit-request.ts'
import type { Model, NormalCluster, StratumModel } from './model.ts'
import { nearestMedoid } from './nearest-medoid.ts'
import { PathSetLookup } from './path-sets.ts'
import { Scaler } from './scales.ts'

/** What a model says of one observation; reused for the next. */
export interface Judgement extends PValues {
  /** null: the stratum is not part of the model. */
  stratum: StratumModel | null
  cluster: NormalCluster | null
  distance: number
  novelty: number
  /** First path that differs from the nearest known set of paths; -1 = none. */
  differingPath: number
}

export function noJudgement(): Judgement {
  return {
    stratum: null,
    cluster: null,
    distance: 0,
    novelty: 0,
    differingPath: -1,
    p: 1,
    pStructure: 1,
    pDistance: 1,
  }
}

/** A model with the indexes that judging needs. */
export class ActiveModel {
  readonly model: Model
  readonly dissimilarity = new Dissimilarity()
  readonly #scaler: Scaler
  readonly #byStratum = new Map<
    number,
    { stratum: StratumModel; medoids: ScaledProfile[]; pathSets: PathSetLookup }
  >()

  constructor(model: Model) {
    this.model = model
    this.#scaler = new Scaler(model.scales)
    for (const stratum of model.strata) {
      this.#byStratum.set(stratum.stratum, {
        stratum,
        medoids: stratum.clusters.map(({ medoid }) => medoid),
        pathSets: new PathSetLookup(stratum.pathSets),
      })
    }
    const pool = this.#byStratum.get(POOLED)
    if (pool) for (const stratum of model.pooled) this.#byStratum.set(stratum, pool)
  }

  /** Judges the observation in `x`, scaling it on the way. */
  judge(x: ProfileScratch, stratum: number, out: Judgement): void {
    const known = this.#byStratum.get(stratum)
    out.stratum = known?.stratum ?? null
    out.cluster = null
    out.differingPath = -1
    if (!known) return
    this.#scaler.apply(x)
    const { index, distance } = nearestMedoid(x, known.medoids, this.dissimilarity)
    const novelty = known.pathSets.novelty(x)
    const cluster = known.stratum.clusters[index]!
    out.cluster = cluster
    out.distance = distance
    out.novelty = novelty.score
    out.differingPath = novelty.path
    pValues(this.model.calibration, cluster.index, distance, novelty.score, out)
  }
}
