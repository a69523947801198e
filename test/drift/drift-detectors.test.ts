import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DRIFT_DETECTORS } from '../../src/drift/drift-detectors.ts'
import { bootstrapThreshold, type ComparedHistograms } from '../../src/stats/block-bootstrap.ts'
import { SeededRandom } from '../../src/stats/random.ts'

const table = Object.entries<ComparedHistograms>(DRIFT_DETECTORS)

function histogram(bins: number, counts: Readonly<Record<number, number>>): Float64Array {
  const made = new Float64Array(bins)
  for (const [bin, count] of Object.entries(counts)) made[Number(bin)] = count
  return made
}

describe.each(table)('the detector of %s, by contract', (_, { bins, statistic, material }) => {
  const counts = fc
    .array(fc.nat({ max: 1000 }), { minLength: bins, maxLength: bins })
    .map((list) => Float64Array.from(list))

  it('is a bounded, symmetric distance of shapes, blind to how many there are', () => {
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 2, max: 50 }), (a, b, factor) => {
        const value = statistic(a, b)
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(1)
        expect(statistic(b, a)).toBeCloseTo(value, 12)
        expect(statistic(a, a)).toBe(0)
        expect(
          statistic(
            a.map((count) => count * factor),
            b,
          ),
        ).toBeCloseTo(value, 9)
      }),
    )
  })

  it('is 1 for shapes that share nothing, and 0 where there is nothing to compare', () => {
    const low = histogram(bins, { 0: 5, 1: 3 })
    const high = histogram(bins, { [bins - 1]: 9 })
    expect(statistic(low, high)).toBe(1)
    expect(statistic(low, new Float64Array(bins))).toBe(0)
    expect(statistic(new Float64Array(bins), high)).toBe(0)
  })

  it('does not overlook more than it calls material', () => {
    const before = histogram(bins, { 2: 100, 3: 100 })
    const after = histogram(bins, { 2: 100 - 220 * material, 3: 100, 20: 220 * material })
    expect(statistic(before, after)).toBeGreaterThan(material)
  })
})

describe('the statistics', () => {
  it('agree with cases worked by hand', () => {
    // Shares .5 .5 0 against .25 .25 .5: the functions are .5 apart after the second bin.
    const before = histogram(64, { 0: 2, 1: 2 })
    const after = histogram(64, { 0: 1, 1: 1, 2: 2 })
    expect(DRIFT_DETECTORS.distance.statistic(before, after)).toBe(0.5)
    // Half of the observations would have to move.
    expect(DRIFT_DETECTORS.share.statistic(before.slice(0, 32), after.slice(0, 32))).toBe(0.5)
  })

  it('differ in whether the order of bins matters', () => {
    const shares = [10, 30, 20, 40]
    const swapped = [30, 10, 40, 20]
    const make = (list: number[], bins: number): Float64Array => histogram(bins, { ...list })
    // KS: .1 .4 .6 1 against .3 .4 .8 1; TV: half of .2 + .2 + .2 + .2.
    expect(DRIFT_DETECTORS.distance.statistic(make(shares, 64), make(swapped, 64))).toBeCloseTo(
      0.2,
      12,
    )
    expect(DRIFT_DETECTORS.share.statistic(make(shares, 32), make(swapped, 32))).toBeCloseTo(
      0.4,
      12,
    )
  })
})

describe('the threshold from the reference', () => {
  const detector = DRIFT_DETECTORS.share

  /** Blocks of 64 draws from two bins; `waves` makes runs of blocks favour one of them. */
  function blocks(count: number, waves: number, seed: number): Uint32Array[] {
    const random = new SeededRandom(seed)
    return Array.from({ length: count }, (_, i) => {
      const share = 0.5 + waves * Math.sign(Math.sin(i / 5))
      const block = new Uint32Array(detector.bins)
      for (let n = 0; n < 64; n++) block[random.next() < share ? 0 : 1]!++
      return block
    })
  }

  function threshold(of: readonly Uint32Array[]): number {
    const random = new SeededRandom(9)
    return bootstrapThreshold(detector, of, 6, () => random.next())
  }

  it('is what is material where the reference is quiet', () => {
    expect(threshold(blocks(200, 0, 1))).toBeGreaterThanOrEqual(detector.material)
    expect(threshold(blocks(200, 0, 1))).toBeLessThan(0.2)
  })

  it('is higher where the reference moves by itself in waves longer than a block', () => {
    expect(threshold(blocks(200, 0.15, 1))).toBeGreaterThan(threshold(blocks(200, 0, 1)) + 0.1)
  })

  it('is higher where the reference is short', () => {
    const long = blocks(288, 0.1, 2)
    expect(threshold(long.slice(0, 36))).toBeGreaterThan(threshold(long))
  })

  it('copes with a reference that never varies', () => {
    const same = Array.from({ length: 36 }, () =>
      Uint32Array.from({ length: 32 }, (_, i) => (i === 3 ? 64 : 0)),
    )
    expect(threshold(same)).toBe(detector.material)
  })
})
