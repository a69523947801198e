import { Columns, type SavedColumns } from '../columns/columns.ts'
import { type SavedTouchedRows, TouchedRows } from '../columns/touched-rows.ts'
import { hashWords } from '../stats/random.ts'

/** Self times that one place keeps of a bucket. */
export const VALUES_PER_BUCKET = 32

const VALUE = {
  /** Self time, ns. */
  value: 'f32',
  /** Call path that it came by. */
  path: 'i32',
} as const

export type SampledValues = Columns<typeof VALUE>
export type SavedValues = SavedColumns<typeof VALUE>

export function sampledValues(rows = 0): SampledValues {
  return new Columns(VALUE, rows)
}

/** A uniform sample of the self times of each place in the running bucket: `VALUES_PER_BUCKET` rows a place. */
export class SelfTimeSample {
  readonly values = sampledValues()
  #draw: number

  constructor(seed: number) {
    this.#draw = hashWords(seed, 0, 0, 0, 0x9d1c) | 1
  }

  grow(places: number): void {
    this.values.grow(places * VALUES_PER_BUCKET)
  }

  /** Offers the self time of the n-th occurrence of a place in its bucket. */
  offer(place: number, n: number, selfNs: number, path: number): void {
    const slot = n <= VALUES_PER_BUCKET ? n - 1 : this.#random() % n
    if (slot >= VALUES_PER_BUCKET) return
    const at = place * VALUES_PER_BUCKET + slot
    this.values.of.value[at] = selfNs
    this.values.of.path[at] = path
  }

  /** Marsaglia's xorshift: which values of a full bucket stay needs no more. */
  #random(): number {
    let x = this.#draw
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#draw = x
    return x >>> 0
  }

  state(): SelfTimeSampleState {
    return { draw: this.#draw, values: this.values.save() }
  }

  restore({ draw, values }: SelfTimeSampleState): void {
    this.#draw = draw
    this.values.restore(values)
  }
}

export interface SelfTimeSampleState {
  readonly draw: number
  readonly values: SavedValues
}

/** Messages that a place took, and where in the sample it has its values: slot + 1; 0 = nowhere. */
const TAKEN = { n: 'u32', slot: 'u32' } as const

/**
 * The same of how long messages waited between two looks at the running bucket, with room for those places
 * only that took any. Messages that wait at the same time wait together, so how alike they are shows in
 * stretches that are short.
 */
export class WaitSample {
  readonly #sample: SelfTimeSample
  readonly #places = new TouchedRows(TAKEN)

  constructor(seed: number) {
    this.#sample = new SelfTimeSample(seed)
  }

  get values(): SampledValues {
    return this.#sample.values
  }

  /** Places that took messages: the first `count` of `ids`. */
  get taken(): { readonly ids: Int32Array; readonly count: number } {
    return this.#places
  }

  grow(places: number): void {
    this.#places.rows.grow(places)
  }

  /** Offers the wait of the next message that a place took. */
  offer(place: number, waitNs: number, path: number): void {
    const { n, slot } = this.#places.of
    if (slot[place] === 0) {
      this.#places.touch(place)
      slot[place] = this.#places.count
      this.#sample.grow(this.#places.count)
    }
    this.#sample.offer(slot[place]! - 1, ++n[place]!, waitNs, path)
  }

  /** Messages that a place took. */
  countOf(place: number): number {
    return this.#places.of.n[place]!
  }

  /** First of the rows of a place that took messages. */
  rowOf(place: number): number {
    return (this.#places.of.slot[place]! - 1) * VALUES_PER_BUCKET
  }

  /** Forgets what a place took so far. */
  takeBack(place: number): void {
    this.#places.of.n[place] = 0
  }

  /** Begins anew, after a look. */
  clear(): void {
    this.#places.clear()
  }

  state(): WaitSampleState {
    return { sample: this.#sample.state(), places: this.#places.save() }
  }

  restore({ sample, places }: WaitSampleState): void {
    this.#sample.restore(sample)
    this.#places.restore(places)
  }
}

export interface WaitSampleState {
  readonly sample: SelfTimeSampleState
  readonly places: SavedTouchedRows<typeof TAKEN>
}
