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

describe('known sets of call paths', () => {
  const lookup = new PathSetLookup(
    collectPathSets([Int32Array.of(2, 3, 4), Int32Array.of(2, 3), Int32Array.of(2, 3, 4)]),
  )

  it('know a set of paths whatever its order', () => {
    expect(lookup.novelty(scratchOf(4, 2, 3))).toEqual({ score: 0, path: -1 })
  })

  it('measure a new combination of known paths by Jaccard distance, and name the missing path', () => {
    // {2, 4} against {2, 3, 4}: 1 of 3 differs; against {2, 3}: 2 of 3.
    expect(lookup.novelty(scratchOf(2, 4))).toEqual({ score: 1 / 3, path: 3 })
  })

  it('put any unseen path above every combination of known ones, and name it', () => {
    const { score, path } = lookup.novelty(scratchOf(2, 3, 4, 9))
    expect(score).toBeCloseTo(1 + 1 / 4)
    expect(path).toBe(9)
  })

  it('keep the most frequent ones and count the others', () => {
    const many = Array.from({ length: 400 }, (_, i) => Int32Array.of(2, 10 + i))
    const pathSets = collectPathSets([...many, Int32Array.of(2, 10 + 399)])
    expect(pathSets.signatures).toHaveLength(256)
    expect(pathSets.dropped).toBe(144)
    expect(pathSets.known).toHaveLength(401)
    expect(new PathSetLookup(pathSets).novelty(scratchOf(2, 409)).score).toBe(0)
  })
})
