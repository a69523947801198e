import type { Dissimilarity } from '../distance/dissimilarity.ts'
import type { ProfileScratch, ScaledProfile } from '../profile/profile.ts'

/** The nearest of some medoids; the first one where several are equally near. */
export function nearestMedoid(
  x: ProfileScratch,
  medoids: readonly ScaledProfile[],
  dissimilarity: Dissimilarity,
): { index: number; distance: number } {
  let index = 0
  let best = Infinity
  for (let m = 0; m < medoids.length; m++) {
    const distance = dissimilarity.distance(x, medoids[m]!, best)
    if (distance < best) {
      best = distance
      index = m
    }
  }
  return { index, distance: best }
}
