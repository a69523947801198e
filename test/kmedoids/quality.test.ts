import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cluster } from '../../src/kmedoids/cluster.ts'
import { cohesion } from '../../src/kmedoids/cohesion.ts'
import { daviesBouldin } from '../../src/kmedoids/davies-bouldin.ts'
import { manhattan } from '../../src/kmedoids/distances.ts'
import { dynMsc } from '../../src/kmedoids/dyn-msc.ts'
import { elbow } from '../../src/kmedoids/elbow.ts'
import { adjustedRand, rand } from '../../src/kmedoids/rand-index.ts'
import { representativeness } from '../../src/kmedoids/representativeness.ts'
import { silhouette } from '../../src/kmedoids/silhouette.ts'
import { stability } from '../../src/kmedoids/stability.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { blobs, instanceOf, pick, pointsOf } from './instances.ts'

function seeded(seed: number): () => number {
  const random = new SeededRandom(seed)
  return () => random.next()
}

describe('silhouette', () => {
  it('is that of the definition, worked by hand', () => {
    // 0, 2 | 10: for 0: a = 2, b = 10; for 2: a = 2, b = 8; 10 is alone.
    const { each, mean, perSlot } = silhouette(
      manhattan.of(pointsOf([[0], [2], [10]])),
      Int32Array.of(0, 0, 1),
      2,
    )
    expect([...each].map((s) => Math.round(1e6 * s) / 1e6)).toEqual([0.8, 0.75, 0])
    expect(mean).toBeCloseTo(1.55 / 3, 6)
    expect([...perSlot]).toEqual([expect.closeTo(0.775, 6), 0])
  })

  it('agrees with the naive one, empty slots and copies included', () => {
    const given = fc.record({
      rows: fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 2, maxLength: 20 }),
      slots: fc.array(fc.nat(3), { minLength: 20, maxLength: 20 }),
    })
    fc.assert(
      fc.property(given, ({ rows, slots }) => {
        const assignment = Int32Array.from(slots.slice(0, rows.length))
        const { matrix } = instanceOf(rows)
        const mean = (o: number, slot: number): number => {
          const others = rows.map((_, i) => i).filter((i) => i !== o && assignment[i] === slot)
          return others.reduce((sum, i) => sum + matrix[o]![i]!, 0) / others.length
        }
        const { each } = silhouette(manhattan.of(pointsOf(rows)), assignment, 4)
        rows.forEach((_, o) => {
          const own = assignment[o]!
          const a = mean(o, own)
          const b = Math.min(
            ...[0, 1, 2, 3]
              .filter((slot) => slot !== own && assignment.includes(slot))
              .map((slot) => mean(o, slot)),
          )
          const most = Math.max(a, b)
          const exact = Number.isNaN(a) || b === Infinity || most === 0 ? 0 : (b - a) / most
          expect(each[o]!).toBeCloseTo(exact, 5)
        })
      }),
    )
  })

  it('refuses slots that are none', () => {
    const data = manhattan.of(pointsOf([[0], [1]]))
    expect(() => silhouette(data, Int32Array.of(0, 2), 2)).toThrow('Slot of point 1 is 2')
    expect(() => silhouette(data, Int32Array.of(0), 2)).toThrow('slots of 2 points')
  })
})

/** The mean of 1 - d1/d2, from the definition. */
function medoidSilhouetteOf(
  matrix: readonly (readonly number[])[],
  medoids: readonly number[],
): number {
  let sum = 0
  for (const row of matrix) {
    const [d1 = 0, d2 = 0] = medoids.map((m) => row[m]!).sort((a, b) => a - b)
    if (d2 > 0) sum += 1 - d1 / d2
  }
  return sum / matrix.length
}

describe('DynMSC', () => {
  it('ends for every k where no swap raises the medoid silhouette, which is that of the definition', () => {
    for (let seed = 0; seed < 12; seed++) {
      const next = seeded(seed)
      const n = 24
      const rows = blobs(n, 4, 2, next)
      const { matrix, weights } = instanceOf(rows)
      const { curve, best } = dynMsc(manhattan.of(pointsOf(rows)), weights, pick(n, 6, next), {
        ...{ from: 1, to: 6, random: next },
      })
      expect(curve.map(({ k }) => k)).toEqual([1, 2, 3, 4, 5, 6])
      expect(curve[0]!.medoidSilhouette).toBe(0)
      expect(best.medoidSilhouette).toBe(Math.max(...curve.map((one) => one.medoidSilhouette)))
      for (const { k, medoids, medoidSilhouette } of curve.slice(1)) {
        expect(medoids.length).toBe(k)
        expect(medoidSilhouette).toBeCloseTo(medoidSilhouetteOf(matrix, [...medoids]), 5)
        for (let slot = 0; slot < k; slot++) {
          for (let j = 0; j < n; j++) {
            if (medoids.includes(j)) continue
            const other = medoidSilhouetteOf(matrix, [...medoids.with(slot, j)])
            expect(other).toBeLessThanOrEqual(medoidSilhouette + 1e-5)
          }
        }
      }
    }
  })

  it('copes with copies, weights and a stop', () => {
    const rows = Array.from({ length: 12 }, (_, i) => [i % 3, 0])
    const data = manhattan.of(pointsOf(rows))
    const weights = Float64Array.from(rows, (_, i) => i % 2)
    const start = Int32Array.of(0, 1, 2, 3, 4)
    const { best } = dynMsc(data, weights, start, { from: 2, to: 5, random: seeded(1) })
    expect(best.medoidSilhouette).toBe(1)
    expect(best.k).toBe(3)
    const stopped = dynMsc(data, weights, start, {
      ...{ from: 2, to: 5, random: seeded(1), shouldStop: () => true },
    })
    expect(stopped.curve.length).toBe(1)
    expect(() => dynMsc(data, weights, start, { from: 2, to: 4, random: seeded(1) })).toThrow(
      'Expected 4 medoids',
    )
  })
})

describe('Rand indices', () => {
  it('are those of the definition, and do not mind names', () => {
    const labels = fc.array(fc.nat(3), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(labels, labels, (x, y) => {
        const n = Math.min(x.length, y.length)
        const a = Int32Array.from(x.slice(0, n))
        const b = Int32Array.from(y.slice(0, n))
        let agree = 0
        let pairs = 0
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) {
            pairs++
            if ((a[i] === a[j]) === (b[i] === b[j])) agree++
          }
        }
        expect(rand(a, b)).toBeCloseTo(agree / pairs, 12)
        const renamed = a.map((label) => 7 - label)
        expect(adjustedRand(a, renamed)).toBe(1)
        expect(adjustedRand(a, b)).toBeCloseTo(adjustedRand(b, renamed), 12)
      }),
    )
  })

  it('adjusted is the worked case of Hubert and Arabie, and about 0 by chance', () => {
    // Contingency [[1,1,0],[1,2,1],[0,0,4]]: sum of pairs 7; rows 1+6+6, columns 1+3+10; 45 pairs.
    const a = Int32Array.of(0, 0, 1, 1, 1, 1, 2, 2, 2, 2)
    const b = Int32Array.of(0, 1, 0, 1, 1, 2, 2, 2, 2, 2)
    const expected = (13 * 14) / 45
    expect(adjustedRand(a, b)).toBeCloseTo((7 - expected) / (13.5 - expected), 12)
    const next = seeded(3)
    const draw = () => Int32Array.from({ length: 4000 }, () => Math.floor(5 * next()))
    expect(Math.abs(adjustedRand(draw(), draw()))).toBeLessThan(0.01)
    expect(adjustedRand(new Int32Array(4), new Int32Array(4))).toBe(1)
    expect(rand(new Int32Array(1), new Int32Array(1))).toBe(1)
    expect(() => rand(a, a.slice(1))).toThrow('10 and 9')
  })
})

describe('cohesion and Davies–Bouldin', () => {
  const rows = [[0], [1], [2], [10], [14]]
  const clustering = {
    medoids: Int32Array.of(1, 3),
    assignment: Int32Array.of(0, 0, 0, 1, 1),
    nearest: Float32Array.of(1, 0, 1, 0, 4),
  }

  it('are worked by hand', () => {
    const [a, b] = cohesion(clustering)
    expect(a).toEqual({
      ...{ slot: 0, medoid: 1, points: 3, weight: 3, mean: 2 / 3, radius: 1, lossShare: 2 / 6 },
    })
    expect(b).toMatchObject({ mean: 2, radius: 4, lossShare: 4 / 6 })
    expect(daviesBouldin(manhattan.of(pointsOf(rows)), clustering)).toBeCloseTo((2 / 3 + 2) / 9, 6)
  })

  it('leave out what has no weight, and have answers for one cluster and for copies', () => {
    const light = cohesion(clustering, Float64Array.of(1, 1, 1, 1, 0))
    expect(light[1]).toMatchObject({ points: 2, weight: 1, mean: 0, radius: 0 })
    const one = { ...clustering, medoids: Int32Array.of(1), assignment: new Int32Array(5) }
    expect(daviesBouldin(manhattan.of(pointsOf(rows)), one)).toBe(0)
    const copies = manhattan.of(pointsOf([[1], [1], [3]]))
    const twins = {
      medoids: Int32Array.of(0, 1),
      assignment: Int32Array.of(0, 1, 0),
      nearest: Float32Array.of(0, 0, 2),
    }
    expect(daviesBouldin(copies, twins)).toBe(Infinity)
    expect(daviesBouldin(copies, { ...twins, nearest: new Float32Array(3) })).toBe(0)
  })
})

describe('elbow', () => {
  it('is where the curve bends, and nowhere on a line or with two points', () => {
    const curve = [100, 50, 10, 8, 7, 6].map((loss, i) => ({ k: i + 1, loss }))
    expect(elbow(curve)?.k).toBe(3)
    expect(elbow([...curve].reverse())).toEqual(elbow(curve))
    expect(elbow([3, 2, 1].map((loss, i) => ({ k: i, loss })))).toBeNull()
    expect(elbow(curve.slice(0, 2))).toBeNull()
    expect(elbow([5, 5, 5].map((loss, i) => ({ k: i, loss })))).toBeNull()
  })
})

describe('stability', () => {
  it('is 1 where groups are apart, and low where there are none', () => {
    const next = seeded(2)
    const apart = Array.from({ length: 90 }, (_, i) => [30 * (i % 3) + next(), next()])
    const noise = Array.from({ length: 90 }, () => [next(), next(), next(), next(), next()])
    expect(stability(manhattan.of(pointsOf(apart)), { k: 3 }).mean).toBe(1)
    const { mean, overSeeds, overResamples } = stability(manhattan.of(pointsOf(noise)), {
      ...{ k: 9, seeds: 3, resamples: 4 },
    })
    expect(mean).toBeLessThan(0.7)
    expect([overSeeds.length, overResamples.length]).toEqual([3, 4])
    expect(() => stability(manhattan.of(pointsOf(noise)), { k: 2, share: 0 })).toThrow('share is 0')
  })
})

describe('representativeness', () => {
  it('tells columns that the medoids stand for from noise and from constants', () => {
    const next = seeded(1)
    const rows = Array.from({ length: 300 }, (_, i) => [
      100 * (i % 3) + next(),
      i % 3,
      8 * next(),
      5,
      Number.NaN,
    ])
    const points = pointsOf(rows)
    const clean = { ...points, values: points.values.map((v) => (Number.isNaN(v) ? 0 : v)) }
    const found = cluster(clean, { k: 3, distance: manhattan })
    const shares = representativeness(points, found, new Set([1])).map((one) => one.explained)
    expect(shares[0]).toBeGreaterThan(0.99)
    expect(shares[1]).toBe(1)
    expect(Math.abs(shares[2] ?? 9)).toBeLessThan(0.2)
    expect(shares.slice(3)).toEqual([null, null])
  })
})
