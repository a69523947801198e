import { type DispersionMoments, shrunkRho } from '../stats/over-dispersion.ts'
import type { CategoryShare } from './category-shares.ts'
import { NULL_OPTIONS, type NullOptions } from './null-options.ts'
import { draftCategory, draftPlace, draftStratum } from './place-draft.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import { finishSeries, type Pool, type SeriesDraft, type SeriesNull } from './series-draft.ts'
import type { StructureShare } from './structure-shares.ts'
import { draftUnseen, knownPlaces, unseenShares } from './unseen-draft.ts'

/** The null of one place; ids are those of the element table. */
export interface PlaceNullRow {
  readonly place: number
  readonly series: readonly SeriesNull[]
}

/** The null of a stratum's shares of observations with unusual calls or categories. */
export interface StratumNullRow {
  readonly stratum: number
  /** By category: usual values; see category-shares.ts. */
  readonly usual: readonly (readonly number[])[]
  readonly series: readonly SeriesNull[]
}

/** What the accumulator tests against: part of the model, plain data. */
export interface PlaceNull {
  readonly bucketMs: number
  /** Ids of all places that are known, ascending: a child elsewhere is something new. */
  readonly known: readonly number[]
  /** By place id, ascending. */
  readonly places: readonly PlaceNullRow[]
  /** By stratum id, ascending. */
  readonly strata: readonly StratumNullRow[]
  /** Over-dispersion over all places, to which single places are shrunk. */
  readonly pooledRho: Readonly<Record<Pool, number>>
}

export interface StratumShares {
  readonly structure: readonly StructureShare[]
  readonly categories: readonly CategoryShare[]
}

/** What is assumed of bursts before any were measured. */
const ASSUMED_RHO: Readonly<Record<Pool, number>> = {
  selfTime: 0.05,
  far: 0.05,
  errors: 0.02,
  count: 0.02,
  presence: 0.02,
  structure: 0.02,
}

/**
 * What every place and stratum does while all is well, from a reference sample. Pure; recipe and
 * measurements: docs/quality.md. Series with too little behind them are left out: not watched.
 * `shares`: what the new model finds unusual among its calibration observations.
 */
export function fitPlaceNull(
  data: PlaceReferenceData,
  shares: StratumShares = { structure: [], categories: [] },
  options: NullOptions = NULL_OPTIONS,
): PlaceNull {
  const { structure, categories } = shares
  const known = knownPlaces(data, options)
  const unseen = unseenShares(data, known)
  const ofPlaces = Array.from(data.places, (_, i) => [
    ...draftPlace(data, i, options),
    ...draftUnseen(data, i, unseen, options),
  ])
  const ofStrata = structure.map((share) => draftStratum(data, share, options))
  const usual = new Map(categories.map((share) => [share.stratum, share]))
  const all = [...ofPlaces.flat(), ...ofStrata.flat()]
  const pooled = rhoByPool(all, options)
  const age = Math.max(1, longest(data))
  // Calls of a service burst with the network, its own work with the service.
  const group = (i: number): number => data.service[i]! * 2 + data.isCall[i]!
  const byService = new Map<number, SeriesDraft[]>()
  ofPlaces.forEach((drafts, i) => {
    byService.set(group(i), [...(byService.get(group(i)) ?? []), ...drafts])
  })
  const ofService = new Map<number, Readonly<Record<Pool, number>>>()
  for (const [service, drafts] of byService) {
    ofService.set(service, rhoByPool(drafts, options, pooled))
  }
  return {
    bucketMs: data.bucketMs,
    known,
    places: Array.from(data.places, (place, i) => {
      const bursts = ofService.get(group(i)) ?? pooled
      return {
        place,
        series: ofPlaces[i]!.map((d) => finishSeries(d, bursts[d.pool], age, options)),
      }
    }),
    strata: structure.map(({ stratum }, i) => {
      const share = usual.get(stratum)
      const drafts = [...ofStrata[i]!, ...(share ? draftCategory(share, options) : [])]
      return {
        stratum,
        usual: share?.usual ?? [],
        series: drafts.map((d) => finishSeries(d, pooled[d.pool], age, options)),
      }
    }),
    pooledRho: pooled,
  }
}

/** Over-dispersion of some series by their pool, shrunk to that of all (`prior`), or to what is assumed. */
function rhoByPool(
  drafts: readonly SeriesDraft[],
  options: NullOptions,
  prior: Readonly<Record<Pool, number>> | null = null,
): Readonly<Record<Pool, number>> {
  const of = (pool: Pool): number => {
    const inPool = drafts.filter((draft) => draft.pool === pool)
    const most = pool === 'selfTime' || pool === 'far' ? options.mostRho : options.mostPooledRare
    const before = prior?.[pool] ?? ASSUMED_RHO[pool]
    return shrunkRho(
      totalOf(inPool.map(({ moments }) => moments)),
      before,
      options.pooledPairs,
      most,
    )
  }
  return {
    selfTime: of('selfTime'),
    far: of('far'),
    errors: of('errors'),
    count: of('count'),
    presence: of('presence'),
    structure: of('structure'),
  }
}

/** Buckets that the reference reaches over: as many as its most visited place has. */
function longest({ records }: PlaceReferenceData): number {
  let most = 0
  for (let i = 0; i + 1 < records.length; i++) most = Math.max(most, records[i + 1]! - records[i]!)
  return most
}

function totalOf(moments: readonly DispersionMoments[]): DispersionMoments {
  const total = { excess: 0, pairs: 0 }
  for (const { excess, pairs } of moments) {
    total.excess += excess
    total.pairs += pairs
  }
  return total
}

/** The null before the first model: nothing is watched. */
export function emptyPlaceNull(bucketMs: number): PlaceNull {
  const pooledRho = { selfTime: 0, far: 0, errors: 0, count: 0, presence: 0, structure: 0 }
  return { bucketMs, known: [], places: [], strata: [], pooledRho }
}
