import type { Distance } from './distances.ts'
import { measured } from './distances.ts'
import { checkPoints, columnName, type Points } from './points.ts'

/** How a column of mixed data is compared. */
export interface GowerColumn {
  /**
   * `numeric`: |a - b| over the range, at most 1. `nominal`: 0 where equal, else 1; the numbers are
   * codes. `ordinal`: as numeric, on the ranks of its values (Podani 1999).
   */
  readonly kind: 'numeric' | 'nominal' | 'ordinal'
  /** Default 1; 0 leaves the column out. */
  readonly weight?: number
  /** Of numeric columns: what a difference of 1 is. Default: largest less smallest value. */
  readonly range?: number
}

/**
 * Gower's dissimilarity for mixed columns (Gower 1971), 0 … 1: the weighted mean of one number a column.
 * A missing value (NaN) is half of the column's weight away from every present value and 0 from another
 * missing one, which keeps it a metric; leaving such columns out, as is usual, does not: a row of gaps
 * would be equal to everything. A constant column never differs and so adds nothing.
 */
export function gower(columns: readonly GowerColumn[]): Distance {
  return {
    name: 'gower',
    of: (points) => {
      checkPoints(points)
      const { n, p } = points
      checkColumns(columns, points)
      const values = new Float32Array(n * p)
      const kinds = Uint8Array.from(columns, ({ kind }) => (kind === 'nominal' ? 1 : 0))
      const total = columns.reduce((sum, { weight = 1 }) => sum + weight, 0)
      const weights = Float32Array.from(columns, ({ weight = 1 }) => weight / total)
      columns.forEach((column, j) => {
        scaleColumn(points, column, j, values)
      })
      return measured('gower', n, { measure: 'gower', p, values, kinds, weights })
    },
  }
}

function checkColumns(columns: readonly GowerColumn[], points: Points): void {
  if (columns.length !== points.p) {
    throw new RangeError(`gower was told of ${columns.length} columns, but there are ${points.p}.`)
  }
  columns.forEach(({ weight = 1, range = 1 }, j) => {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        `Weight of ${columnName(points, j)} is ${weight}; it must be a finite number of at least 0.`,
      )
    }
    if (!(range > 0 && range < Infinity)) {
      throw new RangeError(
        `Range of ${columnName(points, j)} is ${range}; it must be a finite number above 0.`,
      )
    }
  })
  if (points.p > 0 && columns.every(({ weight = 1 }) => weight === 0)) {
    throw new RangeError('All columns have weight 0; gower needs at least one above 0.')
  }
}

function scaleColumn(points: Points, column: GowerColumn, j: number, into: Float32Array): void {
  const { n, p, values } = points
  let least = Infinity
  let most = -Infinity
  for (let i = 0; i < n; i++) {
    const v = values[i * p + j]!
    if (Number.isNaN(v)) continue
    if (v - v !== 0) {
      throw new RangeError(
        `Row ${i}, ${columnName(points, j)} is ${v}; gower needs finite numbers, or NaN for missing ones.`,
      )
    }
    least = Math.min(least, v)
    most = Math.max(most, v)
  }
  if (column.kind === 'nominal') {
    for (let i = 0; i < n; i++) into[i * p + j] = values[i * p + j]!
    return
  }
  const ranks = column.kind === 'ordinal' ? rankOf(points, j) : null
  const range = ranks ? Math.max(1, ranks.size - 1) : (column.range ?? most - least)
  for (let i = 0; i < n; i++) {
    const v = values[i * p + j]!
    if (Number.isNaN(v)) into[i * p + j] = v
    else if (ranks) into[i * p + j] = (ranks.get(v) ?? 0) / range
    else into[i * p + j] = range > 0 ? (v - least) / range : 0
  }
}

/** Rank of each value that occurs, from 0. */
function rankOf({ n, p, values }: Points, j: number): Map<number, number> {
  const seen = new Set<number>()
  for (let i = 0; i < n; i++) if (!Number.isNaN(values[i * p + j]!)) seen.add(values[i * p + j]!)
  const sorted = [...seen].sort((a, b) => a - b)
  return new Map(sorted.map((value, rank) => [value, rank]))
}
