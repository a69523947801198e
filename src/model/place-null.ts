import { NULL_OPTIONS, type NullOptions } from './null-options.ts'
import type { DispersionMoments } from './over-dispersion.ts'
import { shrunkRho } from './over-dispersion.ts'
import { draftPlace, draftStratum } from './place-draft.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import { finishSeries, type Pool, type SeriesDraft, type SeriesNull } from './series-draft.ts'

import type { StructureShare } from './structure-shares.ts'

export type { PlaceReferenceData } from './reference-data.ts'
export type { SeriesNull } from './series-draft.ts'

/** The null of one place; ids are those of the element table. */
export interface PlaceNullRow {
  readonly place: number
  readonly series: readonly SeriesNull[]
}

/** The null of a stratum's share of structurally unusual observations. */
export interface StratumNullRow {
  readonly stratum: number
  readonly series: readonly SeriesNull[]
}

/** What the accumulator tests against: part of the model, plain data. */
export interface PlaceNull {
  readonly bucketMs: number
  /** By place id, ascending. */
  readonly places: readonly PlaceNullRow[]
  /** By stratum id, ascending. */
  readonly strata: readonly StratumNullRow[]
  /** Over-dispersion over all places, to which single places are shrunk. */
  readonly pooledRho: Readonly<Record<Pool, number>>
}

/** What is assumed of bursts before any were measured, and the pairs it counts as. */
const PRIOR_RHO: Readonly<Record<Pool, number>> = {
  selfTime: 0.05,
  errors: 0.02,
  presence: 0.02,
  structure: 0.02,
}
const PRIOR_PAIRS = 2000

/**
 * What every place and stratum does while all is well, from a reference sample. Pure; recipe and
 * measurements: docs/quality.md. Series with too little behind them are left out: not watched.
 * `structure`: what the new model finds unusual among its calibration observations.
 */
export function fitPlaceNull(
  data: PlaceReferenceData,
  structure: readonly StructureShare[] = [],
  options: NullOptions = NULL_OPTIONS,
): PlaceNull {
  const ofPlaces = Array.from(data.places, (_, i) => draftPlace(data, i, options))
  const ofStrata = structure.map((share) => draftStratum(data, share, options))
  const drafts = [...ofPlaces.flat(), ...ofStrata.flat()]
  const pooledRho = {
    selfTime: pooled(drafts, 'selfTime', options),
    errors: pooled(drafts, 'errors', options),
    presence: pooled(drafts, 'presence', options),
    structure: pooled(drafts, 'structure', options),
  }
  const finish = (all: readonly SeriesDraft[]): SeriesNull[] =>
    all.map((draft) => finishSeries(draft, pooledRho[draft.pool], options))
  return {
    bucketMs: data.bucketMs,
    places: Array.from(data.places, (place, i) => ({ place, series: finish(ofPlaces[i]!) })),
    strata: structure.map(({ stratum }, i) => ({ stratum, series: finish(ofStrata[i]!) })),
    pooledRho,
  }
}

function pooled(drafts: readonly SeriesDraft[], pool: Pool, options: NullOptions): number {
  const total: DispersionMoments = { excess: 0, pairs: 0 }
  for (const draft of drafts) {
    if (draft.pool !== pool) continue
    total.excess += draft.moments.excess
    total.pairs += draft.moments.pairs
  }
  return shrunkRho(total, PRIOR_RHO[pool], PRIOR_PAIRS, options.mostRho)
}

/** The null before the first model: nothing is watched. */
export function emptyPlaceNull(bucketMs: number): PlaceNull {
  const pooledRho = { selfTime: 0, errors: 0, presence: 0, structure: 0 }
  return { bucketMs, places: [], strata: [], pooledRho }
}
