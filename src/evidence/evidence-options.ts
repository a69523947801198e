import type { Alternatives } from '../baseline/signals.ts'

/** Alternatives that each series is tested against. */
export const ALTERNATIVES = 3

/** The free constants of the evidence; docs/quality.md shows three other values of each. */
export interface EvidenceOptions
  extends Readonly<Record<Alternatives, readonly [number, number, number]>> {
  /** Over-dispersion of the shares under the alternatives: lets three shares cover all. */
  readonly alternativeRho: number
  /** Share of bursts of slowness that go on into the next bucket; none is taken to go further. */
  readonly burstGoesOn: number
  /** A series closes when its normal is this many times likelier than what opened it. */
  readonly closingOdds: number
  /** Data time between two looks at the running bucket, as a share of the bucket. */
  readonly lookShare: number
  /** Share of changes that are taken to begin with a bucket, not at a look within it. */
  readonly onsetAtStart: number
  /** Share of common observations at which two places are one story. */
  readonly mergeOverlap: number
  /** Callees of one service that must deviate together before they speak for the caller. */
  readonly callerOf: number
}

export const EVIDENCE_OPTIONS: EvidenceOptions = {
  // Shares of deviating occurrences under the alternatives of each signal that names them.
  commonShares: [0.3, 0.6, 0.9],
  // Only a clear majority is no change of the mix.
  appearanceShares: [0.6, 0.75, 0.9],
  presenceShares: [0.1, 0.4, 0.9],
  rareShares: [0.05, 0.2, 0.6],
  similarShares: [0.02, 0.1, 0.4],
  alternativeRho: 0.1,
  burstGoesOn: 0.5,
  closingOdds: 20,
  lookShare: 1 / 10,
  onsetAtStart: 0.5,
  mergeOverlap: 0.5,
  callerOf: 3,
}

/**
 * The share of an alternative for a series that deviates at `baseRate` normally. Where the stated
 * share is hardly above that it is taken of the occurrences that do not deviate anyway.
 */
export function alternativeShare(share: number, baseRate: number): number {
  return share >= 2 * baseRate ? share : baseRate + share * (1 - baseRate)
}
