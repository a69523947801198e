import type { Constants } from '../baseline/constants.ts'
import { Columns, type SavedColumns } from '../columns/columns.ts'

/** Excursions of a series that are remembered: then those of long ago count half. */
const MOST_EXCURSIONS = 1000

const EXCURSIONS = {
  /** CUSUM of ln of what each bucket says, and the most that it was since it was 0. */
  cusum: 'f64',
  peak: 'f64',
  /** Excursions that came beyond the level, fell back by themselves and went less than another level beyond. */
  times: 'f64',
  /** How far beyond the level all went, each another level at most. */
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

  constructor(count: number, { likelyOdds, deviations }: Constants) {
    this.rows = new Columns(EXCURSIONS, count)
    this.#level = Math.log(likelyOdds)
    this.#deviations = deviations
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
    const { peak, times, beyond } = this.rows.of
    const above = peak[series]! - this.#level
    this.drop(series)
    if (above <= 0) return
    // A fault that raised no alarm is no tail: however far it went, it counts as one that went far.
    beyond[series]! += Math.min(above, this.#level)
    if (above < this.#level) times[series]!++
    if (times[series]! < MOST_EXCURSIONS) return
    times[series]! /= 2
    beyond[series]! /= 2
  }

  /** What runs is none that falls back by itself: an alarm came of it, or a person said what it is. */
  drop(series: number): void {
    const { cusum, peak } = this.rows.of
    cusum[series] = 0
    peak[series] = 0
  }

  /**
   * The least that excursions of the series go beyond the level on average, given how few were seen: 1 or more. For
   * k of an exponential tail, and what went further cut off, the mean is their sum over k, give or take its k-th root.
   */
  tail(series: number): number {
    const { times, beyond } = this.rows.of
    const k = times[series]!
    return k === 0 ? 1 : Math.max(1, beyond[series]! / (k + this.#deviations * Math.sqrt(k)))
  }
}
