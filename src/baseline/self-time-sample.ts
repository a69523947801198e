import { Columns, type SavedColumns } from '../columns/columns.ts'
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
