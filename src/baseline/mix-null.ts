import { independentOf } from '../stats/over-dispersion.ts'

/** The occurrences of a series by the call path they came by. */
export interface ByPath {
  /** Path ids; of the parent where children are missing or there. The first, 0, is all others. */
  readonly paths: Int32Array<ArrayBuffer>
  /** Occurrences of each, decayed, and how many of them deviate. */
  readonly totals: Float64Array<ArrayBuffer>
  readonly hits: Float64Array<ArrayBuffer>
}

/**
 * The null of a series whose paths differ: another mix of requests gives another share of deviating
 * occurrences although nothing has changed. Plain data.
 */
export interface MixNull {
  /** As in `ByPath`: the first, 0, is all others. */
  readonly paths: Int32Array<ArrayBuffer>
  /** Share of the reference's occurrences that came by each, */
  readonly shares: Float64Array<ArrayBuffer>
  /** ... of which so many deviate, */
  readonly rates: Float64Array<ArrayBuffer>
  /** ... give or take so many. */
  readonly spreads: Float64Array<ArrayBuffer>
  /** Over all: as seen in the reference, and the least that is assumed. */
  readonly baseRate: number
  readonly floor: number
}

/** What is known of a series when its mix is looked at. */
export interface MixSource {
  readonly byPath: ByPath
  readonly baseRate: number
  readonly floor: number
  /** Occurrences behind it, and how many of them come from one bucket on average. */
  readonly reference: number
  readonly perBucket: number
}

/** Nothing is certain; and the logarithms of the null stay finite. */
const MOST_RATE = 0.9999

/**
 * Rates by path, or null where no path plainly deviates more often than the whole: then no mix of
 * them does, and one rate is enough. What little was seen of a path is worth little: its rate is known
 * up to `deviations` standard errors, with one occurrence at the common rate added (a Beta prior of
 * that weight) and its own bursts (`rho`) taken off.
 */
export function mixOf(source: MixSource, rho: number, deviations: number): MixNull | null {
  const { byPath, baseRate, floor, reference, perBucket } = source
  const { paths, totals, hits } = byPath
  const all = totals.reduce((sum, one) => sum + one, 0)
  const shares = totals.map((one) => one / Math.max(1, all))
  const rates = new Float64Array(paths.length)
  const spreads = new Float64Array(paths.length)
  let differs = false
  for (let k = 0; k < paths.length; k++) {
    const share = shares[k]!
    const seen = Math.min(totals[k]!, reference * share)
    const independent = independentOf(seen, perBucket * share, rho)
    const own = totals[k]! > 0 ? Math.min(1, hits[k]! / totals[k]!) : baseRate
    const careful = (own * independent + baseRate) / (independent + 1)
    rates[k] = own
    spreads[k] = deviations * Math.sqrt((careful * (1 - careful)) / (independent + 2))
    if (totals[k]! > 0 && careful - spreads[k]! > Math.max(floor, baseRate)) differs = true
  }
  return differs ? { paths, shares, rates, spreads, baseRate, floor } : null
}

/**
 * Share of `n` occurrences that deviates normally when `counts[path]` of them came by each path: the
 * reference's own share, moved by what came more and what came less of (indirect standardisation).
 * Where the mix is that of the reference it is exactly the reference's share; what the move rests on
 * is itself an estimate, and gets its upper bound. A sum of independent calls of unequal rates is
 * less scattered than one of equal rates with the same mean (Hoeffding 1956), so that the null with
 * this mean gives no evidence too much.
 */
export function baseRateOfMix(mix: MixNull, counts: ArrayLike<number>, n: number): number {
  const { paths, shares, rates, spreads, baseRate, floor } = mix
  if (n <= 0) return Math.max(floor, baseRate)
  let others = n
  let shift = 0
  let variance = 0
  for (let k = 1; k < paths.length; k++) {
    const count = counts[paths[k]!]!
    others -= count
    const moved = count / n - shares[k]!
    shift += moved * rates[k]!
    variance += (moved * spreads[k]!) ** 2
  }
  const moved = others / n - shares[0]!
  shift += moved * rates[0]!
  variance += (moved * spreads[0]!) ** 2
  return Math.min(MOST_RATE, Math.max(floor, baseRate + shift + Math.sqrt(variance)))
}
