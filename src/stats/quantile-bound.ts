/** How many standard errors of the empirical share the bounds lie out. */
export const BOUND_DEVIATIONS = 2

/**
 * Share at which the order statistic is an upper confidence bound of the q-quantile when it is
 * estimated from n independent values: q + z sqrt(q (1 - q) / n), at most 1.
 */
export function upperShare(q: number, n: number, deviations = BOUND_DEVIATIONS): number {
  return Math.min(1, q + deviations * Math.sqrt((q * (1 - q)) / Math.max(1, n)))
}

/** The same downwards, at least 0. */
export function lowerShare(q: number, n: number, deviations = BOUND_DEVIATIONS): number {
  return Math.max(0, q - deviations * Math.sqrt((q * (1 - q)) / Math.max(1, n)))
}

/**
 * Lower end of the interval for a share of which `count` of n were seen (Wilson 1927): a few are no large
 * share. 0 for n = 0.
 */
export function leastShareOf(count: number, n: number, deviations = BOUND_DEVIATIONS): number {
  if (n <= 0) return 0
  const z2 = deviations ** 2
  const share = Math.min(1, count / n)
  const centre = share + z2 / (2 * n)
  const spread = deviations * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))
  return Math.max(0, (centre - spread) / (1 + z2 / n))
}

/**
 * Smallest of the sorted values up to which at least `share` of the weight lies; the first value
 * for a share of 0.
 * @param values ascending, at least one
 * @param weights of the same values, positive
 */
export function weightedQuantile(
  values: Float64Array,
  weights: Float64Array,
  share: number,
): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += weights[i]!
  // A hair less, so that rounding in the sum never skips the value that reaches the share exactly.
  const wanted = share * total * (1 - 1e-12)
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    sum += weights[i]!
    if (sum >= wanted) return values[i]!
  }
  return values[values.length - 1]!
}
