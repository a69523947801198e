import type { BucketCounts } from '../baseline/bucket-counts.ts'
import type { Denominator } from '../baseline/signals.ts'
import type { MonitoredSeries } from './monitored-series.ts'

/** How far the running bucket had come at one look: its denominators, and deviations by series. */
export type Mark = Readonly<Record<Denominator | 'c', Uint32Array<ArrayBuffer>>>

/** Where within its running bucket a change of one series may have begun. */
export interface Onsets {
  /** How many there are so far, and at most. */
  count: number
  readonly most: number
  /** Occurrences and deviating ones before each. */
  readonly n: Float64Array
  readonly c: Float64Array
}

function emptyOnsets(most: number): Onsets {
  return { count: 0, most, n: new Float64Array(most), c: new Float64Array(most) }
}

/** A bucket that is taken as a whole. */
export const NO_ONSETS: Onsets = emptyOnsets(0)

/**
 * How far the running bucket had come at each look, as copies of its counters: a change need not wait
 * for the next bucket to stand out from what came before it.
 */
export class OnsetMarks {
  #marks: Mark[] = []
  readonly #onsets: Onsets

  /** `most`: marks in a bucket; further ones are left out. */
  constructor(most: number) {
    this.#onsets = emptyOnsets(most)
  }

  add(bucket: BucketCounts, c: Uint32Array<ArrayBuffer>): void {
    if (this.#marks.length >= this.#onsets.most) return
    this.#marks.push({
      occurrences: bucket.denominator('occurrences').slice(),
      runs: bucket.denominator('runs').slice(),
      waits: bucket.denominator('waits').slice(),
      parents: bucket.denominator('parents').slice(),
      observations: bucket.denominator('observations').slice(),
      requests: bucket.denominator('requests').slice(),
      c: c.slice(),
    })
  }

  clear(): void {
    this.#marks = []
  }

  /**
   * The marks as one series sees them; reused by the next call. None where nothing has deviated so far
   * (`c`): no end of such a bucket claims anything, and most series are of that kind.
   */
  of(monitored: MonitoredSeries, series: number, c: number): Onsets {
    const onsets = this.#onsets
    const { denominator } = monitored.signal(series)
    const at = monitored.rows.of.counted[series]!
    onsets.count = c === 0 ? 0 : this.#marks.length
    for (let k = 0; k < onsets.count; k++) {
      const mark = this.#marks[k]!
      onsets.n[k] = mark[denominator][at] ?? 0
      onsets.c[k] = mark.c[series] ?? 0
    }
    return onsets
  }

  /** Plain data; arrays are shared with this. */
  state(): readonly Mark[] {
    return [...this.#marks]
  }

  restore(state: readonly Mark[]): void {
    this.#marks = [...state]
  }
}
