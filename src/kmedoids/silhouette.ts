import type { Dissimilarities } from './dissimilarities.ts'
import { KernelBoard } from './kernel-board.ts'

export interface Silhouette {
  /** Weighted mean over the points. */
  readonly mean: number
  /** -1 … 1 for each point. */
  readonly each: Float32Array
  /** Weighted mean over the points of each slot; 0 for an empty one. */
  readonly perSlot: Float64Array
}

/**
 * Silhouette (Rousseeuw 1987): (b - a) / max(a, b), a the mean dissimilarity to the others of the own
 * cluster, b to the nearest other cluster; means by weight. 0 for a point alone in its cluster, for one
 * whose a and b are both 0, and where there is one cluster only. O(n^2) time, O(nk) memory: on many
 * points take a `subset`. `assignment` has a slot of 0 … k-1 for each point.
 */
export function silhouette(
  data: Dissimilarities,
  assignment: Int32Array,
  k: number,
  weights: Float64Array = new Float64Array(data.n).fill(1),
): Silhouette {
  const { n } = data
  checkAssignment(assignment, n, k)
  const total = new Float64Array(k)
  for (let o = 0; o < n; o++) total[assignment[o]!] = total[assignment[o]!]! + weights[o]!
  const board = new KernelBoard(data, weights, 1)
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const each = new Float32Array(n)
  const sums = new Float64Array(k)
  for (let o = 0; o < n; o++) {
    const row = board.row(all, o)
    sums.fill(0)
    for (let i = 0; i < n; i++) {
      const slot = assignment[i]!
      sums[slot] = sums[slot]! + weights[i]! * row[i]!
    }
    each[o] = widthOf(sums, total, assignment[o]!, weights[o]!)
  }
  return { ...meansOf(each, assignment, weights, total), each }
}

function widthOf(sums: Float64Array, total: Float64Array, own: number, weight: number): number {
  const others = total[own]! - weight
  if (!(others > 1e-12 * total[own]!)) return 0
  const a = sums[own]! / others
  let b = Infinity
  for (let slot = 0; slot < sums.length; slot++) {
    if (slot !== own && total[slot]! > 0) b = Math.min(b, sums[slot]! / total[slot]!)
  }
  const most = Math.max(a, b)
  return b === Infinity || most === 0 ? 0 : (b - a) / most
}

function meansOf(
  each: Float32Array,
  assignment: Int32Array,
  weights: Float64Array,
  total: Float64Array,
): { mean: number; perSlot: Float64Array } {
  const perSlot = new Float64Array(total.length)
  for (let o = 0; o < each.length; o++) {
    const slot = assignment[o]!
    perSlot[slot] = perSlot[slot]! + weights[o]! * each[o]!
  }
  const sum = perSlot.reduce((a, b) => a + b, 0)
  const all = total.reduce((a, b) => a + b, 0)
  return {
    mean: all > 0 ? sum / all : 0,
    perSlot: perSlot.map((one, slot) => (total[slot]! > 0 ? one / total[slot]! : 0)),
  }
}

/** Throws RangeError unless each of n points has a slot of 0 … k-1. */
export function checkAssignment(assignment: Int32Array, n: number, k: number): void {
  if (assignment.length !== n) {
    throw new RangeError(`Expected the slots of ${n} points, got ${assignment.length}.`)
  }
  const bad = assignment.findIndex((slot) => slot < 0 || slot >= k)
  if (bad >= 0) {
    throw new RangeError(`Slot of point ${bad} is ${assignment[bad]}; it must be 0 … ${k - 1}.`)
  }
}
