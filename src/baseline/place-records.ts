import { Columns, type SavedColumns } from '../columns/columns.ts'
import type { Marks } from '../columns/marks.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import {
  type SampledValues,
  type SavedValues,
  sampledValues,
  VALUES_PER_BUCKET,
} from './self-time-sample.ts'

/**
 * Sampled values that a bucket keeps are thinned by halves as buckets come, down to this, which is
 * still enough pairs for a bucket's correlation: so a place knows its normal after two buckets, and
 * covers hours later.
 */
const LEAST_PER_BUCKET = 8
/** Values and buckets that one place may keep. A thin place keeps many buckets of few values. */
export const MOST_VALUES = 1024
export const MOST_BUCKETS = 512

/** What happened in one place during one bucket of data time. */
export const RECORD = {
  bucket: 'i32',
  /** Occurrences; runs (children of one parent taken together); occurrences of the parent. */
  n: 'u32',
  runs: 'u32',
  parents: 'u32',
  /** Occurrences that failed by themselves. */
  errors: 'u32',
  /** Duration of one observation that contains the place, ns. */
  durationNs: 'f32',
  /** How many values follow in `values`. */
  length: 'u8',
  /** Sampling key: see `decayKey`. */
  key: 'f64',
} as const

/** Buckets of all places together, and those that one keeps however many places there are. */
const BUCKETS_OF_ALL = 1 << 20
const LEAST_BUCKETS = 128

/** Buckets that each of so many places may keep. */
export function bucketsEach(places: number): number {
  const share = Math.floor(BUCKETS_OF_ALL / Math.max(1, places))
  return Math.min(MOST_BUCKETS, Math.max(LEAST_BUCKETS, share))
}

export type BucketRecord = Readonly<Record<keyof typeof RECORD, number>>

/**
 * A bounded sample of buckets of one place, with some self times of each. Whole buckets are kept or
 * dropped, because two values of the same bucket are worth more than two of different ones where
 * bursts are to be measured. Those with the least keys go first, an eighth at a time.
 */
export class PlaceRecords {
  count = 0
  /** Values in use. */
  used = 0
  /** Buckets that were dropped for newer ones. */
  dropped = 0
  readonly records = new Columns(RECORD, 8)
  readonly values = sampledValues()
  /** Buckets with a lesser key do not enter. */
  #floor = Number.NEGATIVE_INFINITY
  /** Values that a bucket keeps by now. */
  #perBucket = VALUES_PER_BUCKET

  /**
   * Adds a bucket with (some of) its `record.length` values, which begin at row `from` of `values`.
   * `most`: buckets that there is room for.
   */
  add(record: BucketRecord, values: SampledValues, from: number, most = MOST_BUCKETS): void {
    let length = Math.min(record.length, this.#perBucket)
    while (this.used + length > MOST_VALUES && this.#perBucket > LEAST_PER_BUCKET) {
      this.#thin()
      length = Math.min(record.length, this.#perBucket)
    }
    if (this.count >= most || this.used + length > MOST_VALUES) this.#cull()
    if (record.key < this.#floor) {
      this.dropped++
      return
    }
    this.records.grow(this.count + 1)
    this.values.grow(this.used + length)
    const { of } = this.records
    const i = this.count++
    of.bucket[i] = record.bucket
    of.n[i] = record.n
    of.runs[i] = record.runs
    of.parents[i] = record.parents
    of.errors[i] = record.errors
    of.durationNs[i] = record.durationNs
    of.length[i] = length
    of.key[i] = record.key
    this.values.copy(this.used, values, from, length)
    this.used += length
  }

  /** Drops this bucket and what came after it. */
  dropSince(first: number): void {
    const { bucket, length } = this.records.of
    while (this.count > 0 && bucket[this.count - 1]! >= first) {
      this.count--
      this.used -= length[this.count]!
    }
  }

  /** Call paths were forgotten: what came by them came by some other one. */
  forgetPaths(gone: Marks): void {
    const { path } = this.values.of
    for (let i = 0; i < this.used; i++) if (gone.has(path[i]!)) path[i] = OTHER_PAIR
  }

  clear(): void {
    this.count = 0
    this.used = 0
    this.#floor = Number.NEGATIVE_INFINITY
    this.#perBucket = VALUES_PER_BUCKET
  }

  /** Halves what every bucket keeps. Any of its values are as random a sample as any others. */
  #thin(): void {
    this.#perBucket = Math.max(LEAST_PER_BUCKET, this.#perBucket >> 1)
    this.#keepOnly((i) => Math.min(this.records.of.length[i]!, this.#perBucket))
  }

  /** Drops the eighth of the buckets with the least keys; lesser ones do not enter any more. */
  #cull(): void {
    const { key, length } = this.records.of
    const least = key.slice(0, this.count).sort()[this.count >> 3]!
    const before = this.count
    this.#keepOnly((i) => (key[i]! >= least ? length[i]! : null))
    this.dropped += before - this.count
    this.#floor = least
  }

  /** Keeps as many values of each bucket as `lengthOf` says; null: the bucket goes. */
  #keepOnly(lengthOf: (record: number) => number | null): void {
    const { length } = this.records.of
    const { value, path } = this.values.of
    let kept = 0
    let from = 0
    let to = 0
    for (let i = 0; i < this.count; i++) {
      const had = length[i]!
      const keeps = lengthOf(i)
      if (keeps !== null) {
        value.copyWithin(to, from, from + keeps)
        path.copyWithin(to, from, from + keeps)
        this.records.copy(kept, this.records, i)
        length[kept++] = keeps
        to += keeps
      }
      from += had
    }
    this.count = kept
    this.used = to
  }

  state(): PlaceRecordsState {
    return {
      dropped: this.dropped,
      perBucket: this.#perBucket,
      floor: this.#floor,
      records: this.records.save(this.count),
      values: this.values.save(this.used),
    }
  }

  restore(state: PlaceRecordsState): void {
    this.records.restore(state.records)
    this.values.restore(state.values)
    this.count = this.records.rows
    this.used = this.values.rows
    this.dropped = state.dropped
    this.#perBucket = state.perBucket
    this.#floor = state.floor
  }
}

export interface PlaceRecordsState {
  readonly dropped: number
  readonly perBucket: number
  readonly floor: number
  readonly records: SavedColumns<typeof RECORD>
  readonly values: SavedValues
}
