import { Dissimilarity } from '../distance/dissimilarity.ts'
import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'
import { type PValues, pValues, type Statistics, structuralP } from './calibration.ts'
import { type ExcessTime, excessTime, explainExcess } from './excess-time.ts'
import { POOLED } from './fit-request.ts'
import type { Model, NormalCluster, StratumModel } from './model.ts'
import { nearestMedoid } from './nearest-medoid.ts'
import { Scaler } from './scales.ts'
import { type EmitSurprise, ShapeSurprise } from './shape-surprise.ts'

/** What a model says of one observation; reused for the next. */
export interface Judgement extends PValues, Statistics, ExcessTime {
  /** null: the stratum is not part of the model. */
  stratum: StratumModel | null
  cluster: NormalCluster | null
  /** Of the set of call paths alone, among all calibration observations. */
  pStructure: number
  /** First path that differs from the nearest known set of paths; -1 = none. */
  differingPath: number
}

export function noJudgement(): Judgement {
  return {
    stratum: null,
    cluster: null,
    excessMs: 0,
    expectedMs: 0,
    shape: 0,
    distance: 0,
    differingPath: -1,
    p: 1,
    pTime: 1,
    pShape: 1,
    pStructure: 1,
    pDistance: 1,
    timeScore: 0,
    shapeScore: 0,
  }
}

/** What judging a stratum needs. */
interface KnownStratum {
  readonly index: number
  readonly stratum: StratumModel
  readonly medoids: readonly ScaledProfile[]
  readonly shapes: ShapeSurprise
}

/** A model with the indexes that judging needs. */
export class ActiveModel {
  readonly model: Model
  readonly #dissimilarity = new Dissimilarity()
  readonly #scaler: Scaler
  readonly #byStratum = new Map<number, KnownStratum>()

  constructor(model: Model) {
    this.model = model
    this.#scaler = new Scaler(model.scales)
    model.strata.forEach((stratum, index) => {
      this.#byStratum.set(stratum.stratum, {
        index,
        stratum,
        medoids: stratum.clusters.map(({ medoid }) => medoid),
        shapes: new ShapeSurprise(stratum.shapes, this.#scaler),
      })
    })
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
    const { shapes } = known
    this.#scaler.apply(x)
    const { index, distance } = nearestMedoid(x, known.medoids, this.#dissimilarity)
    out.cluster = known.stratum.clusters[index]!
    out.distance = distance
    excessTime(x, this.#scaler, out)
    out.shape = shapes.of(x, out.expectedMs === 0)
    out.differingPath = shapes.differingPath
    pValues(this.model.calibration, known.index, out, out)
    out.pStructure = structuralP(this.model.calibration, shapes.structure)
  }

  /**
   * Emits every named part of the score of the observation in `x`, which was judged as `judged` just
   * before: excess times with `latency`, and what is surprising about its shape.
   */
  explain(x: ProfileScratch, stratum: number, judged: Judgement, emit: EmitSurprise): void {
    const perMs = judged.excessMs === 0 ? 0 : judged.timeScore / judged.excessMs
    explainExcess(x, this.#scaler, (path, selfMs, excessMs) => {
      emit('latency', path, 'self_time', selfMs, excessMs * perMs)
    })
    const perNat = judged.shape === 0 ? 0 : judged.shapeScore / judged.shape
    const known = this.#byStratum.get(stratum)
    known?.shapes.explain(x, judged.expectedMs === 0, (term, element, measure, value, nats) => {
      emit(term, element, measure, value, nats * perNat)
    })
  }
}
