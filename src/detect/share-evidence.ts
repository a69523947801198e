import { logBetaBinomial } from './beta-binomial.ts'

/**
 * ln of the likelihood ratio of one bucket, or of a bucket so far: c of n occurrences deviate, under a
 * beta-binomial at `share` against one at `base`. A martingale under the null along the bucket.
 */
export function logShareRatio(
  n: number,
  c: number,
  share: number,
  shareRho: number,
  base: number,
  baseRho: number,
): number {
  return logBetaBinomial(n, c, share, shareRho) - logBetaBinomial(n, c, base, baseRho)
}

/**
 * The evidence that a bucket may give: its likelihood ratio, but nothing above 0 while its own share
 * is below the least one that is claimed. A base or an over-dispersion that is slightly off would
 * else add up to a claim over hours. Lowering an e-value keeps it one.
 */
export function materialEvidence(ratio: number, n: number, c: number, leastShare: number): number {
  return ratio > 0 && c < leastShare * n ? 0 : ratio
}
