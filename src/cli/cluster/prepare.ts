import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sqlName } from '../../io/tables/database.ts'
import {
  type ColumnKind,
  firstFault,
  inferColumns,
  type TableColumn,
} from '../../io/tables/infer-columns.ts'
import { InputError, inputFault } from '../../io/tables/input-error.ts'
import { ROWS } from '../../io/tables/load-table.ts'
import { type FeatureColumn, readFeatures } from '../../io/tables/read-features.ts'
import { checkColumns, checkFits, type OpenTable } from './open-table.ts'
import type { ClusterOptions } from './options.ts'
import {
  matrixOf,
  moduleDistance,
  type PointsSpec,
  pointsOf,
  type Range,
  rangesOf,
} from './points.ts'

/** A table as the engine takes it. */
export interface PreparedTable {
  readonly columns: readonly TableColumn[]
  /** Those of the columns that count. */
  readonly features: readonly FeatureColumn[]
  readonly ranges: ReadonlyMap<string, Range>
  readonly spec: PointsSpec
  readonly weights: Float64Array | null
  readonly strata: Int32Array | null
}

const NONE: ReadonlySet<string> = new Set()

/** Finds out what the columns are, reads them, and makes points of them. @throws InputError */
export async function prepareTable(
  { database, table }: Parts,
  options: ClusterOptions,
): Promise<PreparedTable> {
  checkColumns(table, '--weights', options.weights === null ? [] : [options.weights])
  checkColumns(table, '--stratify', options.stratify === null ? [] : [options.stratify])
  checkColumns(table, '--ignore', options.ignored)
  checkColumns(table, '--mask', options.masked)
  checkColumns(table, '--type', options.kinds.keys())
  const { masked } = options
  const inferred = await inferColumns(database, table, { kinds: kindsOf(table, options), masked })
  const columns = inferred.map((column) => withUse(column, options))
  const used = columns.filter(({ isUsed }) => isUsed)
  if (used.length === 0) {
    const reasons = columns.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
    throw new InputError(`${table.name}: no column is left to compare rows by (${reasons})`)
  }
  checkFits(table, used.length, options)
  const features = await readFeatures(database, table, used, masked)
  const ranges = rangesOf(features)
  return {
    columns,
    features,
    ranges,
    spec: await specOf({ database, table }, options, columns, features, ranges),
    weights: await weightsOf(database, table, options),
    strata: await strataOf(database, table, options),
  }
}

type Parts = Pick<OpenTable, 'database' | 'table'>

/** A matrix of distances is numbers and nothing else. */
function kindsOf(
  table: OpenTable['table'],
  { kinds, distance }: ClusterOptions,
): ReadonlyMap<string, ColumnKind> {
  if (distance !== 'precomputed') return kinds
  return new Map(table.columns.map(({ name }) => [name, 'number']))
}

function withUse(column: TableColumn, options: ClusterOptions): TableColumn {
  const { name } = column
  const isNested = column.sql === 'NULL'
  if (options.ignored.has(name)) return { ...column, isUsed: false, reason: 'as told by --ignore' }
  if (options.weights === name) return { ...column, isUsed: false, reason: 'the weights' }
  // A partition must not decide by itself what the others cannot see.
  if (options.isLocal && !isNested) return { ...column, isUsed: true, reason: '' }
  if (options.distance === 'precomputed') return { ...column, isUsed: true, reason: '' }
  if (column.kind === 'set' && options.distance === 'gower') {
    return { ...column, isUsed: false, reason: 'sets count with --distance jaccard only' }
  }
  return column
}

async function specOf(
  { database, table }: Parts,
  { distance }: ClusterOptions,
  columns: readonly TableColumn[],
  features: readonly FeatureColumn[],
  ranges: ReadonlyMap<string, Range>,
): Promise<PointsSpec> {
  const { count: n, name } = table
  if (distance === 'precomputed') return matrixOf(features, n, name)
  if (typeof distance === 'string') return pointsOf(features, n, distance, ranges, name)
  const url = moduleUrl(distance.module)
  await moduleDistance(url)
  const shown = columns.filter(({ isUsed, reason }) => isUsed || !reason.startsWith('as told'))
  return moduleSpec(await objectRows({ database, table }, shown), url)
}

export function moduleUrl(path: string): string {
  return pathToFileURL(resolve(path)).href
}

/** A user's function gets the rows themselves; the points only number them. */
export function moduleSpec(rows: Readonly<Record<string, unknown>>[], url: string): PointsSpec {
  const n = rows.length
  const values = Float32Array.from({ length: n }, (_, i) => i)
  return { points: { n, p: 1, values }, distance: { name: 'module', url, rows } }
}

/** The rows as plain objects: numbers (times in seconds), texts, lists, null where missing. */
async function objectRows(
  { database, table }: Parts,
  columns: readonly TableColumn[],
): Promise<Record<string, unknown>[]> {
  const features = await readFeatures(database, table, columns, NONE)
  return featureRows(features, table.count)
}

export function featureRows(
  features: readonly FeatureColumn[],
  n: number,
): Record<string, unknown>[] {
  return Array.from({ length: n }, (_, i) =>
    Object.fromEntries(
      features.map((column) => {
        if ('values' in column) {
          const value = column.values[i] ?? Number.NaN
          return [column.name, Number.isNaN(value) ? null : value]
        }
        if ('codes' in column) return [column.name, column.levels[column.codes[i] ?? -1] ?? null]
        const items = column.items.subarray(column.starts[i], column.starts[i + 1])
        return [column.name, Array.from(items, (code) => column.levels[code])]
      }),
    ),
  )
}

async function weightsOf(
  database: Parts['database'],
  table: Parts['table'],
  { weights: name, masked }: ClusterOptions,
): Promise<Float64Array | null> {
  if (name === null) return null
  const number = `TRY_CAST(${sqlName(name)} AS DOUBLE)`
  const bad = `(${number} IS NULL OR NOT ${number} >= 0 OR isinf(${number}))`
  const fault = await firstFault(database, table, name, bad, masked)
  if (fault !== null) throw inputFault({ ...fault, allowed: 'a weight: a number of at least 0' })
  const column = {
    name,
    kind: 'number' as const,
    isUsed: true,
    reason: '',
    missing: 0,
    sql: number,
  }
  const [read] = await readFeatures(database, table, [column], masked)
  if (read === undefined || !('values' in read)) return null
  if (read.values.some((weight) => weight > 0)) return read.values
  throw new InputError(
    `${table.name}, column ${name}: all weights are 0; allowed is at least one above`,
  )
}

async function strataOf(
  database: Parts['database'],
  table: Parts['table'],
  { stratify: name }: ClusterOptions,
): Promise<Int32Array | null> {
  if (name === null) return null
  const sql = `${sqlName(name)}::VARCHAR`
  const column = { name, kind: 'category' as const, isUsed: true, reason: '', missing: 0, sql }
  const [read] = await readFeatures(database, table, [column], NONE)
  if (read === undefined || !('codes' in read)) return null
  // Rows without a value are a group of their own.
  const missing = read.levels.length
  return read.codes.map((code) => (code < 0 ? missing : code))
}

/** Some rows as they were read, in the order asked for; `select` says how each column looks. */
export async function originalRows(
  { database }: Parts,
  select: readonly string[],
  rows: readonly number[],
): Promise<Record<string, unknown>[]> {
  const found = await database.rows(
    `SELECT rowid::BIGINT AS __row, ${select.join(', ')} FROM ${ROWS} WHERE rowid IN (${rows.join(', ')})`,
  )
  const byRow = new Map(found.map(({ __row, ...row }) => [Number(__row), row]))
  return rows.map((row) => byRow.get(row) ?? {})
}
