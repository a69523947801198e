import type { Clustering, Init, Method, Position, Watch } from './clustering.ts'
import type { Distance } from './distances.ts'
import type { Points } from './points.ts'

export interface ClusterOptions extends Watch {
  /** How many medoids; or a range, of which the k with the best medoid silhouette is taken (DynMSC). */
  readonly k: number | { readonly from: number; readonly to: number }
  readonly distance: Distance
  /** Default `auto`: FasterPAM where its distances fit the memory limit, else OneBatchPAM. */
  readonly method?: Method
  /** Default `kmedoids++`; or medoids to start from (rows of the points). */
  readonly init?: Init | readonly number[]
  /** Default 0. Low 32 bits count. */
  readonly seed?: number
  /** One for each point, at least 0. Default: all 1. */
  readonly weights?: Float64Array
  /** Group of each point, 0, 1, …: samples take some of each, however rare it is. */
  readonly strata?: Int32Array
  /** Runs from differently seeded starts, of which the best counts. Default 1. */
  readonly restarts?: number
  /** A swap must gain more than this share of the loss. Default 0. */
  readonly tau?: number
  /** Most bytes of distances held at a time. Default 1 GiB. */
  readonly maxMemory?: number
  /** Goes on from where an earlier run with the same input and options was. */
  readonly resume?: Position
}

export interface ClusterResult extends Clustering {
  /** What ran, never `auto`. */
  readonly method: Exclude<Method, 'auto'>
  /** What was decided for the user, in sentences: which method and why, what did not fit. */
  readonly notes: readonly string[]
  /** Where a range of k was asked for: what each k reached, ascending by k. */
  readonly curve: readonly KQuality[] | null
}

/** What DynMSC saw for one k. */
export interface KQuality {
  readonly k: number
  readonly medoidSilhouette: number
  readonly loss: number
  readonly medoids: Int32Array
}

/**
 * Clusters points around k of their own: checks, chooses the method, runs it, assigns all points.
 * Throws RangeError on malformed input, with the position, what was found and what is allowed.
 */
export function cluster(_points: Points, _options: ClusterOptions): ClusterResult {
  throw new Error('Not written yet.')
}
