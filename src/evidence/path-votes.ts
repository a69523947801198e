import type { IdSets } from '../columns/marks.ts'
import { textOfVote } from '../profile/failures.ts'

/** More categories than anybody configures. */
const CATEGORIES = 64

/** A vote for a value of a category; above 0. */
export function categoryVote(category: number, value: number): number {
  return value * CATEGORIES + category + 1
}

export function readCategoryVote(vote: number): { category: number; value: number } {
  const value = Math.floor((vote - 1) / CATEGORIES)
  return { category: vote - 1 - value * CATEGORIES, value }
}

/** Takes note of what a vote may be for: a path, a value of a category, or the text of an error. */
export function useVote(used: IdSets, vote: number): void {
  used.paths.add(Math.abs(vote))
  if (vote <= 0) return
  used.values.add(readCategoryVote(vote).value)
  used.values.add(textOfVote(vote))
}

/** Distinct paths remembered of one series. */
const MOST_PATHS = 16

/**
 * Which path differs first in the unusual observations of a series (negative: by missing), or which
 * value of a category is unusual, and how often. Bounded.
 */
export class PathVotes {
  /** Votes for paths that found no room. */
  dropped = 0
  readonly #votes = new Map<number, Map<number, number>>()

  add(series: number, path: number): void {
    let votes = this.#votes.get(series)
    if (!votes) {
      votes = new Map()
      this.#votes.set(series, votes)
    }
    const known = votes.get(path)
    if (known !== undefined) votes.set(path, known + 1)
    else if (votes.size < MOST_PATHS) votes.set(path, 1)
    else this.dropped++
  }

  /** The path with most votes, the smaller id where several have as many; 0 without any. */
  leader(series: number): number {
    let leader = 0
    let most = 0
    for (const [path, count] of this.#votes.get(series) ?? []) {
      if (count < most || (count === most && path > leader)) continue
      leader = path
      most = count
    }
    return leader
  }

  /** All that there are votes for. */
  *all(): Generator<number> {
    for (const votes of this.#votes.values()) yield* votes.keys()
  }

  clear(series: number): void {
    this.#votes.delete(series)
  }

  copy(series: number, from: PathVotes, old: number): void {
    const votes = from.#votes.get(old)
    if (votes) this.#votes.set(series, new Map(votes))
  }

  state(): [series: number, votes: [path: number, count: number][]][] {
    return [...this.#votes].map(([series, votes]) => [series, [...votes]])
  }

  restore(state: ReturnType<PathVotes['state']>): void {
    for (const [series, votes] of state) this.#votes.set(series, new Map(votes))
  }
}
