import type { Assignment } from './assignment.ts'

export const METHODS = ['auto', 'pam', 'fasterpam', 'clara', 'onebatch', 'alternate'] as const
export type Method = (typeof METHODS)[number]

export const INITS = ['build', 'lab', 'kmedoids++', 'random'] as const
export type Init = (typeof INITS)[number]

/** Why an algorithm ended. */
export type Ending = 'converged' | 'passes used up' | 'told to stop'

/** What an algorithm did for its result. */
export interface Effort {
  readonly swaps: number
  /** Cycles through the candidates, the last one counted whole. */
  readonly passes: number
  /** Dissimilarities measured or read. */
  readonly evaluations: number
  readonly ending: Ending
}

/** k medoids among n points, and where each point belongs (see `Assignment`). */
export interface Clustering extends Assignment {
  readonly n: number
  readonly k: number
  /** Indices of the points that are the medoids, by slot. */
  readonly medoids: Int32Array
  /** Sum over all points of weight times dissimilarity to the nearest medoid. */
  readonly loss: number
  /** Weight of the points of each slot. */
  readonly support: Float64Array
  readonly effort: Effort
}

/** Where a run is; enough to go on from it to the very result that it would have had. JSON-safe. */
export interface Position {
  /** Which restart, counted from 0, and how many there are. */
  readonly restart: number
  readonly restarts: number
  /** The best finished restart, if any. */
  readonly best: { readonly medoids: readonly number[]; readonly loss: number } | null
  /** The running one: its medoids, and FasterPAM's counters. */
  readonly medoids: readonly number[]
  readonly visited: number
  readonly quiet: number
  readonly swaps: number
  readonly scans: number
}

/** Told now and then, at most once for some thousand dissimilarity rows. */
export interface Progress {
  readonly phase: 'initialise' | 'swap' | 'assign'
  /** 0 … 1 within the phase; in `swap` the share of candidates seen since the last swap. */
  readonly share: number
  readonly loss: number
  readonly swaps: number
  /** Null where the phase cannot be gone on from. */
  readonly position: Position | null
}

/** How a long run talks to whoever started it. Both are called synchronously. */
export interface Watch {
  readonly onProgress?: (progress: Progress) => void
  /** True ends the run at the next candidate, with the best that it has. */
  readonly shouldStop?: () => boolean
}

/** What a choice of k saw for one k. */
export interface KQuality {
  readonly k: number
  /** Weighted mean, -; see `medoidSilhouette`. 0 for k = 1. */
  readonly medoidSilhouette: number
  readonly loss: number
  readonly medoids: Int32Array
}
