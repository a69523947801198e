/** Sums from which rho follows by moments; sums of several places may be added up. */
export interface DispersionMoments {
  /** Sum over buckets of ((c - n mean)^2 - n mean (1 - mean)) / (mean (1 - mean)). */
  readonly excess: number
  /** Sum over buckets of n (n - 1): ordered pairs of occurrences that share a bucket. */
  readonly pairs: number
}

export const NO_MOMENTS: DispersionMoments = { excess: 0, pairs: 0 }

/**
 * Moments of n[i] occurrences with c[i] deviating ones, buckets i in [from, to). With a mean of mu
 * and a correlation of rho within a bucket, Var c = n mu (1 - mu) (1 + (n - 1) rho) (Prentice 1986),
 * so the excess has mean `pairs * rho`. The mean is estimated from the same buckets; one degree of
 * freedom is given back.
 */
export function dispersionMoments(
  n: ArrayLike<number>,
  c: ArrayLike<number>,
  from: number,
  to: number,
): DispersionMoments {
  let total = 0
  let deviating = 0
  for (let i = from; i < to; i++) {
    total += n[i]!
    deviating += c[i]!
  }
  const mean = total > 0 ? deviating / total : 0
  const variance = mean * (1 - mean)
  if (to - from < 2 || variance <= 0) return NO_MOMENTS
  let squares = 0
  let pairs = 0
  for (let i = from; i < to; i++) {
    squares += (c[i]! - n[i]! * mean) ** 2
    pairs += n[i]! * (n[i]! - 1)
  }
  const buckets = to - from
  return { excess: (squares * buckets) / (buckets - 1) / variance - total, pairs }
}

/** So many independent occurrences say as much as n of which `perBucket` share a bucket and correlate by rho there. */
export function independentOf(n: number, perBucket: number, rho: number): number {
  return n / (1 + Math.max(0, perBucket - 1) * rho)
}

/** rho of some moments shrunk towards `prior`, which counts as `priorPairs` pairs; in [0, most]. */
export function shrunkRho(
  moments: DispersionMoments,
  prior: number,
  priorPairs: number,
  most: number,
): number {
  const rho = (moments.excess + prior * priorPairs) / (moments.pairs + priorPairs)
  return Math.min(most, Math.max(0, rho))
}
