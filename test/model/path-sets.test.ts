import { describe, expect, it } from 'vitest'
import { collectPathSets, PathSetLookup } from '../../src/model/path-sets.ts'
import { PROFILE_STRIDE, ProfileScratch } from '../../src/profile/profile.ts'

function scratchOf(...paths: number[]): ProfileScratch {
  const scratch = new ProfileScratch(new Int32Array(0))
  scratch.load({
    paths: Int32Array.from(paths),
    values: new Float32Array(paths.length * PROFILE_STRIDE),
    status: 0,
    categories: new Int32Array(0),
  })
  return scratch
}

/** `times` observations of each set. */
function lookupOf(...sets: readonly [times: number, ...paths: number[]][]): PathSetLookup {
  const all = sets.flatMap(([times, ...paths]) =>
    Array.from({ length: times }, () => Int32Array.from(paths)),
  )
  return new PathSetLookup(collectPathSets(all))
}

describe('known sets of call paths', () => {
  const lookup = lookupOf([2, 2, 3, 4], [1, 2, 3])

  it('know a set of paths whatever its order', () => {
    expect(lookup.novelty(scratchOf(4, 2, 3))).toEqual({ nats: 0, isKnown: true, path: -1 })
  })

  it('name what the nearest set has and a new combination lacks', () => {
    // {2, 4} against {2, 3, 4}: 1 of 3 differs; against {2, 3}: 2 of 3.
    expect(lookup.differences(scratchOf(2, 4))).toEqual([{ path: 3, isThere: false }])
    expect(lookup.novelty(scratchOf(2, 4)).path).toBe(3)
  })

  it('name only the unseen paths of a set that has some', () => {
    expect(lookup.differences(scratchOf(2, 9, 4))).toEqual([{ path: 9, isThere: true }])
  })

  it('keep the most frequent ones and count the others', () => {
    const many = Array.from({ length: 700 }, (_, i) => Int32Array.of(2, 10 + i))
    const pathSets = collectPathSets([...many, Int32Array.of(2, 10 + 699)])
    expect(pathSets.signatures).toHaveLength(512)
    expect(pathSets.dropped).toBe(188)
    expect(pathSets.known).toHaveLength(701)
    expect(new PathSetLookup(pathSets).novelty(scratchOf(2, 709)).nats).toBe(0)
  })
})

describe('the surprise of a known set', () => {
  const lookup = lookupOf([95, 2, 3, 4], [4, 2, 3, 5], [1, 2, 3, 6])

  it('is how often the sets around it are as rare: once in 100, 5 times, always', () => {
    expect(lookup.novelty(scratchOf(2, 3, 6)).nats).toBeCloseTo(Math.log(101 / 2), 12)
    expect(lookup.novelty(scratchOf(2, 3, 5)).nats).toBeCloseTo(Math.log(101 / 6), 12)
    expect(lookup.novelty(scratchOf(2, 3, 4)).nats).toBe(0)
  })

  it('names what a more frequent one has or lacks, and nothing of the most frequent one', () => {
    expect(lookup.differences(scratchOf(2, 3, 6))).toEqual([
      { path: 6, isThere: true },
      { path: 4, isThere: false },
    ])
    expect(lookup.differences(scratchOf(2, 3, 4))).toEqual([])
  })

  it('is nothing where every request has a set of its own', () => {
    const varied = Array.from({ length: 50 }, (_, i): [number, ...number[]] => [1, 2, 3, 10 + i])
    expect(lookupOf(...varied).novelty(scratchOf(2, 3, 10)).nats).toBe(0)
  })
})

describe('the surprise of a set never seen', () => {
  it('is that of its neighbourhood: 98 of one set and 2 loners bring 3 new in 101', () => {
    const lookup = lookupOf([98, 2, 3, 4, 5], [1, 2, 3, 4], [1, 2, 3, 5])
    expect(lookup.novelty(scratchOf(2, 4, 5)).nats).toBeCloseTo(Math.log(101 / 3), 12)
  })

  it('is small where every request has a set of its own', () => {
    const varied = Array.from({ length: 50 }, (_, i): [number, ...number[]] => [1, 2, 3, 10 + i])
    const { nats } = lookupOf(...varied).novelty(scratchOf(2, 3, 10, 11))
    expect(nats).toBeCloseTo(0, 12)
  })

  it('does not hear of what far-off sets bring', () => {
    const varied = Array.from({ length: 50 }, (_, i): [number, ...number[]] => [1, 90, 91, 100 + i])
    // {2, 3} is alike to {2, 3, 4} only, which was seen 40 times and never brought anything.
    const lookup = lookupOf([40, 2, 3, 4], ...varied)
    expect(lookup.novelty(scratchOf(2, 3)).nats).toBeCloseTo(Math.log(41), 12)
  })

  it('is greater for a path never seen than for a new combination of known ones', () => {
    const lookup = lookupOf([90, 2, 3, 4, 5], [1, 2, 3], [1, 2, 4], [1, 2, 5])
    const combination = lookup.novelty(scratchOf(2, 3, 4)).nats
    // {2, 5} shares one path of four with it: no neighbour.
    expect(combination).toBeCloseTo(Math.log(93 / 3), 12)
    expect(lookup.novelty(scratchOf(2, 3, 4, 5, 9)).nats).toBeCloseTo(Math.log(94), 12)
  })

  it('is no greater for a path never seen where each request brings one', () => {
    const varied = Array.from({ length: 50 }, (_, i): [number, ...number[]] => [1, 2, 3, 10 + i])
    expect(lookupOf(...varied).novelty(scratchOf(2, 3, 99)).nats).toBeCloseTo(0, 12)
  })

  it('is all that the stratum can say where nothing is alike', () => {
    expect(lookupOf([30, 2, 3]).novelty(scratchOf(7, 8)).nats).toBeCloseTo(Math.log(31), 12)
  })
})
