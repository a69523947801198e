import { modelValueOf } from './join-features.ts'
import type { Mask } from './mask.ts'
import { type ModelFile, type ModelValue, modelFile } from './model-file.ts'
import type { ClusterOptions } from './options.ts'
import type { Outcome } from './outcome.ts'
import type { PreparedTable } from './prepare.ts'

/** The model of an outcome: what travels, so masked values and what the floor keeps back stay here. */
export function buildModel(
  prepared: PreparedTable,
  outcome: Outcome,
  options: ClusterOptions,
  mask: Mask,
): ModelFile {
  const { features, ranges } = prepared
  const { clusters } = outcome
  const columns = features.map(({ name, kind }) => {
    const isDigest = mask.keepsEqual && (kind === 'category' || kind === 'boolean')
    const masked = options.masked.has(name) ? (isDigest ? 'digest' : 'hidden') : undefined
    // Even the smallest and largest of hidden numbers would be somebody's.
    const range = masked === undefined ? ranges.get(name) : undefined
    return { name, kind, ...range, ...(masked === undefined ? {} : ({ masked } as const)) }
  })
  const kept = clusters.filter(({ size }) => size >= options.privacyFloor)
  const withheld = clusters.filter(({ size }) => size < options.privacyFloor)
  const value = (c: number, row: number): ModelValue => {
    const column = features[c]
    if (column === undefined || columns[c]?.masked === 'hidden') return null
    const own = modelValueOf(column, row)
    return columns[c]?.masked === 'digest' && typeof own === 'string' ? mask.text(own) : own
  }
  return modelFile({
    distance: options.distance,
    rows: outcome.cluster.length,
    weight: outcome.weight,
    loss: outcome.meanDistance,
    method: outcome.engine.method,
    seed: options.seed,
    withheld: {
      medoids: withheld.length,
      rows: withheld.reduce((sum, { size }) => sum + size, 0),
    },
    columns,
    medoids: kept.map((one) => ({
      row: one.medoid + 1,
      size: one.size,
      weight: one.weight,
      mean_distance: one.meanDistance,
      radius: one.radius,
      values: columns.map((_, c) => value(c, one.medoid)),
    })),
  })
}
