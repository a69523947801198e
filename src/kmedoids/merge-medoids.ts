import { checkWeights } from './assignment.ts'
import { checkK } from './clara.ts'
import { type ClusterResult, clusterDissimilarities } from './cluster.ts'
import type { Distance } from './distances.ts'
import { checkPoints, type Points } from './points.ts'

/** What one site tells of its data: its medoids, each with the weight of the points it stands for. */
export interface LocalMedoids {
  readonly points: Points
  readonly weights: Float64Array
}

export interface MergeOptions {
  readonly k: number
  readonly distance: Distance
  /** Default 0. */
  readonly seed?: number
  /** Default 3: the union is small. */
  readonly restarts?: number
  /** Local medoids that stand for less weight than this are left out (a privacy floor). Default 0. */
  readonly minWeight?: number
}

export interface Merged extends ClusterResult {
  /** All local medoids that took part, in the order of the sites. The clustering is of these. */
  readonly points: Points
  /** Weight of each of them. */
  readonly weights: Float64Array
  /** For each of them its site and its row there. */
  readonly site: Int32Array
  readonly row: Int32Array
  /** Weight left out by the floor. */
  readonly withheld: number
}

/**
 * Global medoids from local ones: weighted FasterPAM over the union (Balcan, Ehrlich, Liang, NeurIPS
 * 2013, in its practical form). Let each site find more medoids than k: the local ones are all that
 * the global ones can be. What the floor leaves out is counted, and where it leaves fewer than k, all
 * that is left are medoids and a note says so.
 *
 * Throws RangeError on sites whose columns differ, on malformed weights or options, and where nothing
 * is left.
 */
export function mergeMedoids(sites: readonly LocalMedoids[], options: MergeOptions): Merged {
  const { k, minWeight = 0, distance, seed = 0, restarts = 3 } = options
  checkK(k, Infinity)
  if (!(minWeight >= 0)) throw new RangeError(`minWeight is ${minWeight}; it must be at least 0.`)
  const kept: { site: number; row: number; weight: number }[] = []
  let withheld = 0
  const p = sites[0]?.points.p ?? 0
  sites.forEach(({ points, weights }, site) => {
    checkSite(points, weights, site, p)
    for (let row = 0; row < points.n; row++) {
      const weight = weights[row]!
      if (weight < minWeight) withheld += weight
      else kept.push({ site, row, weight })
    }
  })
  if (kept.length === 0) {
    throw new RangeError(
      `No medoid of ${sites.length} sites stands for at least ${minWeight}; lower the floor.`,
    )
  }
  const values = new Float32Array(kept.length * p)
  kept.forEach(({ site, row }, i) => {
    values.set(sites[site]!.points.values.subarray(row * p, (row + 1) * p), i * p)
  })
  const names = sites[0]?.points.names
  const points = { n: kept.length, p, values, ...(names ? { names } : {}) }
  const weights = Float64Array.from(kept, ({ weight }) => weight)
  const clustered = clusterDissimilarities(distance.of(points), { k, seed, restarts, weights })
  return {
    ...clustered,
    points,
    weights,
    site: Int32Array.from(kept, ({ site }) => site),
    row: Int32Array.from(kept, ({ row }) => row),
    withheld,
  }
}

function checkSite(points: Points, weights: Float64Array, site: number, p: number): void {
  if (points.p !== p) {
    throw new RangeError(`Site ${site} has ${points.p} columns, site 0 has ${p}; they must agree.`)
  }
  try {
    checkPoints(points)
    checkWeights(weights, points.n)
  } catch (error) {
    throw new RangeError(`Site ${site}: ${error instanceof Error ? error.message : error}`)
  }
}
