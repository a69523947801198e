import type { Assignment } from './assignment.ts'
import type { Dissimilarities, Prepared } from './dissimilarities.ts'
import type { Kernel } from './kernel/kernel.ts'
import { type Backend, type KernelMemory, kernelMemory } from './kernel/kernel-memory.ts'
import type { SwapBoard } from './swap-board.ts'

export interface BoardOptions {
  /** Points by which the loss is measured; default all, in order. */
  readonly targets?: Int32Array
  /** Bytes of rows kept where measuring is dear (user functions, very many columns). Default 0. */
  readonly cacheBytes?: number
  /**
   * What a target says to be away from itself as a candidate: OneBatchPAM's debiasing. Default 0 as
   * measured.
   */
  readonly selfDistance?: number
  readonly backend?: Backend
}

/** Makes the board of a run; `src/io/kmedoids` has one whose candidates are priced by several threads. */
export type BoardMaker = (
  data: Dissimilarities,
  weights: Float64Array,
  k: number,
  options: BoardOptions,
) => SwapBoard

/** How a run gets its board. */
export interface BoardChoice extends Pick<BoardOptions, 'cacheBytes' | 'backend'> {
  /** Default: a `KernelBoard`. The result does not depend on it. */
  readonly makeBoard?: BoardMaker
}

export function boardOf(
  data: Dissimilarities,
  weights: Float64Array,
  k: number,
  { makeBoard, ...options }: BoardOptions & BoardChoice,
): SwapBoard {
  return makeBoard?.(data, weights, k, options) ?? new KernelBoard(data, weights, k, options)
}

const PANEL = 8
const QUAD = 4
const PAD = 16
const ALIGN = 64

/**
 * A board whose dissimilarities are measured when they are needed: O(m (p + k)) memory, whatever n is.
 * Four candidates are measured at a time, in the order in which they will be visited.
 */
export class KernelBoard implements SwapBoard {
  readonly candidates: number
  readonly targets: number
  readonly weights: Float64Array
  readonly state: Assignment
  /** Point of each target. */
  readonly ids: Int32Array
  /** Dissimilarity rows measured so far. */
  rowsMeasured = 0
  readonly #data: Dissimilarities
  readonly #k: number
  readonly #selfDistance: number
  readonly #memory: KernelMemory
  readonly #kernel: Kernel
  readonly #at: Layout
  readonly #measurer: RowMeasurer
  readonly #change: Float64Array
  readonly #medoids: Int32Array
  readonly #targetOf: Int32Array | null
  /** Candidates in the four rows. */
  readonly #quad = new Int32Array(QUAD).fill(-1)
  readonly #cached: Int32Array | null
  #cachedRows = 0

  constructor(data: Dissimilarities, weights: Float64Array, k: number, options: BoardOptions = {}) {
    const ids = options.targets ?? Int32Array.from({ length: data.n }, (_, i) => i)
    const m = ids.length
    const cacheRows = Math.floor((options.cacheBytes ?? 0) / (4 * padded(m)))
    this.#at = layOut(data.prepared?.p ?? 0, m, k, Math.min(cacheRows, data.n))
    this.#memory = kernelMemory(this.#at.bytes, options.backend)
    this.#kernel = this.#memory.kernel
    const { buffer } = this.#memory
    const at = this.#at
    this.#data = data
    this.#k = k
    this.candidates = data.n
    this.targets = m
    this.#selfDistance = options.selfDistance ?? 0
    this.weights = new Float64Array(buffer, at.weights, m)
    this.weights.set(weights)
    this.ids = new Int32Array(buffer, at.ids, m)
    this.ids.set(ids)
    this.state = {
      assignment: new Int32Array(buffer, at.assignment, m),
      runnerUp: new Int32Array(buffer, at.runnerUp, m),
      nearest: new Float32Array(buffer, at.nearest, m),
      second: new Float32Array(buffer, at.second, m),
    }
    this.#change = new Float64Array(buffer, at.change, k)
    this.#medoids = new Int32Array(buffer, at.medoids, k)
    this.#measurer = new RowMeasurer(data, this.ids, this.#memory, at)
    this.#targetOf = this.#selfDistance > 0 ? inverse(ids, data.n) : null
    this.#cached = at.cacheRows > 0 ? new Int32Array(data.n).fill(-1) : null
    for (const row of [at.nearest, at.second]) {
      new Float32Array(buffer, row + 4 * m, padded(m) - m).fill(-Infinity)
    }
    new Int32Array(buffer, at.assignment + 4 * m, padded(m) - m).fill(-2)
    new Int32Array(buffer, at.runnerUp + 4 * m, padded(m) - m).fill(-2)
  }

  assign(medoids: Int32Array): void {
    const at = this.#at
    this.clear()
    this.#medoids.set(medoids)
    for (let slot = 0; slot < this.#k; slot++) {
      const from = this.#row(medoids, slot)
      this.#copyRow(from, slot)
      const row = at.medoidRows + slot * at.stride
      this.#kernel.nearestTwo(
        ...([row, slot, at.padded, at.nearest, at.second, at.assignment, at.runnerUp] as const),
      )
    }
    this.#keepOwn(medoids)
  }

  /** A medoid among the targets belongs to its own slot, though another be as near. */
  #keepOwn(medoids: Int32Array): void {
    const { assignment, runnerUp, nearest, second } = this.state
    const slotOf = new Map([...medoids].map((medoid, slot) => [medoid, slot]))
    const { stride, medoidRows } = this.#at
    const rows = new Float32Array(this.#memory.buffer)
    for (let o = 0; o < this.targets; o++) {
      const slot = slotOf.get(this.ids[o]!)
      if (slot === undefined || assignment[o] === slot) continue
      const own = rows[(medoidRows + slot * stride) / 4 + o]!
      if (own > nearest[o]!) continue
      second[o] = nearest[o]!
      runnerUp[o] = assignment[o]!
      nearest[o] = own
      assignment[o] = slot
    }
  }

  price(order: Int32Array, index: number, change: Float64Array): number {
    const { nearest, second, assignment, weights, change: changeAt, padded: m } = this.#at
    const row = this.#row(order, index)
    if (this.#k === 1) return this.#priceOnly(row, change)
    this.#change.set(change)
    const added = this.#kernel.scan(row, m, nearest, second, assignment, weights, changeAt)
    change.set(this.#change)
    return added
  }

  /** What the loss falls by when the candidate becomes one more medoid. */
  gain(order: Int32Array, index: number): number {
    const { nearest, weights, padded: m } = this.#at
    return this.#kernel.gain(this.#row(order, index), m, nearest, weights)
  }

  /** Begins anew, with no medoid at all. */
  clear(): void {
    const { assignment, runnerUp, nearest, second } = this.state
    assignment.fill(-1)
    runnerUp.fill(-1)
    nearest.fill(Infinity)
    second.fill(Infinity)
  }

  /** One more medoid, in the slot of that number. `swap` needs `assign`; this is for initialisations. */
  add(order: Int32Array, index: number, slot: number): void {
    const { nearest, second, assignment, runnerUp, padded: m } = this.#at
    const row = this.#row(order, index)
    this.#kernel.nearestTwo(row, slot, m, nearest, second, assignment, runnerUp)
  }

  /** The dissimilarities from candidate `order[index]` to all targets; valid until the next call. */
  row(order: Int32Array, index: number): Float32Array {
    return new Float32Array(this.#memory.buffer, this.#row(order, index), this.targets)
  }

  swap(medoids: Int32Array, slot: number): void {
    const at = this.#at
    this.#medoids[slot] = medoids[slot]!
    this.#copyRow(this.#row(medoids, slot), slot)
    this.#kernel.applySwap(
      ...([at.medoidRows, at.stride, this.#k, slot, at.padded, at.nearest, at.second] as const),
      ...([at.assignment, at.runnerUp, at.medoids, at.ids] as const),
    )
  }

  #priceOnly(row: number, change: Float64Array): number {
    const distances = new Float32Array(this.#memory.buffer, row, this.targets)
    const { nearest } = this.state
    let added = 0
    change[0] = 0
    for (let o = 0; o < this.targets; o++) {
      added += this.weights[o]! * (distances[o]! - nearest[o]!)
    }
    return added
  }

  #copyRow(from: number, slot: number): void {
    const { medoidRows, stride } = this.#at
    new Uint8Array(this.#memory.buffer).copyWithin(medoidRows + slot * stride, from, from + stride)
  }

  /** Offset of the row of candidate `order[index]`, measured now if it is not at hand. */
  #row(order: Int32Array, index: number): number {
    const candidate = order[index]!
    const { rows, stride, cache, cacheRows } = this.#at
    const cached = this.#cached?.[candidate] ?? -1
    if (cached >= 0) return cache + cached * stride
    const held = this.#quad.indexOf(candidate)
    if (held >= 0) return rows + held * stride
    const width = this.#data.prepared ? QUAD : 1
    const keep = this.#cached !== null && this.#cachedRows + width <= cacheRows
    const to = keep ? cache + this.#cachedRows * stride : rows
    for (let c = 0; c < width; c++) this.#quad[c] = order[(index + c) % order.length]!
    this.#measurer.measure(this.#quad, width, to)
    for (let c = 0; c < width; c++) this.#debias(this.#quad[c]!, to + c * stride)
    this.rowsMeasured += width
    if (!keep) return to
    for (let c = width - 1; c >= 0; c--) this.#cached![this.#quad[c]!] = this.#cachedRows + c
    this.#cachedRows += width
    this.#quad.fill(-1)
    return to
  }

  #debias(candidate: number, row: number): void {
    const target = this.#targetOf?.[candidate] ?? -1
    if (target >= 0) new Float32Array(this.#memory.buffer)[row / 4 + target] = this.#selfDistance
  }
}

/** Measures rows of dissimilarities from any four points to fixed targets, into kernel memory. */
export class RowMeasurer {
  readonly #data: Dissimilarities
  readonly #ids: Int32Array
  readonly #memory: KernelMemory
  readonly #at: MeasureLayout
  readonly #points: Float32Array

  constructor(data: Dissimilarities, ids: Int32Array, memory: KernelMemory, at: MeasureLayout) {
    this.#data = data
    this.#ids = ids
    this.#memory = memory
    this.#at = at
    const { prepared } = data
    this.#points = new Float32Array(memory.buffer, at.points, QUAD * (prepared?.p ?? 0))
    if (prepared) this.aim(prepared)
  }

  /** Lays the targets out in panels. */
  aim(prepared: Prepared): void {
    const { buffer } = this.#memory
    const { p, values, kinds, weights } = prepared
    const panels = new Float32Array(buffer, this.#at.panels, this.#at.padded * p)
    for (let o = 0; o < this.#ids.length; o++) {
      const from = this.#ids[o]! * p
      const to = (o >> 3) * p * PANEL + (o & 7)
      for (let j = 0; j < p; j++) panels[to + j * PANEL] = values[from + j]!
    }
    if (kinds) new Uint8Array(buffer, this.#at.kinds, p).set(kinds)
    if (weights) new Float32Array(buffer, this.#at.columnWeights, p).set(weights)
  }

  /** Rows of the first `count` of four points, `stride` bytes apart from `out` on. */
  measure(from: Int32Array, count: number, out: number): void {
    const { prepared } = this.#data
    const { stride } = this.#at
    if (prepared === null) {
      for (let c = 0; c < count; c++) {
        const row = new Float32Array(this.#memory.buffer, out + c * stride, this.#ids.length)
        this.#data.measure(from[c]!, this.#ids, row)
      }
      return
    }
    const { p, values, measure } = prepared
    for (let c = 0; c < QUAD; c++) {
      const row = from[c]! * p
      for (let j = 0; j < p; j++) this.#points[j * QUAD + c] = values[row + j]!
    }
    const { points, panels, kinds, columnWeights, padded: m } = this.#at
    const { kernel } = this.#memory
    const where = [points, panels, p, m / PANEL, out, stride] as const
    if (measure === 'gower') kernel.gower(...where, kinds, columnWeights)
    else kernel[measure](...where)
  }
}

/** Byte offsets of what measuring needs. */
export interface MeasureLayout {
  readonly points: number
  readonly kinds: number
  readonly columnWeights: number
  readonly panels: number
  /** Targets, padded, and bytes of a row. */
  readonly padded: number
  readonly stride: number
}

interface Layout extends MeasureLayout {
  readonly rows: number
  readonly nearest: number
  readonly second: number
  readonly assignment: number
  readonly runnerUp: number
  readonly weights: number
  readonly ids: number
  readonly change: number
  readonly medoids: number
  readonly medoidRows: number
  readonly cache: number
  readonly cacheRows: number
  readonly bytes: number
}

/** Hands out aligned pieces of memory from 0 on. */
export class Pieces {
  bytes = 0

  take(bytes: number): number {
    const at = this.bytes
    this.bytes += Math.ceil(bytes / ALIGN) * ALIGN
    return at
  }
}

export function layOutMeasure(pieces: Pieces, p: number, m: number): MeasureLayout {
  return {
    points: pieces.take(4 * QUAD * p),
    kinds: pieces.take(p),
    columnWeights: pieces.take(4 * p),
    panels: pieces.take(4 * p * padded(m)),
    padded: padded(m),
    stride: 4 * padded(m),
  }
}

function layOut(p: number, m: number, k: number, cacheRows: number): Layout {
  const pieces = new Pieces()
  const measure = layOutMeasure(pieces, p, m)
  const { stride } = measure
  return {
    ...measure,
    rows: pieces.take(QUAD * stride),
    nearest: pieces.take(stride),
    second: pieces.take(stride),
    assignment: pieces.take(stride),
    runnerUp: pieces.take(stride),
    weights: pieces.take(2 * stride),
    ids: pieces.take(stride),
    change: pieces.take(8 * k),
    medoids: pieces.take(4 * k),
    medoidRows: pieces.take(k * stride),
    cache: pieces.take(cacheRows * stride),
    cacheRows,
    bytes: pieces.bytes,
  }
}

function padded(m: number): number {
  return Math.ceil(m / PAD) * PAD
}

/** For each of n points which target it is, or -1. */
function inverse(ids: Int32Array, n: number): Int32Array {
  const targetOf = new Int32Array(n).fill(-1)
  ids.forEach((id, target) => {
    targetOf[id] = target
  })
  return targetOf
}
