/**
 * Keys count from here, 2020-01-01 UTC, not from 1970 and not from the first observation: a fixed
 * origin makes the keys of all shards and restarts comparable, a near one keeps them small.
 */
export const KEY_EPOCH_MS = 1_577_836_800_000

/** Decay per ms, ln 2 / half-life; 0 for a half-life of Infinity. Throws RangeError on others ≤ 0. */
export function decayPerMs(halfLifeMs: number): number {
  if (!(halfLifeMs > 0)) throw new RangeError(`Half-life must be positive, got ${halfLifeMs} ms.`)
  return Math.LN2 / halfLifeMs
}

/**
 * The sampling key `alpha t - ln(-ln u)`; keeping the m largest keys is weighted sampling without
 * replacement with weights exp(alpha t). Forward decay (Cormode, Shkapenyuk, Srivastava, Xu, ICDE
 * 2009) in the log of A-Res's u^(1/w) (Efraimidis, Spirakis, IPL 2006): relative weights never
 * change later, so nothing is ever rescored, and nothing overflows.
 *
 * `timeMs` is data time since 1970, `unit` in (0, 1), `perMs` from `decayPerMs`. Rounding: the
 * second term is a Gumbel variable of spread 1; the first is off by at most 2^-53 of its size, that
 * is 1e-12 at a half-life of hours and 1e-7 at one second, and it is the same for equal times and
 * monotone in time.
 */
export function decayKey(timeMs: number, unit: number, perMs: number): number {
  return perMs * (timeMs - KEY_EPOCH_MS) - Math.log(-Math.log(unit))
}
