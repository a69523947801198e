/** Pseudo-windows drawn for a threshold. */
const DRAWS = 400
/** Standard deviations above the mean of what chance does; with as many tests as strata and hours. */
const DEVIATIONS = 5

/** How two histograms of `bins` counts are compared. */
export interface ComparedHistograms {
  readonly bins: number
  /**
   * Distance in [0, 1], 0 where either is empty; the same whatever the order of its arguments.
   */
  readonly statistic: (reference: Float64Array, window: Float64Array) => number
  /** A statistic below this does not matter, however certain it is. */
  readonly material: number
}

/**
 * The threshold of a statistic: what the reference does to itself. Pseudo-windows are runs of
 * consecutive blocks of the reference (moving-block bootstrap with blocks as long as the window,
 * Kunsch, Annals of Statistics 17, 1989), so that bursts, slow waves and the time of day are in it;
 * each is compared with the reference without it. The tail beyond the draws is taken as normal: mean
 * plus five deviations, more where the reference holds few windows; at least the largest draw, and at
 * least what matters.
 * @param blocks histograms of the reference, oldest first
 * @param random numbers in [0, 1), seeded by the caller
 */
export function bootstrapThreshold(
  detector: ComparedHistograms,
  blocks: readonly Uint32Array[],
  windowBlocks: number,
  random: () => number,
): number {
  const { bins, statistic, material } = detector
  const all = new Float64Array(bins)
  for (const block of blocks) add(all, block, 1)
  const inside = new Float64Array(bins)
  const outside = new Float64Array(bins)
  const starts = blocks.length - windowBlocks + 1
  let sum = 0
  let squares = 0
  let largest = 0
  for (let draw = 0; draw < DRAWS; draw++) {
    const from = Math.floor(random() * starts)
    inside.fill(0)
    outside.set(all)
    for (let i = from; i < from + windowBlocks; i++) {
      add(inside, blocks[i]!, 1)
      add(outside, blocks[i]!, -1)
    }
    const value = statistic(outside, inside)
    sum += value
    squares += value * value
    largest = Math.max(largest, value)
  }
  const mean = sum / DRAWS
  const deviation = Math.sqrt(Math.max(0, squares / DRAWS - mean * mean))
  // With few disjoint windows in the reference the deviation itself is poorly known.
  const doubt = 1 + (2 * windowBlocks) / blocks.length
  return Math.max(material, largest, mean + DEVIATIONS * doubt * deviation)
}

/** Adds `sign` times a block's counts to a histogram. */
export function add(into: Float64Array, block: Uint32Array, sign: 1 | -1): void {
  for (let bin = 0; bin < into.length; bin++) into[bin]! += sign * block[bin]!
}
