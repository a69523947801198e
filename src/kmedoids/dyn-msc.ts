import { assign } from './assign.ts'
import { checkMedoids, checkWeights, totalDeviation } from './assignment.ts'
import { checkK } from './clara.ts'
import type { KQuality } from './clustering.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import { shuffled } from './faster-pam.ts'
import { KernelBoard } from './kernel-board.ts'
import { medoidSilhouette } from './medoid-silhouette.ts'

export interface DynMscOptions {
  readonly from: number
  readonly to: number
  readonly random: () => number
  /** Per k. Default 100. */
  readonly maxPasses?: number
  readonly onProgress?: (k: number, silhouette: number) => void
  readonly shouldStop?: () => boolean
}

export interface DynMscResult {
  /** The k with the largest medoid silhouette; of equals the least. */
  readonly best: KQuality
  /** What each k reached, ascending. Shorter where it was told to stop. */
  readonly curve: readonly KQuality[]
}

const ROUNDING = 1e-12

/**
 * k and its medoids by the average medoid silhouette, 1 - d1/d2 (DynMSC: Lenssen, Schubert, Information
 * Systems 120, 2024, arXiv 2309.03751): begins with `to` medoids, optimises them by swaps (FasterMSC),
 * drops the one that is missed least, and so on down to `from`. Take `to` at two to three times the k
 * that is expected: far above it, singletons begin to pay. For k = 1 the silhouette is 0.
 *
 * `medoids` is the start, `to` of them. O(n^2) a pass and k. Throws RangeError on malformed weights,
 * medoids or range.
 */
export function dynMsc(
  data: Dissimilarities,
  weights: Float64Array,
  medoids: Int32Array,
  options: DynMscOptions,
): DynMscResult {
  const { from, to, shouldStop, onProgress } = options
  checkWeights(weights, data.n)
  checkMedoids(medoids, data.n)
  checkK(from, data.n)
  checkK(to, data.n)
  if (from > to) throw new RangeError(`The range of k is from ${from} to ${to}; turn it round.`)
  if (medoids.length !== to) {
    throw new RangeError(`Expected ${to} medoids to start from, got ${medoids.length}.`)
  }
  const curve: KQuality[] = []
  let current: Int32Array = medoids.slice()
  for (let k = to; k >= from; k--) {
    const search = new SilhouetteSearch(data, weights, current)
    if (k > 1) search.optimise(options)
    const quality = qualityOf(data, weights, current)
    curve.unshift(quality)
    onProgress?.(k, quality.medoidSilhouette)
    if (shouldStop?.() === true) break
    if (k > from) current = search.withoutLeast()
  }
  const best = curve.reduce((a, b) => (b.medoidSilhouette > a.medoidSilhouette ? b : a))
  return { best, curve }
}

function qualityOf(data: Dissimilarities, weights: Float64Array, medoids: Int32Array): KQuality {
  const { nearest, second } = assign(data, medoids)
  return {
    k: medoids.length,
    medoids: medoids.slice(),
    medoidSilhouette: medoidSilhouette(nearest, second, weights),
    loss: totalDeviation(nearest, weights),
  }
}

/** d1/d2: what a point lacks of a silhouette of 1. A point with d2 = 0 lacks all. */
function lack(nearest: number, second: number): number {
  return second > 0 && second < Infinity ? nearest / second : 1
}

/** FasterMSC: eager swaps on the sum of w d1/d2, with the three nearest medoids of each point kept. */
class SilhouetteSearch {
  readonly #board: KernelBoard
  readonly #weights: Float64Array
  readonly #medoids: Int32Array
  readonly #rows: Float32Array[]
  /** Slots and distances of the three nearest, 3 a point. */
  readonly #slots: Int32Array
  readonly #distances: Float64Array
  readonly #n: number

  constructor(data: Dissimilarities, weights: Float64Array, medoids: Int32Array) {
    this.#n = data.n
    this.#board = new KernelBoard(data, weights, 1)
    this.#weights = weights
    this.#medoids = medoids
    this.#rows = [...medoids].map((_, slot) => this.#board.row(medoids, slot).slice())
    this.#slots = new Int32Array(3 * data.n)
    this.#distances = new Float64Array(3 * data.n)
    for (let o = 0; o < data.n; o++) this.#findThree(o)
  }

  optimise({ random, maxPasses = 100, shouldStop }: DynMscOptions): void {
    const n = this.#n
    const order = shuffled(undefined, n, random)
    const isMedoid = new Uint8Array(n)
    for (const medoid of this.#medoids) isMedoid[medoid] = 1
    let removal = this.#removal()
    let total = this.#total()
    const limit = n * maxPasses
    for (let quiet = 0, visited = 0; quiet < n && visited < limit; quiet++, visited++) {
      if (shouldStop?.() === true) return
      const candidate = order[visited % n]!
      if (isMedoid[candidate] === 1) continue
      const row = this.#board.row(order, visited % n)
      const change = removal.slice()
      const added = this.#price(row, change)
      const slot = change.indexOf(Math.min(...change))
      const gain = -(added + change[slot]!)
      if (!(gain > ROUNDING * Math.max(total, 1))) continue
      isMedoid[this.#medoids[slot]!] = 0
      isMedoid[candidate] = 1
      this.#swap(slot, candidate, row)
      removal = this.#removal()
      total = this.#total()
      quiet = 0
    }
  }

  /** The medoids without the one whose removal costs least. */
  withoutLeast(): Int32Array {
    const removal = this.#removal()
    const slot = removal.indexOf(Math.min(...removal))
    return this.#medoids.filter((_, other) => other !== slot)
  }

  /** As `priceSwaps`: what the candidate changes for all slots alike, and for each slot beyond that. */
  #price(row: Float32Array, change: Float64Array): number {
    const slots = this.#slots
    const distances = this.#distances
    let added = 0
    for (let o = 0; o < this.#n; o++) {
      const d = row[o]!
      const d3 = distances[3 * o + 2]!
      if (d >= d3) continue
      const weight = this.#weights[o]!
      const d1 = distances[3 * o]!
      const d2 = distances[3 * o + 1]!
      const now = lack(d1, d2)
      // Sets after the swap: of {d1, d2, d}, of {d2, d3, d} without the nearest, of {d1, d3, d}.
      const shared = d < d1 ? lack(d, d1) : d < d2 ? lack(d1, d) : now
      const lessNearest = d < d2 ? lack(d, d2) : lack(d2, d)
      const lessSecond = d < d1 ? lack(d, d1) : lack(d1, d)
      const first = slots[3 * o]!
      const second = slots[3 * o + 1]!
      added += weight * (shared - now)
      change[first] = change[first]! + weight * (lessNearest - shared - (lack(d2, d3) - now))
      change[second] = change[second]! + weight * (lessSecond - shared - (lack(d1, d3) - now))
    }
    return added
  }

  /** What the sum rises by if a slot goes: its points fall back on their second or third. */
  #removal(): Float64Array {
    const removal = new Float64Array(this.#medoids.length)
    for (let o = 0; o < this.#n; o++) {
      const [d1, d2, d3] = this.#threeOf(o)
      const now = lack(d1, d2)
      const first = this.#slots[3 * o]!
      const second = this.#slots[3 * o + 1]!
      const weight = this.#weights[o]!
      removal[first] = removal[first]! + weight * (lack(d2, d3) - now)
      if (second >= 0) removal[second] = removal[second]! + weight * (lack(d1, d3) - now)
    }
    return removal
  }

  #total(): number {
    let sum = 0
    for (let o = 0; o < this.#n; o++) {
      const [d1, d2] = this.#threeOf(o)
      sum += this.#weights[o]! * lack(d1, d2)
    }
    return sum
  }

  #threeOf(o: number): [number, number, number] {
    const distances = this.#distances
    return [distances[3 * o]!, distances[3 * o + 1]!, distances[3 * o + 2]!]
  }

  #swap(slot: number, candidate: number, row: Float32Array): void {
    this.#medoids[slot] = candidate
    this.#rows[slot]!.set(row)
    for (let o = 0; o < this.#n; o++) {
      const at = 3 * o
      const known = [this.#slots[at], this.#slots[at + 1], this.#slots[at + 2]].includes(slot)
      if (known || row[o]! < this.#distances[at + 2]!) this.#findThree(o)
    }
  }

  #findThree(o: number): void {
    const distances = [Infinity, Infinity, Infinity]
    const slots = [-1, -1, -1]
    for (let slot = 0; slot < this.#rows.length; slot++) {
      const d = this.#rows[slot]![o]!
      let place = 3
      while (place > 0 && d < distances[place - 1]!) place--
      if (place === 3) continue
      distances.splice(place, 0, d)
      slots.splice(place, 0, slot)
      distances.pop()
      slots.pop()
    }
    this.#distances.set(distances, 3 * o)
    this.#slots.set(slots, 3 * o)
  }
}
