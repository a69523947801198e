/**
 * Slow, obvious k-medoids to check the fast one against: weighted PAM (Kaufman, Rousseeuw 1990) as
 * the textbook tells it, and all subsets for very small n. Everything is recomputed from the
 * definition each time; nothing here is shared with src/cluster.
 */
export type Matrix = readonly (readonly number[])[]

/** Sum over points of weight times the distance to the nearest medoid. */
export function lossOf(d: Matrix, weights: readonly number[], medoids: readonly number[]): number {
  let loss = 0
  for (let o = 0; o < d.length; o++) {
    let nearest = Infinity
    for (const m of medoids) nearest = Math.min(nearest, d[m]![o]!)
    loss += weights[o]! * nearest
  }
  return loss
}

/** BUILD: the point that lowers the loss most, k times. */
export function pamBuild(d: Matrix, weights: readonly number[], k: number): number[] {
  const medoids: number[] = []
  while (medoids.length < k) {
    let best = -1
    let bestLoss = Infinity
    for (let j = 0; j < d.length; j++) {
      if (medoids.includes(j)) continue
      const loss = lossOf(d, weights, [...medoids, j])
      if (loss < bestLoss) {
        best = j
        bestLoss = loss
      }
    }
    medoids.push(best)
  }
  return medoids
}

/** The best of all swaps of a medoid for another point: its loss and what it leads to. */
export function bestSwap(
  d: Matrix,
  weights: readonly number[],
  medoids: readonly number[],
): { loss: number; medoids: number[] } {
  let best = { loss: Infinity, medoids: [...medoids] }
  for (let slot = 0; slot < medoids.length; slot++) {
    for (let j = 0; j < d.length; j++) {
      if (medoids.includes(j)) continue
      const swapped = medoids.with(slot, j)
      const loss = lossOf(d, weights, swapped)
      if (loss < best.loss) best = { loss, medoids: swapped }
    }
  }
  return best
}

/** SWAP: the best swap, as long as there is one that helps. */
export function pam(
  d: Matrix,
  weights: readonly number[],
  k: number,
): { loss: number; medoids: number[] } {
  let now = { loss: Infinity, medoids: pamBuild(d, weights, k) }
  now.loss = lossOf(d, weights, now.medoids)
  for (;;) {
    const next = bestSwap(d, weights, now.medoids)
    if (next.loss >= now.loss - 1e-9 * now.loss) return now
    now = next
  }
}

/** The least loss over all k-subsets. */
export function bruteForce(d: Matrix, weights: readonly number[], k: number): number {
  let best = Infinity
  const choose = (from: number, chosen: number[]): void => {
    if (chosen.length === k) {
      best = Math.min(best, lossOf(d, weights, chosen))
      return
    }
    for (let j = from; j < d.length; j++) choose(j + 1, [...chosen, j])
  }
  choose(0, [])
  return best
}
