/**
 * Every free constant of what is normal, of the evidence and of anomaly clusters, beside the settings of
 * `accumulate`. One scale of shares, from hardly ever to nearly all, says for all signals alike what counts
 * as rare or as most; what they do is in the comments. test/bench/evidence-constants.ts tries other values of each.
 */
export interface Constants {
  /** Least base rate of errors and of new or unusual calls. */
  readonly hardlyEver: number
  /**
   * Least base rate of more calls than normal and of missing ones. A structural p-value up to this, or a
   * category's value in less of the observations, is unusual. Least share that similar anomalies are claimed
   * to be of their entry operation.
   */
  readonly rare: number
  /**
   * Least base rate of slow calls, and share of an observation's duration by which they must be slower. Least
   * share of failing, missing and new calls that is claimed. Most over-dispersion that a pool of rare
   * deviations has: one incident in the reference must not blind all. Nearness of two times to a rhythm.
   */
  readonly few: number
  /** Least share of slow or repeated calls that is claimed, and silhouette from which examples differ. */
  readonly some: number
  /**
   * Where nothing speaks for more or less, and where a majority decides: share of changes that begin with a
   * bucket, of bursts of slowness that go on into the next; of common observations from which two alarms are
   * one story; up to which a call is optional; that lies between buckets where calls come in batches. Most
   * over-dispersion. Faster than this share of the median is material.
   */
  readonly half: number
  /** Share of a cluster's side that deviates alike; greatest distance of like episodes. */
  readonly most: number
  /** An occurrence deviates beyond this quantile of its place's own values; greatest share that is claimed. */
  readonly quantile: number
  /** ... and far beyond at this one, that hardly anything normal reaches. */
  readonly farQuantile: number
  /** Standard errors by which an estimate is moved to its careful side. */
  readonly deviations: number
  /** Over-dispersion of shares that is assumed at least; ... of errors, which come one by one until some came in bursts. */
  readonly leastRho: number
  readonly leastErrorRho: number
  /** Over-dispersion of the shares under the alternatives: lets three shares cover all. */
  readonly alternativeRho: number
  /** Pairs of occurrences that what others show of over-dispersion counts as. */
  readonly pairs: number
  /** Buckets that bursts of slow calls, assumed of a young reference, count as. Fewer excursions of evidence say nothing. */
  readonly young: number
  /** Occurrences (runs, parents, observations) below which a series is not monitored. */
  readonly enough: number
  /**
   * Fewest buckets of a known place, requests that suffer, callees that speak for their caller, examples. That
   * something fails says so many times as much as that it is slow.
   */
  readonly several: number
  /** Factor from which something is plainly more than something else. */
  readonly plainly: number
  /** Odds from which something is likely: that evidence grows, or has risen by itself, that a series is normal again. */
  readonly likelyOdds: number
  /** Looks at a running bucket. */
  readonly looks: number
  /** Greatest mean distance to their medoid at which anomalies are similar. */
  readonly similar: number
  /** Episodes that ended by themselves after which the next is known; twice as many where requests fail. */
  readonly knownAfter: number
  /** Age at which an episode counts half, data time, ms. */
  readonly halfLifeMs: number
}

export const CONSTANTS: Constants = {
  hardlyEver: 0.005,
  rare: 0.02,
  few: 0.05,
  some: 0.3,
  half: 0.5,
  most: 0.8,
  quantile: 0.9,
  farQuantile: 0.99,
  deviations: 2,
  leastRho: 0.01,
  leastErrorRho: 0.001,
  alternativeRho: 0.1,
  pairs: 1000,
  young: 10,
  enough: 30,
  several: 3,
  plainly: 1.5,
  likelyOdds: 20,
  looks: 10,
  similar: 0.15,
  knownAfter: 2,
  halfLifeMs: 14 * 86_400_000,
}
