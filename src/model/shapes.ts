import { LRUCache } from 'lru-cache'
import { type ProfileScratch, signatureOf } from '../profile/profile.ts'

/** Most shapes remembered of one stratum: the most frequent ones. */
const MOST_SHAPES = 256

/** The sets of call paths that a stratum is known to have, and the paths in any of them. */
export interface Shapes {
  /** Order-free hash of each set. */
  readonly signatures: Uint32Array<ArrayBuffer>
  /** Set i: paths [offsets[i], offsets[i + 1]), ascending. */
  readonly offsets: Int32Array<ArrayBuffer>
  readonly paths: Int32Array<ArrayBuffer>
  /** Every path of the stratum's sample, ascending; also those of shapes that found no room. */
  readonly known: Int32Array<ArrayBuffer>
  /** Distinct shapes that found no room. */
  readonly dropped: number
}

/** The distinct path sets of a sample; `pathSets[i]` ascending. */
export function collectShapes(pathSets: readonly Int32Array[]): Shapes {
  const bySignature = new Map<number, { paths: Int32Array; count: number }>()
  const known = new Set<number>()
  for (const paths of pathSets) {
    const signature = signatureOf(paths)
    const shape = bySignature.get(signature)
    if (shape) shape.count++
    else bySignature.set(signature, { paths, count: 1 })
    for (const path of paths) known.add(path)
  }
  const all = [...bySignature.entries()].sort((a, b) => b[1].count - a[1].count || a[0] - b[0])
  const kept = all.slice(0, MOST_SHAPES)
  const offsets = new Int32Array(kept.length + 1)
  kept.forEach(([, { paths }], i) => {
    offsets[i + 1] = offsets[i]! + paths.length
  })
  const paths = new Int32Array(offsets[kept.length]!)
  kept.forEach(([, shape], i) => {
    paths.set(shape.paths, offsets[i]!)
  })
  return {
    signatures: Uint32Array.from(kept, ([signature]) => signature),
    offsets,
    paths,
    known: Int32Array.from(known).sort(),
    dropped: all.length - kept.length,
  }
}

/** How unlike all known shapes a trace is, and where it begins to differ. */
export interface Novelty {
  /**
   * 0 for a known shape; else the Jaccard distance of its set of paths to the nearest known one, plus
   * 1 if it has a path that no known trace of the stratum has. In [0, 2].
   */
  readonly score: number
  /** The path that differs first: an unseen one, else an extra one, else a missing one; -1: none. */
  readonly path: number
}

const NOT_NOVEL: Novelty = { score: 0, path: -1 }

/** Looks traces up among the shapes of one stratum. Remembers answers; the memory is bounded. */
export class ShapeLookup {
  readonly #shapes: Shapes
  readonly #bySignature = new Set<number>()
  readonly #known: Set<number>
  /** Answers by signature: the unusual shapes of an incident come again and again. */
  readonly #answers = new LRUCache<number, Novelty>({ max: 4 * MOST_SHAPES })

  constructor(shapes: Shapes) {
    this.#shapes = shapes
    for (const signature of shapes.signatures) this.#bySignature.add(signature)
    this.#known = new Set(shapes.known)
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
    const { offsets, paths, signatures } = this.#shapes
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

  #firstDifference(x: ProfileScratch, shape: number): number {
    const { offsets, paths } = this.#shapes
    const own = new Set(paths.subarray(offsets[shape]!, offsets[shape + 1]!))
    for (let row = 0; row < x.count; row++) if (!own.has(x.paths[row]!)) return x.paths[row]!
    for (const path of own) if (x.row(path) < 0) return path
    return -1
  }
}
