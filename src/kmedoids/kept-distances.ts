import type { Dissimilarities } from './dissimilarities.ts'
import { KernelBoard } from './kernel-board.ts'

/**
 * All n x n dissimilarities, kept from one fit to the next: when some points are replaced, only theirs
 * are measured anew, O(n c) for c of n. Takes 4 n^2 bytes. Symmetric dissimilarities only.
 */
export class KeptDistances implements Dissimilarities {
  readonly n: number
  readonly name: string
  readonly dear = false
  readonly prepared = null
  /** Row-major; row m holds those from m to all points. */
  readonly matrix: Float32Array

  constructor(data: Dissimilarities) {
    this.n = data.n
    this.name = data.name
    this.matrix = new Float32Array(data.n ** 2)
    this.replace(
      data,
      Int32Array.from({ length: data.n }, (_, i) => i),
    )
  }

  /**
   * `data` has the same number of points, of which only those in `changed` differ from before: a sample
   * whose slots were given to others. Distances that scale by the data (gower) need ranges that stay.
   */
  replace(data: Dissimilarities, changed: Int32Array): void {
    const { n, matrix } = this
    if (data.n !== n) throw new RangeError(`Expected ${n} points as before, got ${data.n}.`)
    const board = new KernelBoard(data, new Float64Array(n), 1)
    for (let i = 0; i < changed.length; i++) matrix.set(board.row(changed, i), changed[i]! * n)
    if (changed.length === n) return
    for (let o = 0; o < n; o++) {
      const row = o * n
      for (let i = 0; i < changed.length; i++)
        matrix[row + changed[i]!] = matrix[changed[i]! * n + o]!
    }
  }

  measure(from: number, targets: Int32Array, into: Float32Array): void {
    const row = from * this.n
    if (targets.length === this.n && isInOrder(targets)) {
      into.set(this.matrix.subarray(row, row + this.n))
      return
    }
    for (let o = 0; o < targets.length; o++) into[o] = this.matrix[row + targets[o]!]!
  }
}

function isInOrder(targets: Int32Array): boolean {
  for (let o = 0; o < targets.length; o++) if (targets[o] !== o) return false
  return true
}
