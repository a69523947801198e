/** Alternatives that each series is tested against. */
export const ALTERNATIVES = 3

/**
 * Shares of deviating occurrences that a series is tested against: from the least that is claimed to the
 * greatest, evenly spaced where shares are equally well told apart, which is on the scale of the arcsine of
 * the square root (Anscombe 1948).
 */
export function alternativeShares(least: number, greatest: number): Float64Array {
  const from = Math.asin(Math.sqrt(least))
  const to = Math.asin(Math.sqrt(greatest))
  const at = (j: number): number => Math.sin(from + ((to - from) * j) / (ALTERNATIVES - 1)) ** 2
  return Float64Array.from({ length: ALTERNATIVES }, (_, j) => at(j))
}

/**
 * The share of an alternative for a series that deviates at `baseRate` normally. Where the stated
 * share is hardly above that it is taken of the occurrences that do not deviate anyway.
 */
export function alternativeShare(share: number, baseRate: number): number {
  return share >= 2 * baseRate ? share : baseRate + share * (1 - baseRate)
}
