import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alternate } from '../../src/kmedoids/alternate.ts'
import { assign } from '../../src/kmedoids/assign.ts'
import { assignToMedoids, emptyAssignment } from '../../src/kmedoids/assignment.ts'
import { build } from '../../src/kmedoids/build.ts'
import { clara } from '../../src/kmedoids/clara.ts'
import { initial } from '../../src/kmedoids/cluster.ts'
import { INITS } from '../../src/kmedoids/clustering.ts'
import type { Dissimilarities } from '../../src/kmedoids/dissimilarities.ts'
import { manhattan, precomputed } from '../../src/kmedoids/distances.ts'
import {
  type FasterPamResult,
  fasterPam,
  fasterPamOfMatrix,
} from '../../src/kmedoids/faster-pam.ts'
import type { Backend } from '../../src/kmedoids/kernel/kernel-memory.ts'
import { oneBatchPam } from '../../src/kmedoids/one-batch-pam.ts'
import { pam } from '../../src/kmedoids/pam.ts'
import { randomMedoids } from '../../src/kmedoids/random-medoids.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { bruteForce, lossOf, pam as oraclePam, pamBuild } from '../oracle/pam.ts'
import { blobs, type Instance, instanceOf, pick, pointsOf } from './instances.ts'

function seeded(seed: number): () => number {
  const random = new SeededRandom(seed)
  return () => random.next()
}

type Found = FasterPamResult & { readonly medoids: Int32Array }

/** All methods in one shape: data, weights, k and a seed give medoids and what belongs to them. */
const METHODS: Record<
  string,
  (data: Dissimilarities, weights: Float64Array, k: number, seed: number) => Found
> = {
  pam: (data, weights, k) => {
    const medoids = build(data, weights, k)
    return { medoids, ...pam(data, weights, medoids) }
  },
  fasterPam: (data, weights, k, seed) => {
    const random = seeded(seed)
    const medoids = randomMedoids(data.n, k, weights, random)
    return { medoids, ...fasterPam(data, weights, medoids, { random }) }
  },
  alternate: (data, weights, k, seed) => {
    // From random medoids it stays in the first trough, as its documentation says.
    const medoids = initial('kmedoids++', data, weights, k, seeded(seed))
    return { medoids, ...alternate(data, weights, medoids) }
  },
  clara: (data, weights, k, seed) => clara(data, weights, { k, random: seeded(seed) }),
  oneBatchPam: (data, weights, k, seed) => oneBatchPam(data, weights, { k, random: seeded(seed) }),
}

/** Small points that tie and repeat, with weights of which some are 0. */
const problems = fc
  .record({
    rows: fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 30 }),
    weights: fc.array(fc.nat(3), { minLength: 30, maxLength: 30 }),
    seed: fc.nat(),
    k: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ rows, weights, seed, k }) => ({
    ...{ rows, seed, k: Math.min(k, rows.length) },
    instance: instanceOf(rows, weights.slice(0, rows.length)),
  }))

describe('every method', () => {
  for (const [name, run] of Object.entries(METHODS)) {
    it(`${name} gives k distinct medoids, the exact assignment to them and the oracle's loss`, () => {
      fc.assert(
        fc.property(problems, ({ rows, instance, k, seed }) => {
          const { n, distances, weights, matrix, weightList } = instance
          const found = run(manhattan.of(pointsOf(rows)), weights, k, seed)
          expect(new Set(found.medoids).size).toBe(k)
          expect(found.loss).toBeCloseTo(lossOf(matrix, weightList, [...found.medoids]), 4)
          const exact = assignToMedoids(distances, n, found.medoids, emptyAssignment(n))
          expect(found.assignment).toEqual(exact.assignment)
          expect(found.nearest).toEqual(exact.nearest)
          expect(found.second).toEqual(exact.second)
          expect(found.runnerUp).toEqual(exact.runnerUp)
          // Again, and from the matrix instead of the points.
          expect(run(manhattan.of(pointsOf(rows)), weights, k, seed)).toEqual(found)
          expect(run(precomputed(distances, n), weights, k, seed)).toEqual(found)
        }),
      )
    })

    it(`${name} finds groups that are apart, also with k = 1 and k = n`, () => {
      const random = seeded(5)
      const rows = Array.from({ length: 40 }, (_, i) => [20 * (i % 4) + random(), random()])
      const data = manhattan.of(pointsOf(rows))
      const weights = new Float64Array(40).fill(1)
      const best = Math.min(...[0, 1, 2].map((seed) => run(data, weights, 4, seed).loss))
      const { matrix, weightList } = instanceOf(rows)
      expect(best).toBeLessThan(1.2 * oraclePam(matrix, weightList, 4).loss)
      const [only] = run(data, weights, 1, 0).medoids
      const least = Math.min(...rows.map((_, i) => lossOf(matrix, weightList, [i])))
      if (name !== 'clara') {
        expect(lossOf(matrix, weightList, [only ?? 0])).toBeCloseTo(least, 4)
      }
      expect(run(data, weights, 40, 0).loss).toBe(0)
    })

    it(`${name} says what is wrong with weights and k`, () => {
      const data = manhattan.of(pointsOf([[1], [2], [3]]))
      expect(() => run(data, Float64Array.of(1, -1, 1), 1, 0)).toThrow('Weight of point 1 is -1')
      expect(() => run(data, Float64Array.of(1, 1), 1, 0)).toThrow('Expected 3 weights')
    })
  }
})

describe('PAM', () => {
  it('makes the same medoids as the textbook, swap by swap', () => {
    for (let seed = 0; seed < 20; seed++) {
      const next = seeded(seed)
      const rows = blobs(40, 4, 3, next)
      const weightList = rows.map(() => 0.5 + next())
      const { matrix, weights } = instanceOf(rows, weightList)
      const data = manhattan.of(pointsOf(rows))
      const medoids = build(data, weights, 5)
      expect([...medoids]).toEqual(pamBuild(matrix, weightList, 5))
      pam(data, weights, medoids)
      expect([...medoids]).toEqual(oraclePam(matrix, weightList, 5).medoids)
    }
  })

  it('stops when told, or after the swaps it may make', () => {
    const data = manhattan.of(pointsOf(blobs(60, 5, 2, seeded(1))))
    const weights = new Float64Array(60).fill(1)
    const start = Int32Array.of(0, 1, 2, 3, 4)
    expect(pam(data, weights, start.slice(), { shouldStop: () => true })).toMatchObject({
      swaps: 0,
      ending: 'told to stop',
    })
    const one = pam(data, weights, start.slice(), { maxSwaps: 1 })
    expect(one).toMatchObject({ swaps: 1, ending: 'passes used up' })
    expect(() => pam(data, weights, new Int32Array(0))).toThrow('at least one medoid')
  })
})

describe('FasterPAM on measured rows', () => {
  const run = (
    { n, distances, weights }: Instance,
    rows: number[][],
    backend: Backend,
    k: number,
  ) => {
    const start = pick(n, k, seeded(3))
    const byRow = start.slice()
    const byMatrix = start.slice()
    return {
      rows: fasterPam(manhattan.of(pointsOf(rows)), weights, byRow, { random: seeded(4), backend }),
      matrix: fasterPamOfMatrix(distances, n, weights, byMatrix, { random: seeded(4) }),
      medoids: [byRow, byMatrix] as const,
    }
  }

  it('makes exactly the swaps that it makes on a matrix, by either kernel', () => {
    for (const backend of ['wasm', 'plain'] as const) {
      for (const [n, k] of [
        [17, 1],
        [150, 2],
        [311, 13],
      ] as const) {
        // Multiples of 1/64, so that f32 sums are exact and both have the same distances.
        const rows = blobs(n, 9, 4, seeded(n)).map((row) => row.map((x) => Math.round(64 * x) / 64))
        const { rows: one, matrix, medoids } = run(instanceOf(rows), rows, backend, k)
        expect(one).toEqual(matrix)
        expect(medoids[0]).toEqual(medoids[1])
        expect(one.swaps).toBeGreaterThan(0)
      }
    }
  })

  it('gives the same with some, all or none of the rows kept', () => {
    const rows = blobs(120, 9, 4, seeded(8))
    const data = manhattan.of(pointsOf(rows))
    const results = [0, 128 * 4 * 30, 1e6].map((cacheBytes) => {
      const medoids = pick(120, 6, seeded(1))
      const weights = new Float64Array(120).fill(1)
      return fasterPam(data, weights, medoids, { random: seeded(2), cacheBytes })
    })
    expect(results[1]).toEqual(results[0])
    expect(results[2]).toEqual(results[0])
  })

  it('goes on from any position to the very same end', () => {
    const data = manhattan.of(pointsOf(blobs(200, 9, 4, seeded(6))))
    const weights = new Float64Array(200).fill(1)
    const start = pick(200, 9, seeded(1))
    const whole = start.slice()
    const result = fasterPam(data, weights, whole, { random: seeded(2) })
    for (const after of [0, 1, 63, 64, 150, 222, 400]) {
      const medoids = start.slice()
      let calls = 0
      let position = { visited: 0, quiet: 0, swaps: 0, scans: 0 }
      let saved = medoids.slice()
      fasterPam(data, weights, medoids, {
        random: seeded(2),
        onProgress: (at) => {
          position = at
          saved = medoids.slice()
        },
        shouldStop: () => calls++ === after,
      })
      const resumed = saved.slice()
      const rest = fasterPam(data, weights, resumed, { random: seeded(2), resume: position })
      expect(resumed).toEqual(whole)
      expect(rest).toEqual(result)
    }
  })
})

describe('OneBatchPAM', () => {
  it('is FasterPAM where the batch is everything', () => {
    const data = manhattan.of(pointsOf(blobs(80, 5, 3, seeded(2))))
    const weights = new Float64Array(80).fill(1)
    const start = pick(80, 5, seeded(1))
    const medoids = start.slice()
    const { loss } = fasterPam(data, weights, medoids, { random: seeded(9) })
    const batch = oneBatchPam(data, weights, { k: 5, start, batchSize: 80, random: seeded(9) })
    // The batch's sample is drawn first, so candidates come in another order; both end in an optimum.
    expect(batch.loss).toBeLessThan(1.05 * loss)
    expect(batch.evaluations).toBeGreaterThan(80 * 80)
  })

  it('does not favour points of the batch over others', () => {
    const n = 3000
    const data = manhattan.of(pointsOf(blobs(n, 20, 4, seeded(3))))
    const weights = new Float64Array(n).fill(1)
    let within = 0
    for (let seed = 0; seed < 10; seed++) {
      const { medoids } = oneBatchPam(data, weights, {
        k: 20,
        batchSize: 300,
        random: seeded(seed),
      })
      // The first draw of the same numbers is the same batch.
      const batch = new Set(batchOf(n, 300, seed))
      within += [...medoids].filter((o) => batch.has(o)).length
    }
    // A tenth of the points are in the batch: of 200 medoids about 20, with debiasing fewer; 66 without.
    expect(within).toBeLessThan(40)
  })

  it('comes close to FasterPAM', () => {
    const n = 4000
    const data = manhattan.of(pointsOf(blobs(n, 30, 6, seeded(4))))
    const weights = new Float64Array(n).fill(1)
    const medoids = pick(n, 30, seeded(1))
    const { loss } = fasterPam(data, weights, medoids, { random: seeded(1) })
    const batch = oneBatchPam(data, weights, { k: 30, random: seeded(1) })
    expect(batch.loss / loss).toBeLessThan(1.05)
  })
})

function batchOf(n: number, size: number, seed: number): number[] {
  const random = seeded(seed)
  const items = Array.from({ length: n }, (_, i) => i)
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(random() * (n - i))
    ;[items[i], items[j]] = [items[j]!, items[i]!]
  }
  return items.slice(0, size)
}

describe('initialisations', () => {
  for (const init of INITS) {
    it(`${init} gives k distinct points, whatever the weights and copies`, () => {
      fc.assert(
        fc.property(problems, ({ rows, instance, k, seed }) => {
          const data = manhattan.of(pointsOf(rows))
          const medoids = initial(init, data, instance.weights, k, seeded(seed))
          expect(new Set(medoids).size).toBe(k)
          expect(medoids.every((o) => o >= 0 && o < rows.length)).toBe(true)
          expect(initial(init, data, instance.weights, k, seeded(seed))).toEqual(medoids)
        }),
      )
    })
  }

  it('k-medoids++ and LAB begin far better than chance, BUILD best of all', () => {
    const mean = (init: (typeof INITS)[number]): number => {
      let sum = 0
      for (let seed = 0; seed < 10; seed++) {
        const rows = blobs(300, 12, 3, seeded(seed))
        const data = manhattan.of(pointsOf(rows))
        const weights = new Float64Array(300).fill(1)
        const medoids = initial(init, data, weights, 12, seeded(seed))
        sum += assign(data, medoids).nearest.reduce((a, b) => a + b, 0)
      }
      return sum
    }
    const chance = mean('random')
    expect(mean('kmedoids++')).toBeLessThan(0.9 * chance)
    expect(mean('lab')).toBeLessThan(0.9 * chance)
    expect(mean('build')).toBeLessThan(Math.min(mean('lab'), mean('kmedoids++')))
  })

  it('finds the best of all subsets where groups are apart, from any start', () => {
    const rows = Array.from({ length: 12 }, (_, i) => [10 * (i % 3) + i / 24, i / 36])
    const { matrix, weightList, weights } = instanceOf(rows)
    const data = manhattan.of(pointsOf(rows))
    for (const init of INITS) {
      const medoids = initial(init, data, weights, 3, seeded(1))
      const { loss } = fasterPam(data, weights, medoids, { random: seeded(2) })
      expect(loss).toBeCloseTo(bruteForce(matrix, weightList, 3), 4)
    }
  })
})

describe('assign', () => {
  it('agrees with the matrix beyond one chunk', () => {
    const n = 4500
    const rows = blobs(n, 7, 2, seeded(1))
    const data = manhattan.of(pointsOf(rows))
    const medoids = pick(n, 9, seeded(2))
    const { assignment, nearest } = assign(data, medoids)
    for (let o = 0; o < n; o += 37) {
      const own = [...medoids].map((m) =>
        rows[m]!.reduce((sum, x, j) => sum + Math.abs(x - rows[o]![j]!), 0),
      )
      expect(nearest[o]!).toBeCloseTo(Math.min(...own), 5)
      expect(own[assignment[o]!]!).toBeCloseTo(Math.min(...own), 5)
    }
  })

  it('has an answer for no points and for no medoids', () => {
    const none = assign(
      manhattan.of({ n: 0, p: 2, values: new Float32Array(0) }),
      new Int32Array(0),
    )
    expect(none.assignment.length).toBe(0)
    const lost = assign(manhattan.of(pointsOf([[1], [2]])), new Int32Array(0))
    expect([...lost.assignment, ...lost.nearest]).toEqual([-1, -1, Infinity, Infinity])
  })
})
