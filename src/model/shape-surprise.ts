import type { Term } from '../contract/anomaly.ts'
import {
  COUNT,
  ERRORS,
  PROFILE_STRIDE,
  type ProfileScratch,
  type ScaledProfile,
} from '../profile/profile.ts'
import { collectPathSets, PathSetLookup, type PathSets } from './path-sets.ts'
import type { Scaler } from './scales.ts'

/** What the entry operations of a stratum are known to look like. */
export interface KnownShapes {
  readonly pathSets: PathSets
  /** By configured category: the values seen, ascending, and how many were seen once. */
  readonly categories: readonly CategoryValues[]
}

interface CategoryValues {
  readonly values: Int32Array<ArrayBuffer>
  readonly once: number
}

/** The shapes of the observations of one stratum. */
export function collectShapes(profiles: readonly ScaledProfile[], categories: number): KnownShapes {
  return {
    pathSets: collectPathSets(profiles.map(({ paths }) => paths)),
    categories: Array.from({ length: categories }, (_, c) => {
      const counts = new Map<number, number>()
      for (const { categories } of profiles) {
        counts.set(categories[c]!, (counts.get(categories[c]!) ?? 0) + 1)
      }
      const once = [...counts.values()].filter((count) => count === 1).length
      return { values: Int32Array.from(counts.keys()).sort(), once }
    }),
  }
}

/** One named part of the surprise: a path or the index of a category, what it has, and its nats. */
export type EmitSurprise = (
  term: Term,
  element: number,
  measure: string,
  value: number,
  nats: number,
) => void

/**
 * The shape question: how surprising is what an observation did, whatever the time it took? In nats,
 * -ln of how often such a thing is seen: of its set of call paths, of its rarest error, of the count
 * furthest beyond what was seen, of its newest category. An error or a repetition shows in many
 * elements of one observation, so each term is that of its worst element, not their sum.
 */
export class ShapeSurprise {
  readonly #scaler: Scaler
  readonly #pathSets: PathSetLookup
  readonly #categories: readonly CategoryValues[]
  readonly #observations: number
  /** Surprise of a set of paths never seen, nats, and the path that differs first; of a known one 0 and -1. */
  structure = 0
  differingPath = -1

  constructor({ pathSets, categories }: KnownShapes, scaler: Scaler) {
    this.#scaler = scaler
    this.#pathSets = new PathSetLookup(pathSets)
    this.#categories = categories
    this.#observations = pathSets.observations
  }

  /**
   * Nats of the observation in `x`. How rare a known set of paths is counts where there is no time to ask
   * for (`isTimeless`): a session of log records says nothing else. Where there is, it cost more faults
   * told by their time than it found (docs/quality.md).
   */
  of(x: ProfileScratch, isTimeless: boolean): number {
    const { nats: asRare, path, isKnown } = this.#pathSets.novelty(x)
    this.structure = isKnown ? 0 : asRare
    this.differingPath = isKnown ? -1 : path
    const nats = isTimeless ? asRare : this.structure
    let outcome = 0
    let volume = 0
    for (let row = 0; row < x.count; row++) {
      const failed = this.#errorNats(x, row)
      if (failed > outcome) outcome = failed
      const repeated = this.#countNats(x, row)
      if (repeated > volume) volume = repeated
    }
    let category = 0
    for (let c = 0; c < this.#categories.length; c++) {
      category = Math.max(category, this.#categoryNats(x, c))
    }
    return nats + outcome + volume + category
  }

  /** The parts of `of(x, isTimeless)`: each term shared out among the elements that show it. */
  explain(x: ProfileScratch, isTimeless: boolean, emit: EmitSurprise): void {
    const { nats: asRare, isKnown } = this.#pathSets.novelty(x)
    const nats = isKnown && !isTimeless ? 0 : asRare
    const differences = nats > 0 ? this.#pathSets.differences(x) : []
    for (const { path, isThere } of differences) {
      emit('structure', path, 'presence', Number(isThere), nats / differences.length)
    }
    const rows = Array.from({ length: x.count }, (_, row) => row)
    const value = (row: number, column: number): number => x.values[row * PROFILE_STRIDE + column]!
    for (const [row, part] of shared(rows, (row) => this.#errorNats(x, row))) {
      emit('outcome', x.paths[row]!, 'errors', value(row, ERRORS), part)
    }
    for (const [row, part] of shared(rows, (row) => this.#countNats(x, row))) {
      emit('volume', x.paths[row]!, 'count', value(row, COUNT), part)
    }
    const categories = [...this.#categories.keys()]
    for (const [c, part] of shared(categories, (c) => this.#categoryNats(x, c))) {
      emit('category', c, 'value', x.categories[c]!, part)
    }
  }

  #errorNats(x: ProfileScratch, row: number): number {
    if (x.values[row * PROFILE_STRIDE + ERRORS] === 0) return 0
    const scale = this.#scaler.row(x.paths[row]!)
    const { observations, failing } = this.#scaler.scales
    return scale < 0 ? Math.LN2 : Math.log((observations[scale]! + 2) / (failing[scale]! + 1))
  }

  /** Beyond the most times ever seen, twice as often is half as likely. */
  #countNats(x: ProfileScratch, row: number): number {
    const count = x.values[row * PROFILE_STRIDE + COUNT]!
    if (count === 1) return 0
    const scale = this.#scaler.row(x.paths[row]!)
    if (scale < 0) return 0
    const { observations, mostTimes } = this.#scaler.scales
    const most = mostTimes[scale]!
    return count <= most ? 0 : Math.log(observations[scale]! + 1) + Math.log(count / most)
  }

  #categoryNats(x: ProfileScratch, c: number): number {
    const { values, once } = this.#categories[c]!
    if (values.includes(x.categories[c]!)) return 0
    return Math.log((this.#observations + 1) / (once + 1))
  }
}

/** The elements with nats, each with its share of the largest. */
function shared(
  elements: readonly number[],
  natsOf: (element: number) => number,
): [number, number][] {
  const found = elements.map((element) => [element, natsOf(element)] as const)
  const most = found.reduce((largest, [, nats]) => Math.max(largest, nats), 0)
  const total = found.reduce((sum, [, nats]) => sum + nats, 0)
  return found
    .filter(([, nats]) => nats > 0)
    .map(([element, nats]) => [element, (most * nats) / total])
}
