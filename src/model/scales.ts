import {
  MAX_SELF,
  MEAN_DURATION,
  PROFILE_STRIDE,
  type ProfileScratch,
  SCALED_DURATION,
  SCALED_SELF,
  SCALED_STRIDE,
} from '../profile/profile.ts'

/** Probability levels of the knots. The bulk lies between the second and the fourth. */
export const LEVELS = [0.01, 0.1, 0.5, 0.9, 0.97, 0.99, 0.997, 0.999] as const
export const KNOTS = LEVELS.length
const BULK_LOW = 1
const MEDIAN = 2
const BULK_HIGH = 3

/**
 * Where each level lies on the scale: nearly flat in the bulk, then growing with the logarithm of
 * the tail probability (q90 = 0.1, q99 = 0.4, q99.9 = 0.7, one in ten thousand = 1). Faster than
 * normal counts half as much.
 */
const PLACES = LEVELS.map((q) => {
  if (q > 0.9) return 0.1 + 0.3 * Math.log10(0.1 / (1 - q))
  if (q < 0.1) return -0.05 - 0.15 * Math.log10(0.1 / q)
  return q === 0.5 ? 0 : q > 0.5 ? 0.1 : -0.05
})
/** Beyond the last knot: what going once more from the median to that knot adds. */
const BEYOND = 0.3
const LEAST = -0.5
const MOST = 1

/** Knots of neighbouring levels are at least this far apart, in ln units: a constant stays a number. */
const LEAST_STEP = 0.02
/** A difference below this share of the whole observation's normal duration is not material. */
const MATERIAL_SHARE = 0.02

/**
 * The own scale of every element for its duration and its self time: a monotone map of the element's
 * normal distribution, kept as a few quantiles. Real elements have stepped, heavy tails, so that a
 * plain log ratio flags their normal steps and misses constant shifts elsewhere.
 */
export interface Scales {
  /** Path ids that have a scale, ascending. */
  readonly paths: Int32Array<ArrayBuffer>
  /** 2 x KNOTS values (ln(1 + us)) a path: duration, then self time. Non-decreasing. */
  readonly knots: Float64Array<ArrayBuffer>
  /** How many of the upper knots the sample supports, two a path; the others repeat the last. */
  readonly supported: Uint8Array<ArrayBuffer>
  /** Upper quartile of the self time of each path, ln(1 + us): what is beyond it is excess. */
  readonly upperSelf: Float64Array<ArrayBuffer>
  /** Its median, ms: what the path is expected to take. */
  readonly medianSelfMs: Float64Array<ArrayBuffer>
  /** Sampled observations that have the path, and those of them in which it failed. */
  readonly observations: Uint32Array<ArrayBuffer>
  readonly failing: Uint32Array<ArrayBuffer>
  /** The most times that one of them has it. */
  readonly mostTimes: Float64Array<ArrayBuffer>
}

/**
 * Quantiles of one measure of one element.
 * @param sorted normal values, ascending, at least one, ln(1 + us)
 * @param scaleUs median duration of the observations that contain the element, us
 * @returns KNOTS values, and how many of them the sample supports
 */
export function fitKnots(
  sorted: Float64Array,
  scaleUs: number,
): { knots: Float64Array; supported: number } {
  const n = sorted.length
  const knots = new Float64Array(KNOTS)
  let supported = 0
  for (let k = 0; k < KNOTS; k++) {
    const q = LEVELS[k]!
    // An upper quantile needs at least two values beyond it to be one.
    if (k > BULK_HIGH && n * (1 - q) < 2) {
      knots[k] = knots[k - 1]!
      continue
    }
    knots[k] = sorted[Math.min(n - 1, Math.floor(q * n))]!
    supported = k + 1
  }
  spread(knots, supported, scaleUs)
  return { knots, supported }
}

/** Moves knots outwards until each step is material, on both sides of the median. */
function spread(knots: Float64Array, supported: number, scaleUs: number): void {
  const median = knots[MEDIAN]!
  const materialUs = MATERIAL_SHARE * scaleUs
  for (let k = BULK_HIGH; k < KNOTS; k++) {
    const step = k - MEDIAN
    const least = Math.log(Math.exp(median) + materialUs * step)
    const floor = Math.max(least, knots[k - 1]! + LEAST_STEP)
    knots[k] = k < supported ? Math.max(knots[k]!, floor) : knots[k - 1]!
  }
  for (let k = BULK_LOW; k >= 0; k--) {
    const step = MEDIAN - k
    const most = Math.log(Math.max(1, Math.exp(median) - materialUs * step))
    knots[k] = Math.min(knots[k]!, most, knots[k + 1]! - LEAST_STEP)
  }
}

/** Place of a value on a scale: in [-0.5, 1], 0 at the median. Non-decreasing in `value`. */
export function placeOnScale(
  knots: Float64Array,
  from: number,
  supported: number,
  value: number,
): number {
  const last = supported - 1
  const top = knots[from + last]!
  if (value >= top) {
    const unit = top - knots[from + MEDIAN]!
    const place = PLACES[last]! + (BEYOND * (value - top)) / unit
    return place < MOST ? place : MOST
  }
  const bottom = knots[from]!
  if (value <= bottom) {
    const unit = knots[from + MEDIAN]! - bottom
    const place = PLACES[0]! - (BEYOND * (bottom - value)) / unit
    return place > LEAST ? place : LEAST
  }
  let k = value < knots[from + MEDIAN]! ? 1 : BULK_HIGH
  while (value >= knots[from + k]!) k++
  const low = knots[from + k - 1]!
  const share = (value - low) / (knots[from + k]! - low)
  return PLACES[k - 1]! + share * (PLACES[k]! - PLACES[k - 1]!)
}

/** Applies scales to profiles; holds the dense index from path id to row. */
export class Scaler {
  readonly scales: Scales
  readonly #rowOf: Int32Array

  constructor(scales: Scales) {
    this.scales = scales
    const last = scales.paths.length === 0 ? 0 : scales.paths.at(-1)! + 1
    this.#rowOf = new Int32Array(last).fill(-1)
    for (let row = 0; row < scales.paths.length; row++) this.#rowOf[scales.paths[row]!] = row
  }

  /** Row of a path in the scales, or -1: no sampled observation has it. */
  row(path: number): number {
    return path < this.#rowOf.length ? this.#rowOf[path]! : -1
  }

  /** Fills `x.scaled`. Elements without a scale are at 0: the structure term speaks of them. */
  apply(x: ProfileScratch): void {
    for (let row = 0; row < x.count; row++) {
      const scale = this.row(x.paths[row]!)
      const out = row * SCALED_STRIDE
      if (scale < 0) {
        x.scaled[out + SCALED_DURATION] = 0
        x.scaled[out + SCALED_SELF] = 0
        continue
      }
      const { knots, supported } = this.scales
      const from = scale * 2 * KNOTS
      const at = row * PROFILE_STRIDE
      x.scaled[out + SCALED_DURATION] = placeOnScale(
        knots,
        from,
        supported[scale * 2]!,
        x.values[at + MEAN_DURATION]!,
      )
      x.scaled[out + SCALED_SELF] = placeOnScale(
        knots,
        from + KNOTS,
        supported[scale * 2 + 1]!,
        x.values[at + MAX_SELF]!,
      )
    }
  }
}
