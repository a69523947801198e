import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  halves,
  MOST_MEMBERS,
  representatives,
  wantsMember,
  withMember,
  withMembers,
} from '../../src/anomaly-clusters/members.ts'
import { DISTANCES, member } from './hand-alarms.ts'

describe('the members of a cluster', () => {
  it('are the same sample whatever the order in which they came', () => {
    const hashes = Array.from({ length: 100 }, (_, i) => (i * 2654435761) >>> 0)
    const sampleOf = (order: readonly number[]): number[] => {
      const members = withMembers(
        [],
        order.map((hash) => member(hash)),
      )
      return members.map(({ hash }) => hash)
    }
    const sample = sampleOf(hashes)
    expect(sample).toEqual([...hashes].sort((a, b) => a - b).slice(0, MOST_MEMBERS))
    expect(sampleOf([...hashes].reverse())).toEqual(sample)
  })

  it('are shown by their medoid and a few that differ from it', () => {
    const alike = Array.from({ length: 8 }, (_, i) => member(i, [2, 3, 4]))
    const members = [...alike, member(8, [2, 3, 4, 5]), member(9, [2, 3, 4, 6])]
    const shown = representatives(members, DISTANCES).map(({ profile: own }) => [...own.paths])
    expect(shown[0]).toEqual([2, 3, 4])
    expect(shown).toContainEqual([2, 3, 4, 5])
    expect(shown).toContainEqual([2, 3, 4, 6])
    expect(shown).toHaveLength(3)
  })

  it('fall in two where they clearly differ, and not where they do not', () => {
    const some = (paths: readonly number[], from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => member(from + i, paths))
    const mixed = [...some([2, 3, 4], 0, 5), ...some([2, 30, 31, 32], 5, 10)]
    const two = halves(mixed, DISTANCES, 0.3, 3)
    expect(two?.map((half) => half.length)).toEqual([5, 5])
    for (const half of two ?? []) {
      expect(new Set(half.map(({ example: { profile: own } }) => own.paths.join())).size).toBe(1)
    }
    expect(halves(some([2, 3, 4], 0, 10), DISTANCES, 0.3, 3)).toBeNull()
    // At least three on each side.
    const few = [...some([2, 3, 4], 0, 5), ...some([2, 30, 31, 32], 5, 8)]
    expect(halves(few, DISTANCES, 0.3, 3)?.map((half) => half.length)).toEqual([5, 3])
    expect(halves(few.slice(0, 7), DISTANCES, 0.3, 3)).toBeNull()
    expect(halves(few.slice(3), DISTANCES, 0.3, 3)).toBeNull()
    expect(halves(few, DISTANCES, 1.01, 3)).toBeNull()
  })

  it('fall in the same two in whatever order they came', () => {
    const here = [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4, 5],
    ]
    const there = [
      [2, 30, 31, 32],
      [2, 30, 31, 32],
      [2, 30, 31, 32],
    ]
    const members = [...there, ...here].map((paths, i) => member(i, paths))
    const hashesOf = (order: typeof members): string[] => {
      const two = halves(order, DISTANCES, 0.3, 3) ?? []
      return two
        .map((half) =>
          half
            .map(({ hash }) => hash)
            .sort()
            .join(' '),
        )
        .sort()
    }
    expect(hashesOf(members)).toEqual(['0 1 2', '3 4 5 6 7'])
    const orders = fc.shuffledSubarray(members, { minLength: members.length })
    fc.assert(
      fc.property(orders, (order) => {
        expect(hashesOf(order)).toEqual(['0 1 2', '3 4 5 6 7'])
      }),
    )
  })

  it('fall in two all the same where one of them is like none of the others', () => {
    // It is farther from all of them than the two halves are from each other.
    const paths = [[50, 51], ...Array(4).fill([2, 3, 4]), ...Array(4).fill([2, 30, 31, 32])]
    const two = halves(
      paths.map((own, i) => member(i, own)),
      DISTANCES,
      0.3,
      3,
    )
    const likeThem = two?.map((half) => half.map(({ hash }) => hash).filter((hash) => hash > 0))
    expect(likeThem?.sort((a, b) => a[0]! - b[0]!)).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ])
  })

  it('are shown by five at most, the medoid first, then what is farthest from all before', () => {
    const paths = [
      [2, 3, 4, 5],
      [2, 3, 4],
      [2, 3],
      [2, 3],
      [9],
      [2, 3, 4, 6],
      [7, 8],
      [2, 3, 5],
      [2, 3],
    ]
    const shown = representatives(
      paths.map((own, i) => member(i, own)),
      DISTANCES,
    )
    expect(shown.map(({ profile: own }) => [...own.paths])).toEqual([
      [2, 3],
      [9],
      [7, 8],
      [2, 3, 4, 5],
      [2, 3, 4, 6],
    ])
  })

  it('are none without any', () => {
    expect(representatives([], DISTANCES)).toEqual([])
    expect(representatives([member(1)], DISTANCES)).toEqual([member(1).example])
  })
})

describe('a full sample', () => {
  const full = Array.from({ length: MOST_MEMBERS }, (_, i) => member(10 * (i + 1)))

  it('wants lesser hashes that it has not, and lets go of the greatest', () => {
    expect(wantsMember(full, 5)).toBe(true)
    expect(wantsMember(full, 10)).toBe(false)
    expect(wantsMember(full, 10 * MOST_MEMBERS - 1)).toBe(true)
    expect(wantsMember(full, 10 * MOST_MEMBERS)).toBe(false)
    expect(wantsMember(full, 10 * MOST_MEMBERS + 1)).toBe(false)
    const hashes = withMember(full, member(15)).map(({ hash }) => hash)
    expect(hashes.slice(0, 3)).toEqual([10, 15, 20])
    expect(hashes).toHaveLength(MOST_MEMBERS)
    expect(hashes).not.toContain(10 * MOST_MEMBERS)
  })

  it('wants anything new while there is room', () => {
    const some = full.slice(0, -1)
    expect(wantsMember(some, 9999)).toBe(true)
    expect(wantsMember(some, 10)).toBe(false)
    expect(withMember(some, member(9999)).at(-1)?.hash).toBe(9999)
  })
})
