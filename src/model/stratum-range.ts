/** A run of equal strata in the sample. */
export interface StratumRange {
  readonly stratum: number
  readonly from: number
  readonly to: number
}

/** The runs of an ascending list of strata, in their order. */
export function strataRanges(strata: Int32Array): StratumRange[] {
  const ranges: StratumRange[] = []
  let from = 0
  for (let i = 1; i <= strata.length; i++) {
    if (i < strata.length && strata[i] === strata[from]) continue
    if (i > from) ranges.push({ stratum: strata[from]!, from, to: i })
    from = i
  }
  return ranges
}
