import { type DispersionMoments, independentOf, shrunkRho } from '../stats/over-dispersion.ts'
import { CONSTANTS, type Constants } from './constants.ts'
import type { CategoryShare, StructureShare } from './entry-shares.ts'
import type { EntryTail } from './entry-tails.ts'
import { type MixNull, mixOf } from './mix-null.ts'
import {
  categoryOf,
  failuresOf,
  knownPlaces,
  placeEstimates,
  type RawEstimate,
  structureOf,
  unseenShares,
} from './raw-estimates.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import { floorOf, POOLS, type Pool, type SeriesSignal, SIGNALS } from './signals.ts'

/** What one series, a signal in one place or entry operation, does while all is well. */
export interface SeriesNull {
  readonly signal: SeriesSignal
  /** An occurrence deviates beyond this: ns for self time, calls for count, 0 elsewhere. */
  readonly level: number
  /** Share of occurrences that deviate normally, floor included. */
  readonly baseRate: number
  /** Over-dispersion within a bucket, the uncertainty of a thin reference included: in [0, 1). */
  readonly rho: number
  /** Normal typical value: ns for self time, calls for count, the share elsewhere. */
  readonly normal: number
  /** Where occurrences deviate more often by some call paths than by others. */
  readonly mix?: MixNull
}

/** The null of one place; ids are those of the element table. */
export interface PlaceNullRow {
  readonly place: number
  readonly series: readonly SeriesNull[]
}

/** The null of a stratum's shares of observations with unusual calls or categories. */
export interface StratumNullRow {
  readonly stratum: number
  /** By category: usual values; see entry-shares.ts. */
  readonly usual: readonly (readonly number[])[]
  /** Duration that hardly any of its observations has, ns; null: not known. */
  readonly tailNs: number | null
  readonly series: readonly SeriesNull[]
}

/** What the evidence is tested against: part of the baseline, plain data. */
export interface PlaceNull {
  readonly bucketMs: number
  /** Ids of all places that are known, ascending: a child elsewhere is something new. */
  readonly known: readonly number[]
  /** By place id, ascending. */
  readonly places: readonly PlaceNullRow[]
  /** By stratum id, ascending. */
  readonly strata: readonly StratumNullRow[]
  /** What is assumed of the failures of an entry operation that is not known; null: nothing is. */
  readonly unknownEntry: SeriesNull | null
  /** Over-dispersion over all places, to which single places are shrunk. */
  readonly pooledRho: RhoByPool
}

export interface StratumShares {
  readonly structure: readonly StructureShare[]
  readonly categories: readonly CategoryShare[]
  readonly tails: readonly EntryTail[]
}

type RhoByPool = Readonly<Record<Pool, number>>

/**
 * What every place and stratum does while all is well, from a reference sample. Pure; recipe and
 * measurements: docs/quality.md. Series with too little behind them are left out: not monitored.
 * `shares`: what the new model finds unusual among its calibration observations.
 */
export function fitPlaceNull(
  data: PlaceReferenceData,
  { structure, categories, tails }: StratumShares = { structure: [], categories: [], tails: [] },
  constants: Constants = CONSTANTS,
): PlaceNull {
  const known = knownPlaces(data, constants)
  const unseen = unseenShares(data, known)
  const age = Math.max(1, longest(data))
  const ofPlaces = Array.from(data.places, (_, i) =>
    placeEstimates(data, i, unseen, age, constants),
  )
  const ofStrata = structure.map((share) => structureOf(data, share, constants))
  const tailOf = new Map(tails.map(({ stratum, tailNs }) => [stratum, tailNs]))
  const usual = new Map(categories.map((share) => [share.stratum, share]))
  const pooled = rhoByPool([...ofPlaces.flat(), ...ofStrata.flat()], constants)
  // Calls of a service burst with the network, its own work with the service.
  const group = (i: number): number => data.service[i]! * 2 + data.isCall[i]!
  const groups = Map.groupBy(ofPlaces.keys(), group)
  const rhoOf = new Map<number, RhoByPool>()
  for (const [service, places] of groups) {
    rhoOf.set(
      service,
      rhoByPool(
        places.flatMap((i) => ofPlaces[i]!),
        constants,
        pooled,
      ),
    )
  }
  const shrinkAll = (raw: readonly RawEstimate[], rho: RhoByPool): SeriesNull[] =>
    raw.map((one) => shrunkEstimate(one, rho[SIGNALS[one.signal].pool], age, constants))
  return {
    bucketMs: data.bucketMs,
    known,
    places: Array.from(data.places, (place, i) => ({
      place,
      series: shrinkAll(ofPlaces[i]!, rhoOf.get(group(i)) ?? pooled),
    })),
    strata: structure.map(({ stratum }, i) => {
      const share = usual.get(stratum)
      const raw = [...ofStrata[i]!, ...(share ? categoryOf(share, constants) : [])]
      const tailNs = tailOf.get(stratum) ?? null
      return { stratum, usual: share?.usual ?? [], tailNs, series: shrinkAll(raw, pooled) }
    }),
    unknownEntry: shrinkAll(failuresOf(data, constants), pooled)[0] ?? null,
    pooledRho: pooled,
  }
}

/**
 * The null of a series: its raw estimate, with an over-dispersion that is shrunk to that of others.
 * Bursts come and go in minutes, so a reference of a few buckets cannot have seen them: until it is
 * older, some are assumed. A batch is one occurrence, however many items it has: as much is assumed of
 * it as may be. The base rate is itself an estimate: with m independent occurrences behind it, its error
 * adds about 1 / (m + 1) to the correlation of two occurrences of a bucket; m is what remains of the
 * reference after its own over-dispersion.
 * @param pooledRho the over-dispersion of others of its pool
 * @param age buckets that the reference has
 */
export function shrunkEstimate(
  raw: RawEstimate,
  pooledRho: number,
  age: number,
  constants: Constants,
): SeriesNull {
  const { signal, level, moments, reference, perBucket, byPath, normal } = raw
  const { pairs, half, deviations, alternativeRho } = constants
  const { pool } = SIGNALS[signal]
  const { leastRho, comesInBursts } = POOLS[pool]
  const floor = floorOf(signal, constants)
  const own = shrunkRho(moments, pooledRho, pairs, half)
  const assumed = comesInBursts ? constants.young : 0
  const seasoned = (own * age + alternativeRho * assumed) / (age + assumed)
  const least = Math.max(constants[leastRho], raw.leastRho ?? 0)
  const rho = raw.batched ? half : Math.max(least, seasoned)
  const independent = independentOf(reference, perBucket, rho)
  const mix = byPath && mixOf({ ...raw, floor, byPath }, rho, deviations)
  return {
    signal,
    level,
    baseRate: Math.max(floor, raw.baseRate),
    rho: Math.min(half, rho + (1 - rho) / (independent + 1)),
    normal,
    ...(mix ? { mix } : {}),
  }
}

/** Over-dispersion of some series by pool, shrunk to that of all (`prior`), or to the least. */
function rhoByPool(
  estimates: readonly RawEstimate[],
  constants: Constants,
  prior: RhoByPool | null = null,
): RhoByPool {
  return byPool((pool) => {
    const { leastRho, mostRho } = POOLS[pool]
    const moments = estimates
      .filter(({ signal }) => SIGNALS[signal].pool === pool)
      .map((estimate) => estimate.moments)
    const before = prior?.[pool] ?? constants[leastRho]
    return shrunkRho(totalOf(moments), before, constants.pairs, constants[mostRho])
  })
}

function byPool(of: (pool: Pool) => number): RhoByPool {
  const pools = Object.keys(POOLS) as Pool[]
  return Object.fromEntries(pools.map((pool) => [pool, of(pool)])) as RhoByPool
}

/** Buckets that the reference reaches over: as many as its most visited place has. */
function longest({ records }: PlaceReferenceData): number {
  let most = 0
  for (let i = 0; i + 1 < records.length; i++) most = Math.max(most, records[i + 1]! - records[i]!)
  return most
}

function totalOf(all: readonly DispersionMoments[]): DispersionMoments {
  const total = { excess: 0, pairs: 0 }
  for (const { excess, pairs } of all) {
    total.excess += excess
    total.pairs += pairs
  }
  return total
}

/** The null before the first model: nothing is monitored. */
export function emptyPlaceNull(bucketMs: number): PlaceNull {
  const nothing = { known: [], places: [], strata: [], unknownEntry: null }
  return { bucketMs, ...nothing, pooledRho: byPool(() => 0) }
}
