import { BucketCounts, type BucketCountsState } from '../baseline/bucket-counts.ts'
import { baseRateOfMix } from '../baseline/mix-null.ts'
import { SIGNALS } from '../baseline/signals.ts'
import { grownTo } from '../columns/grown-array.ts'
import { type SavedTouchedRows, TouchedRows } from '../columns/touched-rows.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { EXPECTED, type MonitoredSeries, OPTIONAL, SIGNAL_STRIDE } from './monitored-series.ts'
import { type Mark, NO_ONSETS, OnsetMarks, type Onsets } from './onset-marks.ts'
import type { RecentValues } from './recent-values.ts'

const P90 = SIGNALS.selfTimeP90.number
const P10 = SIGNALS.selfTimeP10.number
const P99 = SIGNALS.selfTimeP99.number
const ERRORS = SIGNALS.errors.number
const NO_ANSWER = SIGNALS.noAnswer.number
const COUNT = SIGNALS.count.number
const PRESENCE = SIGNALS.presence.number
const APPEARANCE = SIGNALS.appearance.number
const WAIT = SIGNALS.wait.number

const BY_SERIES = {
  /** Deviating occurrences. */
  c: 'u32',
  /** Presence: those where the child is missing although the call was made. */
  unanswered: 'u32',
} as const

/** The distinct series in which one observation deviates; reused for the next. */
class DeviatingSeries {
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

/** The deviations of the running bucket of data time by series, beside all that happened in it. */
export class Deviations {
  readonly bucket: BucketCounts
  readonly bySeries = new TouchedRows(BY_SERIES)
  /** Series in which the last observation deviates. */
  readonly ofObservation = new DeviatingSeries()
  /** Occurrences in places that the null does not know. */
  unmonitored = 0
  /** Runs of the last complete observation in places that the baseline does not know. */
  unknownRuns = 0
  readonly #marks: OnsetMarks
  readonly #series: MonitoredSeries
  readonly #recent: RecentValues
  /** By span of one observation: how many of its expected children are there. */
  #expectedSeen = new Uint16Array(256)

  /** `mostMarks`: looks within a bucket. */
  constructor(
    series: MonitoredSeries,
    table: ElementTable,
    recent: RecentValues,
    mostMarks: number,
  ) {
    this.bucket = new BucketCounts(table)
    this.#series = series
    this.#recent = recent
    this.#marks = new OnsetMarks(mostMarks)
    this.grow()
  }

  /** Room for series that turned up since. */
  grow(): void {
    this.bySeries.rows.grow(this.#series.count)
  }

  /** Occurrences against which the deviations of a series count. */
  occurrences(series: number): number {
    const { denominator } = this.#series.signal(series)
    return this.bucket.denominator(denominator)[this.#series.rows.of.counted[series]!] ?? 0
  }

  /** Share of them that deviates normally, given the call paths by which they came. */
  baseRate(series: number): number {
    const { mixes } = this.#series
    const mix = mixes.size > 0 ? mixes.get(series) : undefined
    if (!mix) return this.#series.rows.of.baseRate[series]!
    const { denominator } = this.#series.signal(series)
    return baseRateOfMix(mix, this.bucket.denominatorByPath(denominator), this.occurrences(series))
  }

  /** Notes how far the running bucket has come: a change may begin here. */
  mark(): void {
    this.#marks.add(this.bucket, this.bySeries.of.c)
  }

  /**
   * Where within the running bucket a change of a series may have begun; reused by the next call. Not
   * where its base rate depends on the mix of requests, which may have changed just there.
   */
  onsets(series: number): Onsets {
    if (this.#series.mixes.has(series)) return NO_ONSETS
    return this.#marks.of(this.#series, series, this.bySeries.of.c[series]!)
  }

  /** Counts one observation, and finds in which places it deviates. */
  count(elements: TraceElements, scan: OccurrenceScan): void {
    this.ofObservation.begin(this.#series.count + 1)
    this.bucket.count(elements, scan)
    this.#findOccurrences(elements, scan)
    if (elements.trace.waitNs >= 0) this.#findWait(elements)
    if (!scan.complete) return
    this.#findRuns(elements, scan)
    this.#findMissing(elements, scan)
  }

  /** Counts that an observation deviates in a series. */
  add(series: number): void {
    if (this.bySeries.of.c[series]!++ === 0) this.bySeries.touch(series)
    this.ofObservation.add(series)
  }

  #addValue(series: number, value: number): void {
    if (series < 0) return
    this.#recent.add(series, value)
    this.add(series)
  }

  #findOccurrences(elements: TraceElements, scan: OccurrenceScan): void {
    const { place, element, selfNs, count } = elements
    const { ownError, noAnswer } = scan
    const { byPlace, places } = this.#series
    const { p90, p99, p10 } = this.#series.ofPlace.of
    for (let i = 0; i < count; i++) {
      const at = place[i]!
      if (at >= places) {
        this.unmonitored++
        continue
      }
      // As precise as the values that the levels are from: many calls may take the very same time.
      const self = Math.fround(selfNs[i]!)
      if (self > p90[at]! && !this.#lacksAnswer(i, element[i]!, scan)) {
        this.#addValue(byPlace[at * SIGNAL_STRIDE + P90]!, self)
        if (self > p99[at]!) this.#addValue(byPlace[at * SIGNAL_STRIDE + P99]!, self)
      } else if (self < p10[at]!) this.#addValue(byPlace[at * SIGNAL_STRIDE + P10]!, self)
      if (ownError[i] !== 1) continue
      const signal = noAnswer[i] === 1 ? NO_ANSWER : ERRORS
      this.#addValue(byPlace[at * SIGNAL_STRIDE + signal]!, self)
    }
  }

  /** The wait of the message that the entry takes. */
  #findWait({ place, trace }: TraceElements): void {
    const at = place[0]!
    const { byPlace, places } = this.#series
    if (at >= places) return
    // As precise as the values that the level is from.
    const waited = Math.fround(trace.waitNs)
    if (waited <= this.#series.ofPlace.of.wait[at]!) return
    this.#addValue(byPlace[at * SIGNAL_STRIDE + WAIT]!, waited)
  }

  /**
   * Whether a call has no answer below it though it normally has: then the time of whoever answered, or
   * of waiting for it, is no time of the call's own.
   */
  #lacksAnswer(span: number, element: number, scan: OccurrenceScan): boolean {
    const { children, childStart, elements } = this.#series
    const { answer } = this.#series.ofPlace.of
    if (element >= elements) return false
    let lacks = false
    for (let x = childStart[element]!; x < childStart[element + 1]!; x++) {
      const place = children[x]!
      if (answer[place] === 1 && scan.find(span, place) >= 0) return false
      lacks ||= this.#series.isUsualAnswer(place)
    }
    return lacks
  }

  /** Every run: is it longer than usual, optional, what somebody expects? */
  #findRuns(elements: TraceElements, scan: OccurrenceScan): void {
    const { byPlace, known, places } = this.#series
    const { calls, child } = this.#series.ofPlace.of
    const { runPlace, runParent, runCount, runs } = scan
    this.#expectedSeen = grownTo(this.#expectedSeen, elements.count)
    const seen = this.#expectedSeen.fill(0, 0, elements.count)
    let unknown = 0
    for (let run = 0; run < runs; run++) {
      const at = runPlace[run]!
      if (known[at] !== 1) unknown++
      if (at >= places) continue
      if (runCount[run]! > calls[at]!) {
        this.#addValue(byPlace[at * SIGNAL_STRIDE + COUNT]!, runCount[run]!)
      }
      if (child[at] === EXPECTED) seen[runParent[run]!]!++
      else if (child[at] === OPTIONAL) {
        this.#addValue(byPlace[at * SIGNAL_STRIDE + APPEARANCE]!, 0)
      }
    }
    this.unknownRuns = unknown
  }

  /** Every span that should have certain children: are they there, as `#findRuns` has seen? */
  #findMissing({ element, count }: TraceElements, scan: OccurrenceScan): void {
    const { byPlace, children, childStart, elements, wanted } = this.#series
    const { child } = this.#series.ofPlace.of
    const seen = this.#expectedSeen
    for (let i = 0; i < count; i++) {
      const e = element[i]!
      // Where nobody answered, what the answer would have brought is no news.
      if (e >= elements || seen[i]! >= wanted[e]! || scan.noAnswer[i] === 1) continue
      for (let x = childStart[e]!; x < childStart[e + 1]!; x++) {
        const place = children[x]!
        if (child[place] !== EXPECTED || scan.find(i, place) >= 0) continue
        const series = byPlace[place * SIGNAL_STRIDE + PRESENCE]!
        this.#addValue(series, 0)
        if (this.#wasCalled(i, place, scan)) this.bySeries.of.unanswered[series]!++
      }
    }
  }

  /** Whether span `parent` made the call of `place` all the same, only that nobody answered. */
  #wasCalled(parent: number, place: number, scan: OccurrenceScan): boolean {
    for (let run = 0; run < scan.runs; run++) {
      if (scan.runParent[run] !== parent) continue
      if (this.#series.isSameCall(place, scan.runPlace[run]!)) return true
    }
    return false
  }

  /** Begins the next bucket. */
  clear(): void {
    this.bucket.clear()
    this.bySeries.clear()
    this.#marks.clear()
  }

  /** Plain data. */
  state(): DeviationsState {
    return {
      bucket: this.bucket.state(),
      bySeries: this.bySeries.save(),
      marks: this.#marks.state(),
      unmonitored: this.unmonitored,
    }
  }

  restore(state: DeviationsState): void {
    this.bucket.restore(state.bucket)
    this.bySeries.restore(state.bySeries)
    this.#marks.restore(state.marks)
    this.unmonitored = state.unmonitored
  }
}

export interface DeviationsState {
  readonly bucket: BucketCountsState
  readonly bySeries: SavedTouchedRows<typeof BY_SERIES>
  readonly marks: readonly Mark[]
  readonly unmonitored: number
}
