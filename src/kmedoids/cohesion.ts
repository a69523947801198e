import type { Clustering } from './clustering.ts'

/** How tight one cluster is, in the distance's unit. */
export interface SlotCohesion {
  readonly slot: number
  readonly medoid: number
  /** Points and their weight. */
  readonly points: number
  readonly weight: number
  /** Weighted mean, and largest, of the distances to the medoid. Only points with weight count. */
  readonly mean: number
  readonly radius: number
  /** Its part of the loss, 0 … 1; 0 where the loss is 0. */
  readonly lossShare: number
}

/** Size, mean distance and radius of each cluster, by slot. `weights`: default all 1. */
export function cohesion(
  clustering: Pick<Clustering, 'medoids' | 'assignment' | 'nearest'>,
  weights: Float64Array = new Float64Array(clustering.assignment.length).fill(1),
): SlotCohesion[] {
  const { medoids, assignment, nearest } = clustering
  const k = medoids.length
  const points = new Int32Array(k)
  const weight = new Float64Array(k)
  const sum = new Float64Array(k)
  const radius = new Float64Array(k)
  for (let o = 0; o < assignment.length; o++) {
    const slot = assignment[o]!
    points[slot] = points[slot]! + 1
    weight[slot] = weight[slot]! + weights[o]!
    sum[slot] = sum[slot]! + weights[o]! * nearest[o]!
    if (weights[o]! > 0 && nearest[o]! > radius[slot]!) radius[slot] = nearest[o]!
  }
  const loss = sum.reduce((a, b) => a + b, 0)
  return Array.from(medoids, (medoid, slot) => ({
    slot,
    medoid,
    points: points[slot]!,
    weight: weight[slot]!,
    mean: weight[slot]! > 0 ? sum[slot]! / weight[slot]! : 0,
    radius: radius[slot]!,
    lossShare: loss > 0 ? sum[slot]! / loss : 0,
  }))
}
