import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseRateOfMix, type MixNull, type MixSource, mixOf } from '../../src/baseline/mix-null.ts'
import { logShareRatio } from '../../src/stats/share-evidence.ts'

/** What is known by path: [path, occurrences, deviating ones]; path 0 is all others. */
type Row = readonly [path: number, total: number, hits: number]

function sourceOf(rows: readonly Row[], floor = 0.02): MixSource {
  const reference = rows.reduce((sum, [, total]) => sum + total, 0)
  const hits = rows.reduce((sum, [, , hit]) => sum + hit, 0)
  const byPath = {
    paths: Int32Array.from(rows, ([path]) => path),
    totals: Float64Array.from(rows, ([, total]) => total),
    hits: Float64Array.from(rows, ([, , hit]) => hit),
  }
  return { byPath, baseRate: hits / reference, floor, reference, perBucket: 1 }
}

function mixed(rows: readonly Row[]): MixNull {
  const mix = mixOf(sourceOf(rows), 0.01, 2)
  if (!mix) throw new Error('one rate was enough')
  return mix
}

/** The rate where so many of 100 occurrences came by each path. */
function rateAt(mix: MixNull, came: Readonly<Record<number, number>>): number {
  const counts = new Uint32Array(16)
  for (const [path, count] of Object.entries(came)) counts[Number(path)] = count
  return baseRateOfMix(mix, counts, 100)
}

describe('the null of a series whose call paths differ', () => {
  const always: readonly Row[] = [
    [0, 0, 0],
    [5, 9000, 0],
    [7, 1000, 1000],
  ]

  it('is the share of the reference where the mix is the same', () => {
    expect(rateAt(mixed(always), { 5: 90, 7: 10 })).toBeCloseTo(0.1, 12)
  })

  it('counts what came by no path of its own as others', () => {
    const others = mixed([
      [0, 1000, 1000],
      [5, 9000, 0],
    ])
    expect(rateAt(others, { 5: 90 })).toBeCloseTo(0.1, 12)
    expect(rateAt(others, { 5: 50 })).toBeGreaterThan(0.5)
    expect(rateAt(others, { 5: 50 })).toBeLessThan(0.51)
  })

  it('is that of what came where it is another, and a little more, as that is an estimate', () => {
    const half = rateAt(mixed(always), { 5: 50, 7: 50 })
    expect(half).toBeGreaterThan(0.5)
    expect(half).toBeLessThan(0.51)
  })

  it('stays a little below 1 and never below its floor', () => {
    expect(rateAt(mixed(always), { 7: 100 })).toBe(0.9999)
    expect(rateAt(mixed(always), { 5: 100 })).toBe(0.02)
  })

  it('claims little of a path that was hardly seen', () => {
    const thin = mixed([
      [0, 0, 0],
      [5, 9000, 0],
      [7, 3, 3],
    ])
    expect(rateAt(thin, { 7: 100 })).toBe(0.9999)
    const rarelySeen = mixed([...always, [9, 4, 0]])
    const well = mixed([...always, [9, 4000, 0]])
    expect(rateAt(rarelySeen, { 9: 100 })).toBeGreaterThan(0.1)
    expect(rateAt(well, { 9: 100 })).toBe(0.02)
  })

  it('takes a path that was never seen for one that may do anything', () => {
    expect(rateAt(mixed(always), {})).toBeGreaterThan(0.4)
  })

  it('is one rate for all where no path plainly deviates more often than the whole', () => {
    const alike: readonly Row[] = [
      [0, 0, 0],
      [5, 900, 92],
      [7, 100, 9],
    ]
    expect(mixOf(sourceOf(alike), 0.01, 2)).toBeNull()
    // Nor where they differ below what is claimed at all.
    const rarely: readonly Row[] = [
      [0, 0, 0],
      [5, 90_000, 0],
      [7, 10_000, 1000],
    ]
    expect(mixOf(sourceOf(rarely), 0.01, 2)).not.toBeNull()
    expect(mixOf(sourceOf(rarely, 0.2), 0.01, 2)).toBeNull()
  })

  it('takes a path for no other where it came in one burst', () => {
    const rows: readonly Row[] = [
      [0, 0, 0],
      [5, 900, 45],
      [7, 100, 15],
    ]
    const source = { ...sourceOf(rows), perBucket: 500 }
    expect(mixOf(source, 0.01, 2)).not.toBeNull()
    expect(mixOf(source, 0.4, 2)).toBeNull()
  })
})

/** Two to six paths with what was seen of each, at least one plainly different, and what comes. */
const arbitraryRows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((some): Row[] => [
    [0, 0, 0],
    [1, 5000, 50],
    ...some.map(([total, share], i): Row => [i + 2, total, Math.floor(total * share)]),
    [9, 1000, 900],
  ])
const arbitraryCame = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 10, maxLength: 10 })

describe('the rate of any mix', () => {
  it('is at least the mean of the paths, weighted by what came of each', () => {
    fc.assert(
      fc.property(arbitraryRows, arbitraryCame, (rows, came) => {
        const mix = mixed(rows)
        const counts = Uint32Array.from(came, (count, path) =>
          rows.some(([one]) => one === path && one > 0) ? count : 0,
        )
        const n = counts.reduce((sum, one) => sum + one, 0)
        fc.pre(n > 0)
        let expected = 0
        for (const [path, total, hits] of rows) {
          const own = total > 0 ? hits / total : mix.baseRate
          expected += ((counts[path] ?? 0) / n) * own
        }
        const rate = baseRateOfMix(mix, counts, n)
        expect(rate).toBeGreaterThanOrEqual(Math.min(0.9999, expected) - 1e-9)
        expect(rate).toBeGreaterThanOrEqual(mix.floor)
        expect(rate).toBeLessThanOrEqual(0.9999)
      }),
    )
  })

  it('gives no evidence too much: over independent calls of unequal rates its mean is at most 1', () => {
    const call = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(0.2, 0.5, 0.9),
        (rates, above) => {
          const n = rates.length
          const mean = rates.reduce((sum, one) => sum + one, 0) / n
          fc.pre(mean > 0.001 && mean < 0.999)
          const share = mean + above * (1 - mean)
          let expected = 0
          poissonBinomial(rates).forEach((p, c) => {
            expected += p * Math.exp(logShareRatio(n, c, share, 0.1, mean, 0))
          })
          expect(expected).toBeLessThanOrEqual(1 + 1e-9)
        },
      ),
    )
  })
})

/** Distribution of how many of some independent calls deviate. */
function poissonBinomial(rates: readonly number[]): number[] {
  let distribution = [1]
  for (const rate of rates) {
    const next = new Array<number>(distribution.length + 1).fill(0)
    distribution.forEach((p, c) => {
      next[c] = (next[c] ?? 0) + p * (1 - rate)
      next[c + 1] = (next[c + 1] ?? 0) + p * rate
    })
    distribution = next
  }
  return distribution
}
