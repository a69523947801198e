/**
 * Randomness without state: every number is a hash of where it is used (seed, call, purpose). So a
 * fault that adds or removes calls changes no draw of any other call, and a run with and without a
 * fault can be compared call by call ("common random numbers").
 */

const GOLDEN = 0x9e3779b1

/** A bijection of 32-bit integers that leaves no visible pattern (C. Wellons, `triple32`). */
export function mix(x: number): number {
  let h = x | 0
  h = Math.imul(h ^ (h >>> 17), 0xed5ad4bb)
  h = Math.imul(h ^ (h >>> 11), 0xac4c1b51)
  h = Math.imul(h ^ (h >>> 15), 0x31848bab)
  return (h ^ (h >>> 14)) >>> 0
}

/** Seed of the `index`-th part of what has this seed. */
export function derive(seed: number, index: number): number {
  return mix(mix(seed) + Math.imul(index + 1, GOLDEN))
}

/** A number in the open interval (0, 1) for one purpose of one seed. */
export function unit(seed: number, purpose: number): number {
  return (derive(seed, purpose) + 0.5) / 4294967296
}

/** Seed that stands for a text (FNV-1a). */
export function seedOf(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

/**
 * Quantile of the standard normal distribution, relative error below 1.2e-9.
 * Source: P. J. Acklam's rational approximation (2003).
 */
export function normalQuantile(p: number): number {
  if (p < 0.02425) return -tailQuantile(Math.sqrt(-2 * Math.log(p)))
  if (p > 1 - 0.02425) return tailQuantile(Math.sqrt(-2 * Math.log(1 - p)))
  const q = p - 0.5
  const r = q * q
  const above =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r +
      138.357751867269) *
      r -
      30.66479806614716) *
      r +
    2.506628277459239
  const below =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r +
      66.80131188771972) *
      r -
      13.28068155288572) *
      r +
    1
  return (q * above) / below
}

/** Upper tail of `normalQuantile`, q = sqrt(-2 ln(tail probability)). */
function tailQuantile(q: number): number {
  const above =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q -
      2.549732539343734) *
      q +
      4.374664141464968) *
      q +
    2.938163982698783
  const below =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q +
      3.754408661907416) *
      q +
    1
  return -above / below
}

/** P(Z <= z), relative error below 1.2e-7. Source: Numerical Recipes, `erfcc`. */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.5 * x)
  const coefficients = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
    0.37409196, 1.00002368, -1.26551223,
  ]
  let sum = 0
  for (const c of coefficients) sum = sum * t + c
  const half = (t * Math.exp(-x * x + sum)) / 2
  return z > 0 ? 1 - half : half
}

/** Log-normal draw: `median * exp(sigma * z)`. */
export function logNormal(seed: number, purpose: number, median: number, sigma: number): number {
  return median * Math.exp(sigma * normalQuantile(unit(seed, purpose)))
}

/**
 * Draw from Beta(a, b): two gammas. Source: Marsaglia & Tsang, "A simple method for generating gamma
 * variables", 2000, with their boost for shapes below one.
 */
export function beta(seed: number, a: number, b: number): number {
  const x = gamma(derive(seed, 1), a)
  const y = gamma(derive(seed, 2), b)
  return x + y > 0 ? x / (x + y) : a / (a + b)
}

function gamma(seed: number, shape: number): number {
  if (shape < 1) return gamma(seed, shape + 1) * unit(seed, 999) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (let i = 0; i < 100; i++) {
    const z = normalQuantile(unit(seed, 2 * i))
    const v = (1 + c * z) ** 3
    if (v <= 0) continue
    if (Math.log(unit(seed, 2 * i + 1)) < 0.5 * z * z + d - d * v + d * Math.log(v)) return d * v
  }
  return d
}
