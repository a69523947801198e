import { logBetaBinomial } from './beta-binomial.ts'

/**
 * ln of the likelihood ratio of one bucket, or of a bucket so far: c of n occurrences deviate, under a
 * beta-binomial at `share` against one at `baseRate`. A martingale under the null along the bucket.
 */
export function logShareRatio(
  n: number,
  c: number,
  share: number,
  shareRho: number,
  baseRate: number,
  baseRho: number,
): number {
  return logBetaBinomial(n, c, share, shareRho) - logBetaBinomial(n, c, baseRate, baseRho)
}

/**
 * ln of how likely the end of a bucket is while all is well: beforeN occurrences with beforeC
 * deviating ones lay before it, n with c have come in all. Under the null the end follows from what lay
 * before it, since a bucket has one share; but a burst may begin anywhere as well, and then the end is
 * like a bucket of its own. The likelier of the two counts, so that a claim over it stays an e-value
 * under the first.
 */
export function logLaterNull(
  n: number,
  c: number,
  beforeN: number,
  beforeC: number,
  baseRate: number,
  baseRho: number,
): number {
  const anew = logBetaBinomial(n - beforeN, c - beforeC, baseRate, baseRho)
  const given =
    logBetaBinomial(n, c, baseRate, baseRho) - logBetaBinomial(beforeN, beforeC, baseRate, baseRho)
  return Math.max(anew, given)
}

/**
 * The evidence that a bucket may give: its likelihood ratio, but nothing above 0 while its own share
 * is below the least one that is claimed. A base rate or an over-dispersion that is slightly off would
 * else add up to a claim over hours. Lowering an e-value keeps it one.
 */
export function materialEvidence(ratio: number, n: number, c: number, leastShare: number): number {
  return ratio > 0 && c < leastShare * n ? 0 : ratio
}

/**
 * ln of the evidence that more than `share` of what comes is as `count` of n are, all greater shares and lesser ones
 * alike in advance (Robbins 1970): looked at as often as you like it reaches ln 20 in at most one of twenty cases in
 * which it is no more. -Infinity where the share seen is no greater.
 */
export function logShareExcess(count: number, n: number, share: number): number {
  if (count <= share * n) return Number.NEGATIVE_INFINITY
  return logShareRatio(n, count, 1 / 2, 1 / 3, share, 0)
}
