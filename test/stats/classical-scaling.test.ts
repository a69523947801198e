import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classicalScaling } from '../../src/stats/classical-scaling.ts'

function euclidean(points: readonly (readonly number[])[]): Float64Array {
  const n = points.length
  const distances = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      distances[i * n + j] = Math.hypot(...points[i]!.map((value, c) => value - points[j]![c]!))
    }
  }
  return distances
}

describe('classical scaling', () => {
  it('gives back a rectangle of 3 by 4 from its distances', () => {
    const distances = euclidean([
      [0, 0],
      [4, 0],
      [4, 3],
      [0, 3],
    ])
    const { x, y, kept } = classicalScaling(distances, 4)
    expect(kept).toBeCloseTo(1, 9)
    expect([...x].map((one) => Math.abs(one).toFixed(6))).toEqual(Array(4).fill('2.000000'))
    expect([...y].map((one) => Math.abs(one).toFixed(6))).toEqual(Array(4).fill('1.500000'))
  })

  it('keeps the distances of any points of a plane', () => {
    const point = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }))
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 12 }), (points) => {
        const distances = euclidean(points)
        const n = points.length
        const { x, y } = classicalScaling(distances, n)
        const found = euclidean(points.map((_, i) => [x[i]!, y[i]!]))
        // Two axes of the same spread may come out turned, which changes no distance.
        for (let i = 0; i < n * n; i++) expect(found[i]).toBeCloseTo(distances[i]!, 3)
      }),
      { numRuns: 60 },
    )
  })

  it('says how much of three dimensions two hold', () => {
    const cube = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) => [a, b, c])))
    expect(classicalScaling(euclidean(cube), 8).kept).toBeCloseTo(2 / 3, 3)
  })

  it.each([0, 1, 3])('puts %i equal points on one spot', (n) => {
    const { x, y, kept } = classicalScaling(new Float64Array(n * n), n)
    expect([...x, ...y].every((one) => one === 0)).toBe(true)
    expect(kept).toBe(1)
  })
})
