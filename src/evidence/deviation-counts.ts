import { baseRateOfMix } from '../baseline/mix-null.ts'
import { SIGNALS } from '../baseline/signals.ts'
import { grownTo } from '../columns/grown-array.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import type { DeviatingSeries } from './deviating-series.ts'
import { MixCounts, type MixCountsState } from './mix-counts.ts'
import { EXPECTED, type MonitoredSeries, OPTIONAL, SIGNAL_STRIDE } from './monitored-series.ts'
import {
  type BucketCounts,
  NO_ONSETS,
  OnsetMarks,
  type Onsets,
  occurrencesIn,
} from './onset-marks.ts'
import type { RecentValues } from './recent-values.ts'

const P90 = SIGNALS.selfTimeP90.number
const P10 = SIGNALS.selfTimeP10.number
const P99 = SIGNALS.selfTimeP99.number
const ERRORS = SIGNALS.errors.number
const COUNT = SIGNALS.count.number
const PRESENCE = SIGNALS.presence.number
const APPEARANCE = SIGNALS.appearance.number

/**
 * Occurrences and deviations of the running bucket of data time: flat counters by place, element,
 * stratum and series, and lists of what was touched, so that ending a bucket costs what happened in
 * it and no more.
 */
export class DeviationCounts {
  /** Occurrences by place; runs (children of one parent taken together) by place. */
  n: Uint32Array<ArrayBuffer>
  runs: Uint32Array<ArrayBuffer>
  /** Occurrences of complete observations by element, observations by stratum. */
  parents: Uint32Array<ArrayBuffer>
  observations = new Uint32Array(64)
  /** Deviating occurrences by series. */
  c: Uint32Array<ArrayBuffer>
  /** Presence: the child is missing although the call was made, by series. */
  unanswered: Uint32Array<ArrayBuffer>
  /** What was touched: places, elements with watched children, strata. */
  places = new Int32Array(256)
  placeCount = 0
  elements = new Int32Array(64)
  elementCount = 0
  strata = new Int32Array(64)
  stratumCount = 0
  /** Series with a deviation in this bucket, in the order of the first. */
  deviated = new Int32Array(256)
  deviatedCount = 0
  /** Occurrences in places that the null does not know. */
  unwatched = 0
  /** Runs of the last complete observation in places that the reference does not know. */
  unknownRuns = 0
  readonly #mix: MixCounts
  readonly #marks: OnsetMarks
  readonly #series: MonitoredSeries
  readonly #recent: RecentValues
  #expectedSeen = new Uint16Array(256)

  /** `mostMarks`: looks within a bucket. */
  constructor(series: MonitoredSeries, recent: RecentValues, mostMarks: number) {
    this.#series = series
    this.#recent = recent
    this.#mix = new MixCounts(series.mixes.values())
    this.#marks = new OnsetMarks(mostMarks)
    this.n = new Uint32Array(series.places)
    this.runs = new Uint32Array(series.places)
    this.parents = new Uint32Array(series.elements)
    this.c = new Uint32Array(series.count)
    this.unanswered = new Uint32Array(series.count)
  }

  /** Occurrences against which the deviations of a series count, in the running bucket. */
  occurrences(series: number): number {
    return occurrencesIn(this, this.#series, series)
  }

  /** Notes how far the running bucket has come: a change may begin here. */
  mark(): void {
    this.#marks.add(this)
  }

  /**
   * Where within the running bucket a change of a series may have begun; reused by the next call. Not
   * where its normal share depends on the mix of requests, which may have changed just there.
   */
  onsets(series: number): Onsets {
    return this.#series.mixes.has(series)
      ? NO_ONSETS
      : this.#marks.of(this.#series, series, this.c[series]!)
  }

  /** Share of them that deviates normally, given the call paths by which they came. */
  baseRate(series: number): number {
    const { mixes } = this.#series
    const mix = mixes.size > 0 ? mixes.get(series) : undefined
    if (!mix) return this.#series.rows.of.baseRate[series]!
    return baseRateOfMix(
      mix,
      this.#mix.of(this.#series.signal(series).denominator),
      this.occurrences(series),
    )
  }

  /** Counts one observation; adds the series in which it deviates to `deviating`. */
  take(elements: TraceElements, scan: OccurrenceScan, deviating: DeviatingSeries): void {
    this.#takeOccurrences(elements, scan, deviating)
    if (!scan.complete) return
    this.#takeRuns(elements, scan, deviating)
    this.#takeParents(elements, scan, deviating)
  }

  /** Counts an observation of a stratum, whose structure has the series `series`. */
  takeStructure(
    stratum: number,
    series: number,
    unusual: boolean,
    deviating: DeviatingSeries,
  ): void {
    if (stratum >= this.observations.length) {
      this.observations = grownTo(this.observations, stratum + 1)
    }
    if (this.observations[stratum]!++ === 0) {
      this.strata = grownTo(this.strata, this.stratumCount + 1)
      this.strata[this.stratumCount++] = stratum
    }
    if (unusual) this.takeOne(series, deviating)
  }

  /** Room for series that turned up since. */
  grow(): void {
    this.c = grownTo(this.c, this.#series.count)
    this.unanswered = grownTo(this.unanswered, this.#series.count)
  }

  /** Begins the next bucket. */
  clear(): void {
    for (let i = 0; i < this.placeCount; i++) {
      const place = this.places[i]!
      this.n[place] = 0
      this.runs[place] = 0
    }
    this.#mix.clear()
    this.#marks.clear()
    for (let i = 0; i < this.elementCount; i++) this.parents[this.elements[i]!] = 0
    for (let i = 0; i < this.stratumCount; i++) this.observations[this.strata[i]!] = 0
    this.placeCount = 0
    this.elementCount = 0
    this.stratumCount = 0
    for (let i = 0; i < this.deviatedCount; i++) {
      this.c[this.deviated[i]!] = 0
      this.unanswered[this.deviated[i]!] = 0
    }
    this.deviatedCount = 0
  }

  #takeOccurrences(
    elements: TraceElements,
    scan: OccurrenceScan,
    deviating: DeviatingSeries,
  ): void {
    const { place, path, selfNs, count } = elements
    const { byPlace, places } = this.#series
    const { p90, p99, p10, mixed } = this.#series.ofPlace.of
    const { ownError } = scan
    const { n } = this
    for (let i = 0; i < count; i++) {
      const at = place[i]!
      if (at >= places) {
        this.unwatched++
        continue
      }
      if (n[at]!++ === 0) this.#touchPlace(at)
      if (mixed[at] === 1) this.#mix.take(path[i]!)
      const self = selfNs[i]!
      if (self > p90[at]!) {
        this.#deviate(byPlace[at * SIGNAL_STRIDE + P90]!, self, deviating)
        if (self > p99[at]!) this.#deviate(byPlace[at * SIGNAL_STRIDE + P99]!, self, deviating)
      } else if (self < p10[at]!) this.#deviate(byPlace[at * SIGNAL_STRIDE + P10]!, self, deviating)
      if (ownError[i] === 1) this.#deviate(byPlace[at * SIGNAL_STRIDE + ERRORS]!, self, deviating)
    }
  }

  /** Every run: is it longer than usual, optional, what somebody expects? */
  #takeRuns(elements: TraceElements, scan: OccurrenceScan, deviating: DeviatingSeries): void {
    const { byPlace, known, places } = this.#series
    const { calls, child, mixed } = this.#series.ofPlace.of
    const { runPlace, runParent, runCount, runFirst } = scan
    if (elements.count > this.#expectedSeen.length) {
      this.#expectedSeen = grownTo(this.#expectedSeen, elements.count)
    }
    const { runs: counted } = this
    const { runs } = scan
    const seen = this.#expectedSeen
    for (let i = 0; i < elements.count; i++) seen[i] = 0
    let unknown = 0
    for (let run = 0; run < runs; run++) {
      const at = runPlace[run]!
      if (known[at] !== 1) unknown++
      if (at >= places) continue
      counted[at]!++
      if (mixed[at] === 1) this.#mix.takeRun(elements.path[runFirst[run]!]!)
      if (runCount[run]! > calls[at]!) {
        this.#deviate(byPlace[at * SIGNAL_STRIDE + COUNT]!, runCount[run]!, deviating)
      }
      if (child[at] === EXPECTED) seen[runParent[run]!]!++
      else if (child[at] === OPTIONAL) {
        this.#deviate(byPlace[at * SIGNAL_STRIDE + APPEARANCE]!, 0, deviating)
      }
    }
    this.unknownRuns = unknown
  }

  /** Every span that should have certain children: are they there, as `#takeRuns` has seen? */
  #takeParents(elements: TraceElements, scan: OccurrenceScan, deviating: DeviatingSeries): void {
    const { wanted, mixedParent, elements: watched } = this.#series
    const { element, path, count } = elements
    const { parents } = this
    const seen = this.#expectedSeen
    for (let i = 0; i < count; i++) {
      const e = element[i]!
      if (e >= watched || wanted[e] === -1) continue
      if (parents[e]!++ === 0) {
        this.elements = grownTo(this.elements, this.elementCount + 1)
        this.elements[this.elementCount++] = e
      }
      if (mixedParent[e] === 1) this.#mix.takeParent(path[i]!)
      if (seen[i]! < wanted[e]!) this.#findMissing(i, e, scan, deviating)
    }
  }

  #findMissing(parent: number, e: number, scan: OccurrenceScan, deviating: DeviatingSeries): void {
    const { byPlace, children, childStart } = this.#series
    const { child } = this.#series.ofPlace.of
    for (let x = childStart[e]!; x < childStart[e + 1]!; x++) {
      const place = children[x]!
      if (child[place] !== EXPECTED || scan.find(parent, place) >= 0) continue
      const series = byPlace[place * SIGNAL_STRIDE + PRESENCE]!
      this.#deviate(series, 0, deviating)
      if (this.#wasCalled(parent, place, scan)) this.unanswered[series]!++
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

  #deviate(series: number, value: number, deviating: DeviatingSeries): void {
    if (series < 0) return
    this.#recent.add(series, value)
    this.takeOne(series, deviating)
  }

  /** Counts one more deviation of a series whose occurrence is counted already. */
  takeOne(series: number, deviating: DeviatingSeries): void {
    if (this.c[series]!++ === 0) {
      const { deviatedCount } = this
      if (deviatedCount >= this.deviated.length) {
        this.deviated = grownTo(this.deviated, deviatedCount + 1)
      }
      this.deviated[this.deviatedCount++] = series
    }
    deviating.add(series)
  }

  #touchPlace(place: number): void {
    if (this.placeCount >= this.places.length) {
      this.places = grownTo(this.places, this.placeCount + 1)
    }
    this.places[this.placeCount++] = place
  }

  /** Plain data; arrays are shared with this until the next change. */
  state(): DeviationCountsState {
    const { n, runs, parents, observations, c, unanswered, unwatched } = this
    return {
      n,
      runs,
      parents,
      observations,
      c,
      unanswered,
      places: this.places.slice(0, this.placeCount),
      elements: this.elements.slice(0, this.elementCount),
      strata: this.strata.slice(0, this.stratumCount),
      deviated: this.deviated.slice(0, this.deviatedCount),
      mix: this.#mix.state(),
      marks: this.#marks.state(),
      unwatched,
    }
  }

  restore(state: DeviationCountsState): void {
    this.n = state.n.slice()
    this.runs = state.runs.slice()
    this.parents = state.parents.slice()
    this.observations = state.observations.slice()
    this.c = state.c.slice()
    this.unanswered = state.unanswered.slice()
    this.placeCount = state.places.length
    this.places = grownTo(state.places.slice(), 256)
    this.elementCount = state.elements.length
    this.elements = grownTo(state.elements.slice(), 64)
    this.stratumCount = state.strata.length
    this.strata = grownTo(state.strata.slice(), 64)
    this.deviatedCount = state.deviated.length
    this.deviated = grownTo(state.deviated.slice(), 256)
    this.#mix.restore(state.mix)
    this.#marks.restore(state.marks)
    this.unwatched = state.unwatched
  }
}

export interface DeviationCountsState {
  readonly n: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
  readonly observations: Uint32Array<ArrayBuffer>
  readonly c: Uint32Array<ArrayBuffer>
  readonly unanswered: Uint32Array<ArrayBuffer>
  readonly places: Int32Array<ArrayBuffer>
  readonly elements: Int32Array<ArrayBuffer>
  readonly strata: Int32Array<ArrayBuffer>
  readonly deviated: Int32Array<ArrayBuffer>
  readonly mix: MixCountsState
  readonly marks: readonly BucketCounts[]
  readonly unwatched: number
}
