/** One k with the loss it reached. */
export interface LossOfK {
  readonly k: number
  readonly loss: number
}

/**
 * Where the curve of losses bends: the k that lies farthest below the line from the first to the last
 * point, both axes scaled to 0 … 1 (Satopaa et al. 2011, "Kneedle", without its smoothing), and how far.
 * Null for fewer than three values of k, and where no point lies below the line: there is no elbow then,
 * and none should be made up.
 */
export function elbow(curve: readonly LossOfK[]): { k: number; depth: number } | null {
  const sorted = [...curve].sort((a, b) => a.k - b.k)
  const first = sorted[0]
  const last = sorted.at(-1)
  if (!first || !last || sorted.length < 3 || !(first.loss > last.loss)) return null
  let best: { k: number; depth: number } | null = null
  for (const { k, loss } of sorted) {
    const x = (k - first.k) / (last.k - first.k)
    const y = (loss - last.loss) / (first.loss - last.loss)
    const depth = 1 - x - y
    if (depth > (best?.depth ?? 1e-9)) best = { k, depth }
  }
  return best
}
