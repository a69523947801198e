/** The free constants of the null; docs/quality.md shows three other values of each. */
export interface NullOptions {
  /** An occurrence deviates beyond this quantile of its place's own values (1 - this: below). */
  readonly quantile: number
  /** ... and far beyond at this one, that hardly anything normal reaches. */
  readonly farQuantile: number
  /** Standard errors by which the level is moved out where it is estimated from few values. */
  readonly deviations: number
  /** ... and beyond the median by this share of the median duration of its observations. */
  readonly material: number
  /** An observation with a structural p up to this is structurally unusual. */
  readonly structureCut: number
  /** A value of a category is usual from this share of its stratum's observations on, */
  readonly usualCategory: number
  /** ... and the category says something where at most this share has others. */
  readonly mostUnusual: number
  /** Least base rate of self time: no claim is made on rarer deviations. */
  readonly commonFloor: number
  /** ... of self time far beyond normal, */
  readonly farFloor: number
  /** ... of counts, */
  readonly countFloor: number
  /** ... of errors and structure, which are material by themselves, */
  readonly rareFloor: number
  /** ... and of presence; a child in less than 1 - this of its parents is not expected. */
  readonly presenceFloor: number
  /** A child in at most this share of its parents is optional. */
  readonly optional: number
  /** Buckets in which a place must have been seen before it counts as known. */
  readonly knownBuckets: number
  /** Occurrences (runs, parents, observations) below which a series is not monitored. */
  readonly leastReference: number
  /** Pairs that the over-dispersion of its service counts as beside a place's own, */
  readonly servicePairs: number
  /** ... and everybody's beside that of a service. */
  readonly pooledPairs: number
  /** Over-dispersion of self time that is assumed at first, and the buckets that it counts as. */
  readonly youngRho: number
  readonly youngBuckets: number
  /** ... that it counts as far beyond normal, where more of it would hide plain faults from a young model. */
  readonly youngFarBuckets: number
  /** The most that the over-dispersion may be. */
  readonly mostRho: number
  /** Most that the pool may say for rare deviations: one incident in the reference must not blind all. */
  readonly mostPooledRare: number
}

export const NULL_OPTIONS: NullOptions = {
  quantile: 0.9,
  farQuantile: 0.99,
  deviations: 2,
  material: 0.05,
  structureCut: 0.02,
  usualCategory: 0.02,
  mostUnusual: 0.2,
  commonFloor: 0.05,
  farFloor: 0.01,
  countFloor: 0.02,
  rareFloor: 0.005,
  presenceFloor: 0.02,
  optional: 0.4,
  knownBuckets: 3,
  leastReference: 30,
  servicePairs: 4000,
  pooledPairs: 500,
  youngRho: 0.15,
  youngBuckets: 10,
  youngFarBuckets: 1,
  mostRho: 0.5,
  mostPooledRare: 0.05,
}
