import { grownTo } from '../columns/grown-array.ts'

/** The distinct series in which one observation deviates; reused. */
export class DeviatingSeries {
  count = 0
  series = new Int32Array(64)
  #seen = new Uint32Array(64)
  #now = 0

  begin(series: number): void {
    this.count = 0
    if (series > this.#seen.length) this.#seen = grownTo(this.#seen, series)
    if (this.#now === 0xffffffff) {
      this.#seen.fill(0)
      this.#now = 0
    }
    this.#now++
  }

  add(series: number): void {
    if (series >= this.#seen.length) this.#seen = grownTo(this.#seen, series + 1)
    if (this.#seen[series] === this.#now) return
    this.#seen[series] = this.#now
    if (this.count >= this.series.length) this.series = grownTo(this.series, this.count + 1)
    this.series[this.count++] = series
  }
}
