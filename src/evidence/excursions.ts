import type { Constants } from '../baseline/constants.ts'
import { Columns, type SavedColumns } from '../columns/columns.ts'

/** Excursions of a series that are remembered: then those of long ago count half. */
const MOST_EXCURSIONS = 1000

const EXCURSIONS = {
  /** CUSUM of ln of what each bucket says, and the most that it was since it was 0, at any look. */
  cusum: 'f64',
  peak: 'f64',
  /** Excursions that came beyond the level and fell back by themselves, those that went far, and how far all went. */
  times: 'f64',
  far: 'f64',
  beyond: 'f64',
} as const

export type ExcursionsState = SavedColumns<typeof EXCURSIONS>

/**
 * How far the evidence of each series rises and falls back by itself. What a bucket says has mean 1 where the null
 * is right, whatever came before; then an excursion of the CUSUM of its logarithm reaches x at most once in e^x
 * (Ville 1939), and what reaches a level goes about 1 beyond it. Where deviations hang together over minutes, the
 * null, which knows one or two buckets, is wrong: excursions go further, with an exponential tail of
 * another mean (Cramér and Lundberg; for dependent steps Dembo and Karlin 1991). Evidence divided by that mean says
 * what it would say elsewhere.
 */
export class Excursions {
  /** By series. */
  readonly rows: Columns<typeof EXCURSIONS>
  /** From here on an excursion is one: what comes less far may come by the shape of a single bucket. */
  readonly #level: number
  readonly #deviations: number
  /** Fewer excursions say nothing. */
  readonly #few: number

  constructor(count: number, { likelyOdds, deviations, young }: Constants) {
    this.rows = new Columns(EXCURSIONS, count)
    this.#level = Math.log(likelyOdds)
    this.#deviations = deviations
    this.#few = young
  }

  /** The running bucket says e^`gain` so far: what falls back within it could have raised an alarm as well. */
  reach(series: number, gain: number): void {
    const { cusum, peak } = this.rows.of
    if (cusum[series]! + gain > peak[series]!) peak[series] = cusum[series]! + gain
  }

  /** A bucket has ended that says e^`gain`. */
  step(series: number, gain: number): void {
    const { cusum, peak } = this.rows.of
    cusum[series] = Math.max(0, cusum[series]! + gain)
    if (cusum[series]! > peak[series]!) peak[series] = cusum[series]!
    if (cusum[series] === 0) this.fallBack(series)
  }

  /** Nothing speaks for a change any more. */
  fallBack(series: number): void {
    const { peak, times, far, beyond } = this.rows.of
    const above = peak[series]! - this.#level
    this.drop(series)
    if (above <= 0) return
    times[series]!++
    // A fault that raised no alarm is no tail: all that is known is that it went as far again, or further.
    if (above > this.#level) far[series]!++
    beyond[series]! += Math.min(above, this.#level)
    if (times[series]! < MOST_EXCURSIONS) return
    times[series]! /= 2
    far[series]! /= 2
    beyond[series]! /= 2
  }

  /** What runs is none that falls back by itself: an alarm came of it, or a person said what it is. */
  drop(series: number): void {
    const { cusum, peak } = this.rows.of
    cusum[series] = 0
    peak[series] = 0
  }

  /**
   * How far beyond the level excursions of the series go on average, at least: 1 or more. Of an exponential tail,
   * cut off, the mean is their sum over those that were not cut; of k it is known to the k-th root. Few say nothing.
   */
  tail(series: number): number {
    const { times, far, beyond } = this.rows.of
    const k = times[series]!
    if (k < this.#few) return 1
    const ended = k - far[series]!
    return Math.max(1, beyond[series]! / (ended + this.#deviations * Math.sqrt(k)))
  }
}
