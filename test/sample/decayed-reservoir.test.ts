import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decayKey, decayPerMs, KEY_EPOCH_MS } from '../../src/sample/decay-key.ts'
import { DecayedReservoir } from '../../src/sample/decayed-reservoir.ts'
import { unitFromTraceId } from '../../src/stats/random.ts'

interface Entry {
  readonly key: number
  readonly tie: number
}

/** Few different keys and ties, so that equal ones are common. */
const entries = fc.array(fc.record({ key: fc.integer({ min: -9, max: 9 }), tie: fc.nat(5) }), {
  maxLength: 60,
})
const capacity = fc.nat(12)

const fill = (size: number, list: readonly Entry[]): DecayedReservoir<string> => {
  const reservoir = new DecayedReservoir<string>(size)
  for (const { key, tie } of list) reservoir.offer(key, tie, `${key}/${tie}`)
  return reservoir
}

/** What should be kept, by sorting everything. */
const best = (size: number, list: readonly Entry[]): string[] =>
  [...new Map(list.map((e) => [`${e.key}/${e.tie}`, e])).values()]
    .sort((a, b) => b.key - a.key || b.tie - a.tie)
    .slice(0, size)
    .map((e) => `${e.key}/${e.tie}`)

describe('DecayedReservoir', () => {
  it('keeps the largest keys, and hands back what had to go', () => {
    const reservoir = new DecayedReservoir<string>(2)
    expect(reservoir.offer(5, 0, 'a')).toBe(null)
    expect(reservoir.threshold).toBe(-Infinity)
    expect(reservoir.offer(3, 0, 'b')).toBe(null)
    expect(reservoir.threshold).toBe(3)
    expect(reservoir.offer(2, 9, 'c')).toBe('c')
    expect(reservoir.offer(4, 0, 'd')).toBe('b')
    expect(reservoir.offer(4, 1, 'e')).toBe('d')
    expect(reservoir.items()).toEqual(['a', 'e'])
    expect(reservoir.size).toBe(2)
  })

  it('keeps what sorting would keep, each pair once', () => {
    fc.assert(
      fc.property(capacity, entries, (size, list) => {
        const reservoir = fill(size, list)
        expect(reservoir.items()).toEqual(best(size, list))
        expect(reservoir.size).toBe(reservoir.items().length)
      }),
      { numRuns: 300 },
    )
  })

  it('does not depend on the order of offers', () => {
    const shuffled = entries.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(capacity, shuffled, (size, [list, other]) => {
        expect(JSON.stringify(fill(size, other).state())).toBe(
          JSON.stringify(fill(size, list).state()),
        )
      }),
    )
  })

  it('says beforehand what an offer will do', () => {
    fc.assert(
      fc.property(capacity, entries, (size, list) => {
        const reservoir = new DecayedReservoir<number>(size)
        const seen = new Set<string>()
        list.forEach(({ key, tie }, i) => {
          const enters = reservoir.wouldEnter(key, tie)
          if (key < reservoir.threshold) expect(enters).toBe(false)
          const before = reservoir.items()
          const back = reservoir.offer(key, tie, i)
          const isNew = !seen.has(`${key}/${tie}`)
          seen.add(`${key}/${tie}`)
          if (isNew) expect(back !== i).toBe(enters)
          const after = new Set(reservoir.items())
          if (back !== i && back !== null) expect(before).toContain(back)
          expect(after.size).toBe(before.length + (back === null ? 1 : 0))
        })
      }),
    )
  })

  it('merges to what one reservoir over everything would hold', () => {
    fc.assert(
      fc.property(capacity, entries, entries, (size, left, right) => {
        const merged = fill(size, left)
        merged.merge(fill(size, right))
        expect(merged.items()).toEqual(best(size, [...left, ...right]))
        const held = merged.items()
        merged.merge(fill(size, left))
        expect(merged.items()).toEqual(held)
      }),
    )
  })

  it('goes on after a restart, through a structured clone, as if nothing had happened', () => {
    fc.assert(
      fc.property(capacity, entries, fc.nat(60), (size, list, cut) => {
        const before = fill(size, list.slice(0, cut))
        const state = structuredClone(before.state())
        const after = DecayedReservoir.restore<string>(state)
        expect(after.threshold).toBe(before.threshold)
        for (const { key, tie } of list.slice(cut)) after.offer(key, tie, `${key}/${tie}`)
        expect(after.state()).toEqual(fill(size, list).state())
      }),
    )
  })

  it('shrinks to the best, and has room again after growing', () => {
    fc.assert(
      fc.property(capacity, capacity, entries, (size, smaller, list) => {
        const reservoir = fill(size, list)
        const held = reservoir.items()
        const evicted = reservoir.resize(smaller)
        expect(reservoir.items()).toEqual(best(smaller, list).slice(0, size))
        expect([...reservoir.items(), ...evicted.toReversed()]).toEqual(held)
        reservoir.resize(size + 40)
        expect(reservoir.threshold).toBe(-Infinity)
        for (const { key, tie } of list) reservoir.offer(key, tie, `${key}/${tie}`)
        expect(reservoir.items()).toEqual(best(size + 40, list))
      }),
    )
  })

  it('keeps nothing at capacity 0, and refuses keys and states that make no sense', () => {
    const none = new DecayedReservoir<string>(0)
    expect(none.threshold).toBe(Infinity)
    expect(none.offer(1e300, 0, 'x')).toBe('x')
    expect(none.items()).toEqual([])
    expect(() => none.offer(NaN, 0, 'x')).toThrow(RangeError)
    expect(() => none.offer(Infinity, 0, 'x')).toThrow(RangeError)
    expect(() => none.offer(0, NaN, 'x')).toThrow(RangeError)
    expect(() => new DecayedReservoir(-1)).toThrow(RangeError)
    expect(() => new DecayedReservoir(2.5)).toThrow(RangeError)
    const ranks = { key: Float64Array.of(1, 2), tie: new Float64Array(2) }
    const broken = { capacity: 1, ranks, items: ['a', 'b'] }
    expect(() => DecayedReservoir.restore(broken)).toThrow('Reservoir of 1 has 2 keys')
    const short = { ...broken, capacity: 2, ranks: { ...ranks, key: Float64Array.of(1) } }
    expect(() => DecayedReservoir.restore(short)).toThrow('"tie"')
    expect(() => DecayedReservoir.restore({ ...broken, capacity: 2, items: ['a'] })).toThrow(
      'Reservoir of 2 has 2 keys and 1 items',
    )
  })
})

/**
 * Offers n observations at even times over `spanMs`, ids counting up, and returns how many of each
 * of `bins` equal stretches of time are kept.
 */
function keptByAge(
  n: number,
  m: number,
  spanMs: number,
  halfLifeMs: number,
  bins: number,
): number[] {
  const reservoir = new DecayedReservoir<number>(m)
  const perMs = decayPerMs(halfLifeMs)
  for (let i = 0; i < n; i++) {
    const time = KEY_EPOCH_MS + 2e11 + Math.floor((i * spanMs) / n)
    const unit = unitFromTraceId(Uint32Array.of(0, 3, 0, i), 0, 77)
    reservoir.offer(decayKey(time, unit, perMs), i, Math.floor((i * bins) / n))
  }
  const kept = new Array<number>(bins).fill(0)
  for (const bin of reservoir.items()) kept[bin]!++
  return kept
}

/**
 * Chi-square of kept counts against inclusion with probability 1 - exp(-c w), w = 2^-(age / half-life):
 * the law of bottom-m keys, c being fixed by their expected number.
 */
function misfit(kept: readonly number[], n: number, spanMs: number, halfLifeMs: number): number {
  const bins = kept.length
  const m = kept.reduce((sum, x) => sum + x, 0)
  const expected = (c: number): number[] =>
    kept.map((_, bin) => {
      let sum = 0
      for (let i = 0; i < 50; i++) {
        const age = spanMs * (1 - (bin + (i + 0.5) / 50) / bins)
        sum += 1 - Math.exp(-c * 2 ** (-age / halfLifeMs))
      }
      return (sum / 50) * (n / bins)
    })
  let low = 0
  let high = 1e6
  for (let i = 0; i < 200; i++) {
    const c = (low + high) / 2
    if (expected(c).reduce((sum, x) => sum + x, 0) < m) low = c
    else high = c
  }
  return expected(low).reduce((sum, e, bin) => {
    const share = e / (n / bins)
    return sum + (kept[bin]! - e) ** 2 / (e * (1 - share) + 1e-9)
  }, 0)
}

describe('the decay', () => {
  // 20 bins, one constraint: 19 degrees of freedom, 99.99 % below 51.
  const band = 51

  it('is what inclusion follows over five half-lives, sparse or nearly full', () => {
    for (const m of [2000, 20_000]) {
      const kept = keptByAge(60_000, m, 5e6, 1e6, 20)
      expect(misfit(kept, 60_000, 5e6, 1e6)).toBeLessThan(band)
      // The same sample does not fit a half-life that is off by a quarter: the test can fail.
      expect(misfit(kept, 60_000, 5e6, 1.25e6)).toBeGreaterThan(band)
    }
  })

  it('is none at an infinite half-life', () => {
    const kept = keptByAge(60_000, 2000, 5e6, Infinity, 20)
    const chi2 = kept.reduce((sum, x) => sum + (x - 100) ** 2 / 100, 0)
    expect(chi2).toBeLessThan(band)
  })

  it('keeps its law at a half-life of one second, 50 years after 1970', () => {
    const kept = keptByAge(60_000, 2000, 5000, 1000, 20)
    expect(misfit(kept, 60_000, 5000, 1000)).toBeLessThan(band)
  })

  it('orders equal numbers by time, and refuses a half-life that is none', () => {
    const perMs = decayPerMs(3_600_000)
    expect(
      decayKey(KEY_EPOCH_MS + 3_600_000, 0.5, perMs) - decayKey(KEY_EPOCH_MS, 0.5, perMs),
    ).toBeCloseTo(Math.LN2, 12)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.nat(1e9), (time, later) => {
        expect(decayKey(time + later, 0.3, perMs)).toBeGreaterThanOrEqual(
          decayKey(time, 0.3, perMs),
        )
      }),
    )
    for (const bad of [0, -1, NaN]) expect(() => decayPerMs(bad)).toThrow(RangeError)
    expect(decayPerMs(Infinity)).toBe(0)
  })
})
