import { InputError } from '../../io/tables/input-error.ts'
import type { FeatureColumn } from '../../io/tables/read-features.ts'
import { specLike } from './against-model.ts'
import type { Assigned } from './job.ts'
import { columnOf, joinColumns } from './join-features.ts'
import type { ModelColumn, ModelFile, ModelMedoid } from './model-file.ts'
import type { PointsSpec } from './points.ts'

/** One model with what messages call it. */
export interface NamedModel {
  readonly name: string
  readonly model: ModelFile
}

/** Local medoids of several sites as weighted points of one space. */
export interface MergedSites {
  readonly distance: ModelFile['distance']
  /** The columns all sites have and may be compared in, ranges over all of them. */
  readonly columns: readonly ModelColumn[]
  readonly locals: readonly LocalMedoid[]
  readonly spec: PointsSpec
  readonly weights: Float64Array
  /** What a privacy floor, here or at the sites, kept back. */
  readonly withheld: { readonly medoids: number; readonly rows: number }
  readonly rows: number
  readonly notes: readonly string[]
}

export interface LocalMedoid {
  readonly site: string
  readonly medoid: ModelMedoid
  /** Its values in the order of the merged columns. */
  readonly values: ModelMedoid['values']
}

/** @throws InputError where the sites do not measure the same, or the floor leaves nothing */
export async function mergeSites(
  sites: readonly NamedModel[],
  privacyFloor: number,
): Promise<MergedSites> {
  const [first] = sites
  if (first === undefined) throw new InputError('there is no model to merge')
  for (const { name, model } of sites) {
    if (JSON.stringify(model.distance) === JSON.stringify(first.model.distance)) continue
    throw new InputError(
      `${name}: found the distance ${distanceName(model)}; allowed is that of ${first.name}, ${distanceName(first.model)}`,
    )
  }
  const { columns, notes } = commonColumns(sites, first)
  const all = sites.flatMap(({ name, model }) =>
    model.medoids.map((medoid) => ({
      site: name,
      medoid,
      values: columns.map((column) => medoid.values[positionOf(model, column.name)] ?? null),
    })),
  )
  const locals = all.filter(({ medoid }) => medoid.size >= privacyFloor)
  const below = all.filter(({ medoid }) => medoid.size < privacyFloor)
  const withheld = {
    medoids: sites.reduce((sum, { model }) => sum + model.withheld.medoids, below.length),
    rows: sites.reduce(
      (sum, { model }) => sum + model.withheld.rows,
      below.reduce((sum, { medoid }) => sum + medoid.size, 0),
    ),
  }
  if (locals.length === 0) {
    throw new InputError(
      `no local medoid stands for ${privacyFloor} rows or more; allowed is a lower --privacy-floor`,
    )
  }
  return {
    distance: first.model.distance,
    columns,
    locals,
    spec: await specLike(
      { distance: first.model.distance, columns },
      localFeatures(columns, locals),
      locals.length,
      'the local medoids',
    ),
    weights: Float64Array.from(locals, ({ medoid }) => medoid.weight),
    withheld,
    rows: sites.reduce((sum, { model }) => sum + model.rows, 0),
    notes,
  }
}

/** The local medoids' values as columns. */
function localFeatures(
  columns: readonly ModelColumn[],
  locals: readonly LocalMedoid[],
): FeatureColumn[] {
  return columns.map((column, c) =>
    columnOf(
      column,
      locals.map(({ values }) => values[c] ?? null),
    ),
  )
}

/** Chosen local medoids and the rows of a pooled table as points of the merged space, medoids first. */
export async function againstMerged(
  { distance, columns }: MergedSites,
  chosen: readonly LocalMedoid[],
  features: readonly FeatureColumn[],
  rows: number,
  source: string,
): Promise<PointsSpec> {
  const own = localFeatures(columns, chosen)
  const joined = own.map((column, c) => joinColumns(column, features[c] ?? column))
  return specLike({ distance, columns }, joined, chosen.length + rows, source)
}

/**
 * A global medoid as a model tells it. What its rows' distances are, the sites alone know: mean and radius
 * are upper bounds, the local ones plus the way from the local to the global medoid.
 */
export function globalMedoid(
  { locals }: MergedSites,
  found: Assigned,
  slot: number,
  values: ModelMedoid['values'],
): ModelMedoid {
  let size = 0
  let weight = 0
  let distance = 0
  let radius = 0
  for (const [i, { medoid }] of locals.entries()) {
    if (found.assignment[i] !== slot) continue
    const way = found.nearest[i] ?? 0
    size += medoid.size
    weight += medoid.weight
    distance += medoid.weight * (medoid.mean_distance + way)
    radius = Math.max(radius, medoid.radius + way)
  }
  const mean = weight > 0 ? distance / weight : 0
  return { row: null, size, weight, mean_distance: mean, radius, values: [...values] }
}

function commonColumns(
  sites: readonly NamedModel[],
  first: NamedModel,
): { columns: ModelColumn[]; notes: string[] } {
  const names = first.model.columns.map(({ name }) => name)
  for (const { name, model } of sites) {
    const own = model.columns.map((column) => column.name)
    const missing = names.filter((one) => !own.includes(one))
    const extra = own.filter((one) => !names.includes(one))
    if (missing.length + extra.length === 0) continue
    throw new InputError(
      `${name}: found the columns ${own.join(', ')}; allowed are those of ${first.name}: ${names.join(', ')}`,
    )
  }
  const notes: string[] = []
  const columns = names.flatMap((name): ModelColumn[] => {
    const parts = sites.map((site) => ({ site, column: columnNamed(site.model, name) }))
    const masks = new Set(parts.map(({ column }) => column?.masked))
    if (masks.has('hidden') || masks.size > 1) {
      notes.push(`${name} is masked at some sites and does not count`)
      return []
    }
    // A site without a single value cannot know what the column holds.
    const telling = parts.filter(({ site }) => !isEmpty(site.model, name))
    const { column } = telling[0] ?? parts[0] ?? {}
    if (column === undefined) return []
    for (const other of telling) {
      if (other.column?.kind === column.kind) continue
      throw new InputError(
        `${other.site.name}, column ${name}: found a ${other.column?.kind}; allowed is a ${column.kind} as in ${telling[0]?.site.name} (cluster with --type ${name}=${column.kind})`,
      )
    }
    const range = parts.flatMap((part) => {
      const { min, max } = part.column ?? {}
      return min === undefined || max === undefined ? [] : [min, max]
    })
    const { masked } = column
    return [
      {
        name,
        kind: column.kind,
        ...(range.length > 0 ? { min: Math.min(...range), max: Math.max(...range) } : {}),
        ...(masked === undefined ? {} : { masked }),
      },
    ]
  })
  if (columns.length === 0) throw new InputError(`nothing is left to compare: ${notes.join('; ')}`)
  return { columns, notes }
}

function columnNamed(model: ModelFile, name: string): ModelColumn | undefined {
  return model.columns.find((column) => column.name === name)
}

function positionOf(model: ModelFile, name: string): number {
  return model.columns.findIndex((column) => column.name === name)
}

function isEmpty(model: ModelFile, name: string): boolean {
  const c = positionOf(model, name)
  return model.medoids.every(({ values }) => values[c] === null)
}

function distanceName({ distance }: ModelFile): string {
  return typeof distance === 'string' ? distance : distance.module
}
