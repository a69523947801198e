/** What the kernels can measure; `kernel/kernel.ts` has one function for each. */
export type Measure = 'manhattan' | 'euclidean' | 'halfSquare' | 'chebyshev' | 'ruzicka' | 'gower'

/** Points in the form in which a kernel measures them: scaled, checked, n x p row-major. */
export interface Prepared {
  readonly measure: Measure
  readonly p: number
  readonly values: Float32Array
  /** Gower: for each column 0 where differences count, 1 where only equality does; and its weight. */
  readonly kinds?: Uint8Array
  readonly weights?: Float32Array
}

/**
 * How unlike n points are to each other, without saying where that comes from: measured from prepared
 * points by a kernel, read from a matrix, or asked of a function. All algorithms here work on this.
 * Values are f32, finite, at least 0, and 0 from a point to itself; they need not be a metric.
 */
export interface Dissimilarities {
  readonly n: number
  /** The distance's name, as in options and reports. */
  readonly name: string
  /** Whether measuring costs more than keeping: rows are then kept where there is memory. */
  readonly dear: boolean
  /** Null where only `measure` knows. */
  readonly prepared: Prepared | null
  /** Writes the dissimilarities from one point to each of the targets, one after the other. */
  measure(from: number, targets: Int32Array, into: Float32Array): void
}
