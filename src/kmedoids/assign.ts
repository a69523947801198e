import type { Assignment } from './assignment.ts'
import type { Dissimilarities } from './dissimilarities.ts'

/**
 * Where each of n points belongs among the medoids (points of the same n): exact, O(nk) in time and
 * O(n) in memory. To assign new points, put medoids and new points into one `Points` and ask for the
 * rows of the new ones. Ties as in `assignToMedoids`.
 */
export function assign(_data: Dissimilarities, _medoids: Int32Array): Assignment {
  throw new Error('Not written yet.')
}
