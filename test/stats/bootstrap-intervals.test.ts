import { describe, expect, it } from 'vitest'
import { bootstrapIntervals } from '../../src/stats/bootstrap-intervals.ts'

const sum = (weights: Float64Array, to: number): number =>
  weights.subarray(0, to).reduce((total, weight) => total + weight, 0)

describe('bootstrap intervals', () => {
  it('are as wide as a share of so many units is uncertain', () => {
    // 50 of 100 units hold: the share has a standard deviation of 0.05.
    const units = Array.from({ length: 100 }, (_, i) => i)
    const { share } = bootstrapIntervals([units], (weights) => ({ share: sum(weights, 50) / 100 }))
    expect(share?.[0]).toBeGreaterThan(0.37)
    expect(share?.[0]).toBeLessThan(0.43)
    expect(share?.[1]).toBeGreaterThan(0.57)
    expect(share?.[1]).toBeLessThan(0.63)
  })

  it('draw as many of each group as there are', () => {
    const { first, all } = bootstrapIntervals(
      [
        [0, 1],
        [2, 3, 4],
      ],
      (weights) => ({
        first: sum(weights, 2),
        all: sum(weights, 5),
      }),
    )
    expect(first).toEqual([2, 2])
    expect(all).toEqual([5, 5])
  })

  it('leave out draws of which nothing can be said, and are null where none can', () => {
    const { sometimes, never } = bootstrapIntervals([[0, 1]], (weights) => ({
      sometimes: weights[0] === 0 ? null : 7,
      never: null,
    }))
    expect(sometimes).toEqual([7, 7])
    expect(never).toBeNull()
  })

  it('are the same each time', () => {
    const once = (): unknown =>
      bootstrapIntervals([[0, 1, 2, 3]], (weights) => ({ first: sum(weights, 1) }))
    expect(once()).toEqual(once())
  })
})
