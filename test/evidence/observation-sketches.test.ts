import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ObservationSketches, SKETCH_SIZE } from '../../src/evidence/observation-sketches.ts'
import { mix } from '../../src/simulate/random.ts'

function kept(sketches: ObservationSketches, series: number): number[] {
  const from = series * SKETCH_SIZE
  const { hash: hashes, size } = sketches.rows.of
  return [...hashes.slice(from, from + (size[series] ?? 0))]
}

function sketched(...series: (readonly number[])[]): ObservationSketches {
  const sketches = new ObservationSketches(series.length)
  for (const [i, hashes] of series.entries()) for (const hash of hashes) sketches.add(i, hash)
  return sketches
}

/** Hashes of the observations from .. to - 1. */
function observations(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => mix(from + i))
}

const hash = fc.integer({ min: 0, max: 0xffffffff })
const few = fc.integer({ min: 0, max: 60 })

describe('a sketch of observations', () => {
  it('keeps the least distinct hashes, ascending, whatever its neighbours keep', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(hash, few), { maxLength: 200 }),
        fc.array(hash, { maxLength: 80 }),
        (own, other) => {
          const sketches = sketched(other, own, other)
          const least = (hashes: readonly number[]): number[] =>
            [...new Set(hashes)].sort((a, b) => a - b).slice(0, SKETCH_SIZE)
          expect(kept(sketches, 1)).toEqual(least(own))
          expect(kept(sketches, 0)).toEqual(least(other))
          expect(kept(sketches, 2)).toEqual(least(other))
        },
      ),
    )
  })

  it('has room for 24', () => {
    const hashes = Array.from({ length: 30 }, (_, i) => 30 - i)
    expect(kept(sketched(hashes), 0)).toEqual([...hashes].reverse().slice(0, 24))
  })

  it('is empty after it was cleared, and fills anew', () => {
    const sketches = sketched([1, 2, 3], [1, 2, 3])
    sketches.clear(0)
    expect(sketches.overlap(0, 1, 1)).toBe(0)
    sketches.add(0, 2)
    expect(kept(sketches, 0)).toEqual([2])
    expect(kept(sketches, 1)).toEqual([1, 2, 3])
  })

  it('grows and is copied without losing what it holds', () => {
    const sketches = sketched([5, 6])
    sketches.rows.grow(40)
    const other = new ObservationSketches(2)
    other.rows.copy(1, sketches.rows, 0)
    expect(kept(sketches, 0)).toEqual([5, 6])
    expect(kept(other, 1)).toEqual([5, 6])
    sketches.add(39, 7)
    expect(kept(sketches, 39)).toEqual([7])
  })
})

describe('the overlap of two series', () => {
  it('is 2 of 3 for {1, 2, 3} and {2, 3, 4, 5}', () => {
    expect(sketched([1, 2, 3], [2, 3, 4, 5]).overlap(0, 1, 3)).toBeCloseTo(2 / 3, 12)
  })

  it('looks as far as the last hash that a full sketch has, that one included', () => {
    const full = Array.from({ length: 40 }, (_, i) => 1 + i)
    expect(sketched(full, [22, 23, 24]).overlap(0, 1, 3)).toBe(1)
    expect(sketched([22, 23, 24], full).overlap(0, 1, 3)).toBe(1)
    expect(sketched(full, [23, 24, 25]).overlap(0, 1, 3)).toBe(0)
  })

  it('is 0 where fewer hashes than asked for can be compared', () => {
    expect(sketched([1, 2, 3], [1, 2, 3]).overlap(0, 1, 4)).toBe(0)
    expect(sketched([], []).overlap(0, 1, 1)).toBe(0)
  })

  it('is exact and symmetric while both sketches know everything', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(few, { maxLength: SKETCH_SIZE - 1 }),
        fc.uniqueArray(few, { maxLength: SKETCH_SIZE - 1 }),
        (a, b) => {
          const sketches = sketched(a, b)
          const common = a.filter((one) => b.includes(one)).length
          const fewer = Math.min(a.length, b.length)
          expect(sketches.overlap(0, 1, 1)).toBeCloseTo(fewer === 0 ? 0 : common / fewer, 12)
          expect(sketches.overlap(1, 0, 1)).toBe(sketches.overlap(0, 1, 1))
        },
      ),
    )
  })

  it('is 1 for a series with itself and 0 for strangers, however many observations', () => {
    const all = observations(0, 5000)
    const sketches = sketched(all, all, observations(10_000, 15_000))
    expect(sketches.overlap(0, 1, 4)).toBe(1)
    expect(sketches.overlap(0, 2, 4)).toBe(0)
  })

  it('looks no further than the fuller sketch knows: 20 of the 200 that the other has', () => {
    const all = observations(0, 200)
    const least = [...all].sort((a, b) => a - b)
    // Six that the full sketch holds, and fourteen beyond what it remembers.
    const few = [...least.slice(0, 6), ...least.slice(100, 114)]
    expect(sketched(few, all).overlap(0, 1, 4)).toBe(1)
    expect(sketched(all, few).overlap(0, 1, 4)).toBe(1)
    expect(sketched(few, all).overlap(0, 1, 7)).toBe(0)
  })

  it.each([
    ['half', 2500, 0.5],
    ['a tenth', 4500, 0.1],
    ['nine tenths', 500, 0.9],
  ])('estimates %s of common observations without bias', (_, from, truth) => {
    let total = 0
    const runs = 80
    for (let run = 0; run < runs; run++) {
      const base = run * 20_000
      const sketches = sketched(
        observations(base, base + 5000),
        observations(base + from, base + from + 5000),
      )
      total += sketches.overlap(0, 1, 4)
    }
    // Dividing by the fewer of two random counts leans upwards a little.
    expect(total / runs).toBeGreaterThan(truth - 0.04)
    expect(total / runs).toBeLessThan(truth + 0.08)
  })
})
