import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignToMedoids, emptyAssignment } from '../../src/kmedoids/assignment.ts'
import { diverseMembers } from '../../src/kmedoids/diverse-members.ts'
import { additionGain, removalLoss } from '../../src/kmedoids/medoid-prices.ts'
import { medoidSilhouette } from '../../src/kmedoids/medoid-silhouette.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { lossOf } from '../oracle/pam.ts'
import { blobs, instanceOf, pick } from './instances.ts'

const line = instanceOf([[0], [1], [3], [10], [12]])
const onLine = assignToMedoids(line.distances, 5, [1, 3], emptyAssignment(5))

/** Points on a small grid, so that duplicates occur, with weights that may be 0. */
const instances = fc
  .record({
    points: fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 2, maxLength: 12 }),
    weights: fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }),
    seed: fc.nat(),
  })
  .map(({ points, weights, seed }) => {
    const random = new SeededRandom(seed)
    const instance = instanceOf(points, weights.slice(0, points.length))
    const k = 1 + Math.floor(random.next() * points.length)
    const medoids = [...pick(points.length, k, () => random.next())]
    const state = assignToMedoids(
      instance.distances,
      instance.n,
      medoids,
      emptyAssignment(instance.n),
    )
    return { ...instance, medoids, state }
  })

describe('removalLoss', () => {
  it('is the five-point case by hand', () => {
    // Without 1: 10 + 9 + 7 against 1 + 0 + 2. Without 10: 9 + 11 against 0 + 2.
    expect([...removalLoss(onLine, line.weights, 2)]).toEqual([23, 18])
  })

  it('is the difference that a recomputation without the medoid shows', () => {
    fc.assert(
      fc.property(instances, ({ matrix, weights, weightList, medoids, state }) => {
        const prices = removalLoss(state, weights, medoids.length)
        if (medoids.length === 1) {
          expect([...prices]).toEqual([Infinity])
          return
        }
        medoids.forEach((_, slot) => {
          const rest = medoids.filter((__, other) => other !== slot)
          const rise = lossOf(matrix, weightList, rest) - lossOf(matrix, weightList, medoids)
          expect(prices[slot]).toBeCloseTo(rise, 9)
        })
      }),
    )
  })
})

describe('additionGain', () => {
  it('is the five-point case by hand', () => {
    const gains = additionGain(line.distances, 5, line.weights, onLine.nearest)
    expect([...gains]).toEqual([1, 0, 2, 0, 2])
  })

  it('is the difference that a recomputation with the candidate shows', () => {
    fc.assert(
      fc.property(instances, ({ n, distances, matrix, weights, weightList, medoids, state }) => {
        const gains = additionGain(distances, n, weights, state.nearest)
        for (let j = 0; j < n; j++) {
          const fall =
            lossOf(matrix, weightList, medoids) - lossOf(matrix, weightList, [...medoids, j])
          expect(gains[j]).toBeCloseTo(fall, 9)
        }
        const some = Int32Array.of(n - 1, 0)
        expect([...additionGain(distances, n, weights, state.nearest, some)]).toEqual([
          gains[n - 1],
          gains[0],
        ])
      }),
    )
  })
})

describe('medoidSilhouette', () => {
  it('is the weighted mean of 1 - d1/d2', () => {
    // 1 - 1/10, 1 - 0/9, 1 - 2/7, 1 - 0/9, 1 - 2/11.
    const { nearest, second } = onLine
    const parts = [9 / 10, 1, 5 / 7, 1, 9 / 11]
    const mean = parts.reduce((sum, x) => sum + x, 0) / 5
    expect(medoidSilhouette(nearest, second, line.weights)).toBeCloseTo(mean, 6)
    const first = Float64Array.of(3, 0, 0, 0, 1)
    expect(medoidSilhouette(nearest, second, first)).toBeCloseTo((3 * parts[0]! + parts[4]!) / 4, 6)
  })

  it('is near 1 for separated groups, lower for mixed ones, and always in [0, 1]', () => {
    const apart = instanceOf([[0], [0.1], [5], [5.1]])
    const state = assignToMedoids(apart.distances, 4, [0, 2], emptyAssignment(4))
    expect(medoidSilhouette(state.nearest, state.second, apart.weights)).toBeGreaterThan(0.98)
    fc.assert(
      fc.property(instances, ({ weights, state: { nearest, second } }) => {
        const value = medoidSilhouette(nearest, second, weights)
        expect(value >= 0 && value <= 1).toBe(true)
      }),
    )
  })

  it('is 0 where it has nothing to say: one cluster, copies of two medoids, no weight', () => {
    const single = assignToMedoids(line.distances, 5, [1], emptyAssignment(5))
    expect(medoidSilhouette(single.nearest, single.second, line.weights)).toBe(0)
    expect(medoidSilhouette(Float32Array.of(0), Float32Array.of(0), Float64Array.of(1))).toBe(0)
    expect(medoidSilhouette(onLine.nearest, onLine.second, new Float64Array(5))).toBe(0)
  })
})

describe('diverseMembers', () => {
  const all = [0, 1, 2, 3, 4]

  it('takes the medoid, then each time the farthest from those chosen', () => {
    // From 3: 12 is 9 away; then 0 is 3 away from 3; then 10 is 2 away from 12, 1 only 1 from 0.
    expect(diverseMembers(line.distances, 5, 2, all, 4)).toEqual([2, 4, 0, 3])
    expect(diverseMembers(line.distances, 5, 2, all, 1)).toEqual([2])
  })

  it('leaves out members beyond the radius, others than members, and copies', () => {
    expect(diverseMembers(line.distances, 5, 2, all, 5, 7)).toEqual([2, 3, 0, 1])
    expect(diverseMembers(line.distances, 5, 2, [2, 1], 5)).toEqual([2, 1])
    const copies = instanceOf([[0], [0], [1], [1]])
    expect(diverseMembers(copies.distances, 4, 0, [0, 1, 2, 3], 5)).toEqual([0, 2])
  })

  it('never repeats itself, and covers within the last gap', () => {
    const random = new SeededRandom(12)
    const { n, distances, matrix } = instanceOf(blobs(50, 3, 2, () => random.next()))
    const members = Array.from({ length: n }, (_, i) => i)
    const five = diverseMembers(distances, n, 7, members, 5)
    expect(new Set(five).size).toBe(5)
    const gapTo = (o: number, chosen: number[]): number =>
      Math.min(...chosen.map((m) => matrix[m]![o]!))
    const lastGap = gapTo(five[4]!, five.slice(0, 4))
    for (const o of members) expect(gapTo(o, five)).toBeLessThanOrEqual(lastGap)
  })
})
