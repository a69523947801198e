import { grownTo } from '../columns/grown-array.ts'

/** Values of one series that are remembered. */
const RECENT = 15

/** The last few deviating values of each series, for people: what is typical of a deviation. */
export class RecentValues {
  values: Float32Array<ArrayBuffer>
  counts: Uint32Array<ArrayBuffer>

  constructor(series: number) {
    this.values = new Float32Array(series * RECENT)
    this.counts = new Uint32Array(series)
  }

  add(series: number, value: number): void {
    const count = this.counts[series]!++
    this.values[series * RECENT + (count % RECENT)] = value
  }

  /** Median of the remembered values; NaN without any. */
  median(series: number): number {
    const count = Math.min(RECENT, this.counts[series]!)
    const from = series * RECENT
    const sorted = this.values.slice(from, from + count).sort()
    return sorted[count >> 1] ?? Number.NaN
  }

  grow(series: number): void {
    this.values = grownTo(this.values, series * RECENT)
    this.counts = grownTo(this.counts, series)
  }

  copy(series: number, from: RecentValues, old: number): void {
    const start = old * RECENT
    this.values.set(from.values.subarray(start, start + RECENT), series * RECENT)
    this.counts[series] = from.counts[old]!
  }
}
