/** Above this many factors the gamma function is cheaper than the product. */
const FEW = 8
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/**
 * ln Γ(x) for x > 0, to about 1e-13 relative: Stirling's series from 8 upwards, after Γ's recurrence
 * (Abramowitz & Stegun 6.1.15 and 6.1.40).
 */
export function logGamma(x: number): number {
  let shift = 1
  let z = x
  while (z < 8) shift *= z++
  const r = 1 / (z * z)
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / z
  return (z - 0.5) * Math.log(z) - z + HALF_LOG_TWO_PI + series - Math.log(shift)
}

/** ln of the rising factorial a (a + 1) … (a + n - 1), a > 0, n a whole number >= 0. */
export function logRising(a: number, n: number): number {
  if (n > FEW) return logGamma(a + n) - logGamma(a)
  let product = 1
  for (let i = 0; i < n; i++) product *= a + i
  return Math.log(product)
}

/**
 * ln of the probability of one given sequence of n occurrences with c deviating ones, when the share
 * of a bucket is drawn from Beta(a, b) with mean `mean` and a + b = (1 - rho) / rho: the
 * beta-binomial without its binomial coefficient. rho is the correlation of two occurrences of the
 * same bucket; 0 gives independent occurrences.
 *
 * It depends on the order not at all and on the prefix only through (n, c). So the ratio of two of
 * these along one bucket is a martingale under the hypothesis in the denominator, and may be looked
 * at after every occurrence.
 */
export function logBetaBinomial(n: number, c: number, mean: number, rho: number): number {
  if (rho <= 0) return c * Math.log(mean) + (n - c) * Math.log1p(-mean)
  const size = (1 - rho) / rho
  const a = mean * size
  return logRising(a, c) + logRising(size - a, n - c) - logRising(size, n)
}
