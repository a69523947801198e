import { type DispersionMoments, shrunkRho } from '../stats/over-dispersion.ts'
import { type ByPath, type MixNull, mixOf } from './mix-null.ts'
import type { NullOptions } from './null-options.ts'

/** What one series (place, term, direction) does while all is well. */
export interface SeriesNull {
  /** See series-kind.ts. */
  readonly kind: number
  /** An occurrence deviates beyond this: ns for self time, calls for count, 0 elsewhere. */
  readonly level: number
  /** Share of occurrences that deviate normally, floor included. */
  readonly rate: number
  /** Over-dispersion within a bucket, thin-reference uncertainty included: in [0, 1). */
  readonly rho: number
  /** Normal typical value: ns for self time, calls for count, the share elsewhere. */
  readonly normal: number
  /** Where occurrences deviate more often by some call paths than by others. */
  readonly mix?: MixNull
}

/** Series whose over-dispersion is pooled: bursts of slowness are unlike bursts of errors. */
export type Pool = 'selfTime' | 'far' | 'errors' | 'count' | 'presence' | 'structure'

/** A series before the over-dispersion of all places is known. */
export interface SeriesDraft {
  readonly kind: number
  readonly level: number
  /** As seen in the reference, and the least that is assumed. */
  readonly rate: number
  readonly floor: number
  readonly normal: number
  /** Occurrences behind it, and how many of them come from one bucket on average. */
  readonly reference: number
  readonly perBucket: number
  readonly pool: Pool
  readonly moments: DispersionMoments
  /** By the call paths that lead to it; null where a series has none. */
  readonly byPath: ByPath | null
}

/**
 * The null of a series. Bursts come and go in minutes, so a reference of a few buckets cannot know
 * them: it is told of some. Its rate is itself an estimate: with m independent occurrences behind it,
 * its error adds about 1 / (m + 1) to the correlation of two occurrences of a bucket; m is what
 * remains of the reference after its own over-dispersion. `pooledRho`: the correlation of others of its
 * pool; `age`: buckets that the reference has.
 */
export function finishSeries(
  draft: SeriesDraft,
  pooledRho: number,
  age: number,
  options: NullOptions,
): SeriesNull {
  const { moments, reference, perBucket } = draft
  const own = shrunkRho(moments, pooledRho, options.servicePairs, options.mostRho)
  const young = youngBuckets(draft.pool, options)
  const seasoned = (own * age + options.youngRho * young) / (age + young)
  const rho = Math.max(options.leastRho, seasoned)
  const independent = reference / (1 + Math.max(0, perBucket - 1) * rho)
  const { byPath } = draft
  const mix = byPath && mixOf({ ...draft, byPath }, rho, options.deviations)
  return {
    kind: draft.kind,
    level: draft.level,
    rate: Math.max(draft.floor, draft.rate),
    rho: Math.min(options.mostRho, rho + (1 - rho) / (independent + 1)),
    normal: draft.normal,
    ...(mix ? { mix } : {}),
  }
}

function youngBuckets(pool: Pool, options: NullOptions): number {
  if (pool === 'selfTime') return options.youngBuckets
  return pool === 'far' ? options.youngFarBuckets : 0
}
