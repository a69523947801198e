import type { DeviationTerm, Direction } from '../detect/anomaly-cluster.ts'
import type { NullOptions } from './null-options.ts'
import { type DispersionMoments, shrunkRho } from './over-dispersion.ts'

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
  /** Normal typical value: ns for self time, calls for count, the share elsewhere. */
  readonly normal: number
}

/** Series whose over-dispersion is pooled: bursts of slowness are unlike bursts of errors. */
export type Pool = 'selfTime' | 'errors' | 'presence' | 'structure'

/** A series before the over-dispersion of all places is known. */
export interface SeriesDraft {
  readonly term: DeviationTerm
  readonly direction: Direction
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
}

/**
 * The null of a series. Its rate is itself an estimate: with m independent occurrences behind it,
 * its error adds about 1 / (m + 1) to the correlation of two occurrences of a bucket; m is what
 * remains of the reference after its own over-dispersion.
 */
export function finishSeries(draft: SeriesDraft, pooled: number, options: NullOptions): SeriesNull {
  const { moments, reference, perBucket } = draft
  const own = shrunkRho(moments, pooled, options.pooledPairs, options.mostRho)
  const rho = Math.max(options.leastRho, own)
  const independent = reference / (1 + Math.max(0, perBucket - 1) * rho)
  return {
    term: draft.term,
    direction: draft.direction,
    level: draft.level,
    rate: Math.max(draft.floor, draft.rate),
    rho: Math.min(options.mostRho, rho + (1 - rho) / (independent + 1)),
    normal: draft.normal,
  }
}
