import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scored } from '../../src/model/calibration.ts'
import { type Calibration, calibrate, type PValues, pValues } from '../../src/model/calibration.ts'
import { SeededRandom } from '../../src/stats/random.ts'

function blank(n: number): Scored {
  return {
    stratum: new Int32Array(n),
    excessMs: new Float64Array(n),
    expectedMs: new Float64Array(n).fill(20),
    shape: new Float64Array(n),
    structure: new Float64Array(n),
    distance: new Float64Array(n),
  }
}

/** Observations of four strata with heavy-tailed excess times and, in 3 %, a surprising shape. */
function draw(n: number, random: SeededRandom): Scored {
  const scored = blank(n)
  for (let i = 0; i < n; i++) {
    const stratum = Math.floor(random.next() ** 2 * 4)
    scored.stratum[i] = stratum
    scored.expectedMs[i] = 10 * (1 + stratum)
    scored.excessMs[i] = random.next() < 0.4 ? 0 : 2 * (1 / (1 - random.next()) ** 0.4 - 1)
    scored.shape[i] = random.next() < 0.03 ? -Math.log(1 - random.next()) : 0
    scored.distance[i] = random.next()
  }
  return scored
}

function fresh(): PValues {
  return { p: 1, pTime: 1, pShape: 1, pDistance: 1, timeScore: 0, shapeScore: 0 }
}

function ask(
  calibration: Calibration,
  asked: { stratum?: number; excessMs?: number; expectedMs?: number; shape?: number },
): PValues {
  const out = fresh()
  const statistics = { excessMs: 0, expectedMs: 20, shape: 0, distance: 0, ...asked }
  pValues(calibration, asked.stratum ?? 0, statistics, out)
  return out
}

/** Share of fresh normal observations with p at or below alpha. */
function flagRate(alpha: number, calibrationSize: number, seed: number, fresh: number): number {
  const random = new SeededRandom(seed)
  const calibration = calibrate(draw(calibrationSize, random), 4, alpha)
  const others = draw(fresh, random)
  let flagged = 0
  for (let i = 0; i < fresh; i++) {
    const { p } = ask(calibration, {
      stratum: others.stratum[i]!,
      excessMs: others.excessMs[i]!,
      expectedMs: others.expectedMs[i]!,
      shape: others.shape[i]!,
    })
    if (p <= alpha) flagged++
  }
  return flagged / fresh
}

describe('calibrated p-values', () => {
  it('flag normal observations at no more than the stated rate, and not far below it', () => {
    for (const [alpha, n] of [
      [0.01, 4000],
      [0.001, 16_000],
    ] as const) {
      let sum = 0
      for (let seed = 1; seed <= 20; seed++) sum += flagRate(alpha, n, seed, 10_000)
      // 200,000 fresh observations and 20 samples: some 4 standard errors.
      const slack = 4 * Math.sqrt((alpha / n + alpha / 10_000) / 20)
      expect(sum / 20).toBeLessThan(alpha + slack)
      expect(sum / 20).toBeGreaterThan(alpha / 2)
    }
  })

  it('answer each question by itself: p is the smaller over its part of alpha', () => {
    const calibration = calibrate(draw(4000, new SeededRandom(5)), 4, 0.01)
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e4, noNaN: true }),
        fc.double({ min: 0, max: 30, noNaN: true }),
        fc.integer({ min: 0, max: 3 }),
        (excessMs, shape, stratum) => {
          const { p, pTime, pShape } = ask(calibration, { stratum, excessMs, shape })
          expect(p).toBeGreaterThan(0)
          expect(p).toBeCloseTo(Math.min(1, pTime / 0.9, pShape / 0.1), 12)
          const timeAlone = ask(calibration, { stratum, excessMs })
          const shapeAlone = ask(calibration, { stratum, shape })
          expect(timeAlone).toMatchObject({ pTime, pShape: 1 })
          expect(shapeAlone).toMatchObject({ pTime: 1, pShape })
        },
      ),
    )
  })

  it('have scores of which one is above 1 where, and only where, the observation is flagged', () => {
    for (const [alpha, n] of [
      [0.01, 4000],
      [0.001, 300],
    ] as const) {
      const calibration = calibrate(draw(n, new SeededRandom(6)), 4, alpha)
      for (let step = 0; step < 400; step++) {
        const excessMs = 1.05 ** step / 100
        const byTime = ask(calibration, { stratum: step % 4, excessMs })
        expect(byTime.timeScore > 1).toBe(byTime.p <= alpha)
        const byShape = ask(calibration, { shape: step / 20 })
        expect(byShape.shapeScore > 1).toBe(byShape.p <= alpha)
      }
    }
  })

  it('give strictly smaller p to ever longer excess beyond everything seen', () => {
    const calibration = calibrate(draw(2000, new SeededRandom(7)), 4, 0.01)
    let before = 1
    for (const excessMs of [1e4, 1e5, 1e6]) {
      const { p } = ask(calibration, { excessMs })
      expect(p).toBeLessThan(before)
      before = p
    }
  })

  it('call no shape rarer than its own nats say, whatever few calibration observations show', () => {
    const calibration = calibrate(blank(5000), 1, 0.001)
    expect(ask(calibration, { shape: 6 }).pShape).toBeCloseTo(1 / 5001, 12)
    expect(ask(calibration, { shape: 12 }).pShape).toBeCloseTo(Math.exp(-12), 12)
    const young = calibrate(blank(100), 1, 0.001)
    expect(ask(young, { shape: 6 }).pShape).toBeCloseTo(Math.exp(-6), 12)
    expect(ask(young, { shape: 3 }).pShape).toBeCloseTo(1 / 101, 12)
  })

  it('take a fiftieth of the usual time for nothing, however constant a system is', () => {
    const calibration = calibrate(blank(5000), 1, 0.001)
    expect(ask(calibration, { excessMs: 0.39 }).pTime).toBe(1)
    expect(ask(calibration, { excessMs: 20 }).p).toBeLessThan(0.001)
  })

  it('rank an entry operation by itself where it has enough, and let it not outweigh a pool of few', () => {
    const scored = blank(3000)
    // Stratum 0: 2,700 health checks; 1 and 2: 250 and 50 varied requests.
    scored.stratum.fill(1, 2700, 2950).fill(2, 2950)
    for (let i = 0; i < 3000; i++) scored.excessMs[i] = i < 2700 ? 0.4 + i / 1e4 : i % 50
    const { time } = calibrate(scored, 3, 0.01)
    expect(time.groups.map(({ values }) => values.length)).toEqual([50 + 200 + 200, 2700, 250])
    expect([...time.groupOf]).toEqual([1, 2, 0])
  })

  it('measure what spreads more than the rest by its own spread, and nothing by a smaller one', () => {
    const n = 2000
    const scored = blank(n)
    for (let i = 0; i < n; i++) {
      scored.stratum[i] = i % 2
      scored.excessMs[i] = (i % 2 === 0 ? 1 : 30) * ((i % 101) / 10)
    }
    const { widening } = calibrate(scored, 2, 0.01)
    const wide = widening.filter((one) => one > 1)
    expect(wide).toHaveLength(1)
    expect(widening.every((one) => one >= 1)).toBe(true)
    // The loud half's 95 % quantile is 30 x 9.5; that of all is 30 x 9: (1000 x 9.5 / 9 + 200) / 1200.
    expect(wide[0]).toBeCloseTo((1000 * (9.5 / 9) + 200) / 1200, 1)
  })

  it('are 1 for an observation without anything, also without any calibration', () => {
    expect(ask(calibrate(blank(0), 1, 0.01), {}).p).toBe(1)
    expect(ask(calibrate(blank(500), 1, 0.01), {})).toMatchObject({
      p: 1,
      timeScore: 0,
      shapeScore: 0,
    })
  })
})
