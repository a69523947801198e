import { Columns, type SavedColumns } from '../columns/columns.ts'

/** Values of one series that are remembered. */
const RECENT = 15

/** The latest values, and how many there were in all. */
const VALUES = { value: { type: 'f32', width: RECENT }, count: 'u32' } as const

export type RecentValuesState = SavedColumns<typeof VALUES>

/** The last few deviating values of each series, for people: what is typical of a deviation. */
export class RecentValues {
  /** By series. */
  readonly rows: Columns<typeof VALUES>

  constructor(series: number) {
    this.rows = new Columns(VALUES, series)
  }

  add(series: number, value: number): void {
    const { value: values, count } = this.rows.of
    values[series * RECENT + (count[series]!++ % RECENT)] = value
  }

  /** Median of the remembered values; NaN without any. */
  median(series: number): number {
    const { value: values, count } = this.rows.of
    const kept = Math.min(RECENT, count[series]!)
    const sorted = values.slice(series * RECENT, series * RECENT + kept).sort()
    return sorted[kept >> 1] ?? Number.NaN
  }

  clear(series: number): void {
    this.rows.of.count[series] = 0
  }
}
