import type { MedoidReport } from '../../ui/medoid-report.ts'
import type { Outcome } from './outcome.ts'
import { cellText, digits, percent, type Shown } from './show.ts'

/** A result as the page shows it. @param command that makes it again */
export function reportOf(shown: Shown, command: string): MedoidReport {
  const { table, columns, outcome, names, rows } = shown
  const { clusters, engine, pictures } = outcome
  const silhouette =
    outcome.medoidSilhouette === null
      ? []
      : [['medoid silhouette', digits(outcome.medoidSilhouette)] as const]
  return {
    title: `${clusters.length} medoids of ${table.name}`,
    facts: [
      ['rows', String(table.count)],
      ['method', engine.method],
      ['distance', shown.distance],
      ['mean distance to the medoid', digits(outcome.meanDistance)],
      ...silhouette,
      ['swaps', String(engine.effort.swaps)],
      ['seed', String(shown.seed)],
    ],
    notes: shown.notes,
    clusters: clusters.map((one, i) => ({
      size: one.size,
      share: one.weight / outcome.weight,
      meanDistance: one.meanDistance,
      radius: one.radius,
      silhouette: one.silhouette,
      row: one.medoid + 1,
      values: names.map((name) => cellText(rows[i]?.[name])),
    })),
    valueNames: names,
    columns: columns.map((column) => ({
      ...column,
      explained: outcome.explained.get(column.name) ?? null,
    })),
    silhouettes: pictures === null ? null : silhouetteGroups(outcome),
    elbow: pictures?.elbow ?? [],
    choice: outcome.choice.map(({ k, score }) => ({ k, score })),
    k: clusters.length,
    map: mapOf(outcome),
    command,
  }
}

function silhouetteGroups({ clusters, cluster, pictures }: Outcome): number[][] {
  const groups: number[][] = clusters.map(() => [])
  for (const [i, row] of (pictures?.sample ?? []).entries()) {
    groups[cluster[row] ?? 0]?.push(pictures?.silhouettes[i] ?? 0)
  }
  for (const group of groups) group.sort((a, b) => b - a)
  return groups
}

function mapOf({ clusters, cluster, weight, pictures }: Outcome): MedoidReport['map'] {
  if (pictures === null) return null
  const { sample, map } = pictures
  const medoids = new Set(clusters.map(({ medoid }) => medoid))
  const points = Array.from(sample, (row, i) => {
    const own = cluster[row] ?? 0
    const summary = clusters[own]
    return {
      x: map.x[i] ?? 0,
      y: map.y[i] ?? 0,
      cluster: own,
      isMedoid: medoids.has(row),
      title: `cluster ${own}: ${percent((summary?.weight ?? 0) / weight)} of the rows, medoid is row ${row + 1}`,
    }
  })
  return { points, kept: map.kept }
}
