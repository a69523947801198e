import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Dissimilarities } from '../../src/kmedoids/dissimilarities.ts'
import {
  chebyshev,
  cosine,
  DISTANCES,
  type Distance,
  euclidean,
  hamming,
  jaccard,
  manhattan,
  precomputed,
  subset,
  userDistance,
} from '../../src/kmedoids/distances.ts'
import { type GowerColumn, gower } from '../../src/kmedoids/gower.ts'
import { KernelBoard } from '../../src/kmedoids/kernel-board.ts'
import { pointsOf } from './instances.ts'

/** All dissimilarities, nested. */
function matrixOf(data: Dissimilarities): number[][] {
  const board = new KernelBoard(data, new Float64Array(data.n), 1)
  const all = Int32Array.from({ length: data.n }, (_, i) => i)
  return [...all].map((i) => [...board.row(all, i)])
}

function between(distance: Distance, a: readonly number[], b: readonly number[]): number {
  return matrixOf(distance.of(pointsOf([a, b])))[0]![1]!
}

const mixed: readonly GowerColumn[] = [
  { kind: 'numeric' },
  { kind: 'nominal' },
  { kind: 'ordinal', weight: 2 },
]

describe('distances', () => {
  it('are those of the textbook', () => {
    expect(between(euclidean, [1, 2], [4, 6])).toBe(5)
    expect(between(manhattan, [1, 2], [4, 6])).toBe(7)
    expect(between(chebyshev, [1, 2], [4, 6])).toBe(4)
    expect(between(hamming, [1, 2, 3, 4], [1, 0, 3, 5])).toBe(0.5)
    // Sets {0, 1, 2} and {1, 2, 3}: 2 in common of 4; counts: minima 1 + 2, maxima 3 + 2.
    expect(between(jaccard, [1, 1, 1, 0], [0, 1, 1, 1])).toBe(0.5)
    expect(between(jaccard, [3, 2], [1, 2])).toBeCloseTo(1 - 3 / 5, 6)
    expect(between(jaccard, [0, 0], [0, 0])).toBe(0)
    expect(between(cosine, [1, 0], [0, 5])).toBeCloseTo(1, 6)
    expect(between(cosine, [1, 1], [3, 3])).toBeCloseTo(0, 6)
    expect(between(cosine, [1, 0], [-2, 0])).toBeCloseTo(2, 6)
    expect(between(cosine, [3, 4], [4, 3])).toBeCloseTo(1 - 24 / 25, 6)
  })

  it('cosine puts a point at the origin 1 away from all but another one', () => {
    expect(
      matrixOf(
        cosine.of(
          pointsOf([
            [0, 0],
            [0, 0],
            [2, 1],
          ]),
        ),
      ),
    ).toEqual([
      [0, 0, 1],
      [0, 0, 1],
      [1, 1, 0],
    ])
  })

  it('agree with their definitions in double precision, whatever n and p', () => {
    const definitions = {
      euclidean: (a: number[], b: number[]) => Math.hypot(...a.map((x, j) => x - b[j]!)),
      manhattan: (a: number[], b: number[]) =>
        a.reduce((sum, x, j) => sum + Math.abs(x - b[j]!), 0),
      chebyshev: (a: number[], b: number[]) => Math.max(...a.map((x, j) => Math.abs(x - b[j]!))),
      cosine: (a: number[], b: number[]) => {
        const dot = a.reduce((sum, x, j) => sum + x * b[j]!, 0)
        return 1 - dot / (Math.hypot(...a) * Math.hypot(...b))
      },
      jaccard: (a: number[], b: number[]) =>
        1 -
        a.reduce((sum, x, j) => sum + Math.min(x, b[j]!), 0) /
          a.reduce((sum, x, j) => sum + Math.max(x, b[j]!), 0),
      hamming: (a: number[], b: number[]) => a.filter((x, j) => x !== b[j]).length / a.length,
    }
    const sizes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }))
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), ([n, p], stream) => {
        const rows = Array.from({ length: n }, () => [...stream.take(p)])
        for (const [name, distance] of Object.entries(DISTANCES)) {
          matrixOf(distance.of(pointsOf(rows))).forEach((row, i) => {
            row.forEach((d, j) => {
              const exact =
                i === j ? 0 : definitions[name as keyof typeof definitions](rows[i]!, rows[j]!)
              expect(d).toBeCloseTo(exact, 4)
            })
          })
        }
      }),
      { numRuns: 30 },
    )
  })

  it('gower mixes kinds: ranges, equality, ranks, weights', () => {
    // Column 0 ranges over 10, column 2 has ranks 0, 1, 2 and counts twice: sum of weights 4.
    const rows = [
      [0, 1, 5],
      [5, 1, 70],
      [10, 2, 900],
    ]
    const matrix = matrixOf(gower(mixed).of(pointsOf(rows)))
    expect(matrix[0]![1]!).toBeCloseTo((0.5 + 0 + 2 * 0.5) / 4, 6)
    expect(matrix[0]![2]!).toBeCloseTo((1 + 1 + 2) / 4, 6)
    expect(matrix[1]![2]!).toBeCloseTo((0.5 + 1 + 1) / 4, 6)
    const clipped = gower([{ kind: 'numeric', range: 2 }])
    expect(matrixOf(clipped.of(pointsOf([[0], [1], [100]])))).toEqual([
      [0, 0.5, 1],
      [0.5, 0, 1],
      [1, 1, 0],
    ])
  })

  it('gower takes a gap for half a difference, two gaps for none, and a constant column for nothing', () => {
    const columns: GowerColumn[] = [{ kind: 'numeric' }, { kind: 'nominal' }]
    const rows = [
      [3, Number.NaN],
      [3, 1],
      [3, Number.NaN],
    ]
    expect(matrixOf(gower(columns).of(pointsOf(rows)))).toEqual([
      [0, 0.25, 0],
      [0.25, 0, 0.25],
      [0, 0.25, 0],
    ])
  })

  it('gower keeps the triangle inequality, gaps or not', () => {
    const cell = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.NaN))
    const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 3, maxLength: 8 })
    fc.assert(
      fc.property(rows, (given) => {
        const d = matrixOf(gower(mixed).of(pointsOf(given)))
        for (const a of d.keys()) {
          for (const b of d.keys()) {
            expect(d[a]![b]!).toBe(d[b]![a]!)
            for (const c of d.keys()) {
              expect(d[a]![c]!).toBeLessThanOrEqual(d[a]![b]! + d[b]![c]! + 1e-6)
            }
          }
        }
      }),
    )
  })

  it('ask the user and read matrices as they are', () => {
    const product = userDistance('product', (a, b) => Math.abs(a[0]! * b[0]!))
    expect(matrixOf(product.of(pointsOf([[1], [2], [3]])))).toEqual([
      [0, 2, 3],
      [2, 0, 6],
      [3, 6, 0],
    ])
    const skew = Float32Array.of(0, 1, 2, 0)
    expect(matrixOf(precomputed(skew, 2))).toEqual([
      [0, 1],
      [2, 0],
    ])
    expect(matrixOf(subset(precomputed(skew, 2), Int32Array.of(1)))).toEqual([[0]])
    const some = subset(manhattan.of(pointsOf([[1], [2], [4]])), Int32Array.of(2, 0))
    expect(matrixOf(some)).toEqual([
      [0, 3],
      [3, 0],
    ])
  })

  it('say where bad values are, what they are and what is allowed', () => {
    const named = {
      ...pointsOf([
        [1, 2],
        [3, Number.NaN],
      ]),
      names: ['cpu', 'memory'],
    }
    for (const distance of [euclidean, manhattan, chebyshev, cosine]) {
      expect(() => distance.of(named)).toThrow(
        `Row 1, column 1 (memory) is NaN; ${distance.name} needs finite numbers`,
      )
    }
    expect(() => euclidean.of(pointsOf([[Infinity]]))).toThrow('Row 0, column 0 is Infinity')
    expect(() => jaccard.of(pointsOf([[-1]]))).toThrow('is -1; jaccard needs')
    expect(() => gower(mixed).of(named)).toThrow('gower was told of 3 columns, but there are 2')
    expect(() => gower([{ kind: 'numeric' }]).of(pointsOf([[1], [-Infinity]]))).toThrow(
      'Row 1, column 0 is -Infinity',
    )
    expect(() => gower([{ kind: 'numeric', weight: -1 }]).of(pointsOf([[1]]))).toThrow('is -1')
    expect(() => gower([{ kind: 'numeric', weight: 0 }]).of(pointsOf([[1]]))).toThrow('weight 0')
    expect(() => gower([{ kind: 'numeric', range: 0 }]).of(pointsOf([[1]]))).toThrow('Range')
    expect(() => precomputed(Float32Array.of(0, 1, 1), 2)).toThrow('Expected 2 x 2 = 4')
    expect(() => precomputed(Float32Array.of(0, -1, 1, 0), 2)).toThrow('points 0 and 1 is -1')
    expect(() => precomputed(Float32Array.of(0, 1, 1, 2), 2)).toThrow('must be 0')
    const broken = userDistance('broken', () => Number.NaN).of(pointsOf([[1], [2]]))
    expect(() => matrixOf(broken)).toThrow('Distance broken of rows 0 and 1 is NaN')
    expect(() => euclidean.of({ n: 2, p: 2, values: new Float32Array(3) })).toThrow('2 x 2 = 4')
  })
})
