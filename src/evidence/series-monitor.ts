import type { Constants } from '../baseline/constants.ts'
import { useNull } from '../baseline/ids-of-null.ts'
import type { PlaceNull } from '../baseline/place-null.ts'
import { SIGNAL_LIST, SIGNALS } from '../baseline/signals.ts'
import { grownTo } from '../columns/grown-array.ts'
import type { IdSets } from '../columns/marks.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { logShareRatio } from '../stats/share-evidence.ts'
import { Deviations, type DeviationsState } from './deviations.ts'
import {
  EXPECTED,
  type LateSeries,
  MonitoredSeries,
  NO_SERIES,
  SIGNAL_STRIDE,
} from './monitored-series.ts'
import { categoryVote, useVote } from './path-votes.ts'
import { bucketScore, SeriesEvidence, type SeriesEvidenceState } from './series-evidence.ts'

const WEEK_MS = 7 * 86_400_000

/** Signals that a place is touched in where anything happens there; children are touched by parents. */
const OF_PLACE = SIGNAL_LIST.filter(
  ({ subject, denominator }) => subject === 'place' && denominator !== 'parents',
).map(({ number }) => number)

/** ... that an entry operation is touched in where what they count against happens. */
const OF_ENTRY = SIGNAL_LIST.filter(({ subject }) => subject === 'entry operation').map(
  ({ number }) => number,
)

/** The running bucket of one series. */
export interface RunningCounts {
  readonly n: number
  readonly c: number
  readonly score: number
  readonly unanswered: number
}

/** Everything that is counted under one null: its series, the running bucket, the evidence. */
export class SeriesMonitor {
  readonly series: MonitoredSeries
  readonly deviations: Deviations
  readonly evidence: SeriesEvidence
  /** Series touched in the running bucket; valid after `findTouched`. */
  touched = new Int32Array(256)
  readonly #placeNull: PlaceNull
  readonly #constants: Constants

  constructor(placeNull: PlaceNull, table: ElementTable, constants: Constants) {
    this.series = new MonitoredSeries(placeNull, table)
    this.evidence = new SeriesEvidence(this.series, constants)
    const marks = Math.max(0, constants.looks - 1)
    this.deviations = new Deviations(this.series, table, this.evidence.recent, marks)
    this.#placeNull = placeNull
    this.#constants = constants
  }

  /**
   * Goes on with the evidence of the monitor before, for the series that both have and strata that live.
   * `isOpen`: whether a series of before has an open alarm.
   */
  takeOver(before: SeriesMonitor, isOpen: (series: number) => boolean): void {
    const { count } = before.series
    const { signal, subject } = before.series.rows.of
    this.evidence.bucket = before.evidence.bucket
    for (let old = 0; old < count; old++) {
      const now = this.#heirOf(signal[old]!, subject[old]!, isOpen(old))
      if (now < 0) continue
      this.#grow()
      this.evidence.copy(now, before.evidence, old)
    }
  }

  /** The series that goes on where one of before was; an alarm ends on what it was raised on. */
  #heirOf(signal: number, of: number, isOpen: boolean): number {
    const { series } = this
    const { structure, failures } = SIGNALS
    const isLate = signal === structure.number || signal === failures.number
    if (!isLate || series.isGivenUp(of)) return series.find(signal, of)
    if (signal === failures.number && !isOpen) return series.failuresOf(of)
    return series.lateSeries(signal, of)
  }

  /**
   * ln C: a cluster opens where the mean of the e-detectors exceeds C. Each series reaches it falsely
   * once in C buckets or more, so all together `falseClustersPerWeek` times a week or less. All series
   * that have a null count as monitored, whether they are seen often or hardly ever, and the search for
   * similar anomalies as one more.
   */
  logThreshold(falseClustersPerWeek: number): number {
    const perWeek = WEEK_MS / this.#placeNull.bucketMs
    return Math.log(((this.series.count + 1) * perWeek) / falseClustersPerWeek)
  }

  /** Counts one observation, and finds the series in which it deviates. */
  count(elements: TraceElements, scan: OccurrenceScan): void {
    this.deviations.count(elements, scan)
    this.#noteErrors(elements, scan)
    this.#countRequest(elements, scan)
    if (scan.complete && this.deviations.unknownRuns === 0) return
    const { known } = this.series
    const { runs, runPlace } = scan
    for (let run = 0; run < runs; run++) {
      if (known[runPlace[run]!] !== 1) this.#countUnseen(elements, scan, run)
    }
  }

  /** What the errors of an observation are called. */
  #noteErrors(elements: TraceElements, { ownError, noAnswer }: OccurrenceScan): void {
    for (let i = 0; i < elements.count; i++) {
      if (ownError[i] !== 1) continue
      const { number } = noAnswer[i] === 1 ? SIGNALS.noAnswer : SIGNALS.errors
      const place = elements.place[i]!
      const vote = place < this.series.places ? elements.errorVote(i) : 0
      const series = this.series.find(number, place)
      if (series >= 0 && vote !== 0) this.evidence.votes.add(series, vote)
    }
  }

  /** Whether a request fails, of an entry operation of which nothing else tells; votes for what failed in it. */
  #countRequest(
    { stratum, isRequest, failed, path, count }: TraceElements,
    { ownError, noAnswer }: OccurrenceScan,
  ): void {
    if (!isRequest || stratum <= OTHER_PAIR) return
    this.deviations.bucket.countRequest(stratum)
    const series = failed[0] === 1 ? this.series.failuresOf(stratum) : NO_SERIES
    if (series < 0) return
    this.#grow()
    this.deviations.add(series)
    for (let i = 0; i < count; i++) {
      if (ownError[i] !== 1 || path[i]! <= OTHER_PAIR) continue
      this.evidence.votes.add(series, noAnswer[i] === 1 ? -path[i]! : path[i]!)
    }
  }

  /**
   * A child in a place that the reference does not know, once for each parent. Where a span failed, what
   * is done about it may well be new, and follows from the failure.
   */
  #countUnseen({ place, path, count }: TraceElements, scan: OccurrenceScan, run: number): void {
    const parent = scan.runParent[run]!
    const series = this.series.find(SIGNALS.unseen.number, place[parent]!)
    if (series < 0 || hasFailed(scan, count)) return
    for (let before = 0; before < run; before++) {
      if (scan.runParent[before] !== parent) continue
      if (this.series.known[scan.runPlace[before]!] !== 1) return
    }
    this.deviations.add(series)
    this.evidence.votes.add(series, path[scan.runFirst[run]!]!)
  }

  /** `unusual`: its set of call paths is; `path` differs first, negative where it is missing; 0 = none. */
  countStructure(stratum: number, unusual: boolean, path: number): void {
    const series = this.series.structureOf(stratum)
    this.#grow()
    this.deviations.bucket.countObservation(stratum, unusual)
    if (unusual) this.deviations.add(series)
    if (unusual && path !== 0) this.evidence.votes.add(series, path)
  }

  /**
   * The categories of an observation whose structure was counted. Where a span of it failed, that is what
   * its entry tells, and has a place of its own.
   */
  countCategories(stratum: number, values: Int32Array, scan: OccurrenceScan, spans: number): void {
    const unusual = this.series.unusualCategory(stratum, values)
    if (unusual < 0 || hasFailed(scan, spans)) return
    const series = this.series.find(SIGNALS.category.number, stratum)
    this.deviations.add(series)
    this.evidence.votes.add(series, categoryVote(unusual, values[unusual]!))
  }

  /** Adds the observation to the evidence of the series in which it deviates. */
  note(hash: number, timeMs: number): void {
    const { count, series } = this.deviations.ofObservation
    for (let i = 0; i < count; i++) {
      this.evidence.note(series[i]!, hash, timeMs, this.#counted(series[i]!))
    }
  }

  #counted(series: number): { n: number; c: number; baseRate: number } {
    const { deviations } = this
    const c = deviations.bySeries.of.c[series]!
    return { n: deviations.occurrences(series), c, baseRate: deviations.baseRate(series) }
  }

  running(series: number): RunningCounts {
    if (this.evidence.isSuspended(series)) return { n: 0, c: 0, score: 0, unanswered: 0 }
    const { unanswered } = this.deviations.bySeries.of
    const { n, c, baseRate } = this.#counted(series)
    const score = bucketScore(n, c, baseRate)
    return { n, c, score, unanswered: unanswered[series]! }
  }

  /** ln(share / normal) of the running bucket so far: evidence for `share`. */
  ratioOf(series: number, share: number): number {
    if (this.evidence.isSuspended(series)) return 0
    const n = this.deviations.occurrences(series)
    const c = this.deviations.bySeries.of.c[series]!
    const baseRate = this.deviations.baseRate(series)
    const rho = this.series.rows.of.rho[series]!
    return logShareRatio(n, c, share, this.#constants.alternativeRho, baseRate, rho)
  }

  /** ln of the mean e-detector if the running bucket ended now. */
  prefix(series: number): number {
    const { deviations } = this
    const baseRate = deviations.baseRate(series)
    const n = deviations.occurrences(series)
    const c = deviations.bySeries.of.c[series]!
    return this.evidence.prefix(series, n, c, baseRate, deviations.onsets(series))
  }

  /** ln of the mean e-detector after an empty bucket. */
  standing(series: number): number {
    return this.evidence.prefix(series, 0, 0)
  }

  /** Whether the running bucket deviates more than normal: without that, nothing can open. */
  isElevated(series: number): boolean {
    const { deviations } = this
    const c = deviations.bySeries.of.c[series]!
    return c > 0 && c > deviations.baseRate(series) * deviations.occurrences(series)
  }

  /** Fills `touched`; returns how many there are. Each series once, in a fixed order. */
  findTouched(): number {
    const { byPlace, children, childStart } = this.series
    const { child } = this.series.ofPlace.of
    const { places, elements, strata } = this.deviations.bucket
    let found = 0
    this.touched = grownTo(this.touched, this.series.count + 1)
    for (let i = 0; i < places.count; i++) {
      if (places.ids[i]! >= this.series.places) continue
      const from = places.ids[i]! * SIGNAL_STRIDE
      for (const signal of OF_PLACE) {
        const series = byPlace[from + signal]!
        if (series >= 0) this.touched[found++] = series
      }
    }
    for (let i = 0; i < elements.count; i++) {
      const e = elements.ids[i]!
      if (e >= this.series.elements) continue
      for (let x = childStart[e]!; x < childStart[e + 1]!; x++) {
        const said = child[children[x]!]!
        if (said === 0) continue
        const { number } = said === EXPECTED ? SIGNALS.presence : SIGNALS.appearance
        this.touched[found++] = byPlace[children[x]! * SIGNAL_STRIDE + number]!
      }
    }
    for (let i = 0; i < strata.count; i++) {
      for (const signal of OF_ENTRY) {
        const series = this.series.find(signal, strata.ids[i]!)
        if (series >= 0 && this.deviations.occurrences(series) > 0) this.touched[found++] = series
      }
    }
    return found
  }

  /** Ends the bucket of one touched series. `open`: a cluster is open there. */
  endSeries(series: number, open: boolean): void {
    const { deviations, evidence } = this
    const { c, unanswered } = deviations.bySeries.of
    const n = deviations.occurrences(series)
    if (c[series] === 0 && evidence.endPlainBucket(series, n)) return
    const baseRate = deviations.baseRate(series)
    const onsets = deviations.onsets(series)
    evidence.endBucket(series, n, c[series]!, unanswered[series]!, open, baseRate, onsets)
  }

  #grow(): void {
    this.evidence.grow()
    this.deviations.grow()
  }

  /** Takes note of the ids that its series and what was counted refer to. */
  use(used: IdSets): void {
    useNull(used, this.#placeNull)
    used.strata.addAll(this.series.late.map(([, stratum]) => stratum))
    for (const vote of this.evidence.votes.all()) useVote(used, vote)
  }

  /** Ids will be those of other things. */
  forget(gone: IdSets): void {
    this.deviations.bucket.forget(gone)
  }

  /** Plain data. */
  state(): SeriesMonitorState {
    return {
      placeNull: this.#placeNull,
      late: [...this.series.late],
      deviations: this.deviations.state(),
      evidence: this.evidence.state(),
    }
  }

  static restore(
    state: SeriesMonitorState,
    table: ElementTable,
    constants: Constants,
  ): SeriesMonitor {
    const monitor = new SeriesMonitor(state.placeNull, table, constants)
    for (const [signal, stratum] of state.late) monitor.series.lateSeries(signal, stratum)
    monitor.deviations.restore(state.deviations)
    monitor.evidence.restore(state.evidence)
    return monitor
  }
}

/** Whether a span of the trace failed by itself. */
function hasFailed(scan: OccurrenceScan, spans: number): boolean {
  for (let i = 0; i < spans; i++) if (scan.ownError[i] === 1) return true
  return false
}

export interface SeriesMonitorState {
  readonly placeNull: PlaceNull
  readonly late: readonly LateSeries[]
  readonly deviations: DeviationsState
  readonly evidence: SeriesEvidenceState
}
