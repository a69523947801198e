/**
 * Weighted mean medoid silhouette, 1 - d1/d2 per point (Lenssen, Schubert, SISAP 2022): 1 where the
 * clusters are tight and apart, 0 where points lie between two medoids. A point with d2 = 0 counts 0.
 * 0 for a single cluster, which has nothing to be apart from, and where all weights are 0.
 */
export function medoidSilhouette(
  nearest: Float32Array,
  second: Float32Array,
  weights: Float64Array,
): number {
  let sum = 0
  let total = 0
  for (let o = 0; o < nearest.length; o++) {
    const next = second[o]!
    total += weights[o]!
    if (next > 0 && next < Infinity) sum += weights[o]! * (1 - nearest[o]! / next)
  }
  return total > 0 ? sum / total : 0
}
