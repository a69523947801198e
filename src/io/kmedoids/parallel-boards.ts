import { Worker } from 'node:worker_threads'
import type { Assignment } from '../../kmedoids/assignment.ts'
import type { Dissimilarities, Prepared } from '../../kmedoids/dissimilarities.ts'
import { type BoardMaker, type BoardOptions, KernelBoard } from '../../kmedoids/kernel-board.ts'
import type { SwapBoard } from '../../kmedoids/swap-board.ts'
import {
  CONTROL,
  MOST_AHEAD,
  type PricerStart,
  priceOwnPart,
  QUAD,
  type SharedPricing,
} from './shared-pricing.ts'

/** Below so many points the threads cost more than they bring. */
const LEAST_POINTS = 5000
/** After so long without an answer a thread is given up, and the run goes on without threads. */
const PATIENCE_MS = 20_000

export interface ParallelBoards {
  /** For `ClusterOptions.makeBoard`. */
  readonly makeBoard: BoardMaker
  /** Ends the threads. */
  close(): void
}

/**
 * Boards on which `threads` threads, this one included, price candidates ahead of their turn: all against
 * the medoids as they are, so that what is priced is what one thread alone would get, bit for bit, and
 * dropped when a swap comes between. Few are priced ahead after a swap, ever more while none comes.
 *
 * Used for more than 5,000 points that a kernel can measure, else boards are of one thread. Blocks while
 * it waits: start it in a worker where something else must go on.
 */
export function parallelBoards(threads: number): ParallelBoards {
  let open: ParallelBoard | null = null
  return {
    makeBoard: (data, weights, k, options) => {
      if (threads < 2 || data.n <= LEAST_POINTS || data.prepared === null) {
        return new KernelBoard(data, weights, k, options)
      }
      if (open?.isFor(data, weights, k, options)) return open
      open?.close()
      open = new ParallelBoard(data, data.prepared, weights, k, options, threads)
      return open
    },
    close: () => {
      open?.close()
      open = null
    },
  }
}

class ParallelBoard implements SwapBoard {
  readonly candidates: number
  readonly targets: number
  readonly weights: Float64Array
  readonly state: Assignment
  readonly #data: Dissimilarities
  readonly #givenWeights: Float64Array
  readonly #options: BoardOptions
  readonly #k: number
  readonly #own: KernelBoard
  readonly #shared: SharedPricing
  readonly #workers: Worker[]
  #threads: number
  #order: Int32Array | null = null
  /** The batch that is priced: where it begins in the order and how many it has; none after a swap. */
  #from = 0
  #count = 0
  #ahead: number
  #version = 0

  constructor(
    data: Dissimilarities,
    prepared: Prepared,
    weights: Float64Array,
    k: number,
    options: BoardOptions,
    threads: number,
  ) {
    this.#data = data
    this.#givenWeights = weights
    this.#options = options
    this.#k = k
    this.#threads = threads
    this.#ahead = threads * QUAD
    // Rows kept by one thread are not seen by the others; measured again they are the same.
    const { cacheBytes: _, ...rest } = options
    this.#own = new KernelBoard(data, weights, k, rest)
    this.candidates = data.n
    this.targets = this.#own.targets
    this.weights = this.#own.weights
    this.state = this.#own.state
    this.#shared = sharedFor(this.targets, data.n, k)
    const common = {
      ...{ shared: this.#shared, name: data.name, n: data.n, k, threads },
      prepared: { ...prepared, values: onShared(prepared.values) },
      ...{ targets: this.#own.ids.slice(), weights: weights.slice() },
      selfDistance: options.selfDistance ?? 0,
    }
    this.#workers = Array.from({ length: threads - 1 }, (_, i) => {
      const start: PricerStart = { ...common, thread: i + 1 }
      const worker = new Worker(new URL('./price-worker.ts', import.meta.url), {
        workerData: start,
      })
      worker.unref()
      return worker
    })
    this.#await()
  }

  isFor(data: Dissimilarities, weights: Float64Array, k: number, options: BoardOptions): boolean {
    const { targets, selfDistance, backend } = options
    return (
      data === this.#data &&
      weights === this.#givenWeights &&
      k === this.#k &&
      targets === this.#options.targets &&
      selfDistance === this.#options.selfDistance &&
      backend === this.#options.backend
    )
  }

  assign(medoids: Int32Array): void {
    this.#own.assign(medoids)
    this.#changed()
  }

  swap(medoids: Int32Array, slot: number): void {
    this.#own.swap(medoids, slot)
    this.#changed()
  }

  price(order: Int32Array, at: number, change: Float64Array): number {
    if (this.#threads < 2) return this.#own.price(order, at, change)
    const isPriced = order === this.#order && at >= this.#from && at < this.#from + this.#count
    if (!isPriced) this.#priceBatch(order, at, change)
    if (this.#threads < 2) return this.#own.price(order, at, change)
    const { prices } = this.#shared
    const first = (at - this.#from) * (this.#k + 1)
    change.set(prices.subarray(first + 1, first + 1 + this.#k))
    return prices[first] ?? 0
  }

  close(): void {
    const { control } = this.#shared
    Atomics.store(control, CONTROL.state, 1)
    Atomics.add(control, CONTROL.batch, 1)
    Atomics.notify(control, CONTROL.batch)
    this.#threads = 1
  }

  #changed(): void {
    this.#count = 0
    this.#ahead = this.#threads * QUAD
    this.#version++
  }

  #priceBatch(order: Int32Array, at: number, removal: Float64Array): void {
    const { control, nearest, second, assignment } = this.#shared
    if (order !== this.#order) {
      this.#order = order
      this.#shared.order.set(order)
      control[CONTROL.order] = order.length
    }
    if (control[CONTROL.version] !== this.#version) {
      nearest.set(this.state.nearest)
      second.set(this.state.second)
      assignment.set(this.state.assignment)
      control[CONTROL.version] = this.#version
    }
    this.#shared.removal.set(removal)
    this.#from = at
    this.#count = Math.min(this.#ahead, order.length - at)
    this.#ahead = Math.min(2 * this.#ahead, MOST_AHEAD)
    control[CONTROL.from] = this.#from
    control[CONTROL.count] = this.#count
    Atomics.store(control, CONTROL.done, 0)
    Atomics.add(control, CONTROL.batch, 1)
    Atomics.notify(control, CONTROL.batch)
    priceOwnPart(this.#own, this.#shared, 0, this.#threads)
    this.#await()
  }

  /** Until all workers are done; without them where one failed or does not answer. */
  #await(): void {
    const { control } = this.#shared
    for (;;) {
      const done = Atomics.load(control, CONTROL.done)
      const failed = Atomics.load(control, CONTROL.state) === 2
      if (!failed && done >= this.#workers.length) return
      if (!failed && Atomics.wait(control, CONTROL.done, done, PATIENCE_MS) !== 'timed-out')
        continue
      this.close()
      this.#count = 0
      return
    }
  }
}

function sharedFor(targets: number, n: number, k: number): SharedPricing {
  const bytes = (count: number, size: number): SharedArrayBuffer =>
    new SharedArrayBuffer(count * size)
  return {
    control: new Int32Array(bytes(Object.keys(CONTROL).length, 4)),
    order: new Int32Array(bytes(n, 4)),
    nearest: new Float32Array(bytes(targets, 4)),
    second: new Float32Array(bytes(targets, 4)),
    assignment: new Int32Array(bytes(targets, 4)),
    removal: new Float64Array(bytes(k, 8)),
    prices: new Float64Array(bytes(MOST_AHEAD * (k + 1), 8)),
  }
}

/** The values on shared memory, so that threads do not each have a copy. */
function onShared(values: Float32Array): Float32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values
  const shared = new Float32Array(new SharedArrayBuffer(4 * values.length))
  shared.set(values)
  return shared
}
