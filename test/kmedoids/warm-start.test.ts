import { describe, expect, it } from 'vitest'
import { assign } from '../../src/kmedoids/assign.ts'
import { cohesion } from '../../src/kmedoids/cohesion.ts'
import { manhattan, precomputed } from '../../src/kmedoids/distances.ts'
import { fasterPam } from '../../src/kmedoids/faster-pam.ts'
import { KeptDistances } from '../../src/kmedoids/kept-distances.ts'
import { kmedoidsPlusPlus } from '../../src/kmedoids/kmedoids-plus-plus.ts'
import { warmStart } from '../../src/kmedoids/warm-start.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { blobs, instanceOf, pick, pointsOf } from './instances.ts'

function seeded(seed: number): () => number {
  const random = new SeededRandom(seed)
  return () => random.next()
}

describe('KeptDistances', () => {
  it('holds what measuring everything again would give', () => {
    const rows = blobs(60, 5, 3, seeded(1))
    const kept = new KeptDistances(manhattan.of(pointsOf(rows)))
    const changed = Int32Array.of(3, 17, 18, 59)
    const others = blobs(4, 1, 3, seeded(2))
    changed.forEach((o, i) => {
      rows[o] = others[i]!
    })
    const data = manhattan.of(pointsOf(rows))
    kept.replace(data, changed)
    expect(kept.matrix).toEqual(new KeptDistances(data).matrix)
    const some = new Float32Array(2)
    kept.measure(59, Int32Array.of(17, 59), some)
    expect([...some]).toEqual([kept.matrix[59 * 60 + 17], 0])
    expect(() => kept.replace(manhattan.of(pointsOf([[1, 2, 3]])), changed)).toThrow('60 points')
  })
})

describe('warmStart', () => {
  it('comes to about the loss of a cold start, and looks at far fewer candidates', () => {
    const n = 1500
    const k = 20
    const all = blobs(n + 150, 25, 4, seeded(3))
    const rows = all.slice(0, n)
    const weights = new Float64Array(n).fill(1)
    const before = manhattan.of(pointsOf(rows))
    const medoids = kmedoidsPlusPlus(before, weights, k, seeded(4))
    const fit = fasterPam(before, weights, medoids, { random: seeded(5) })
    const means = cohesion({ ...fit, medoids }).map(({ mean }) => mean)
    const changed = pick(n, 150, seeded(6))
    changed.forEach((o, i) => {
      rows[o] = all[n + i]!
    })
    const after = manhattan.of(pointsOf(rows))
    const cold = fasterPam(after, weights, kmedoidsPlusPlus(after, weights, k, seeded(7)), {
      random: seeded(8),
    })
    const warm = warmStart(after, weights, medoids, means, changed, { random: seeded(9) })
    expect(warm.loss / cold.loss).toBeLessThan(1.03)
    expect(warm.evaluations).toBeLessThan(cold.evaluations / 2)
    expect(warm.assignment).toEqual(assign(after, medoids).assignment)
  })

  it('looks through a cluster whose medoid is gone or whose points have moved, and no other', () => {
    // The group at 0 loses its medoid to the group at 100; that at 50 stays as it is.
    const before = [[0], [1], [2], [3], [50], [51], [52], [100], [101], [102]]
    const medoids = Int32Array.of(1, 5, 8)
    const { distances, weights, n } = instanceOf(before)
    const fit = fasterPam(precomputed(distances, n), weights, medoids, { random: seeded(1) })
    expect(fit.swaps).toBe(0)
    const means = cohesion({ ...fit, medoids }).map(({ mean }) => mean)
    const rows = before.with(1, [103])
    const data = manhattan.of(pointsOf(rows))
    const warm = warmStart(data, weights, medoids, means, Int32Array.of(1), { random: seeded(1) })
    expect([...medoids].map((o) => rows[o]![0]!).sort((a, b) => a - b)).toEqual([2, 51, 101])
    expect(warm.loss).toBe(3 + 2 + 4)
    expect(() =>
      warmStart(data, weights, medoids, [1], new Int32Array(0), { random: seeded(1) }),
    ).toThrow('Expected 3 mean distances')
  })
})
