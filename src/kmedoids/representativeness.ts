import type { Clustering } from './clustering.ts'
import { checkPoints, type Points } from './points.ts'

/** How well the medoids stand for the points in one column. */
export interface ColumnShare {
  readonly column: number
  /**
   * 1 - (weighted sum of what points differ from their medoid) / (what they differ from the column's
   * median, or for nominal columns its most frequent value). 1: the medoids tell all; 0 or less: a
   * point's medoid says no more of this column than one value for all, the column only adds noise.
   * Null where the column is constant (or nothing in it is present), so that there is nothing to tell.
   */
  readonly explained: number | null
}

/**
 * For each column how much of it the medoids represent. Points where the value is missing, in them or
 * in their medoid, are left out. O(n p log n). `nominal`: columns of which only equality counts.
 */
export function representativeness(
  points: Points,
  clustering: Pick<Clustering, 'medoids' | 'assignment'>,
  nominal: ReadonlySet<number> = new Set(),
  weights: Float64Array = new Float64Array(points.n).fill(1),
): ColumnShare[] {
  checkPoints(points)
  const { n, p, values } = points
  const { medoids, assignment } = clustering
  return Array.from({ length: p }, (_, column) => {
    const own: number[] = []
    const medoid: number[] = []
    const weight: number[] = []
    for (let o = 0; o < n; o++) {
      const value = values[o * p + column]!
      const at = values[medoids[assignment[o]!]! * p + column]!
      if (Number.isNaN(value) || Number.isNaN(at)) continue
      own.push(value)
      medoid.push(at)
      weight.push(weights[o]!)
    }
    const isNominal = nominal.has(column)
    const middle = isNominal ? modeOf(own, weight) : medianOf(own, weight)
    const differ = (a: number, b: number): number =>
      isNominal ? (a === b ? 0 : 1) : Math.abs(a - b)
    let withMedoids = 0
    let withOne = 0
    for (let i = 0; i < own.length; i++) {
      withMedoids += weight[i]! * differ(own[i]!, medoid[i]!)
      withOne += weight[i]! * differ(own[i]!, middle)
    }
    return { column, explained: withOne > 0 ? 1 - withMedoids / withOne : null }
  })
}

function medianOf(values: readonly number[], weights: readonly number[]): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const half = weights.reduce((a, b) => a + b, 0) / 2
  let sum = 0
  for (const i of order) {
    sum += weights[i]!
    if (sum >= half) return values[i]!
  }
  return 0
}

function modeOf(values: readonly number[], weights: readonly number[]): number {
  const sums = new Map<number, number>()
  values.forEach((value, i) => {
    sums.set(value, (sums.get(value) ?? 0) + weights[i]!)
  })
  let best = 0
  let most = -1
  for (const [value, sum] of sums) {
    if (sum < most || (sum === most && value >= best)) continue
    best = value
    most = sum
  }
  return best
}
