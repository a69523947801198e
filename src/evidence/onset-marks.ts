import { grownTo } from '../columns/grown-array.ts'
import type { MonitoredSeries } from './monitored-series.ts'

/** Counters of a bucket: by place, place, element, stratum and series. */
export interface BucketCounts {
  readonly n: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
  readonly observations: Uint32Array<ArrayBuffer>
  readonly c: Uint32Array<ArrayBuffer>
}

/** Where within its running bucket a change of one series may have begun. */
export interface Onsets {
  /** How many there are so far, and at most. */
  count: number
  readonly most: number
  /** Occurrences and deviating ones before each. */
  readonly n: Float64Array
  readonly c: Float64Array
}

/** A bucket that is taken as a whole. */
export const NO_ONSETS: Onsets = {
  count: 0,
  most: 0,
  n: new Float64Array(0),
  c: new Float64Array(0),
}

/** Occurrences against which the deviations of a series count. */
export function occurrencesIn(
  counts: Omit<BucketCounts, 'c'>,
  monitored: MonitoredSeries,
  series: number,
): number {
  const at = monitored.rows.of.counted[series]!
  switch (monitored.signal(series).denominator) {
    case 'occurrences':
      return counts.n[at] ?? 0
    case 'runs':
      return counts.runs[at] ?? 0
    case 'parents':
      return counts.parents[at] ?? 0
    case 'observations':
      return counts.observations[at] ?? 0
  }
}

/**
 * How far the running bucket had come at each look, as copies of its counters: a change need not wait
 * for the next bucket to stand out from what came before it.
 */
export class OnsetMarks {
  #marks: BucketCounts[] = []
  #count = 0
  readonly #onsets: Onsets

  /** `most`: marks in a bucket; further ones are left out. */
  constructor(most: number) {
    this.#onsets = { count: 0, most, n: new Float64Array(most), c: new Float64Array(most) }
  }

  add(counts: BucketCounts): void {
    if (this.#count >= this.#onsets.most) return
    this.#marks[this.#count] = copyInto(this.#marks[this.#count], counts)
    this.#count++
  }

  clear(): void {
    this.#count = 0
  }

  /**
   * The marks as one series sees them; reused by the next call. None where nothing has deviated so far
   * (`c`): no end of such a bucket claims anything, and most series are of that kind.
   */
  of(monitored: MonitoredSeries, series: number, c: number): Onsets {
    const onsets = this.#onsets
    onsets.count = c === 0 ? 0 : this.#count
    for (let k = 0; k < onsets.count; k++) {
      const mark = this.#marks[k]!
      onsets.n[k] = occurrencesIn(mark, monitored, series)
      onsets.c[k] = mark.c[series] ?? 0
    }
    return onsets
  }

  /** Plain data; arrays are shared with this until the next change. */
  state(): readonly BucketCounts[] {
    return this.#marks.slice(0, this.#count)
  }

  restore(state: readonly BucketCounts[]): void {
    this.#marks = state.map((mark) => copyInto(undefined, mark))
    this.#count = state.length
  }
}

function copyInto(to: BucketCounts | undefined, from: BucketCounts): BucketCounts {
  return {
    n: copied(to?.n, from.n),
    runs: copied(to?.runs, from.runs),
    parents: copied(to?.parents, from.parents),
    observations: copied(to?.observations, from.observations),
    c: copied(to?.c, from.c),
  }
}

function copied(
  to: Uint32Array<ArrayBuffer> | undefined,
  from: Uint32Array<ArrayBuffer>,
): Uint32Array<ArrayBuffer> {
  if (!to) return from.slice()
  const roomy = grownTo(to, from.length)
  roomy.set(from)
  return roomy
}
