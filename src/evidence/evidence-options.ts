import { APPEARANCE, COUNT, PRESENCE, SELF_FAR } from '../baseline/series-kind.ts'

/** Alternatives that each series is tested against. */
export const ALTERNATIVES = 3

/** The free constants of the evidence; docs/quality.md shows three other values of each. */
export interface EvidenceOptions {
  /** Shares of deviating occurrences under the alternatives: self time and counts. */
  readonly commonShares: readonly [number, number, number]
  /** ... optional children: only a clear majority is no change of the mix. */
  readonly appearanceShares: readonly [number, number, number]
  /** ... presence. */
  readonly presenceShares: readonly [number, number, number]
  /** ... errors and structure. */
  readonly rareShares: readonly [number, number, number]
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
  commonShares: [0.3, 0.6, 0.9],
  appearanceShares: [0.6, 0.75, 0.9],
  presenceShares: [0.1, 0.4, 0.9],
  rareShares: [0.05, 0.2, 0.6],
  alternativeRho: 0.1,
  burstGoesOn: 0.5,
  closingOdds: 20,
  lookShare: 1 / 10,
  onsetAtStart: 0.5,
  mergeOverlap: 0.5,
  callerOf: 3,
}

export function sharesOf(kind: number, options: EvidenceOptions): readonly number[] {
  if (kind <= SELF_FAR || kind === COUNT) return options.commonShares
  if (kind === APPEARANCE) return options.appearanceShares
  return kind === PRESENCE ? options.presenceShares : options.rareShares
}

/**
 * The share of an alternative for a series that deviates at `base` normally. Where the stated share
 * is hardly above the base it is taken of the occurrences that do not deviate anyway.
 */
export function alternativeShare(share: number, base: number): number {
  return share >= 2 * base ? share : base + share * (1 - base)
}
