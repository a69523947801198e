/** When traffic counts as having moved. Times are data time. */
export interface DriftSettings {
  /** A block ends after this long at the earliest ... */
  readonly blockMs: number
  /** ... and holds this many observations: fewer are waited for, of more this many are sampled. */
  readonly blockObservations: number
  /** Blocks of the window that is compared with the reference. */
  readonly windowBlocks: number
  /** Blocks of a full reference, and of one that may be used. */
  readonly referenceBlocks: number
  readonly leastReferenceBlocks: number
  /** Blocks after which a change that stays becomes the reference. */
  readonly adoptBlocks: number
  /** Strata that are monitored; observations of further ones are counted. */
  readonly maxStrata: number
  readonly seed: number
}
