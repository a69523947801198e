import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashWords, SeededRandom, unitFromTraceId } from '../../src/stats/random.ts'

const word = fc.integer({ min: 0, max: 0xffffffff })

/** MurmurHash3_x86_32 in big integers, from its published description, for 16 bytes. */
function murmurOfWords(words: readonly number[], seed: number): number {
  const M = 0xffffffffn
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (32n - by))) & M
  let h = BigInt(seed >>> 0)
  for (const w of words) {
    const k = (rotate((BigInt(w) * 0xcc9e2d51n) & M, 15n) * 0x1b873593n) & M
    h = (rotate(h ^ k, 13n) * 5n + 0xe6546b64n) & M
  }
  h ^= 16n
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & M
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & M
  return Number(h ^ (h >> 16n))
}

describe('hashWords', () => {
  it('equals MurmurHash3 of the same 16 bytes', () => {
    fc.assert(
      fc.property(word, word, word, word, word, (a, b, c, d, seed) => {
        expect(hashWords(a, b, c, d, seed)).toBe(murmurOfWords([a, b, c, d], seed))
      }),
    )
  })

  it('turns about half of its bits over when one bit of a counting id, or of the seed, turns', () => {
    for (let bit = 0; bit < 160; bit++) {
      const turned = new Uint32Array(32)
      for (let i = 0; i < 2000; i++) {
        const words = Uint32Array.of(0, 0, 7, i, 42)
        const before = hashWords(words[0]!, words[1]!, words[2]!, words[3]!, words[4]!)
        words[bit >> 5] = words[bit >> 5]! ^ (1 << (bit & 31))
        const after = hashWords(words[0]!, words[1]!, words[2]!, words[3]!, words[4]!)
        for (let out = 0; out < 32; out++) {
          turned[out] = turned[out]! + (((before ^ after) >>> out) & 1)
        }
      }
      // 1000 ± 22.4; five and a half deviations over 5,120 counts.
      for (const count of turned) expect(Math.abs(count - 1000)).toBeLessThan(124)
    }
  })
})

describe('unitFromTraceId', () => {
  it('stays inside (0, 1), whatever the id', () => {
    fc.assert(
      fc.property(word, word, word, word, word, (a, b, c, d, seed) => {
        const u = unitFromTraceId(Uint32Array.of(9, a, b, c, d), 1, seed)
        expect(u).toBeGreaterThan(0)
        expect(u).toBeLessThan(1)
        expect(Number.isFinite(-Math.log(-Math.log(u)))).toBe(true)
      }),
    )
    // The ends of its range, reached or not.
    expect((0xffffffff * 0x100000 + 0xfffff + 0.5) / 0x10000000000000).toBeLessThan(1)
  })

  it('gives different numbers to 300,000 ids: all its bits are used', () => {
    // 52 bits: one pair in 100,000 runs of this test; with 32 bits there would be ten.
    const seen = new Float64Array(300_000)
    for (let i = 0; i < seen.length; i++) {
      seen[i] = unitFromTraceId(Uint32Array.of(0, 0, i, 1), 0, 5)
    }
    seen.sort()
    let equal = 0
    for (let i = 1; i < seen.length; i++) if (seen[i] === seen[i - 1]) equal++
    expect(equal).toBe(0)
  })

  it('is uniform over ids that only count up, and unrelated between seeds', () => {
    const bins = new Uint32Array(64)
    let covariance = 0
    const n = 64_000
    for (let i = 0; i < n; i++) {
      const words = Uint32Array.of(0, 0, 0, i)
      const u = unitFromTraceId(words, 0, 1)
      bins[Math.floor(u * 64)]!++
      covariance += (u - 0.5) * (unitFromTraceId(words, 0, 2) - 0.5)
    }
    let chi2 = 0
    for (const count of bins) chi2 += (count - n / 64) ** 2 / (n / 64)
    // 63 degrees of freedom: 99.99 % below 113.
    expect(chi2).toBeLessThan(113)
    expect(Math.abs(covariance / n / (1 / 12))).toBeLessThan(4 / Math.sqrt(n))
  })
})

describe('SeededRandom', () => {
  it('draws the same numbers from the same seed, and others from the next one', () => {
    const draw = (seed: number): number[] => {
      const random = new SeededRandom(seed)
      return Array.from({ length: 5 }, () => random.uint32())
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1).filter((x) => draw(2).includes(x))).toEqual([])
  })

  it('goes on from a kept state, through JSON', () => {
    fc.assert(
      fc.property(word, fc.nat(50), (seed, skip) => {
        const random = new SeededRandom(seed)
        for (let i = 0; i < skip; i++) random.next()
        const again = new SeededRandom(JSON.parse(JSON.stringify(random.state())))
        for (let i = 0; i < 20; i++) expect(again.next()).toBe(random.next())
      }),
    )
  })

  it('is uniform in [0, 1) and uncorrelated with its last number', () => {
    const random = new SeededRandom(0)
    const n = 64_000
    const bins = new Uint32Array(64)
    let covariance = 0
    let last = 0.5
    for (let i = 0; i < n; i++) {
      const u = random.next()
      expect(u >= 0 && u < 1).toBe(true)
      bins[Math.floor(u * 64)]!++
      covariance += (u - 0.5) * (last - 0.5)
      last = u
    }
    let chi2 = 0
    for (const count of bins) chi2 += (count - n / 64) ** 2 / (n / 64)
    expect(chi2).toBeLessThan(113)
    expect(Math.abs(covariance / n / (1 / 12))).toBeLessThan(4 / Math.sqrt(n))
  })
})
