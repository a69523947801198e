import { grownTo } from '../columns/grown-array.ts'

/**
 * Sampled values that one bucket of one place keeps at first. As buckets come they are thinned by
 * halves down to the least, which is still enough pairs for a bucket's correlation: so a place knows
 * its normal after two buckets, and covers hours later.
 */
export const VALUES_PER_BUCKET = 32
const LEAST_PER_BUCKET = 8
/** Values and buckets that one place may keep. A thin place keeps many buckets of few values. */
export const MOST_VALUES = 1024
export const MOST_BUCKETS = 512

/** What happened in one place during one bucket of data time. */
export interface BucketRecord {
  bucket: number
  /** Occurrences; runs (children of one parent taken together); occurrences of the parent. */
  n: number
  runs: number
  parents: number
  /** Occurrences that failed by themselves. */
  errors: number
  /** Duration of one observation that contains the place, ns. */
  durationNs: number
}

/**
 * A bounded sample of buckets of one place, with some self times of each. Whole buckets are kept or
 * dropped, because two values of the same bucket are worth more than two of different ones where
 * bursts are to be measured. Those with the least keys go first, an eighth at a time.
 */
export class PlaceRecords {
  count = 0
  /** Buckets that were dropped for newer ones. */
  dropped = 0
  bucket = new Int32Array(8)
  n = new Uint32Array(8)
  runs = new Uint32Array(8)
  parents = new Uint32Array(8)
  errors = new Uint32Array(8)
  durationNs = new Float32Array(8)
  /** How many values of each bucket follow in `values`. */
  length = new Uint8Array(8)
  values = new Float32Array(16)
  /** Call path that each value came by. */
  paths = new Int32Array(16)
  #key = new Float64Array(8)
  #used = 0
  /** Buckets with a lesser key do not enter. */
  #floor = Number.NEGATIVE_INFINITY
  /** Values that a bucket keeps by now. */
  #perBucket = VALUES_PER_BUCKET

  /** Values in use. */
  get used(): number {
    return this.#used
  }

  /**
   * Adds a bucket with (some of) the `given` values from `values[from]` on, which came by the same of
   * `paths`. `key`: see `decayKey`.
   */
  add(
    record: BucketRecord,
    key: number,
    values: Float32Array,
    paths: Int32Array,
    from: number,
    given: number,
  ): void {
    let length = Math.min(given, this.#perBucket)
    while (this.#used + length > MOST_VALUES && this.#perBucket > LEAST_PER_BUCKET) {
      this.#thin()
      length = Math.min(given, this.#perBucket)
    }
    if (this.count >= MOST_BUCKETS || this.#used + length > MOST_VALUES) this.#cull()
    if (key < this.#floor) {
      this.dropped++
      return
    }
    this.#growBuckets(this.count + 1)
    this.values = grownTo(this.values, this.#used + length)
    this.paths = grownTo(this.paths, this.#used + length)
    const i = this.count++
    this.bucket[i] = record.bucket
    this.n[i] = record.n
    this.runs[i] = record.runs
    this.parents[i] = record.parents
    this.errors[i] = record.errors
    this.durationNs[i] = record.durationNs
    this.length[i] = length
    this.#key[i] = key
    for (let v = 0; v < length; v++) {
      this.values[this.#used + v] = values[from + v]!
      this.paths[this.#used + v] = paths[from + v]!
    }
    this.#used += length
  }

  /** Drops this bucket and what came after it. */
  dropSince(bucket: number): void {
    while (this.count > 0 && this.bucket[this.count - 1]! >= bucket) {
      this.count--
      this.#used -= this.length[this.count]!
    }
  }

  clear(): void {
    this.count = 0
    this.#used = 0
    this.#floor = Number.NEGATIVE_INFINITY
    this.#perBucket = VALUES_PER_BUCKET
  }

  /** Halves what every bucket keeps. Any of its values are as random a sample as any others. */
  #thin(): void {
    this.#perBucket = Math.max(LEAST_PER_BUCKET, this.#perBucket >> 1)
    let from = 0
    let to = 0
    for (let i = 0; i < this.count; i++) {
      const length = this.length[i]!
      const kept = Math.min(length, this.#perBucket)
      this.values.copyWithin(to, from, from + kept)
      this.paths.copyWithin(to, from, from + kept)
      this.length[i] = kept
      from += length
      to += kept
    }
    this.#used = to
  }

  /** Drops the eighth of the buckets with the least keys; lesser ones do not enter any more. */
  #cull(): void {
    const keys = this.#key.slice(0, this.count).sort()
    const least = keys[this.count >> 3]!
    let kept = 0
    let from = 0
    let to = 0
    for (let i = 0; i < this.count; i++) {
      const length = this.length[i]!
      if (this.#key[i]! >= least) {
        this.values.copyWithin(to, from, from + length)
        this.paths.copyWithin(to, from, from + length)
        this.#move(i, kept++)
        to += length
      }
      from += length
    }
    this.dropped += this.count - kept
    this.count = kept
    this.#used = to
    this.#floor = least
  }

  #move(from: number, to: number): void {
    this.bucket[to] = this.bucket[from]!
    this.n[to] = this.n[from]!
    this.runs[to] = this.runs[from]!
    this.parents[to] = this.parents[from]!
    this.errors[to] = this.errors[from]!
    this.durationNs[to] = this.durationNs[from]!
    this.length[to] = this.length[from]!
    this.#key[to] = this.#key[from]!
  }

  #growBuckets(least: number): void {
    this.bucket = grownTo(this.bucket, least)
    this.n = grownTo(this.n, least)
    this.runs = grownTo(this.runs, least)
    this.parents = grownTo(this.parents, least)
    this.errors = grownTo(this.errors, least)
    this.durationNs = grownTo(this.durationNs, least)
    this.length = grownTo(this.length, least)
    this.#key = grownTo(this.#key, least)
  }

  state(): PlaceRecordsState {
    const { count } = this
    return {
      dropped: this.dropped,
      perBucket: this.#perBucket,
      floor: this.#floor,
      bucket: this.bucket.slice(0, count),
      n: this.n.slice(0, count),
      runs: this.runs.slice(0, count),
      parents: this.parents.slice(0, count),
      errors: this.errors.slice(0, count),
      durationNs: this.durationNs.slice(0, count),
      length: this.length.slice(0, count),
      key: this.#key.slice(0, count),
      values: this.values.slice(0, this.#used),
      paths: this.paths.slice(0, this.#used),
    }
  }

  /** Takes over a state; only valid on fresh records. */
  restore(state: PlaceRecordsState): void {
    let from = 0
    for (let i = 0; i < state.n.length; i++) {
      const record = {
        bucket: state.bucket[i]!,
        n: state.n[i]!,
        runs: state.runs[i]!,
        parents: state.parents[i]!,
        errors: state.errors[i]!,
        durationNs: state.durationNs[i]!,
      }
      this.add(record, state.key[i]!, state.values, state.paths, from, state.length[i]!)
      from += state.length[i]!
    }
    this.dropped = state.dropped
    this.#perBucket = state.perBucket
    this.#floor = state.floor
  }
}

export interface PlaceRecordsState {
  readonly dropped: number
  readonly perBucket: number
  readonly floor: number
  readonly bucket: Int32Array<ArrayBuffer>
  readonly n: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
  readonly errors: Uint32Array<ArrayBuffer>
  readonly durationNs: Float32Array<ArrayBuffer>
  readonly length: Uint8Array<ArrayBuffer>
  readonly key: Float64Array<ArrayBuffer>
  readonly values: Float32Array<ArrayBuffer>
  readonly paths: Int32Array<ArrayBuffer>
}
