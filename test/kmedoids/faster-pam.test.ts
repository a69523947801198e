import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignToMedoids, emptyAssignment, supportOf } from '../../src/kmedoids/assignment.ts'
import { fasterPamOfMatrix } from '../../src/kmedoids/faster-pam.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { bestSwap, bruteForce, lossOf, pam } from '../oracle/pam.ts'
import { blobs, instanceOf, instanceOfMatrix, pick } from './instances.ts'

/** Makes the shuffle leave the order as it is. */
const unshuffled = (): number => 0.999999

const line = instanceOf([[0], [1], [3], [10], [12]])

/** Small integer matrices: symmetric, zero diagonal, many ties and duplicates. */
const smallInstance = fc
  .record({
    n: fc.integer({ min: 2, max: 9 }),
    cells: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 36, maxLength: 36 }),
    weights: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 9, maxLength: 9 }),
    seed: fc.nat(),
    share: fc.double({ min: 0, max: 0.999, noNaN: true }),
  })
  .map(({ n, cells, weights, seed, share }) => {
    const cell = (i: number, j: number): number =>
      i === j ? 0 : cells[i < j ? (j * (j - 1)) / 2 + i : (i * (i - 1)) / 2 + j]!
    const matrix = Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_, j) => cell(i, j)),
    )
    const random = new SeededRandom(seed)
    const next = (): number => random.next()
    const start = pick(n, 1 + Math.floor(share * n), next)
    return { ...instanceOfMatrix(matrix, weights.slice(0, n)), start, next }
  })

/** By definition: the nearest medoid, among equals the lower slot, but a medoid its own. */
function naiveAssignment(distances: Float32Array, n: number, medoids: Int32Array): Int32Array {
  return Int32Array.from({ length: n }, (_, o) => {
    const to = [...medoids].map((m) => distances[m * n + o]!)
    const own = medoids.indexOf(o)
    const least = Math.min(...to)
    return own >= 0 && to[own] === least ? own : to.indexOf(least)
  })
}

describe('fasterPamOfMatrix', () => {
  it('makes the two swaps worked out by hand on five points of a line', () => {
    // Points 0 1 3 10 12, medoids 0 and 1: TD 22. Candidate 3 prices -6 + [1, 1], goes to slot 0: 17.
    // Candidate 10 prices -14 + [2, 4], goes to slot 0: 5. Candidates 12 (0), 0 (+1), 3 (+2): none.
    const medoids = Int32Array.of(0, 1)
    const result = fasterPamOfMatrix(line.distances, 5, line.weights, medoids, {
      random: unshuffled,
    })
    expect([...medoids]).toEqual([3, 1])
    expect(result.loss).toBe(5)
    expect(result.swaps).toBe(2)
    expect(result.passes).toBe(2)
    expect(result.evaluations).toBe(5 * 5)
    expect([...result.assignment]).toEqual([1, 1, 1, 0, 0])
    expect([...result.runnerUp]).toEqual([0, 0, 0, 1, 1])
    expect([...result.nearest]).toEqual([1, 0, 2, 0, 2])
    expect([...result.second]).toEqual([10, 9, 7, 9, 11])
  })

  it('finds the weighted median when there is one medoid', () => {
    const heavy = instanceOf([[0], [1], [3], [10], [12]], [1, 1, 1, 1, 5])
    const medoids = Int32Array.of(0)
    const result = fasterPamOfMatrix(heavy.distances, 5, heavy.weights, medoids, {
      random: unshuffled,
    })
    expect([...medoids]).toEqual([4])
    expect(result.loss).toBe(12 + 11 + 9 + 2)
    expect(result.second[0]).toBe(Infinity)
    expect([...result.runnerUp]).toEqual([-1, -1, -1, -1, -1])
  })

  it('ends where no single swap helps, with an exact loss and assignment', () => {
    fc.assert(
      fc.property(smallInstance, ({ n, distances, weights, matrix, weightList, start, next }) => {
        const medoids = start.slice()
        const result = fasterPamOfMatrix(distances, n, weights, medoids, { random: next })
        expect(new Set(medoids).size).toBe(start.length)
        const { assignment, runnerUp, nearest, second } = result
        expect({ assignment, runnerUp, nearest, second }).toEqual(
          assignToMedoids(distances, n, medoids, emptyAssignment(n)),
        )
        const loss = lossOf(matrix, weightList, [...medoids])
        expect(result.loss).toBeCloseTo(loss, 9)
        expect(loss).toBeLessThanOrEqual(lossOf(matrix, weightList, [...start]))
        if (start.length < n) {
          expect(bestSwap(matrix, weightList, [...medoids]).loss).toBeGreaterThan(loss - 1e-9)
        }
        medoids.forEach((medoid, slot) => {
          expect(result.assignment[medoid]).toBe(slot)
        })
        for (let o = 0; o < n; o++) {
          const sorted = [...medoids].map((m) => matrix[m]![o]!).sort((a, b) => a - b)
          expect(result.nearest[o]).toBe(sorted[0])
          expect(result.second[o]).toBe(sorted[1] ?? Infinity)
          expect(matrix[medoids[result.assignment[o]!]!]![o]).toBe(sorted[0])
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps its assignment as if made from scratch, with copies and ties in plenty', () => {
    const random = new SeededRandom(44)
    const next = (): number => random.next()
    let swaps = 0
    for (let round = 0; round < 150; round++) {
      const n = 40
      const grid = Array.from({ length: n }, () => [Math.floor(next() * 6), Math.floor(next() * 4)])
      // Every other time no metric at all: distance 0 between points that differ.
      const any = grid.map((_, i) => grid.map((__, j) => (i === j ? 0 : Math.floor(next() * 3))))
      const { distances, weights } = round % 2 === 0 ? instanceOf(grid) : instanceOfMatrix(any)
      const medoids = pick(n, 2 + Math.floor(next() * 8), next)
      // A few candidates only, so that poor medoids are left and nothing settles before it is checked.
      const result = fasterPamOfMatrix(distances, n, weights, medoids, {
        random: next,
        candidates: pick(n, 1 + Math.floor(next() * 4), next),
        minSupport: Math.floor(next() * 5),
        maxPasses: 1,
      })
      swaps += result.swaps
      const { assignment, runnerUp, nearest, second } = result
      expect({ assignment, runnerUp, nearest, second }).toEqual(
        assignToMedoids(distances, n, medoids, emptyAssignment(n)),
      )
      expect(assignment).toEqual(naiveAssignment(distances, n, medoids))
    }
    expect(swaps).toBeGreaterThan(100)
  })

  it('never lets the loss rise from one swap to the next', () => {
    const random = new SeededRandom(5)
    const next = (): number => random.next()
    for (let round = 0; round < 20; round++) {
      const { n, distances, weights, matrix, weightList } = instanceOf(
        blobs(60, 5, 3, next),
        Array.from({ length: 60 }, () => next() * 3),
      )
      const start = pick(n, 4, next)
      const seed = random.uint32()
      // One candidate at a time, in the order a whole run would take: each call makes 0 or 1 swap.
      const medoids = start.slice()
      let loss = lossOf(matrix, weightList, [...medoids])
      let swaps = 0
      for (let j = 0; j < 2 * n; j++) {
        const before = medoids.slice()
        const result = fasterPamOfMatrix(distances, n, weights, medoids, {
          random: unshuffled,
          candidates: Int32Array.of(j % n),
          maxPasses: 1,
        })
        const changed = medoids.filter((m, slot) => m !== before[slot]).length
        expect(result.swaps).toBe(changed)
        swaps += changed
        const now = lossOf(matrix, weightList, [...medoids])
        if (changed > 0) expect(now).toBeLessThan(loss)
        expect(result.loss).toBeCloseTo(now, 9)
        loss = now
      }
      expect(swaps).toBeGreaterThan(0)
      const whole = start.slice()
      const seeded = new SeededRandom(seed)
      fasterPamOfMatrix(distances, n, weights, whole, { random: () => seeded.next() })
      expect(lossOf(matrix, weightList, [...whole])).toBeLessThan(
        lossOf(matrix, weightList, [...start]),
      )
    }
  })

  it('is on par with PAM: 0.5 % on average, never 5 % worse', () => {
    const random = new SeededRandom(20211)
    const next = (): number => random.next()
    const excess: number[] = []
    for (let round = 0; round < 60; round++) {
      const n = 30 + Math.floor(next() * 91)
      const k = 2 + Math.floor(next() * 7)
      const { distances, weights, matrix, weightList } = instanceOf(
        blobs(n, 2 + Math.floor(next() * 10), 2 + Math.floor(next() * 4), next),
        Array.from({ length: n }, () => (round % 2 === 0 ? 1 : 0.1 + next())),
      )
      const medoids = pick(n, k, next)
      const result = fasterPamOfMatrix(distances, n, weights, medoids, { random: next })
      const oracle = pam(matrix, weightList, k)
      excess.push(result.loss / oracle.loss - 1)
    }
    const mean = excess.reduce((sum, x) => sum + x, 0) / excess.length
    console.info(`excess over PAM: mean ${mean}, worst ${Math.max(...excess)}`)
    expect(mean).toBeLessThan(0.005)
    expect(Math.max(...excess)).toBeLessThan(0.05)
  })

  it('finds the best of all subsets on separated groups', () => {
    const random = new SeededRandom(3)
    const next = (): number => random.next()
    for (let round = 0; round < 30; round++) {
      const points = Array.from({ length: 12 }, (_, i) => [10 * (i % 3) + next(), next()])
      const { distances, weights, matrix, weightList } = instanceOf(points)
      const medoids = pick(12, 3, next)
      const { loss } = fasterPamOfMatrix(distances, 12, weights, medoids, { random: next })
      expect(loss).toBeCloseTo(bruteForce(matrix, weightList, 3), 5)
    }
  })

  it('treats an integer weight as that many equal points', () => {
    fc.assert(
      fc.property(smallInstance, ({ n, distances, weights, matrix, weightList, start }) => {
        const copies = weightList.flatMap((w, o) => Array.from({ length: w }, () => o))
        // The points themselves, weight 0 included, then the further copies of each.
        const owners = [...Array(n).keys(), ...copies]
        const expanded = instanceOfMatrix(
          owners.map((i) => owners.map((j) => matrix[i]![j]!)),
          owners.map((_, i) => (i < n ? 0 : 1)),
        )
        const candidates = Int32Array.from(Array(n).keys())
        const weighted = start.slice()
        const copied = start.slice()
        const options = { random: unshuffled, candidates }
        const one = fasterPamOfMatrix(distances, n, weights, weighted, options)
        const two = fasterPamOfMatrix(
          expanded.distances,
          expanded.n,
          expanded.weights,
          copied,
          options,
        )
        expect([...copied]).toEqual([...weighted])
        expect([two.loss, two.swaps]).toEqual([one.loss, one.swaps])
        expect(one.loss).toBeCloseTo(lossOf(expanded.matrix, expanded.weightList, [...copied]), 9)
      }),
    )
  })

  it('swaps only for more than tau of the loss', () => {
    // From medoids 1 and 10 (loss 5) of the line with weight 1.5 at 12: moving to 12 gains 1 of 6.
    const { distances, weights } = instanceOf([[0], [1], [3], [10], [12]], [1, 1, 1, 1, 1.5])
    for (const [tau, swaps] of [
      [0, 1],
      [0.16, 1],
      [0.17, 0],
    ] as const) {
      const medoids = Int32Array.of(1, 3)
      const result = fasterPamOfMatrix(distances, 5, weights, medoids, { random: unshuffled, tau })
      expect(result.swaps).toBe(swaps)
      expect([...medoids]).toEqual(swaps === 1 ? [1, 4] : [1, 3])
    }
  })

  it('leaves no cluster with less than the support asked for, though outliers would pay better', () => {
    const { n, distances, weights } = instanceOf([[0], [1], [2], [10], [11], [12], [90], [91]])
    const run = (minSupport: number): number[] => {
      const medoids = Int32Array.of(0, 1)
      const { assignment } = fasterPamOfMatrix(distances, n, weights, medoids, {
        random: unshuffled,
        minSupport,
      })
      return [...supportOf(assignment, weights, 2)].sort((a, b) => a - b)
    }
    expect(run(0)).toEqual([2, 6])
    expect(run(3)).toEqual([3, 5])
  })

  it('ends where no swap that keeps the support helps', () => {
    fc.assert(
      fc.property(smallInstance, fc.nat(6), (instance, minSupport) => {
        const { n, distances, weights, matrix, weightList, start, next } = instance
        const supports = (medoids: readonly number[]): number[] => {
          const { assignment } = assignToMedoids(distances, n, medoids, emptyAssignment(n))
          return [...supportOf(assignment, weights, medoids.length)]
        }
        const medoids = start.slice()
        fasterPamOfMatrix(distances, n, weights, medoids, { random: next, minSupport })
        const least = Math.min(...supports([...medoids]))
        expect(least).toBeGreaterThanOrEqual(Math.min(minSupport, ...supports([...start])))
        // Whatever its candidate, the swap that would help most is one that takes support away.
        const best = bestSwap(matrix, weightList, [...medoids])
        if (best.loss >= lossOf(matrix, weightList, [...medoids]) - 1e-9) return
        expect(Math.min(...supports(best.medoids))).toBeLessThan(Math.min(minSupport, least))
      }),
      { numRuns: 300 },
    )
  })

  it('chooses among the candidates only, and gives the same answer for the same seed', () => {
    const random = new SeededRandom(9)
    const { n, distances, weights } = instanceOf(blobs(80, 4, 2, () => random.next()))
    const run = (seed: number): number[] => {
      const medoids = Int32Array.of(0, 1, 2, 3)
      const seeded = new SeededRandom(seed)
      const candidates = Int32Array.from({ length: 20 }, (_, i) => 4 * i + 3)
      fasterPamOfMatrix(distances, n, weights, medoids, { random: () => seeded.next(), candidates })
      return [...medoids]
    }
    expect(run(1)).toEqual(run(1))
    expect(run(1)).not.toEqual([0, 1, 2, 3])
    expect(run(1).every((m) => m % 4 === 3 || m < 3)).toBe(true)
  })

  it('stops after the passes it may make', () => {
    const random = new SeededRandom(2)
    const { n, distances, weights } = instanceOf(blobs(100, 8, 2, () => random.next()))
    const start = Int32Array.from({ length: 8 }, (_, i) => i)
    const free = fasterPamOfMatrix(distances, n, weights, start.slice(), {
      random: () => random.next(),
    })
    const bound = fasterPamOfMatrix(distances, n, weights, start.slice(), {
      random: () => random.next(),
      maxPasses: 1,
    })
    expect(free.passes).toBeGreaterThan(1)
    expect(bound.passes).toBe(1)
    expect(bound.evaluations).toBeLessThanOrEqual(n * n)
  })

  it('copes with duplicates, zero weights and as many medoids as points', () => {
    const same = instanceOf([[1], [1], [1], [1]])
    const twins = fasterPamOfMatrix(same.distances, 4, same.weights, Int32Array.of(0, 2), {
      random: unshuffled,
    })
    expect([twins.loss, twins.swaps]).toEqual([0, 0])
    expect([...twins.assignment]).toEqual([0, 0, 1, 0])
    const idle = fasterPamOfMatrix(line.distances, 5, new Float64Array(5), Int32Array.of(0, 1), {
      random: unshuffled,
    })
    expect([idle.loss, idle.swaps]).toEqual([0, 0])
    const all = fasterPamOfMatrix(line.distances, 5, line.weights, Int32Array.of(4, 2, 0, 1, 3), {
      random: unshuffled,
    })
    expect([all.loss, all.swaps, all.evaluations]).toEqual([0, 0, 0])
    const lone = fasterPamOfMatrix(Float32Array.of(0), 1, Float64Array.of(1), Int32Array.of(0), {
      random: unshuffled,
    })
    expect(lone.loss).toBe(0)
  })

  it('does not take rounding for a gain when tiny and huge differences mix', () => {
    const random = new SeededRandom(8)
    const points = Array.from({ length: 90 }, (_, i) => [1e6 * (i % 3), random.next() * 1e-3])
    const { n, distances, weights } = instanceOf(points)
    const medoids = Int32Array.of(0, 1, 2)
    const result = fasterPamOfMatrix(distances, n, weights, medoids, {
      random: () => random.next(),
    })
    expect(result.passes).toBeLessThan(10)
  })

  it('refuses NaN, negative and infinite values, wrong sizes and wrong medoids, by name', () => {
    const run = (distances: Float32Array, weights: Float64Array, medoids: number[]): unknown =>
      fasterPamOfMatrix(distances, 5, weights, Int32Array.from(medoids), { random: unshuffled })
    for (const bad of [NaN, -1, Infinity]) {
      expect(() => run(line.distances.with(7, bad), line.weights, [0])).toThrow(
        `Distance of points 1 and 2 is ${bad}.`,
      )
      expect(() => run(line.distances, line.weights.with(3, bad), [0])).toThrow(
        `Weight of point 3 is ${bad};`,
      )
    }
    expect(() => run(line.distances.slice(1), line.weights, [0])).toThrow('Expected 25 distances')
    expect(() => run(line.distances, line.weights, [])).toThrow('at least one medoid')
    expect(() => run(line.distances, line.weights, [5])).toThrow('Medoid 5 of slot 0')
    expect(() => run(line.distances, line.weights, [2, 2])).toThrow('Medoid 2 is given twice')
  })
})
