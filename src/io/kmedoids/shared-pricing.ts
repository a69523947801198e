import type { Prepared } from '../../kmedoids/dissimilarities.ts'
import type { SwapBoard } from '../../kmedoids/swap-board.ts'

/** Candidates that are measured in one go, and so belong to one thread. */
export const QUAD = 4
/** Most candidates priced between two meetings of the threads. */
export const MOST_AHEAD = 256

/** Indices into `control`. */
export const CONTROL = {
  /** Counts the batches; a worker waits for it to change. */
  batch: 0,
  /** Workers that are done with the batch, or at first, ready. */
  done: 1,
  /** 1 ends the workers, 2 says that one of them failed. */
  state: 2,
  /** Where in the order the batch begins, and how many candidates it has. */
  from: 3,
  count: 4,
  /** Counts the swaps: a worker whose own number differs takes over the state. */
  version: 5,
  /** Entries of the order that count. */
  order: 6,
} as const

/** What all threads see; every array lies on shared memory. */
export interface SharedPricing {
  readonly control: Int32Array
  readonly order: Int32Array
  readonly nearest: Float32Array
  readonly second: Float32Array
  readonly assignment: Int32Array
  readonly removal: Float64Array
  /** k + 1 for each candidate of a batch: what it adds, and the changes by slot. */
  readonly prices: Float64Array
}

/** What a worker is started with. */
export interface PricerStart {
  readonly shared: SharedPricing
  readonly name: string
  readonly n: number
  readonly prepared: Prepared
  readonly targets: Int32Array
  readonly weights: Float64Array
  readonly selfDistance: number
  readonly k: number
  readonly thread: number
  readonly threads: number
}

/** Prices the part of the batch that is this thread's: every `threads`-th four of candidates. */
export function priceOwnPart(
  board: Pick<SwapBoard, 'price'>,
  shared: SharedPricing,
  thread: number,
  threads: number,
): void {
  const { control, order, removal, prices } = shared
  const from = control[CONTROL.from] ?? 0
  const count = control[CONTROL.count] ?? 0
  const own = order.subarray(0, control[CONTROL.order])
  const k = removal.length
  for (let quad = thread * QUAD; quad < count; quad += threads * QUAD) {
    for (let i = quad; i < Math.min(quad + QUAD, count); i++) {
      const change = prices.subarray(i * (k + 1) + 1, (i + 1) * (k + 1))
      change.set(removal)
      prices[i * (k + 1)] = board.price(own, from + i, change)
    }
  }
}
