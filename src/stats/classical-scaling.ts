/** Points on a plane, and the share of their spread that it holds. */
export interface PlaneMap {
  readonly x: Float64Array
  readonly y: Float64Array
  /** In [0, 1]: the two largest eigenvalues over the sum of the positive ones, that is the trace. */
  readonly kept: number
}

/**
 * Vectors iterated together: more than the two that are wanted, because what is left over decides how
 * fast the two settle, and because a large negative eigenvalue (no plane holds such distances) takes one.
 */
const BLOCK = 8
const ROUNDS = 80

/**
 * Classical scaling (Torgerson 1952, Gower 1966): points on a plane whose distances come as near to
 * the given ones as two dimensions allow. B = -1/2 J D² J, whose two largest eigenvectors, times the
 * root of their eigenvalues, are the coordinates; found by subspace iteration with a Rayleigh–Ritz step
 * from a fixed start, so that the same distances give the same map. An axis points where its largest
 * coordinate is.
 *
 * `distances` is n x n, row-major, symmetric; O(n²) a round, n² doubles of memory.
 */
export function classicalScaling(distances: ArrayLike<number>, n: number): PlaneMap {
  const matrix = doubleCentred(distances, n)
  let trace = 0
  for (let i = 0; i < n; i++) trace += matrix[i * n + i]!
  const block = Math.min(BLOCK, n)
  const start = Array.from({ length: block }, (_, b) =>
    Float64Array.from({ length: n }, (_, i) => Math.sin((i + 1) * (12.9898 + b * 7.233) + b)),
  )
  let basis = orthonormal(start)
  for (let round = 0; round < ROUNDS; round++) {
    basis = orthonormal(basis.map((vector) => times(matrix, vector)))
  }
  const [first, second] = largestPairs(matrix, basis)
  const sum = (first?.value ?? 0) + (second?.value ?? 0)
  const kept = trace > 0 ? Math.min(1, sum / Math.max(trace, sum)) : 1
  return { x: coordinates(first, n), y: coordinates(second, n), kept }
}

interface Eigenpair {
  readonly vector: Float64Array
  readonly value: number
}

function doubleCentred(distances: ArrayLike<number>, n: number): Float64Array {
  const centred = new Float64Array(n * n)
  const means = new Float64Array(n)
  let mean = 0
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += distances[i * n + j]! ** 2
    means[i] = sum / n
    mean += sum / n / n
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      centred[i * n + j] = -0.5 * (distances[i * n + j]! ** 2 - means[i]! - means[j]! + mean)
    }
  }
  return centred
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length
  const product = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += matrix[i * n + j]! * vector[j]!
    product[i] = sum
  }
  return product
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Gram–Schmidt, twice for its rounding; what depends on the others is left out. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const found: Float64Array[] = []
  for (const one of vectors) {
    const vector = one.slice()
    const before = Math.sqrt(dot(vector, vector))
    for (let pass = 0; pass < 2; pass++) {
      for (const other of found) {
        const along = dot(vector, other)
        for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! - along * other[i]!
      }
    }
    const length = Math.sqrt(dot(vector, vector))
    if (!(length > before * 1e-10)) continue
    found.push(vector.map((value) => value / length))
  }
  return found
}

/** Rayleigh–Ritz: the best two eigenpairs within the span of the basis. */
function largestPairs(matrix: Float64Array, basis: readonly Float64Array[]): Eigenpair[] {
  const b = basis.length
  const images = basis.map((vector) => times(matrix, vector))
  const small = basis.map((row) => Float64Array.from(images, (image) => dot(row, image)))
  const { values, vectors } = jacobi(small)
  const order = values.map((_, i) => i).sort((i, j) => values[j]! - values[i]! || i - j)
  return order.slice(0, 2).map((i) => {
    const vector = new Float64Array(basis[0]?.length ?? 0)
    for (let c = 0; c < b; c++) {
      for (let j = 0; j < vector.length; j++) {
        vector[j] = vector[j]! + vectors[c]![i]! * basis[c]![j]!
      }
    }
    return { vector, value: Math.max(0, values[i]!) }
  })
}

/** Eigenvalues and, in columns, eigenvectors of a small symmetric matrix, by Jacobi's rotations (1846). */
function jacobi(symmetric: readonly Float64Array[]): {
  values: number[]
  vectors: Float64Array[]
} {
  const b = symmetric.length
  const a = symmetric.map((row) => row.slice())
  const vectors = a.map((_, i) => Float64Array.from({ length: b }, (_, j) => (i === j ? 1 : 0)))
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < b; p++) {
      for (let q = p + 1; q < b; q++) {
        const off = a[p]![q]!
        if (off === 0) continue
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * off)
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const cos = 1 / Math.hypot(t, 1)
        const sin = t * cos
        for (let i = 0; i < b; i++) rotate(a[i]!, p, q, cos, sin)
        for (let i = 0; i < b; i++) {
          const above = a[p]![i]!
          const below = a[q]![i]!
          a[p]![i] = cos * above - sin * below
          a[q]![i] = sin * above + cos * below
        }
        for (let i = 0; i < b; i++) rotate(vectors[i]!, p, q, cos, sin)
      }
    }
  }
  return { values: a.map((row, i) => row[i]!), vectors }
}

function rotate(row: Float64Array, p: number, q: number, cos: number, sin: number): void {
  const left = row[p]!
  const right = row[q]!
  row[p] = cos * left - sin * right
  row[q] = sin * left + cos * right
}

function coordinates(pair: Eigenpair | undefined, n: number): Float64Array {
  if (pair === undefined) return new Float64Array(n)
  const { vector, value } = pair
  let largest = 0
  for (let i = 1; i < vector.length; i++) {
    if (Math.abs(vector[i]!) > Math.abs(vector[largest]!)) largest = i
  }
  const scale = Math.sqrt(value) * (vector[largest]! < 0 ? -1 : 1)
  return vector.map((one) => one * scale)
}
