import type { MixNull } from '../baseline/mix-null.ts'
import type { Denominator } from '../baseline/signals.ts'
import { grownTo } from '../columns/grown-array.ts'

/**
 * By which call paths the occurrences of the running bucket came: flat counters by path, for the
 * places and parents whose null depends on the mix of requests.
 */
export class MixCounts {
  // By path: occurrences; runs; occurrences in complete observations.
  readonly #n: Uint32Array<ArrayBuffer>
  readonly #runs: Uint32Array<ArrayBuffer>
  readonly #parents: Uint32Array<ArrayBuffer>
  #touched = new Int32Array(64)
  #touchedCount = 0

  constructor(mixes: Iterable<MixNull>) {
    let paths = 0
    for (const mix of mixes) for (const path of mix.paths) paths = Math.max(paths, path + 1)
    this.#n = new Uint32Array(paths)
    this.#runs = new Uint32Array(paths)
    this.#parents = new Uint32Array(paths)
  }

  /** Counts of the running bucket by path. */
  of(denominator: Denominator): Uint32Array<ArrayBuffer> {
    if (denominator === 'runs') return this.#runs
    return denominator === 'parents' ? this.#parents : this.#n
  }

  take(path: number): void {
    this.#add(this.#n, path)
  }

  takeRun(path: number): void {
    this.#add(this.#runs, path)
  }

  takeParent(path: number): void {
    this.#add(this.#parents, path)
  }

  clear(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const path = this.#touched[i]!
      this.#n[path] = 0
      this.#runs[path] = 0
      this.#parents[path] = 0
    }
    this.#touchedCount = 0
  }

  /** Paths beyond the known ones are among all others. */
  #add(counts: Uint32Array, path: number): void {
    if (path >= counts.length) return
    if (counts[path]!++ > 0) return
    this.#touched = grownTo(this.#touched, this.#touchedCount + 1)
    this.#touched[this.#touchedCount++] = path
  }

  /** What was touched, with what was counted of it. */
  state(): MixCountsState {
    const paths = Int32Array.from(new Set(this.#touched.subarray(0, this.#touchedCount)))
    const pick = (counts: Uint32Array): Uint32Array<ArrayBuffer> =>
      Uint32Array.from(paths, (path) => counts[path]!)
    return { paths, n: pick(this.#n), runs: pick(this.#runs), parents: pick(this.#parents) }
  }

  /** Takes over a state; only valid on fresh counts of the same mixes. */
  restore({ paths, n, runs, parents }: MixCountsState): void {
    this.#touched = grownTo(paths.slice(), 64)
    this.#touchedCount = paths.length
    for (let i = 0; i < paths.length; i++) {
      this.#n[paths[i]!] = n[i]!
      this.#runs[paths[i]!] = runs[i]!
      this.#parents[paths[i]!] = parents[i]!
    }
  }
}

export interface MixCountsState {
  readonly paths: Int32Array<ArrayBuffer>
  readonly n: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
}
