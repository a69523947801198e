import type { Points } from '../../src/kmedoids/points.ts'
import type { Matrix } from '../oracle/pam.ts'

/** A clustering problem in both forms: flat for the code, nested for the oracle. */
export interface Instance {
  readonly n: number
  readonly distances: Float32Array
  readonly weights: Float64Array
  readonly matrix: Matrix
  readonly weightList: readonly number[]
}

/** L1 distances, rounded to f32 in both forms, so that both solve the same problem. */
export function instanceOf(
  points: readonly (readonly number[])[],
  weights?: readonly number[],
): Instance {
  const matrix = points.map((p) =>
    points.map((q) => {
      let sum = 0
      for (let i = 0; i < p.length; i++) sum += Math.abs(p[i]! - q[i]!)
      return Math.fround(sum)
    }),
  )
  return instanceOfMatrix(matrix, weights)
}

export function instanceOfMatrix(matrix: Matrix, weights?: readonly number[]): Instance {
  const weightList = weights ?? matrix.map(() => 1)
  return {
    n: matrix.length,
    distances: flatten(matrix),
    weights: Float64Array.from(weightList),
    matrix: matrix.map((row) => row.map(Math.fround)),
    weightList,
  }
}

function flatten(matrix: Matrix): Float32Array {
  const flat = new Float32Array(matrix.length * matrix.length)
  matrix.forEach((row, i) => {
    flat.set(row, i * matrix.length)
  })
  return flat
}

/** `n` points around `centres` random centres in [0, 1)^dimensions; spread 0.1 of the cube. */
export function blobs(
  n: number,
  centres: number,
  dimensions: number,
  random: () => number,
): number[][] {
  const at = Array.from({ length: centres }, () => Array.from({ length: dimensions }, random))
  return Array.from({ length: n }, () => {
    const centre = at[Math.floor(random() * centres)]!
    return centre.map((x) => x + 0.1 * (random() + random() + random() - 1.5))
  })
}

/** k distinct indices below n. */
export function pick(n: number, k: number, random: () => number): Int32Array {
  const all = Array.from({ length: n }, (_, i) => i)
  for (let i = 0; i < k; i++) {
    const j = i + Math.floor(random() * (n - i))
    ;[all[i], all[j]] = [all[j]!, all[i]!]
  }
  return Int32Array.from(all.slice(0, k))
}

/** Rows as points for the distances. */
export function pointsOf(rows: readonly (readonly number[])[]): Points {
  return { n: rows.length, p: rows[0]?.length ?? 0, values: Float32Array.from(rows.flat()) }
}
