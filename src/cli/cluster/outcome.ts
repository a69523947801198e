import type { FeatureColumn } from '../../io/tables/read-features.ts'
import type { ClusterResult } from '../../kmedoids/cluster.ts'
import type { ClusterJob, JobResult, Pictures } from './job.ts'

/** A clustering with its clusters numbered from the heaviest to the lightest. */
export interface Outcome {
  readonly clusters: readonly ClusterSummary[]
  /** Of each row its cluster and the distance to its medoid. */
  readonly cluster: Int32Array
  readonly distance: Float32Array
  /** Weighted mean distance of the rows to their medoids. */
  readonly meanDistance: number
  /** Mean of 1 - d1/d2 over the rows; null for one cluster. */
  readonly medoidSilhouette: number | null
  readonly weight: number
  readonly engine: Pick<ClusterResult, 'method' | 'notes' | 'effort' | 'loss'>
  readonly choice: readonly { readonly k: number; readonly score: number; readonly loss: number }[]
  readonly pictures: Pictures | null
  /** By the names of the features; none where it is not known. */
  readonly explained: ReadonlyMap<string, number>
}

export interface ClusterSummary {
  /** The medoid's row, from 0. */
  readonly medoid: number
  readonly size: number
  readonly weight: number
  readonly meanDistance: number
  readonly radius: number
  /** Mean medoid silhouette of its rows; null for one cluster. */
  readonly silhouette: number | null
}

/** Numbers the clusters and sums each one up. */
export function outcomeOf(
  { clustering, pictures, explained }: JobResult,
  job: ClusterJob['options'],
  features: readonly FeatureColumn[],
): Outcome {
  const { k, medoids, assignment, nearest, second, support } = clustering
  const weights = job.weights
  const order = Array.from({ length: k }, (_, slot) => slot).sort(
    (a, b) => (support[b] ?? 0) - (support[a] ?? 0) || (medoids[a] ?? 0) - (medoids[b] ?? 0),
  )
  const label = new Int32Array(k)
  for (const [i, slot] of order.entries()) label[slot] = i
  const sums = order.map(() => ({ size: 0, weight: 0, distance: 0, radius: 0, silhouette: 0 }))
  const cluster = new Int32Array(assignment.length)
  for (let o = 0; o < assignment.length; o++) {
    const own = label[assignment[o] ?? 0] ?? 0
    const d = nearest[o] ?? 0
    const next = second[o] ?? 0
    const weight = weights?.[o] ?? 1
    cluster[o] = own
    const sum = sums[own]
    if (sum === undefined) continue
    sum.size++
    sum.weight += weight
    sum.distance += weight * d
    sum.radius = Math.max(sum.radius, d)
    sum.silhouette += weight * (next > 0 ? 1 - d / next : 0)
  }
  const total = (of: 'weight' | 'distance' | 'silhouette'): number =>
    sums.reduce((sum, one) => sum + one[of], 0)
  const weight = total('weight')
  const mean = (sum: number, of: number): number => (of > 0 ? sum / of : 0)
  return {
    clusters: order.map((slot, i) => {
      const sum = sums[i] ?? { size: 0, weight: 0, distance: 0, radius: 0, silhouette: 0 }
      return {
        medoid: medoids[slot] ?? 0,
        size: sum.size,
        weight: sum.weight,
        meanDistance: mean(sum.distance, sum.weight),
        radius: sum.radius,
        silhouette: k > 1 ? mean(sum.silhouette, sum.weight) : null,
      }
    }),
    cluster,
    distance: nearest,
    meanDistance: mean(total('distance'), weight),
    medoidSilhouette: k > 1 ? mean(total('silhouette'), weight) : null,
    weight,
    engine: clustering,
    choice: (clustering.curve ?? []).map(({ k: tried, medoidSilhouette: score, loss }) => ({
      k: tried,
      score,
      loss: mean(loss, weight),
    })),
    pictures,
    explained: new Map(
      (explained ?? []).flatMap((share, c) => {
        const name = features[c]?.name
        return name === undefined || share === null ? [] : [[name, share]]
      }),
    ),
  }
}
