import type { Dissimilarities, Measure, Prepared } from './dissimilarities.ts'
import { checkPoints, columnName, type Points, selectPoints } from './points.ts'

const DEAR_COLUMNS = 48

/** A way to say how unlike two points are. */
export interface Distance {
  readonly name: string
  /**
   * Checks the points and makes them measurable. Throws RangeError with row, column, what was found
   * and what is allowed.
   */
  of(points: Points): Dissimilarities
}

/** Square root of the summed squared differences. Finite numbers only. */
export const euclidean: Distance = plain('euclidean', 'euclidean')

/** Sum of the absolute differences (L1). Finite numbers only. */
export const manhattan: Distance = plain('manhattan', 'manhattan')

/** Largest absolute difference. Finite numbers only. */
export const chebyshev: Distance = plain('chebyshev', 'chebyshev')

/**
 * 1 - cosine of the angle between two points, 0 … 2. A point at the origin has no angle: it is 1 away
 * from every other and 0 from another one at the origin. Finite numbers only. Not a metric.
 */
export const cosine: Distance = {
  name: 'cosine',
  of: (points) => {
    checkFinite(points, 'cosine')
    return measured('cosine', points.n, {
      measure: 'halfSquare',
      p: points.p + 1,
      values: unitVectors(points),
    })
  },
}

/**
 * 1 - sum of the smaller / sum of the larger values: the Jaccard distance of sets where columns are 0
 * and 1, and its extension to counts (Ruzicka) elsewhere. Values of at least 0. Two empty ones are
 * equal.
 */
export const jaccard: Distance = {
  name: 'jaccard',
  of: (points) => {
    checkEach(points, (v) => v >= 0 && v < Infinity, 'jaccard needs finite numbers of at least 0')
    return measured('jaccard', points.n, {
      measure: 'ruzicka',
      p: points.p,
      values: points.values,
    })
  },
}

/** Share of the columns in which two points differ. A missing value equals only another one. */
export const hamming: Distance = {
  name: 'hamming',
  of: (points) => {
    checkPoints(points)
    const { n, p, values } = points
    // Gower's halves for missing values would not be Hamming's: a missing value is one more value.
    const codes = values.map((v) => (Number.isNaN(v) ? Infinity : v))
    const weights = new Float32Array(p).fill(1 / Math.max(1, p))
    const kinds = new Uint8Array(p).fill(1)
    return measured('hamming', n, { measure: 'gower', p, values: codes, kinds, weights })
  },
}

/** Distances that need no more than a name. */
export const DISTANCES = {
  euclidean,
  manhattan,
  cosine,
  chebyshev,
  jaccard,
  hamming,
} as const satisfies Readonly<Record<string, Distance>>

/**
 * The user's own: a function of two rows that gives a finite number of at least 0. Checked as it is
 * called; the rows are views that must not be kept or changed.
 */
export function userDistance(
  name: string,
  between: (a: Float32Array, b: Float32Array) => number,
): Distance {
  return {
    name,
    of: (points) => {
      checkPoints(points)
      const { n, p, values } = points
      const row = (i: number): Float32Array => values.subarray(i * p, (i + 1) * p)
      return {
        n,
        name,
        dear: true,
        prepared: null,
        measure: (from, targets, into) => {
          const a = row(from)
          for (let o = 0; o < targets.length; o++) {
            const to = targets[o]!
            const d = to === from ? 0 : between(a, row(to))
            if (!(d >= 0 && d < Infinity)) {
              throw new RangeError(
                `Distance ${name} of rows ${from} and ${to} is ${d}; it must be a finite number of at least 0.`,
              )
            }
            into[o] = d
          }
        },
      }
    },
  }
}

/**
 * Dissimilarities that were computed elsewhere: n x n, row-major, row m holds those from m to all points.
 * Throws RangeError unless all are finite, at least 0, and the diagonal is 0.
 */
export function precomputed(matrix: Float32Array, n: number): Dissimilarities {
  if (matrix.length !== n * n) {
    throw new RangeError(`Expected ${n} x ${n} = ${n * n} distances, got ${matrix.length}.`)
  }
  for (let i = 0; i < matrix.length; i++) {
    const d = matrix[i]!
    const from = Math.floor(i / n)
    const to = i - from * n
    if (d >= 0 && d < Infinity && (from !== to || d === 0)) continue
    throw new RangeError(
      `Distance of points ${from} and ${to} is ${d}; it must be ${from === to ? '0' : 'a finite number of at least 0'}.`,
    )
  }
  // The targets last seen to be all points in order: whole rows are copied faster than picked from.
  let whole: Int32Array | null = null
  return {
    n,
    name: 'precomputed',
    dear: false,
    prepared: null,
    measure: (from, targets, into) => {
      const row = from * n
      if (targets !== whole && targets.length === n && targets.every((o, i) => o === i)) {
        whole = targets
      }
      if (targets === whole) {
        into.set(matrix.subarray(row, row + n))
        return
      }
      for (let o = 0; o < targets.length; o++) into[o] = matrix[row + targets[o]!]!
    },
  }
}

function plain(name: string, measure: Measure): Distance {
  return {
    name,
    of: (points) => {
      checkFinite(points, name)
      return measured(name, points.n, { measure, p: points.p, values: points.values })
    },
  }
}

/** The dissimilarities among some of the points, numbered in that order. */
export function subset(data: Dissimilarities, points: Int32Array): Dissimilarities {
  const { name, prepared } = data
  const n = points.length
  if (prepared) {
    const { values } = selectPoints({ n: data.n, p: prepared.p, values: prepared.values }, points)
    return measured(name, n, { ...prepared, values })
  }
  return {
    n,
    name,
    dear: data.dear,
    prepared: null,
    measure: (from, targets, into) => {
      const mapped = targets.map((target) => points[target]!)
      data.measure(points[from]!, mapped, into)
    },
  }
}

/** Dissimilarities that a kernel measures. */
export function measured(name: string, n: number, prepared: Prepared): Dissimilarities {
  return {
    n,
    name,
    // Measured: from about 48 columns on, Gower's being three times as dear, kept rows are faster.
    dear: prepared.p * (prepared.measure === 'gower' ? 3 : 1) >= DEAR_COLUMNS,
    prepared,
    measure: () => {
      throw new Error(`${name} is measured by a kernel.`)
    },
  }
}

function checkFinite(points: Points, name: string): void {
  checkEach(
    points,
    (v) => v - v === 0,
    `${name} needs finite numbers: fill the gap, leave out the row or column, or take gower`,
  )
}

function checkEach(points: Points, allowed: (value: number) => boolean, rule: string): void {
  checkPoints(points)
  const { p, values } = points
  for (let i = 0; i < values.length; i++) {
    if (allowed(values[i]!)) continue
    const row = Math.floor(i / p)
    throw new RangeError(`Row ${row}, ${columnName(points, i - row * p)} is ${values[i]}; ${rule}.`)
  }
}

/** Each point divided by its length; one column more, in which points at the origin are 1. */
function unitVectors({ n, p, values }: Points): Float32Array {
  const units = new Float32Array(n * (p + 1))
  for (let i = 0; i < n; i++) {
    let most = 0
    for (let j = 0; j < p; j++) most = Math.max(most, Math.abs(values[i * p + j]!))
    if (most === 0) {
      units[i * (p + 1) + p] = 1
      continue
    }
    let square = 0
    for (let j = 0; j < p; j++) square += (values[i * p + j]! / most) ** 2
    const length = most * Math.sqrt(square)
    for (let j = 0; j < p; j++) units[i * (p + 1) + j] = values[i * p + j]! / length
  }
  return units
}
