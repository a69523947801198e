import { type Assignment, assignToMedoids, emptyAssignment } from './assignment.ts'
import { applySwap, priceSwaps } from './medoid-swap.ts'

/**
 * What a swapping algorithm works on: m targets that each belong to a medoid, and candidates for
 * medoids that can be priced against them. Where the dissimilarities come from is the board's business.
 */
export interface SwapBoard {
  /** Points that may be medoids; numbered 0 … candidates-1. */
  readonly candidates: number
  readonly targets: number
  readonly weights: Float64Array
  readonly state: Assignment
  /** As `assignToMedoids`. */
  assign(medoids: Int32Array): void
  /**
   * Prices candidate `order[at]` as `priceSwaps` does. May measure those that follow in the order, too.
   */
  price(order: Int32Array, at: number, change: Float64Array): number
  /** Brings the state up to date after `medoids[slot]` has changed. */
  swap(medoids: Int32Array, slot: number): void
}

/** The board of a full matrix: n x n, row-major, row m holds the distances from m to all points. */
export function matrixBoard(distances: Float32Array, n: number, weights: Float64Array): SwapBoard {
  const state = emptyAssignment(n)
  return {
    candidates: n,
    targets: n,
    weights,
    state,
    assign: (medoids) => {
      assignToMedoids(distances, n, medoids, state)
    },
    price: (order, at, change) => priceSwaps(distances, order[at]! * n, weights, state, change),
    swap: (medoids, slot) => {
      applySwap(distances, n, medoids, slot, state)
    },
  }
}
