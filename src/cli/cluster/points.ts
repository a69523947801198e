import { InputError } from '../../io/tables/input-error.ts'
import type { FeatureColumn } from '../../io/tables/read-features.ts'
import { DISTANCES, type Distance, precomputed, userDistance } from '../../kmedoids/distances.ts'
import { gower } from '../../kmedoids/gower.ts'
import type { Points } from '../../kmedoids/points.ts'
import type { DistanceName } from './options.ts'

/** Points in the form that can be sent to a thread, with what is needed to make their distance there. */
export interface PointsSpec {
  readonly points: Points
  readonly distance: DistanceSpec
}

export type DistanceSpec =
  | { readonly name: Exclude<DistanceName, 'gower' | 'precomputed'> }
  | {
      readonly name: 'gower'
      readonly kinds: readonly ('numeric' | 'nominal')[]
      readonly ranges: readonly number[]
    }
  | { readonly name: 'precomputed' }
  | {
      readonly name: 'module'
      /** Where the module is, as a URL. */
      readonly url: string
      readonly rows: readonly Readonly<Record<string, unknown>>[]
    }

/** Smallest and largest value of a column of numbers. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** One column a level: more of them would be slower than any list of sets. */
const MAX_LEVELS = 4096

/** Ranges of the columns of numbers, by name. Columns without any value have none. */
export function rangesOf(columns: readonly FeatureColumn[]): Map<string, Range> {
  const ranges = new Map<string, Range>()
  for (const column of columns) {
    if (!('values' in column)) continue
    let min = Infinity
    let max = -Infinity
    for (const value of column.values) {
      if (value < min) min = value
      if (value > max) max = value
    }
    if (min <= max) ranges.set(column.name, { min, max })
  }
  return ranges
}

/**
 * Rows of features as points. Numbers are counted from the smallest one: the points are 32-bit floats,
 * in which a time of this century would be exact to two minutes.
 * @param source how messages call the table
 * @throws InputError where the distance cannot take a column or a value
 */
export function pointsOf(
  columns: readonly FeatureColumn[],
  n: number,
  name: Exclude<DistanceName, 'precomputed'>,
  ranges: ReadonlyMap<string, Range>,
  source: string,
): PointsSpec {
  switch (name) {
    case 'gower': {
      const usable = columns.filter(({ kind }) => kind !== 'set')
      if (usable.length < columns.length) {
        throw new InputError(
          `${source}: column ${columns.find(({ kind }) => kind === 'set')?.name} holds sets, which gower cannot compare; leave it out with --ignore, or take --distance jaccard`,
        )
      }
      return {
        points: filled(
          n,
          usable.map((column) => [column.name, numbersOf(column, ranges)]),
        ),
        distance: {
          name,
          kinds: usable.map((column) => ('values' in column ? 'numeric' : 'nominal')),
          ranges: usable.map((column) => {
            const { min = 0, max = 0 } = ranges.get(column.name) ?? {}
            return max - min
          }),
        },
      }
    }
    case 'jaccard':
      return {
        points: filled(
          n,
          columns.flatMap((one) => setColumns(one, n)),
        ),
        distance: { name },
      }
    case 'hamming': {
      const set = columns.find(({ kind }) => kind === 'set')
      if (set)
        throw new InputError(`${source}: column ${set.name} holds sets; take --distance jaccard`)
      return {
        points: filled(
          n,
          columns.map((column) => [column.name, codesOf(column)]),
        ),
        distance: { name },
      }
    }
    default:
      return {
        points: filled(
          n,
          columns.map((column) => [column.name, finiteNumbers(column, n, name, ranges, source)]),
        ),
        distance: { name },
      }
  }
}

/** A table of n rows and n numeric columns as the matrix it is. @throws InputError */
export function matrixOf(columns: readonly FeatureColumn[], n: number, source: string): PointsSpec {
  if (columns.length !== n) {
    throw new InputError(
      `${source}: found ${n} rows and ${columns.length} columns; a precomputed matrix has as many columns as rows`,
    )
  }
  const matrix = new Float32Array(n * n)
  for (const [c, column] of columns.entries()) {
    if (!('values' in column)) {
      throw new InputError(`${source}, column ${column.name}: found text; allowed are distances`)
    }
    for (let i = 0; i < n; i++) {
      const value = column.values[i] ?? Number.NaN
      if (!(value >= 0) || (i === c && value !== 0)) {
        const found = Number.isNaN(value) ? 'nothing' : value
        const allowed = i === c ? '0, a row from itself' : 'a distance of at least 0'
        throw new InputError(
          `${source}, row ${i + 1}, column ${column.name}: found ${found}; allowed is ${allowed}`,
        )
      }
      matrix[i * n + c] = value
    }
  }
  return { points: { n, p: n, values: matrix }, distance: { name: 'precomputed' } }
}

/** The distance that a specification names; imports the user's module where that is it. */
export async function distanceOf({ points, distance }: PointsSpec): Promise<Distance> {
  switch (distance.name) {
    case 'gower':
      return gower(
        distance.kinds.map((kind, c) => {
          const range = distance.ranges[c] ?? 0
          return kind === 'numeric' && range > 0 ? { kind, range } : { kind }
        }),
      )
    case 'precomputed':
      return { name: 'precomputed', of: () => precomputed(points.values, points.n) }
    case 'module': {
      const { rows } = distance
      const between = await moduleDistance(distance.url)
      return userDistance('of the module', (a, b) => between(rows[a[0] ?? 0], rows[b[0] ?? 0]))
    }
    default:
      return DISTANCES[distance.name]
  }
}

type RowDistance = (a: unknown, b: unknown) => number

/** @throws InputError where the module has no distance */
export async function moduleDistance(url: string): Promise<RowDistance> {
  const loaded = (await import(url)) as { distance?: unknown; default?: unknown }
  const found = loaded.distance ?? loaded.default
  if (typeof found !== 'function') {
    throw new InputError(`${url}: it must export a function distance(a, b) of two rows`)
  }
  return found as RowDistance
}

function filled(n: number, columns: readonly (readonly [string, ArrayLike<number>])[]): Points {
  const p = columns.length
  const values = new Float32Array(n * p)
  for (const [j, [, column]] of columns.entries()) {
    for (let i = 0; i < n; i++) values[i * p + j] = column[i] ?? Number.NaN
  }
  return { n, p, values, names: columns.map(([name]) => name) }
}

/** Numbers from the smallest one, codes as they are; NaN where there is none. */
function numbersOf(column: FeatureColumn, ranges: ReadonlyMap<string, Range>): ArrayLike<number> {
  if ('codes' in column) return codesOf(column)
  if (!('values' in column)) return []
  const { min = 0 } = ranges.get(column.name) ?? {}
  return column.values.map((value) => value - min)
}

/** Equal values have equal codes. */
function codesOf(column: FeatureColumn): Float64Array {
  if ('values' in column) {
    const codes = new Map<number, number>()
    return column.values.map((value) => {
      if (Number.isNaN(value)) return value
      const code = codes.get(value) ?? codes.size
      codes.set(value, code)
      return code
    })
  }
  if ('codes' in column) {
    return Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code))
  }
  return new Float64Array()
}

/** For distances of numbers: no text, nothing missing. Angles need the true origin. */
function finiteNumbers(
  column: FeatureColumn,
  n: number,
  distance: string,
  ranges: ReadonlyMap<string, Range>,
  source: string,
): ArrayLike<number> {
  const ways = `leave it out with --ignore ${column.name}, or take --distance gower`
  const at = (row: number): string => `${source}, row ${row + 1}, column ${column.name}`
  if (column.kind === 'category' || column.kind === 'set') {
    throw new InputError(
      `${source}, column ${column.name}: found text; ${distance} takes numbers: ${ways}`,
    )
  }
  const values =
    'values' in column
      ? column.values
      : Float64Array.from(column.codes, (code) =>
          code < 0 ? Number.NaN : Number(column.levels[code] === 'true'),
        )
  const { min = 0 } = distance === 'cosine' ? {} : (ranges.get(column.name) ?? {})
  return Float64Array.from({ length: n }, (_, i) => {
    const value = values[i] ?? Number.NaN
    if (Number.isNaN(value)) {
      throw new InputError(`${at(i)}: found nothing; ${distance} needs every value: ${ways}`)
    }
    return value - min
  })
}

/** A column of sets, of texts or of 0 and 1 as one column for each thing that a row may have. */
function setColumns(column: FeatureColumn, n: number): (readonly [string, ArrayLike<number>])[] {
  if ('values' in column) {
    return [[column.name, column.values.map((value) => (Number.isNaN(value) ? 0 : value))]]
  }
  const { name, levels } = column
  if (levels.length > MAX_LEVELS) {
    throw new InputError(
      `column ${name}: found ${levels.length} different items; jaccard takes at most ${MAX_LEVELS}: leave rare ones out with --sql`,
    )
  }
  const members = levels.map(() => new Uint8Array(n))
  for (let i = 0; i < n; i++) {
    if ('codes' in column) {
      const own = members[column.codes[i] ?? -1]
      if (own !== undefined) own[i] = 1
      continue
    }
    for (let at = column.starts[i] ?? 0; at < (column.starts[i + 1] ?? 0); at++) {
      const own = members[column.items[at] ?? -1]
      if (own !== undefined) own[i] = 1
    }
  }
  // A yes is something a row has, a no is not.
  return levels.flatMap((level, code) => {
    if (column.kind === 'boolean' && level !== 'true') return []
    return [[`${name}=${level}`, members[code] ?? []] as const]
  })
}
