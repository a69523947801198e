import type { Clustering } from './clustering.ts'
import type { Distance } from './distances.ts'
import type { Points } from './points.ts'

/** What one site tells of its data: its medoids, each with the weight of the points it stands for. */
export interface LocalMedoids {
  readonly points: Points
  readonly weights: Float64Array
}

export interface MergeOptions {
  readonly k: number
  readonly distance: Distance
  readonly seed?: number
  readonly restarts?: number
  /** Local medoids that stand for less weight than this are left out (a privacy floor). Default 0. */
  readonly minWeight?: number
}

export interface Merged extends Clustering {
  /** All local medoids that took part, in the order of the sites. The clustering is of these. */
  readonly points: Points
  /** For each of them its site and its row there. */
  readonly site: Int32Array
  readonly row: Int32Array
  /** Weight left out by the floor. */
  readonly withheld: number
}

/**
 * Global medoids from local ones: weighted FasterPAM over the union (Balcan, Ehrlich, Liang 2013 in
 * its practical form). Throws RangeError on malformed input or where the floor leaves fewer than 1.
 */
export function mergeMedoids(_sites: readonly LocalMedoids[], _options: MergeOptions): Merged {
  throw new Error('Not written yet.')
}
