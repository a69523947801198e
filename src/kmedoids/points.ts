/** n points of p numbers each. What the numbers may be, the distance says. */
export interface Points {
  readonly n: number
  readonly p: number
  /** n x p, row-major. NaN stands for a missing value. */
  readonly values: Float32Array
  /** Names of the p columns, for messages. */
  readonly names?: readonly string[]
}

/** Throws RangeError where the numbers are not n rows of p columns. */
export function checkPoints({ n, p, values, names }: Points): void {
  if (!Number.isInteger(n) || n < 0 || !Number.isInteger(p) || p < 0) {
    throw new RangeError(`Points need whole numbers of rows and columns, got ${n} and ${p}.`)
  }
  if (values.length !== n * p) {
    throw new RangeError(`Expected ${n} x ${p} = ${n * p} values, got ${values.length}.`)
  }
  if (names !== undefined && names.length !== p) {
    throw new RangeError(`Expected ${p} names of columns, got ${names.length}.`)
  }
}

/** "column 3 (latency)": how a message names a column. */
export function columnName(points: Points, column: number): string {
  const name = points.names?.[column]
  return name === undefined ? `column ${column}` : `column ${column} (${name})`
}

/** The rows of the points given, in that order. */
export function selectPoints(points: Points, rows: ArrayLike<number>): Points {
  const { p, values } = points
  const picked = new Float32Array(rows.length * p)
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * p
    for (let j = 0; j < p; j++) picked[i * p + j] = values[from + j]!
  }
  return { ...points, n: rows.length, values: picked }
}
