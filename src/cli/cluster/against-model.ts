import { inferColumns } from '../../io/tables/infer-columns.ts'
import { InputError } from '../../io/tables/input-error.ts'
import { type FeatureColumn, readFeatures } from '../../io/tables/read-features.ts'
import { joinColumns, modelFeatures } from './join-features.ts'
import type { Mask } from './mask.ts'
import type { ModelColumn, ModelFile } from './model-file.ts'
import type { OpenTable } from './open-table.ts'
import { moduleDistance, type PointsSpec, pointsOf, type Range } from './points.ts'
import { featureRows, moduleSpec, moduleUrl } from './prepare.ts'

/** A model's medoids and a table's rows as points of one space: the medoids first. */
export interface AgainstModel {
  readonly spec: PointsSpec
  readonly medoids: Int32Array
  /** Columns of the model that could not take part, and why. */
  readonly notes: readonly string[]
}

/** The model's columns that rows of here can be compared in. */
export function comparableColumns(
  model: ModelFile,
  mask: Mask,
): { columns: ModelColumn[]; notes: string[] } {
  const notes: string[] = []
  const columns = model.columns.filter(({ name, masked }) => {
    if (masked === 'hidden') notes.push(`${name} is masked in the model and does not count`)
    else if (masked === 'digest' && !mask.keepsEqual) {
      notes.push(`${name} is masked in the model and does not count without its MEDOSCOPE_MASK_KEY`)
    } else return true
    return false
  })
  return { columns, notes }
}

/** @throws InputError where the table lacks a column or a value is not of the model's kind */
export async function againstModel(
  model: ModelFile,
  opened: OpenTable,
  mask: Mask,
  name: string,
): Promise<AgainstModel> {
  if (model.medoids.length === 0) throw new InputError(`${name}: it has no medoids`)
  if (model.distance === 'precomputed') {
    throw new InputError(
      `${name}: its distances came as a matrix, which says nothing of other rows`,
    )
  }
  const { columns, notes } = comparableColumns(model, mask)
  if (columns.length === 0)
    throw new InputError(`${name}: ${notes.join('; ')}: nothing is left to compare`)
  const features = await featuresLike(columns, opened, mask)
  const wanted = new Set(columns.map((column) => column.name))
  const own = modelFeatures(model).filter((column) => wanted.has(column.name))
  const joined = own.map((column, c) => joinColumns(column, features[c] ?? column))
  const n = model.medoids.length + opened.table.count
  return {
    spec: await specLike(model, joined, n, opened.table.name),
    medoids: Int32Array.from(model.medoids, (_, i) => i),
    notes,
  }
}

/** Points of features in the space that a model's distance and ranges make. */
export async function specLike(
  model: { readonly distance: ModelFile['distance']; readonly columns: readonly ModelColumn[] },
  features: readonly FeatureColumn[],
  n: number,
  source: string,
): Promise<PointsSpec> {
  const { distance } = model
  if (typeof distance !== 'string') {
    const url = moduleUrl(distance.module)
    await moduleDistance(url)
    return moduleSpec(featureRows(features, n), url)
  }
  if (distance === 'precomputed')
    throw new InputError(`${source}: a matrix cannot be compared with others`)
  return pointsOf(features, n, distance, modelRanges(model.columns), source)
}

function modelRanges(columns: readonly ModelColumn[]): Map<string, Range> {
  const ranges = new Map<string, Range>()
  for (const { name, min, max } of columns) {
    if (min !== undefined && max !== undefined) ranges.set(name, { min, max })
  }
  return ranges
}

/** The table's columns of the model's names, read as the model's kinds. */
export async function featuresLike(
  columns: readonly ModelColumn[],
  { database, table }: OpenTable,
  mask: Mask,
): Promise<FeatureColumn[]> {
  const known = new Set(table.columns.map(({ name }) => name))
  const missing = columns.filter(({ name }) => !known.has(name)).map(({ name }) => name)
  if (missing.length > 0) {
    throw new InputError(
      `${table.name}: it has no column ${missing.join(', ')}; the model needs ${columns.map(({ name }) => name).join(', ')}`,
    )
  }
  const wanted = new Map(columns.map(({ name, kind }) => [name, kind]))
  const part = { ...table, columns: table.columns.filter(({ name }) => wanted.has(name)) }
  const masked = new Set(columns.filter((one) => one.masked !== undefined).map(({ name }) => name))
  const inferred = await inferColumns(database, part, { kinds: wanted, masked })
  const ordered = columns.flatMap(({ name }) => inferred.filter((column) => column.name === name))
  const features = await readFeatures(database, table, ordered, masked)
  return features.map((column) =>
    masked.has(column.name) && 'codes' in column
      ? { ...column, levels: column.levels.map((level) => mask.text(level)) }
      : column,
  )
}
