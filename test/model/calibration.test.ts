import { describe, expect, it } from 'vitest'
import { calibrate, pValues } from '../../src/model/calibration.ts'
import { SeededRandom } from '../../src/stats/random.ts'

interface Scored {
  cluster: Int32Array
  distance: Float64Array
  novelty: Float64Array
}

/** Observations of `clusters` clusters with heavy-tailed distances and, in 3 %, a novel shape. */
function draw(n: number, clusters: number, random: SeededRandom): Scored {
  const cluster = new Int32Array(n)
  const distance = new Float64Array(n)
  const novelty = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    cluster[i] = Math.floor(random.next() ** 2 * clusters)
    distance[i] = 0.02 * (1 + cluster[i]!) * (1 / (1 - random.next()) ** 0.4)
    novelty[i] = random.next() < 0.03 ? Math.round(random.next() * 20) / 40 : 0
  }
  return { cluster, distance, novelty }
}

function flagRate(alpha: number, calibrationSize: number, seed: number): number {
  const random = new SeededRandom(seed)
  const strata = Int32Array.from({ length: 12 }, (_, c) => c % 4)
  const calibration = calibrate(draw(calibrationSize, 12, random), strata, alpha)
  const fresh = draw(20_000, 12, random)
  const out = { p: 1, pStructure: 1, pDistance: 1 }
  let flagged = 0
  fresh.cluster.forEach((cluster, i) => {
    pValues(calibration, cluster, fresh.distance[i]!, fresh.novelty[i]!, out)
    if (out.p <= alpha) flagged++
  })
  return flagged / 20_000
}

describe('calibrated p-values', () => {
  it('flag normal observations at the stated rate, over many calibration samples', () => {
    // The rate given one calibration sample of n is Beta(alpha (n + 1), ...): sd = sqrt(alpha / n).
    // Over 20 samples and 20,000 fresh observations each, 3.3 standard errors are:
    for (const [alpha, n] of [
      [0.01, 4000],
      [0.001, 8000],
    ] as const) {
      let sum = 0
      for (let seed = 1; seed <= 20; seed++) sum += flagRate(alpha, n, seed)
      const band = 3.3 * Math.sqrt((alpha / n + alpha / 20_000) / 20)
      expect(Math.abs(sum / 20 - alpha)).toBeLessThan(band)
    }
  })

  it('never flag where the sample is too small to support alpha', () => {
    const random = new SeededRandom(3)
    const calibration = calibrate(draw(500, 3, random), Int32Array.of(0, 0, 0), 0.001)
    const out = { p: 1, pStructure: 1, pDistance: 1 }
    pValues(calibration, 0, 0.2, 0, out)
    expect(out.p).toBeGreaterThan(0.001)
  })

  it('rank an entry operation that has enough by itself, and the others together', () => {
    const n = 3000
    // Stratum 0: 2,700 health checks of one kind; 1: 250 varied requests; 2: 50 more.
    const cluster = Int32Array.from({ length: n }, (_, i) => (i < 2700 ? 0 : i < 2950 ? 1 : 2))
    const distance = Float64Array.from({ length: n }, (_, i) =>
      i < 2700 ? i / 1e6 : (i % 100) / 100,
    )
    const strata = Int32Array.of(0, 1, 2)
    const scored = { cluster, distance, novelty: new Float64Array(n) }
    const { ranks, rankOf } = calibrate(scored, strata, 0.01)
    expect(ranks.map(({ length }) => length)).toEqual([3000, 2700, 250])
    expect([...rankOf]).toEqual([1, 2, 0])
  })

  it('rank by structure and by distance, whichever is stranger', () => {
    const random = new SeededRandom(5)
    const calibration = calibrate(draw(4000, 3, random), Int32Array.of(0, 0, 1), 0.01)
    const out = { p: 1, pStructure: 1, pDistance: 1 }
    pValues(calibration, 0, 0.02, 2, out)
    expect(out.p).toBeLessThanOrEqual(0.01)
    expect(out.pStructure).toBeLessThan(out.pDistance)
    pValues(calibration, 0, 5, 0, out)
    expect(out.p).toBeLessThanOrEqual(0.01)
    expect(out.pStructure).toBe(1)
  })

  it('give strictly smaller p to ever larger distances beyond everything seen', () => {
    const random = new SeededRandom(7)
    const calibration = calibrate(draw(2000, 3, random), Int32Array.of(0, 0, 1), 0.01)
    const out = { p: 1, pStructure: 1, pDistance: 1 }
    let before = 1
    for (const distance of [2, 3, 4]) {
      pValues(calibration, 1, distance, 0, out)
      expect(out.p).toBeLessThan(before)
      before = out.p
    }
  })

  it('group a large cluster by itself, a small one with its stratum, a smaller one with all', () => {
    const n = 1000
    const cluster = Int32Array.from({ length: n }, (_, i) =>
      i < 700 ? 0 : i < 980 ? 1 + (i % 2) : 3,
    )
    const distance = Float64Array.from({ length: n }, (_, i) => (i % 97) / 97)
    const { groups, groupOf } = calibrate(
      { cluster, distance, novelty: new Float64Array(n) },
      Int32Array.of(0, 1, 1, 2),
      0.01,
    )
    expect(Array.from(groupOf, (g) => groups[g]!.level)).toEqual([
      'cluster',
      'stratum',
      'stratum',
      'all',
    ])
  })
})
