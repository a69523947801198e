import { LRUCache } from 'lru-cache'
import { type ProfileScratch, signatureOf } from '../profile/profile.ts'

/** Most sets remembered of one stratum: the most frequent ones. */
const MOST_PATH_SETS = 512
/** Answers remembered: the unusual sets of an incident come again and again. */
const MOST_ANSWERS = 1024
/** Sets with a Jaccard distance of at most this are one neighbourhood. */
const NEIGHBOURHOOD = 0.7

/** The sets of call paths that a stratum is known to have, and the paths in any of them. */
export interface PathSets {
  /** Order-free hash of each set. */
  readonly signatures: Uint32Array<ArrayBuffer>
  /** Set i: paths [offsets[i], offsets[i + 1]), ascending. */
  readonly offsets: Int32Array<ArrayBuffer>
  readonly paths: Int32Array<ArrayBuffer>
  /** Sampled observations of each set. */
  readonly counts: Uint32Array<ArrayBuffer>
  /** 1 for a set with a path that only one sampled observation has. */
  readonly broughtPath: Uint8Array<ArrayBuffer>
  /** Every path of the stratum's sample, ascending; also those of sets that found no room. */
  readonly known: Int32Array<ArrayBuffer>
  /** Sampled observations of all sets. */
  readonly observations: number
  /** Distinct sets that found no room. */
  readonly dropped: number
}

/** The distinct path sets of a sample; `pathSets[i]` ascending. */
export function collectPathSets(pathSets: readonly Int32Array[]): PathSets {
  const bySignature = new Map<number, { paths: Int32Array; count: number }>()
  const seen = new Map<number, number>()
  for (const paths of pathSets) {
    const signature = signatureOf(paths)
    const counted = bySignature.get(signature)
    if (counted) counted.count++
    else bySignature.set(signature, { paths, count: 1 })
    for (const path of paths) seen.set(path, (seen.get(path) ?? 0) + 1)
  }
  const all = [...bySignature.entries()].sort((a, b) => b[1].count - a[1].count || a[0] - b[0])
  const kept = all.slice(0, MOST_PATH_SETS)
  const offsets = new Int32Array(kept.length + 1)
  kept.forEach(([, { paths }], i) => {
    offsets[i + 1] = offsets[i]! + paths.length
  })
  const paths = new Int32Array(offsets[kept.length]!)
  kept.forEach(([, one], i) => {
    paths.set(one.paths, offsets[i]!)
  })
  return {
    signatures: Uint32Array.from(kept, ([signature]) => signature),
    offsets,
    paths,
    counts: Uint32Array.from(kept, ([, { count }]) => count),
    broughtPath: Uint8Array.from(kept, ([, one]) =>
      Number(one.paths.some((path) => seen.get(path) === 1)),
    ),
    known: Int32Array.from(seen.keys()).sort(),
    observations: pathSets.length,
    dropped: all.length - kept.length,
  }
}

/** How surprising the set of call paths of a trace is, and where it begins to differ. */
export interface Novelty {
  /**
   * -ln of how often the sets around it are as rare. Of a set never seen by Good and Turing's estimate
   * (Good, Biometrika 40, 1953): how often a new one comes, or one with a path never seen.
   */
  readonly nats: number
  /** Whether the set is known. */
  readonly isKnown: boolean
  /** The path of a set never seen that differs first: an unseen one, an extra one, a missing one; else -1. */
  readonly path: number
}

/** Looks traces up among the path sets of one stratum. Remembers answers; the memory is bounded. */
export class PathSetLookup {
  readonly #pathSets: PathSets
  /** Observations of each known set, by its signature. */
  readonly #bySignature = new Map<number, number>()
  readonly #known: Set<number>
  readonly #answers = new LRUCache<number, Novelty>({ max: MOST_ANSWERS })

  constructor(pathSets: PathSets) {
    this.#pathSets = pathSets
    pathSets.signatures.forEach((signature, s) => {
      this.#bySignature.set(signature, pathSets.counts[s]!)
    })
    this.#known = new Set(pathSets.known)
  }

  novelty(x: ProfileScratch): Novelty {
    const signature = x.signature()
    const before = this.#answers.get(signature)
    if (before) return before
    const answer = this.#measure(x, this.#bySignature.get(signature) ?? 0)
    this.#answers.set(signature, answer)
    return answer
  }

  /**
   * The paths that make a set new or rare, and whether the trace has them: those never seen, or, in a
   * combination of known ones, those that the nearest set that is more frequent has or lacks. None of the
   * most frequent one.
   */
  differences(x: ProfileScratch): { path: number; isThere: boolean }[] {
    return this.#differences(x, this.#around(x, this.#bySignature.get(x.signature()) ?? 0).nearest)
  }

  /** `nearest`: the set that it is compared with where it has no path never seen; negative: none. */
  #differences(x: ProfileScratch, nearest: number): { path: number; isThere: boolean }[] {
    const own = Array.from(x.paths.subarray(0, x.count))
    const unseen = own.filter((path) => !this.#known.has(path))
    if (unseen.length > 0) return unseen.map((path) => ({ path, isThere: true }))
    const { offsets, paths } = this.#pathSets
    if (nearest < 0) return []
    const usual = paths.subarray(offsets[nearest], offsets[nearest + 1])
    const extra = own.filter((path) => !usual.includes(path))
    const missing = Array.from(usual).filter((path) => x.row(path) < 0)
    return [
      ...extra.map((path) => ({ path, isThere: true })),
      ...missing.map((path) => ({ path, isThere: false })),
    ]
  }

  /** `times`: observations of the set; 0 = it was never seen. */
  #measure(x: ProfileScratch, times: number): Novelty {
    const { nearest, observations, asRare, newPaths } = this.#around(x, times)
    const natsOf = (brought: number): number => Math.log((observations + 1) / (brought + 1))
    if (times > 0) return { nats: natsOf(asRare), isKnown: true, path: -1 }
    const [first] = this.#differences(x, nearest)
    const isUnseen = first !== undefined && !this.#known.has(first.path)
    return { nats: natsOf(isUnseen ? newPaths : asRare), isKnown: false, path: first?.path ?? -1 }
  }

  /**
   * The nearest known set that is more frequent than `times`, and what the neighbourhood brought: its
   * observations, those of sets as rare (of a set never seen: those that were the only one of theirs), and
   * those that brought a path. Without neighbours all of the stratum says that nothing came from where
   * nothing was.
   */
  #around(
    x: ProfileScratch,
    times: number,
  ): {
    nearest: number
    observations: number
    asRare: number
    newPaths: number
  } {
    const { offsets, paths, counts, broughtPath } = this.#pathSets
    const found = { nearest: -1, observations: 0, asRare: 0, newPaths: 0 }
    let best = Infinity
    for (let s = 0; s < counts.length; s++) {
      let shared = 0
      const from = offsets[s]!
      const to = offsets[s + 1]!
      for (let i = from; i < to; i++) if (x.row(paths[i]!) >= 0) shared++
      const union = x.count + (to - from) - shared
      const distance = (union - shared) / union
      if (distance < best && counts[s]! > times) {
        best = distance
        found.nearest = s
      }
      if (distance > NEIGHBOURHOOD) continue
      found.observations += counts[s]!
      if (counts[s]! <= Math.max(1, times)) found.asRare += counts[s]!
      found.newPaths += broughtPath[s]!
    }
    if (found.observations === 0) found.observations = this.#pathSets.observations
    return found
  }
}
