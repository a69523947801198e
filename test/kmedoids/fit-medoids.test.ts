import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Assignment, assignToMedoids, emptyAssignment } from '../../src/kmedoids/assignment.ts'
import { type FitMedoidsOptions, fitMedoids } from '../../src/kmedoids/fit-medoids.ts'
import { growMedoids } from '../../src/kmedoids/grow-medoids.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { lossOf, pamBuild } from '../oracle/pam.ts'
import { blobs, type Instance, instanceOf, pick } from './instances.ts'

const defaults = { start: [], kMax: 20, minSupport: 3, addGain: 0.5, removeLoss: 0.25 }

function fitted(instance: Instance, options: Partial<FitMedoidsOptions>) {
  const random = new SeededRandom(1)
  return fitMedoids(instance.distances, instance.n, instance.weights, {
    ...defaults,
    random: () => random.next(),
    ...options,
  })
}

/** `sizes[c]` points within ±0.05 of each corner c of a simplex: all groups 2 apart, in 8 dimensions. */
function groups(sizes: readonly number[], seed: number): number[][] {
  const random = new SeededRandom(seed)
  return sizes.flatMap((size, c) =>
    Array.from({ length: size }, () =>
      Array.from({ length: 8 }, (_, i) => (i === c ? 1 : 0) + 0.1 * random.next()),
    ),
  )
}

const instances = fc
  .record({
    points: fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { minLength: 1, maxLength: 25 }),
    weights: fc.array(fc.nat(3), { minLength: 25, maxLength: 25 }),
    seed: fc.nat(),
    starts: fc.nat(8),
    kMax: fc.integer({ min: 1, max: 8 }),
    minSupport: fc.nat(6),
  })
  .map(({ points, weights, seed, starts, kMax, minSupport }) => {
    const random = new SeededRandom(seed)
    const n = points.length
    const start = [...pick(n, Math.min(starts, n), () => random.next())]
    return { instance: instanceOf(points, weights.slice(0, n)), start, kMax, minSupport }
  })

describe('fitMedoids', () => {
  it('finds the groups that are there, from nothing', () => {
    for (const count of [1, 2, 6]) {
      const sizes = Array.from({ length: count }, (_, c) => 40 + 10 * c)
      const result = fitted(instanceOf(groups(sizes, count)), { addGain: 0.7 })
      expect([...result.support].sort((a, b) => a - b)).toEqual(sizes)
      expect([...result.origin]).toEqual(sizes.map(() => -1))
      expect(result.effort).toMatchObject({ added: count, removed: 0, converged: true })
    }
  })

  it('keeps slots in order, appends what is new and drops what has gone', () => {
    // Groups 0, 1, 2 are known; 1 has no points any more but its medoid, 3 and 4 are new.
    const instance = instanceOf(
      groups([30, 1, 30, 30, 30], 7),
      [...Array(121).keys()].map((o) => (o === 30 ? 0 : 1)),
    )
    const result = fitted(instance, { addGain: 0.7, start: [35, 30, 5] })
    expect([...result.origin]).toEqual([0, 2, -1, -1])
    const group = [...result.medoids].map((m) => (m < 30 ? 0 : 1 + Math.floor((m - 1) / 30)))
    expect(group.slice(0, 2)).toEqual([2, 0])
    expect(new Set(group.slice(2))).toEqual(new Set([3, 4]))
    expect([...result.support]).toEqual([30, 30, 30, 30])
    expect(result.effort).toMatchObject({ added: 2, removed: 1 })
  })

  it('does not make a cluster of fewer points than the support, and assigns them anyhow', () => {
    const instance = instanceOf(groups([40, 40, 4], 3))
    const without = fitted(instance, { minSupport: 5, addGain: 0.7 })
    expect([...without.medoids].every((m) => m < 80)).toBe(true)
    expect(without.support.reduce((sum, w) => sum + w, 0)).toBe(84)
    expect(without.medoids.length).toBe(2)
    const withFour = fitted(instance, { minSupport: 4, addGain: 0.7 })
    expect([...withFour.support].sort()).toEqual([4, 40, 40])
  })

  it('takes nothing from a cluster that needs it for its own support', () => {
    // The middle point would gain most, but leave either neighbour with less than 4.
    const points = [0, 0, 0, 5, 10, 10, 10].map((x) => [x])
    const instance = instanceOf(points, [1, 1, 1, 4, 1, 1, 1])
    const options = { addGain: 0.1, removeLoss: 0.1, start: [0, 4] }
    expect([...fitted(instance, { ...options, minSupport: 3 }).medoids]).toEqual([0, 4, 3])
    expect(fitted(instance, { ...options, minSupport: 4 }).medoids.length).toBeLessThan(3)
  })

  it('does not split what is closer together than the cost floor', () => {
    const random = new SeededRandom(6)
    const instance = instanceOf(Array.from({ length: 200 }, () => [1e-3 * random.next()]))
    expect(fitted(instance, {}).medoids.length).toBeGreaterThan(5)
    expect(fitted(instance, { costFloor: 0.01 }).medoids.length).toBe(1)
  })

  it('adds for more than it keeps for: k has hysteresis', () => {
    // One blob in 3 dimensions: medoids that are worth too little to add are still worth keeping.
    const random = new SeededRandom(4)
    const instance = instanceOf(blobs(150, 1, 3, () => random.next()))
    const many = fitted(instance, { addGain: 0.3, removeLoss: 0.3 })
    const limits = { addGain: 1, kMax: 30 }
    const few = fitted(instance, limits).medoids.length
    expect(many.medoids.length).toBeGreaterThan(few + 3)
    const kept = fitted(instance, { ...limits, removeLoss: 0.2, start: [...many.medoids] })
    expect(kept.effort).toMatchObject({ added: 0, removed: 0 })
    const dropped = fitted(instance, { ...limits, removeLoss: 1, start: [...many.medoids] })
    expect(dropped.effort.removed).toBeGreaterThan(0)
  })

  it('gives its own result again when started from it', () => {
    fc.assert(
      fc.property(instances, ({ instance, start, kMax, minSupport }) => {
        const options = { kMax, minSupport, maxRounds: 50 }
        const first = fitted(instance, { ...options, start })
        fc.pre(first.effort.converged)
        const again = fitted(instance, { ...options, start: [...first.medoids] })
        expect([...again.medoids]).toEqual([...first.medoids])
        expect(again.effort).toMatchObject({
          swaps: 0,
          added: 0,
          removed: 0,
          rounds: first.medoids.length > 0 ? 1 : again.effort.rounds,
        })
      }),
      { numRuns: 200 },
    )
  })

  it('keeps its promises on whatever it is given', () => {
    fc.assert(
      fc.property(instances, ({ instance, start, kMax, minSupport }) => {
        const { n, distances, matrix, weightList } = instance
        const result = fitted(instance, { start, kMax, minSupport })
        const { medoids, origin, support, loss, effort } = result
        const total = weightList.reduce((sum, w) => sum + w, 0)
        if (total < minSupport) {
          expect([medoids.length, loss]).toEqual([0, Infinity])
          expect([...result.assignment]).toEqual(weightList.map(() => -1))
          return
        }
        expect(medoids.length).toBeGreaterThan(0)
        expect(medoids.length).toBeLessThanOrEqual(kMax)
        expect(new Set(medoids).size).toBe(medoids.length)
        expect(loss).toBeCloseTo(lossOf(matrix, weightList, [...medoids]), 9)
        for (const s of support) expect(s).toBeGreaterThanOrEqual(minSupport)
        const survivors = [...origin].filter((o) => o >= 0)
        expect(survivors).toEqual(survivors.toSorted((a, b) => a - b))
        expect([...origin.slice(survivors.length)].every((o) => o === -1)).toBe(true)
        expect(effort.added).toBe(medoids.length - survivors.length)
        expect(effort.removed).toBe(start.length - survivors.length)
        const { assignment, runnerUp, nearest, second } = result
        expect({ assignment, runnerUp, nearest, second }).toEqual(
          assignToMedoids(distances, n, medoids, emptyAssignment(n)),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('keeps nine medoids in ten, and all identities, when a fifth of the sample is replaced', () => {
    const random = new SeededRandom(31)
    let kept = 0
    let continued = 0
    let all = 0
    for (let round = 0; round < 4; round++) {
      const points = blobs(720, 6, 16, () => random.next())
      const options = { minSupport: 5, tauFactor: 0.05 }
      const first = fitted(instanceOf(points.slice(0, 600)), options)
      // The last 120 come in; 120 go, but for the medoids, which stay without weight.
      const turned = instanceOf(
        points,
        points.map((_, o) => (o < 120 ? 0 : 1)),
      )
      const second = fitted(turned, { ...options, start: [...first.medoids] })
      kept += second.medoids.filter((m) => first.medoids.includes(m)).length
      continued += second.origin.filter((o) => o >= 0).length
      all += first.medoids.length
    }
    console.info(`at 20 % turnover, of ${all} medoids ${kept} stay and ${continued} are continued`)
    expect(kept / all).toBeGreaterThanOrEqual(0.9)
    expect(continued).toBe(all)
  })

  it('lets a slot continue an old medoid only where that still belongs to it', () => {
    // Old medoids 0 and 1 both lie in the left group, so a slot has to move to the right one.
    const instance = instanceOf([[0], [0.1], [0.2], [9], [9.1], [9.2]])
    const result = fitted(instance, { start: [0, 1], kMax: 2, addGain: 1, removeLoss: 0 })
    expect([...result.medoids]).toEqual([1, 4])
    expect([...result.origin]).toEqual([1, -1])
    expect(result.effort).toMatchObject({ added: 1, removed: 1 })
  })

  it('copes with no points, one point, and copies of one point', () => {
    expect(fitted(instanceOf([]), {}).medoids.length).toBe(0)
    expect([...fitted(instanceOf([[1, 1]]), { minSupport: 1 }).medoids]).toEqual([0])
    const copies = fitted(instanceOf(Array.from({ length: 9 }, () => [2, 2])), {})
    expect([copies.medoids.length, copies.loss]).toEqual([1, 0])
    const pinned = fitted(instanceOf(Array.from({ length: 9 }, () => [2, 2])), { start: [3, 4, 5] })
    expect(pinned.medoids.length).toBe(1)
    const idle = fitted(instanceOf([[0], [5]], [0, 0]), { minSupport: 0 })
    expect(idle.loss).toBe(0)
  })

  it('refuses malformed input and options', () => {
    const instance = instanceOf([[0], [1], [2]])
    expect(() => fitted(instance, { kMax: 0 })).toThrow('kMax')
    expect(() => fitted(instance, { kMax: 1.5 })).toThrow('kMax')
    expect(() => fitted(instance, { minSupport: NaN })).toThrow('minSupport')
    expect(() => fitted(instance, { addGain: 0.1, removeLoss: 0.2 })).toThrow('removeLoss')
    expect(() => fitted(instance, { start: [3] })).toThrow('Medoid 3')
    expect(() => fitted({ ...instance, distances: instance.distances.with(4, NaN) }, {})).toThrow(
      'Distance of points 1 and 1 is NaN.',
    )
  })
})

const noMedoids = (n: number): Assignment =>
  assignToMedoids(new Float32Array(0), n, [], emptyAssignment(n))

describe('growMedoids', () => {
  it("is PAM's BUILD, though it prices only the leaders", () => {
    const random = new SeededRandom(17)
    const next = (): number => random.next()
    for (let round = 0; round < 10; round++) {
      const { n, distances, weights, matrix, weightList } = instanceOf(
        blobs(40, 4, 3, next),
        Array.from({ length: 40 }, next),
      )
      const medoids: number[] = []
      const evaluations = growMedoids(distances, n, weights, noMedoids(n), medoids, {
        kMax: 8,
        minSupport: 0,
        minGain: 0,
      })
      expect(medoids).toEqual(pamBuild(matrix, weightList, 8))
      expect(evaluations).toBeLessThan(n * n * 8)
    }
  })

  it('stops where nothing gains enough', () => {
    const { n, distances, weights } = instanceOf([[0], [1], [3], [10], [12]])
    const grow = (minGain: number): number[] => {
      const medoids: number[] = []
      growMedoids(distances, n, weights, noMedoids(n), medoids, {
        kMax: 5,
        minSupport: 0,
        minGain,
      })
      return medoids
    }
    // 3 first (loss 21), then 10 gains 14; 0 and 1 gain 4, 0 comes first; 12 gains 2, then 1 gains 1.
    expect(grow(0)).toEqual([2, 3, 0, 4, 1])
    expect(grow(2)).toEqual([2, 3, 0])
    expect(grow(14)).toEqual([2])
  })

  it('asks support of a new medoid, and leaves it to those that have it', () => {
    // From 0: point 30 gains 30 but has 1, 10 gains 50 and has 6 with 30, leaving 4 behind.
    const xs = [0, 0, 0, 0, 10, 10, 10, 10, 10, 30]
    const { n, distances, weights } = instanceOf(xs.map((x) => [x]))
    const grow = (minSupport: number): number[] => {
      const medoids = [0]
      const state = assignToMedoids(distances, n, medoids, emptyAssignment(n))
      growMedoids(distances, n, weights, state, medoids, { kMax: 9, minSupport, minGain: 0 })
      expect(state.assignment).toEqual(
        assignToMedoids(distances, n, medoids, emptyAssignment(n)).assignment,
      )
      return medoids.map((m) => xs[m]!)
    }
    expect(grow(1)).toEqual([0, 10, 30])
    expect(grow(2)).toEqual([0, 10])
    expect(grow(4)).toEqual([0, 10])
    expect(grow(5)).toEqual([0])
    expect(grow(7)).toEqual([0])
  })
})
