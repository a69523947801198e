import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KEY_EPOCH_MS } from '../../src/sample/decay-key.ts'
import type { SampleSettings } from '../../src/sample/sample-settings.ts'
import { StrataSample } from '../../src/sample/strata-sample.ts'
import { SeededRandom } from '../../src/stats/random.ts'

const settings: SampleSettings = {
  halfLifeMs: 1e6,
  size: 100,
  sizeMost: 200,
  stratumFloor: 5,
  stratumCap: 60,
  calibrationSize: 50,
}

interface Observation {
  readonly id: number
  readonly timeMs: number
  readonly stratum: number
}

const START = KEY_EPOCH_MS + 1e11

/** Admits and puts; the item is the observation's number. */
function learn(sample: StrataSample<number>, { id, timeMs, stratum }: Observation): void {
  const words = Uint32Array.of(0, 0, 0xabcdef, id)
  const place = sample.admit(words, timeMs, stratum)
  if (place) sample.put(place, sample.key, sample.tie, stratum, id)
}

function learned(
  list: readonly Observation[],
  over: Partial<SampleSettings> = {},
): StrataSample<number> {
  const sample = new StrataSample<number>({ ...settings, ...over }, 100, 7)
  for (const observation of list) learn(sample, observation)
  return sample
}

/** n observations in even time; stratum s has a share of 2^-(s+1), the last as much as the one before. */
function traffic(n: number, strata: number, seed: number): Observation[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: n }, (_, id) => {
    const stratum = Math.min(strata - 1, Math.floor(-Math.log2(1 - random.next())))
    return { id, timeMs: START + id * 100, stratum }
  })
}

const observations = fc
  .array(fc.record({ dt: fc.integer({ min: -500_000, max: 1_000_000 }), stratum: fc.nat(5) }), {
    maxLength: 150,
  })
  .map((list) => {
    let time = START
    return list.map(({ dt, stratum }, id): Observation => {
      time += dt
      return { id, timeMs: time, stratum }
    })
  })

describe('StrataSample', () => {
  it('keeps rare strata visible and says how much each kept one stands for', () => {
    const sample = learned(traffic(20_000, 6, 1), { halfLifeMs: Infinity })
    sample.rebalance()
    for (const o of traffic(20_000, 6, 1)) learn(sample, { ...o, id: o.id + 20_000 })
    sample.rebalance()
    const kept = sample.strata().map((s) => sample.keptOf(s))
    expect(sample.fitSize).toBe(settings.size)
    expect(kept.reduce((sum, n) => sum + n, 0)).toBe(settings.size)
    // Roots of 1/2 1/4 1/8 1/16 1/32 1/32: the rarest two get 8 of 100 where their share is 3.
    const expected = [33, 23, 17, 12, 8, 8]
    kept.forEach((n, s) => {
      expect(Math.abs(n - expected[s]!)).toBeLessThanOrEqual(1)
    })
    for (const s of sample.strata()) {
      expect(sample.fitItems(s).length).toBe(kept[s])
      expect(sample.weightOf(s) * kept[s]!).toBeCloseTo(sample.rateOf(s), 6)
    }
    const total = sample.strata().reduce((sum, s) => sum + sample.rateOf(s), 0)
    expect(total).toBeCloseTo(40_000, 3)
  })

  it('calibrates on all strata by the roots of their traffic, so that none crowds out the others', () => {
    const list = traffic(40_000, 6, 2)
    const sample = learned(list, { halfLifeMs: Infinity, calibrationSize: 1000 })
    sample.rebalance()
    const again = list.map((o) => ({ ...o, id: o.id + list.length }))
    for (const observation of again) learn(sample, observation)
    const counts = new Array<number>(6).fill(0)
    for (const { stratum, item } of sample.calibrationItems()) {
      expect(list[item % list.length]!.stratum).toBe(stratum)
      counts[stratum]!++
    }
    // Roots of 1/2 1/4 1/8 1/16 1/32 1/32 of 1000.
    const expected = [328, 232, 164, 116, 80, 80]
    counts.forEach((n, s) => {
      expect(Math.abs(n - expected[s]!)).toBeLessThanOrEqual(4)
    })
  })

  it('splits by the id alone, in halves, and never has an observation in both samples', () => {
    const n = 10_000
    const list = traffic(n, 6, 3)
    const roomy = {
      size: 100 * n,
      sizeMost: 100 * n,
      stratumCap: n,
      calibrationSize: 100 * n,
      halfLifeMs: Infinity,
    }
    const sample = learned(list, roomy)
    const fit = sample.strata().flatMap((s) => sample.fitItems(s))
    const calibration = sample.calibrationItems().map((it) => it.item)
    expect(fit.length + calibration.length).toBe(n)
    expect(new Set([...fit, ...calibration]).size).toBe(n)
    // 5,000 ± 50, four deviations.
    expect(Math.abs(fit.length - n / 2)).toBeLessThan(200)
    const other = learned(
      list.map((o) => ({ ...o, timeMs: o.timeMs - 7777, stratum: 5 - o.stratum })).reverse(),
      roomy,
    )
    expect(new Set(other.calibrationItems().map((it) => it.item))).toEqual(new Set(calibration))
  })

  it('draws keys that tell nothing about the split', () => {
    // Equal shares of both samples lie above the common median of the keys.
    const n = 10_000
    const sample = new StrataSample<number>(
      {
        ...settings,
        halfLifeMs: Infinity,
        size: n,
        sizeMost: n,
        stratumCap: n,
        calibrationSize: n,
      },
      1,
      7,
    )
    const high = { fit: 0, calibration: 0 }
    const all = { fit: 0, calibration: 0 }
    for (let id = 0; id < n; id++) {
      const place = sample.admit(Uint32Array.of(0, 0, 0, id), START, 0)!
      all[place]++
      if (sample.key > -Math.log(Math.LN2)) high[place]++
    }
    for (const place of ['fit', 'calibration'] as const) {
      expect(Math.abs(high[place] / all[place] - 0.5)).toBeLessThan(2 / Math.sqrt(all[place]))
    }
  })

  it('goes on after a restart, through a structured clone, as if nothing had happened', () => {
    fc.assert(
      fc.property(observations, fc.nat(150), fc.nat(150), (list, cut, balance) => {
        const run = (restartAt: number): string => {
          let sample = new StrataSample<number>(settings, 40, 7)
          list.forEach((observation, i) => {
            if (i === restartAt) {
              const state = structuredClone(sample.state())
              sample = new StrataSample<number>(settings, 40, 7, state)
            }
            if (i === balance) sample.rebalance()
            learn(sample, observation)
          })
          return JSON.stringify(sample.state())
        }
        expect(run(cut)).toBe(run(-1))
      }),
    )
  })

  it('stays within its sizes, whatever comes', () => {
    fc.assert(
      fc.property(observations, (list) => {
        const small = {
          size: 20,
          sizeMost: 35,
          stratumFloor: 3,
          stratumCap: 12,
          calibrationSize: 10,
        }
        const sample = learned(list, small)
        expect(sample.fitSize).toBeLessThanOrEqual(20 + 5 * 3)
        expect(sample.calibrationSize).toBeLessThanOrEqual(10)
        const before = sample.fitSize + sample.calibrationSize
        const gone = sample.rebalance()
        expect(sample.fitSize + sample.calibrationSize).toBe(before - gone)
        expect(sample.fitSize).toBeLessThanOrEqual(20)
        const kept = sample.strata().flatMap((s) => sample.fitItems(s))
        for (const s of sample.strata()) {
          expect(sample.fitItems(s).every((id) => list[id]!.stratum === s)).toBe(true)
        }
        expect(new Set(kept).size).toBe(kept.length)
      }),
    )
  })

  it('does not depend on the order of observations, but for the rounding of rates', () => {
    const shuffled = observations.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        // Without rebalancing every stratum has the same room in both runs: here, all it wants.
        const roomy = { size: 6 * 60, sizeMost: 6 * 60, stratumCap: 30 }
        const one = learned(list, roomy)
        const two = learned(other, roomy)
        expect(two.calibrationItems()).toEqual(one.calibrationItems())
        for (let s = 0; s < 6; s++) {
          expect(two.fitItems(s)).toEqual(one.fitItems(s))
          expect(two.rateOf(s)).toBeCloseTo(one.rateOf(s), 9)
        }
      }),
    )
  })

  it('halves the rate of a stratum in a half-life', () => {
    const sample = learned([
      { id: 1, timeMs: START, stratum: 0 },
      { id: 2, timeMs: START, stratum: 0 },
      { id: 3, timeMs: START + 1e6, stratum: 1 },
    ])
    expect(sample.rateOf(0)).toBeCloseTo(1, 12)
    expect(sample.rateOf(1)).toBe(1)
    learn(sample, { id: 4, timeMs: START, stratum: 1 })
    expect(sample.rateOf(1)).toBeCloseTo(1.5, 12)
    expect(sample.rateOf(9)).toBe(0)
    expect(sample.weightOf(9)).toBe(0)
  })

  it('gives the first strata room before the first rebalancing, and every one its floor', () => {
    const list = Array.from({ length: 3000 }, (_, id) => ({
      id,
      timeMs: START + id,
      stratum: id % 5,
    }))
    const sample = learned(list)
    expect(sample.strata().map((s) => sample.keptOf(s))).toEqual([10, 25, 18, 14, 8])
    sample.rebalance()
    expect(sample.fitSize).toBeLessThanOrEqual(100)
    for (const o of list) learn(sample, { ...o, id: o.id + 3000 })
    expect(sample.strata().map((s) => sample.keptOf(s))).toEqual([20, 20, 20, 20, 20])
  })

  it('pools the strata that find no room, until they are busier than others by far', () => {
    const strata = Array.from({ length: 100 }, (_, s) => s)
    const busy = strata.flatMap((stratum) =>
      Array.from({ length: stratum < 40 ? 40 : 2 }, () => stratum),
    )
    const list = busy.map((stratum, id) => ({ id, timeMs: START + id, stratum }))
    const sample = learned(list)
    sample.rebalance()
    for (const { id, ...o } of list) learn(sample, { ...o, id: id + list.length })
    // 40 x floor 5: the size grows to what they need; the rare ones have nothing of their own.
    expect(strata.map((s) => Math.sign(sample.keptOf(s)))).toEqual(
      strata.map((s) => (s < 40 ? 1 : 0)),
    )
    expect(sample.fitSize).toBeLessThanOrEqual(200 + 60)
    const pooled = sample.poolItems()
    const since = pooled.filter((id) => id >= list.length)
    expect(since.length).toBeGreaterThan(5)
    for (const id of since) expect(list[id % list.length]!.stratum).toBeGreaterThanOrEqual(40)
    const restored = new StrataSample<number>(settings, 100, 7, structuredClone(sample.state()))
    expect(restored.poolItems()).toEqual(pooled)
    // One that was rare becomes 1.5 times, then 3 times as busy as those that have room.
    const more = (n: number, from: number): void => {
      for (let i = 0; i < n; i++) learn(sample, { id: 1e6 + from + i, timeMs: START, stratum: 99 })
      sample.rebalance()
    }
    more(116, 0)
    expect(sample.keptOf(99)).toBe(0)
    more(120, 116)
    learn(sample, { id: 4e6, timeMs: START, stratum: 99 })
    learn(sample, { id: 4e6 + 2, timeMs: START, stratum: 99 })
    learn(sample, { id: 4e6 + 3, timeMs: START, stratum: 99 })
    expect(sample.keptOf(99)).toBeGreaterThan(0)
  })

  it('counts what it lets go and what it refuses', () => {
    const sample = learned(
      Array.from({ length: 400 }, (_, id) => ({ id, timeMs: START + id, stratum: 0 })),
    )
    expect(sample.evicted).toBeGreaterThan(0)
    expect(sample.refused).toBe(0)
    const before = sample.state()
    let place = null
    // The first of the fit sample once more: a redelivery that is still in.
    const id = sample.fitItems(0)[0]!
    place = sample.admit(Uint32Array.of(0, 0, 0xabcdef, id), START + id, 0)
    expect(place).toBe('fit')
    expect(sample.put('fit', sample.key, sample.tie, 0, id)).toBe(false)
    expect(sample.refused).toBe(1)
    expect(sample.state().fit.strata[0]!.reservoir).toEqual(before.fit.strata[0]!.reservoir)
  })

  it('refuses strata, times and settings that make no sense', () => {
    const sample = new StrataSample<number>(settings, 3, 7)
    const words = Uint32Array.of(1, 2, 3, 4)
    for (const stratum of [-1, 3, 0.5, NaN]) {
      expect(() => sample.admit(words, START, stratum)).toThrow('Stratum')
    }
    for (const time of [NaN, Infinity]) expect(() => sample.admit(words, time, 0)).toThrow('Time')
    expect(() => sample.put('fit', 0, 0, 1, 1)).toThrow('Stratum 1')
    expect(() => new StrataSample({ ...settings, halfLifeMs: 0 }, 3, 7)).toThrow('Half-life')
    expect(() => new StrataSample({ ...settings, calibrationSize: -1 }, 3, 7)).toThrow('capacity')
  })
})
