import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitScales } from '../../src/model/fit-scales.ts'
import { Scaler } from '../../src/model/scales.ts'
import { collectShapes, ShapeSurprise } from '../../src/model/shape-surprise.ts'
import {
  PROFILE_STRIDE,
  type Profile,
  ProfileScratch,
  packProfiles,
} from '../../src/profile/profile.ts'

interface Made {
  /** Path, count and errors. */
  readonly elements: readonly (readonly [path: number, count: number, errors: number])[]
  readonly category?: number
}

function profileOf({ elements, category = 5 }: Made): Profile {
  const sorted = elements.toSorted(([a], [b]) => a - b)
  const values = new Float32Array(sorted.length * PROFILE_STRIDE)
  sorted.forEach(([, count, errors], i) => {
    values.set([count, 5, 4, errors], i * PROFILE_STRIDE)
  })
  return {
    paths: Int32Array.from(sorted, ([path]) => path),
    values,
    status: 0,
    categories: Int32Array.of(category),
  }
}

function surpriseOf(profiles: readonly Profile[]): ShapeSurprise {
  const weight = new Float64Array(profiles.length).fill(1)
  const ranges = [{ stratum: 2, from: 0, to: profiles.length }]
  const scales = fitScales(packProfiles(profiles, 1), weight, ranges)
  const scaled = profiles.map((profile) => ({ ...profile, scaled: new Float32Array(0) }))
  return new ShapeSurprise(collectShapes(scaled, 1), new Scaler(scales))
}

function scratchOf(made: Made): ProfileScratch {
  const scratch = new ProfileScratch(new Int32Array(1))
  scratch.load(profileOf(made))
  return scratch
}

const NORMAL: Made = {
  elements: [
    [2, 1, 0],
    [3, 4, 0],
  ],
}
/** 98 times the same, with one to four calls of path 3; twice path 3 failed. */
const known = [
  ...Array.from({ length: 96 }, (_, i) =>
    profileOf({
      elements: [
        [2, 1, 0],
        [3, 1 + (i % 4), 0],
      ],
    }),
  ),
  ...[0, 1].map(() =>
    profileOf({
      elements: [
        [2, 1, 0],
        [3, 1, 1],
      ],
    }),
  ),
]

describe('the surprise of a shape', () => {
  const shape = surpriseOf(known)

  it('is nothing for what is known', () => {
    expect(shape.of(scratchOf(NORMAL), false)).toBe(0)
    expect(shape).toMatchObject({ structure: 0, differingPath: -1 })
  })

  it('of an error is how rarely the element fails, of several that of the rarest', () => {
    const once: Made = {
      elements: [
        [2, 1, 0],
        [3, 1, 1],
      ],
    }
    expect(shape.of(scratchOf(once), false)).toBeCloseTo(Math.log(100 / 3), 12)
    const both: Made = {
      elements: [
        [2, 1, 1],
        [3, 1, 1],
      ],
    }
    expect(shape.of(scratchOf(both), false)).toBeCloseTo(Math.log(100), 12)
  })

  it('of repetition begins beyond the most ever seen, and grows with the factor', () => {
    const times = (count: number): number =>
      shape.of(
        scratchOf({
          elements: [
            [2, 1, 0],
            [3, count, 0],
          ],
        }),
        false,
      )
    expect(times(4)).toBe(0)
    expect(times(8)).toBeCloseTo(Math.log(99) + Math.LN2, 12)
    expect(times(400)).toBeCloseTo(Math.log(99) + Math.log(100), 12)
  })

  it('of a category is that of a new value where values hardly ever are new', () => {
    expect(shape.of(scratchOf({ ...NORMAL, category: 6 }), false)).toBeCloseTo(Math.log(99), 12)
    const users = surpriseOf(
      known.map((one, i) => ({ ...one, categories: Int32Array.of(100 + i) })),
    )
    expect(users.of(scratchOf({ ...NORMAL, category: 6 }), false)).toBe(0)
  })

  it('names the path that an unseen set has', () => {
    const unseen: Made = {
      elements: [
        [2, 1, 0],
        [3, 1, 0],
        [9, 1, 0],
      ],
    }
    expect(shape.of(scratchOf(unseen), false)).toBeCloseTo(Math.log(99), 12)
    expect(shape.differingPath).toBe(9)
  })

  it('of a known set is how rare it is, where there is no time to ask for', () => {
    const rare: Made = {
      elements: [
        [2, 1, 0],
        [4, 1, 0],
      ],
    }
    const shape = surpriseOf([...known, profileOf(rare)])
    expect(shape.of(scratchOf(rare), false)).toBe(0)
    expect(shape.of(scratchOf(rare), true)).toBeCloseTo(Math.log(100 / 2), 12)
    expect(shape).toMatchObject({ structure: 0, differingPath: -1 })
  })

  it('is exactly the sum of its named parts, none of them negative', () => {
    const element = fc.tuple(
      fc.integer({ min: 2, max: 7 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 3 }),
    )
    const made = fc.record({
      elements: fc.uniqueArray(element, { minLength: 1, maxLength: 6, selector: ([path]) => path }),
      category: fc.integer({ min: 0, max: 7 }),
    })
    fc.assert(
      fc.property(
        fc.array(made, { minLength: 1, maxLength: 20 }),
        made,
        fc.boolean(),
        (all, one, timeless) => {
          const shape = surpriseOf(all.map(profileOf))
          const scratch = scratchOf(one)
          const nats = shape.of(scratch, timeless)
          let sum = 0
          shape.explain(scratch, timeless, (_term, _element, _measure, _value, part) => {
            expect(part).toBeGreaterThanOrEqual(0)
            sum += part
          })
          expect(Math.abs(sum - nats)).toBeLessThan(1e-9)
        },
      ),
    )
  })
})
