/** Alternatives that each series is tested against. */
export const ALTERNATIVES = 3

/**
 * Shares of deviating occurrences that a series is tested against: from the least that is claimed to the
 * greatest, each as many times the one before: how soon a share is told from a rare one follows from their ratio.
 */
export function alternativeShares(least: number, greatest: number): Float64Array {
  const step = (greatest / least) ** (1 / (ALTERNATIVES - 1))
  return Float64Array.from({ length: ALTERNATIVES }, (_, j) => least * step ** j)
}

/**
 * The share of an alternative for a series that deviates at `baseRate` normally. Where the stated
 * share is hardly above that it is taken of the occurrences that do not deviate anyway.
 */
export function alternativeShare(share: number, baseRate: number): number {
  return share >= 2 * baseRate ? share : baseRate + share * (1 - baseRate)
}
