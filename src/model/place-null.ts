import type { DeviationTerm, Direction } from '../detect/anomaly-cluster.ts'

/** What one series (place, term, direction) does while all is well. */
export interface SeriesNull {
  readonly term: DeviationTerm
  readonly direction: Direction
  /** An occurrence deviates beyond this: ns for self time, calls for count, 0 elsewhere. */
  readonly level: number
  /** Share of occurrences that deviate normally, floor included. */
  readonly rate: number
  /** Over-dispersion within a bucket, thin-reference uncertainty included: in [0, 1). */
  readonly rho: number
  /** Normal typical value: ns for self time, calls for count, shares elsewhere. */
  readonly normal: number
}

/** The null of one place; ids are those of the element table. */
export interface PlaceNullRow {
  readonly place: number
  /** Reference occurrences behind it. */
  readonly occurrences: number
  readonly series: readonly SeriesNull[]
}

/** The null of a stratum's share of structurally unusual observations. */
export interface StratumNullRow {
  readonly stratum: number
  readonly observations: number
  readonly rate: number
  readonly rho: number
}

/** What the accumulator tests against: part of the model, plain data. */
export interface PlaceNull {
  readonly bucketMs: number
  /** By place id, ascending. */
  readonly places: readonly PlaceNullRow[]
  /** By stratum id, ascending. */
  readonly strata: readonly StratumNullRow[]
  /** Over-dispersion over all places, to which single places are shrunk. */
  readonly pooledRho: number
}

export function emptyPlaceNull(bucketMs: number): PlaceNull {
  return { bucketMs, places: [], strata: [], pooledRho: 0 }
}
