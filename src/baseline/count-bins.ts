/** Upper edges of the bins in which runs are counted by their number of spans; the last is open. */
const EDGES = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256]

export const COUNT_BINS = EDGES.length + 1

/** Bin of a count >= 1. */
export function countBin(count: number): number {
  let bin = 0
  while (bin < EDGES.length && count > EDGES[bin]!) bin++
  return bin
}

/** Largest count of a bin; Infinity for the last. */
export function binEdge(bin: number): number {
  return EDGES[bin] ?? Number.POSITIVE_INFINITY
}
