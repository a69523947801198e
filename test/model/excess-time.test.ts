import { describe, expect, it } from 'vitest'
import {
  excessTime,
  explainExcess,
  OCTAVES,
  octaveOf,
  relativeExcess,
} from '../../src/model/excess-time.ts'
import { fitScales } from '../../src/model/fit-scales.ts'
import { Scaler } from '../../src/model/scales.ts'
import {
  logTime,
  MAX_SELF,
  PROFILE_STRIDE,
  type Profile,
  ProfileScratch,
  packProfiles,
} from '../../src/profile/profile.ts'

/** An observation by path and self time in ms. */
function profileOf(selfMs: Readonly<Record<number, number>>): Profile {
  const paths = Int32Array.from(Object.keys(selfMs), Number).sort()
  const values = new Float32Array(paths.length * PROFILE_STRIDE)
  paths.forEach((path, i) => {
    const self = logTime(selfMs[path]! * 1e6)
    values.set([1, self, self, 0], i * PROFILE_STRIDE)
  })
  return { paths, values, status: 0, categories: new Int32Array(0) }
}

function scalerOf(profiles: readonly Profile[]): Scaler {
  const weight = new Float64Array(profiles.length).fill(1)
  const ranges = [{ stratum: 2, from: 0, to: profiles.length }]
  return new Scaler(fitScales(packProfiles(profiles, 0), weight, ranges))
}

function scratchOf(profile: Profile): ProfileScratch {
  const scratch = new ProfileScratch(new Int32Array(0))
  scratch.load(profile)
  return scratch
}

describe('excess time', () => {
  // Path 2 takes 10 to 19 ms: its upper quartile is 17, its median 15. Path 3 takes 1 ms.
  const scaler = scalerOf(Array.from({ length: 10 }, (_, i) => profileOf({ 2: 10 + i, 3: 1 })))
  const time = { excessMs: 0, expectedMs: 0 }

  it('is what each element took beyond its upper quartile, in milliseconds', () => {
    excessTime(scratchOf(profileOf({ 2: 20, 3: 101 })), scaler, time)
    expect(time.excessMs).toBeCloseTo(3 + 100, 3)
    expect(time.expectedMs).toBeCloseTo(15 + 1, 3)
    expect(relativeExcess(time)).toBeCloseTo(103 / Math.sqrt(17), 3)
  })

  it('is nothing for elements that were fast, missing or never seen', () => {
    excessTime(scratchOf(profileOf({ 2: 1, 9: 500 })), scaler, time)
    expect(time.excessMs).toBe(0)
    expect(time.expectedMs).toBeCloseTo(15, 3)
  })

  it('is the sum of its parts, which name the paths', () => {
    const scratch = scratchOf(profileOf({ 2: 20, 3: 101 }))
    excessTime(scratch, scaler, time)
    const parts: (readonly [number, number, number])[] = []
    explainExcess(scratch, scaler, (...part) => parts.push(part))
    expect(parts.map(([path]) => path)).toEqual([2, 3])
    expect(parts[1]?.[1]).toBeCloseTo(101, 3)
    const sum = parts.reduce((total, [, , excessMs]) => total + excessMs, 0)
    expect(Math.abs(sum - time.excessMs)).toBeLessThan(1e-9)
  })

  it('is read from the largest self time of a path that comes several times', () => {
    const profile = profileOf({ 2: 20 })
    profile.values[MAX_SELF] = logTime(117e6)
    excessTime(scratchOf(profile), scaler, time)
    expect(time.excessMs).toBeCloseTo(100, 2)
  })
})

describe('octaves of expected time', () => {
  it('hold what lies within a factor of two, and all there can be', () => {
    expect(octaveOf(0)).toBe(0)
    expect([octaveOf(100), octaveOf(120), octaveOf(200)]).toEqual([7, 7, 8])
    expect(octaveOf(1e12)).toBe(OCTAVES - 1)
  })
})
