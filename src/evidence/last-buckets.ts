import { grownTo } from '../columns/grown-array.ts'
import { NO_EVIDENCE } from '../stats/shiryaev-roberts.ts'
import { ALTERNATIVES } from './evidence-options.ts'

const NO_BUCKET = -1

/**
 * The last ended bucket of each series, with the evidence that came before it. Bursts do not end with
 * a bucket: what the next one holds may be the same burst still, which then says nothing new.
 */
export class LastBuckets {
  /** Number of the bucket, -1 = none: start in data time over length. */
  number: Float64Array<ArrayBuffer>
  /** Its occurrences, those that deviate, and the share that deviates normally in a bucket like it. */
  n: Float64Array<ArrayBuffer>
  c: Float64Array<ArrayBuffer>
  base: Float64Array<ArrayBuffer>
  /** ln M before it, `ALTERNATIVES` a series. */
  logM: Float64Array<ArrayBuffer>

  constructor(series: number) {
    this.number = new Float64Array(series).fill(NO_BUCKET)
    this.n = new Float64Array(series)
    this.c = new Float64Array(series)
    this.base = new Float64Array(series)
    this.logM = new Float64Array(series * ALTERNATIVES).fill(NO_EVIDENCE)
  }

  grow(series: number): void {
    this.number = grownTo(this.number, series, NO_BUCKET)
    this.n = grownTo(this.n, series)
    this.c = grownTo(this.c, series)
    this.base = grownTo(this.base, series)
    this.logM = grownTo(this.logM, series * ALTERNATIVES, NO_EVIDENCE)
  }

  /** Remembers a bucket; `logM` holds the evidence of all series, not yet stepped by it. */
  keep(
    series: number,
    number: number,
    n: number,
    c: number,
    base: number,
    logM: Float64Array,
  ): void {
    this.number[series] = number
    this.n[series] = n
    this.c[series] = c
    this.base[series] = base
    const at = series * ALTERNATIVES
    for (let j = 0; j < ALTERNATIVES; j++) this.logM[at + j] = logM[at + j]!
  }

  forget(series: number): void {
    this.number[series] = NO_BUCKET
  }

  /** Whether it is the bucket right before this one, or an earlier part of this one (before an install). */
  isBefore(series: number, number: number): boolean {
    return this.number[series] !== NO_BUCKET && this.number[series]! >= number - 1
  }

  copy(series: number, from: LastBuckets, old: number): void {
    this.number[series] = from.number[old]!
    this.n[series] = from.n[old]!
    this.c[series] = from.c[old]!
    this.base[series] = from.base[old]!
    const at = series * ALTERNATIVES
    for (let j = 0; j < ALTERNATIVES; j++) this.logM[at + j] = from.logM[old * ALTERNATIVES + j]!
  }

  /** Plain data; arrays are shared with this until the next change. */
  state(): LastBucketsState {
    const { number, n, c, base, logM } = this
    return { number, n, c, base, logM }
  }

  restore(state: LastBucketsState): void {
    this.number = state.number.slice()
    this.n = state.n.slice()
    this.c = state.c.slice()
    this.base = state.base.slice()
    this.logM = state.logM.slice()
  }
}

export type LastBucketsState = Readonly<
  Record<'number' | 'n' | 'c' | 'base' | 'logM', Float64Array<ArrayBuffer>>
>
