import type { Clustering } from './clustering.ts'
import { cohesion } from './cohesion.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { KernelBoard } from './kernel-board.ts'

/**
 * Davies–Bouldin index on medoids (Davies, Bouldin 1979): the mean over clusters of the worst
 * (s_i + s_j) / d(m_i, m_j), s the mean distance to the medoid. Smaller is better; 0 for a single
 * cluster. Medoids that are copies of each other make it Infinity, unless both clusters are points.
 */
export function daviesBouldin(
  data: Dissimilarities,
  clustering: Pick<Clustering, 'medoids' | 'assignment' | 'nearest'>,
  weights?: Float64Array,
): number {
  const { medoids } = clustering
  const k = medoids.length
  if (k < 2) return 0
  const spread = cohesion(clustering, weights).map(({ mean }) => mean)
  const board = new KernelBoard(data, new Float64Array(k), 1, { targets: medoids })
  let sum = 0
  for (let i = 0; i < k; i++) {
    const row = board.row(medoids, i)
    let worst = 0
    for (let j = 0; j < k; j++) {
      const width = spread[i]! + spread[j]!
      if (i !== j && width > 0) worst = Math.max(worst, width / row[j]!)
    }
    sum += worst
  }
  return sum / k
}
