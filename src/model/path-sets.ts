import { LRUCache } from 'lru-cache'
import { type ProfileScratch, signatureOf } from '../profile/profile.ts'

/** Most sets remembered of one stratum: the most frequent ones. */
const MOST_PATH_SETS = 256

/** The sets of call paths that a stratum is known to have, and the paths in any of them. */
export interface PathSets {
  /** Order-free hash of each set. */
  readonly signatures: Uint32Array<ArrayBuffer>
  /** Set i: paths [offsets[i], offsets[i + 1]), ascending. */
  readonly offsets: Int32Array<ArrayBuffer>
  readonly paths: Int32Array<ArrayBuffer>
  /** Every path of the stratum's sample, ascending; also those of sets that found no room. */
  readonly known: Int32Array<ArrayBuffer>
  /** Distinct sets that found no room. */
  readonly dropped: number
}

/** The distinct path sets of a sample; `pathSets[i]` ascending. */
export function collectPathSets(pathSets: readonly Int32Array[]): PathSets {
  const bySignature = new Map<number, { paths: Int32Array; count: number }>()
  const known = new Set<number>()
  for (const paths of pathSets) {
    const signature = signatureOf(paths)
    const counted = bySignature.get(signature)
    if (counted) counted.count++
    else bySignature.set(signature, { paths, count: 1 })
    for (const path of paths) known.add(path)
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
    known: Int32Array.from(known).sort(),
    dropped: all.length - kept.length,
  }
}

/** How unlike all known sets the call paths of a trace are, and where it begins to differ. */
export interface Novelty {
  /**
   * 0 for a known set; else the Jaccard distance of the trace's set to the nearest known one, plus
   * 1 if it has a path that no known trace of the stratum has. In [0, 2].
   */
  readonly score: number
  /** The path that differs first: an unseen one, else an extra one, else a missing one; -1: none. */
  readonly path: number
}

const NOT_NOVEL: Novelty = { score: 0, path: -1 }

/** Looks traces up among the path sets of one stratum. Remembers answers; the memory is bounded. */
export class PathSetLookup {
  readonly #pathSets: PathSets
  readonly #bySignature = new Set<number>()
  readonly #known: Set<number>
  /** Answers by signature: the unusual sets of an incident come again and again. */
  readonly #answers = new LRUCache<number, Novelty>({ max: 4 * MOST_PATH_SETS })

  constructor(pathSets: PathSets) {
    this.#pathSets = pathSets
    for (const signature of pathSets.signatures) this.#bySignature.add(signature)
    this.#known = new Set(pathSets.known)
  }

  novelty(x: ProfileScratch): Novelty {
    const signature = x.signature()
    if (this.#bySignature.has(signature)) return NOT_NOVEL
    const before = this.#answers.get(signature)
    if (before) return before
    const answer = this.#measure(x)
    this.#answers.set(signature, answer)
    return answer
  }

  #measure(x: ProfileScratch): Novelty {
    const { offsets, paths, signatures } = this.#pathSets
    let best = 1
    let nearest = -1
    for (let s = 0; s < signatures.length; s++) {
      let shared = 0
      const from = offsets[s]!
      const to = offsets[s + 1]!
      for (let i = from; i < to; i++) if (x.row(paths[i]!) >= 0) shared++
      const union = x.count + (to - from) - shared
      const distance = (union - shared) / union
      if (distance < best) {
        best = distance
        nearest = s
      }
    }
    for (let row = 0; row < x.count; row++) {
      if (!this.#known.has(x.paths[row]!)) return { score: 1 + best, path: x.paths[row]! }
    }
    return { score: best, path: nearest < 0 ? x.paths[0]! : this.#firstDifference(x, nearest) }
  }

  #firstDifference(x: ProfileScratch, set: number): number {
    const { offsets, paths } = this.#pathSets
    const own = new Set(paths.subarray(offsets[set]!, offsets[set + 1]!))
    for (let row = 0; row < x.count; row++) if (!own.has(x.paths[row]!)) return x.paths[row]!
    for (const path of own) if (x.row(path) < 0) return path
    return -1
  }
}
