/** Measures 4 points against `count` panels of 8 targets; see scripts/kernel.assemblyscript. */
type MeasurePanels = (
  points: number,
  panels: number,
  p: number,
  count: number,
  out: number,
  stride: number,
) => void

/**
 * The innermost loops, on one piece of memory. Arguments are byte offsets into it, or counts; rows of
 * m numbers are padded to a multiple of 16, with `second` and `nearest` of the padding at -Infinity so
 * that it never counts. WebAssembly and the plain twin give the same bits.
 */
export interface Kernel {
  readonly manhattan: MeasurePanels
  readonly euclidean: MeasurePanels
  readonly halfSquare: MeasurePanels
  readonly chebyshev: MeasurePanels
  readonly ruzicka: MeasurePanels
  readonly gower: (...args: [...Parameters<MeasurePanels>, kinds: number, weights: number]) => void
  /** FasterPAM's pricing of one candidate against all slots (see `priceSwaps`). */
  readonly scan: (
    row: number,
    m: number,
    nearest: number,
    second: number,
    assignment: number,
    weights: number,
    change: number,
  ) => number
  /** One more medoid for `assignToMedoids`. */
  readonly nearestTwo: (
    row: number,
    slot: number,
    m: number,
    nearest: number,
    second: number,
    assignment: number,
    runnerUp: number,
  ) => void
  /** What the loss falls by when the point becomes one more medoid (see `gainOf`). */
  readonly gain: (row: number, m: number, nearest: number, weights: number) => number
  /** Brings the assignment up to date after a swap (see `applySwap`). */
  readonly applySwap: (
    rows: number,
    stride: number,
    k: number,
    slot: number,
    m: number,
    nearest: number,
    second: number,
    assignment: number,
    runnerUp: number,
    medoids: number,
    ids: number,
  ) => void
}
