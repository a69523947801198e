import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Alignment } from '../../src/distance/alignment.ts'
import { Dissimilarity, TERMS } from '../../src/distance/dissimilarity.ts'
import {
  PROFILE_STRIDE,
  ProfileScratch,
  SCALED_STRIDE,
  type ScaledProfile,
} from '../../src/profile/profile.ts'

/** Random observations of one stratum, with and without elements in common. */
const observation = fc
  .record({
    paths: fc.uniqueArray(fc.integer({ min: 2, max: 12 }), { minLength: 1, maxLength: 8 }),
    counts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 8, maxLength: 8 }),
    errors: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
    scaled: fc.array(fc.float({ min: -0.5, max: 1, noNaN: true }), {
      minLength: 16,
      maxLength: 16,
    }),
    status: fc.integer({ min: 0, max: 2 }),
    categories: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 2 }),
  })
  .map(({ paths, counts, errors, scaled, status, categories }): ScaledProfile => {
    const sorted = Int32Array.from(paths).sort()
    const values = new Float32Array(sorted.length * PROFILE_STRIDE)
    for (let i = 0; i < sorted.length; i++) {
      const count = counts[i]!
      values.set(
        [count, 5 + scaled[i]!, 4 + scaled[i + 8]!, Math.min(count, errors[i]!)],
        i * PROFILE_STRIDE,
      )
    }
    return {
      paths: sorted,
      values,
      scaled: Float32Array.from(scaled.slice(0, sorted.length * SCALED_STRIDE)),
      status,
      categories: Int32Array.from(categories),
    }
  })

function load(profile: ScaledProfile): ProfileScratch {
  const scratch = new ProfileScratch(new Int32Array(2))
  scratch.load(profile)
  scratch.scaled.set(profile.scaled)
  return scratch
}

const aligned = (x: ScaledProfile, m: ScaledProfile): Alignment => {
  const alignment = new Alignment()
  alignment.align(load(x), m)
  return alignment
}

describe.each(Object.entries(TERMS))('the term %s', (_, { term }) => {
  it('is in [0, 1], symmetric, and 0 from an observation to itself', () => {
    fc.assert(
      fc.property(observation, observation, (x, m) => {
        const there = term.distance(aligned(x, m))
        expect(there).toBeGreaterThanOrEqual(0)
        expect(there).toBeLessThanOrEqual(1 + 1e-12)
        expect(term.distance(aligned(m, x))).toBeCloseTo(there, 9)
        expect(term.distance(aligned(x, x))).toBe(0)
      }),
    )
  })
})

describe('the structure term', () => {
  it('keeps the triangle inequality', () => {
    const { term } = TERMS.structure
    fc.assert(
      fc.property(observation, observation, observation, (a, b, c) => {
        const direct = term.distance(aligned(a, c))
        const detour = term.distance(aligned(a, b)) + term.distance(aligned(b, c))
        expect(direct).toBeLessThanOrEqual(detour + 1e-9)
      }),
    )
  })
})

describe('the dissimilarity', () => {
  const dissimilarity = new Dissimilarity()

  it('has weights that sum to 1', () => {
    expect(Object.values(TERMS).reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12)
  })

  it('gives up early only beyond the limit', () => {
    fc.assert(
      fc.property(
        observation,
        observation,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (x, m, limit) => {
          const scratch = load(x)
          const whole = dissimilarity.distance(scratch, m)
          const early = dissimilarity.distance(scratch, m, limit)
          if (whole <= limit) expect(early).toBe(whole)
          else expect(early).toBeGreaterThan(limit)
        },
      ),
    )
  })

  it('is 1 term by hand: one of four paths missing, nothing else', () => {
    const four: ScaledProfile = {
      paths: Int32Array.of(2, 3, 4, 5),
      values: Float32Array.from([1, 5, 4, 0, 1, 5, 4, 0, 1, 5, 4, 0, 1, 5, 4, 0]),
      scaled: new Float32Array(8),
      status: 0,
      categories: new Int32Array(2),
    }
    const three = {
      ...four,
      paths: Int32Array.of(2, 3, 4),
      values: four.values.slice(0, 12),
      scaled: new Float32Array(6),
    }
    expect(dissimilarity.distance(load(three), four)).toBeCloseTo(0.25 * (1 / 4), 12)
  })
})
