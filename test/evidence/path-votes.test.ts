import { describe, expect, it } from 'vitest'
import { IdSets } from '../../src/columns/marks.ts'
import {
  categoryVote,
  PathVotes,
  readCategoryVote,
  useVote,
} from '../../src/evidence/path-votes.ts'

function voted(...paths: number[]): PathVotes {
  const votes = new PathVotes()
  for (const path of paths) votes.add(1, path)
  return votes
}

describe('votes for a path', () => {
  it('are led by the most frequent one, the smaller id among equals, missing ones negative', () => {
    expect(voted().leader(1)).toBe(0)
    expect(voted(5, 7, 7).leader(1)).toBe(7)
    expect(voted(7, 5, 5, 7).leader(1)).toBe(5)
    expect(voted(5, 7, 7, 5).leader(1)).toBe(5)
    expect(voted(5, -7).leader(1)).toBe(-7)
    expect(voted(5, 7, 7).leader(2)).toBe(0)
  })

  it('are for sixteen paths at most; others are counted', () => {
    const votes = voted(...Array.from({ length: 18 }, (_, i) => i + 1))
    expect(votes.dropped).toBe(2)
    votes.add(1, 18)
    votes.add(1, 16)
    expect(votes.dropped).toBe(3)
    expect(votes.leader(1)).toBe(16)
  })

  it('are copied for good, and cleared', () => {
    const votes = voted(5)
    const other = new PathVotes()
    other.copy(3, votes, 1)
    other.copy(4, votes, 2)
    votes.add(1, 4)
    votes.add(1, 4)
    expect([other.leader(3), other.leader(4), votes.leader(1)]).toEqual([5, 0, 4])
    other.clear(3)
    expect(other.leader(3)).toBe(0)
  })

  it('are all that there are, of all series', () => {
    const votes = voted(5, -7, 5)
    votes.add(2, 9)
    expect([...votes.all()]).toEqual([5, -7, 9])
  })

  it('are the same from a state', () => {
    const votes = voted(5, 7, 7)
    expect(votes.state()).toEqual([
      [
        1,
        [
          [5, 1],
          [7, 2],
        ],
      ],
    ])
    const other = new PathVotes()
    other.restore(votes.state())
    expect(other.state()).toEqual(votes.state())
    other.add(1, 5)
    other.add(1, 5)
    expect([other.leader(1), votes.leader(1)]).toEqual([5, 7])
  })

  it('name a value of a category, never 0', () => {
    for (const category of [0, 1, 63]) {
      for (const value of [0, 1, 900]) {
        const vote = categoryVote(category, value)
        expect(vote).toBeGreaterThan(0)
        expect(readCategoryVote(vote)).toEqual({ category, value })
      }
    }
  })

  it('hold on to the path or the value that they may be for', () => {
    const missing = new IdSets()
    useVote(missing, -7)
    expect([[...missing.paths], [...missing.values]]).toEqual([[7], []])
    const value = new IdSets()
    useVote(value, categoryVote(3, 12))
    expect([...value.values]).toContain(12)
  })
})
