import type { Constants } from '../baseline/constants.ts'
import { SIGNAL_LIST } from '../baseline/signals.ts'
import { Columns, type SavedColumns } from '../columns/columns.ts'
import { logBetaBinomial, logRising } from '../stats/beta-binomial.ts'
import { logLaterNull, materialEvidence } from '../stats/share-evidence.ts'
import {
  logMeanExp,
  logPlusOne,
  logSum,
  NO_EVIDENCE,
  srStepWithin,
} from '../stats/shiryaev-roberts.ts'
import { ALTERNATIVES, alternativeShare, alternativeShares } from './alternatives.ts'
import { Excursions, type ExcursionsState } from './excursions.ts'
import type { MonitoredSeries } from './monitored-series.ts'
import { ObservationSketches, type SketchesState } from './observation-sketches.ts'
import { NO_ONSETS, type Onsets } from './onset-marks.ts'
import { PathVotes } from './path-votes.ts'
import { RecentValues, type RecentValuesState } from './recent-values.ts'

/** Occurrences of which none deviates, after which a series without evidence is not worth weighing. */
const PLAINLY_NORMAL = 8
const NO_BUCKET = -1

const LOG_M = { type: 'f64', width: ALTERNATIVES, fill: NO_EVIDENCE } as const

const DETECTOR = {
  /** ln M of the e-detector for each alternative. */
  logM: LOG_M,
  /** 1 where the rest of the running bucket does not count: the series has just closed. */
  suspended: 'u8',
} as const

/** What is remembered since the evidence began. */
const SINCE = {
  /**
   * CUSUM of the evidence: at 0 nothing speaks for a change any more, and what was remembered of it is
   * forgotten. Its last zero is the maximum-likelihood estimate of when the change began (Page 1954).
   */
  cusum: 'f64',
  /** Occurrences and deviating ones of ended buckets. */
  n: 'f64',
  c: 'f64',
  /** Sum over those buckets of z (c / n)^2: see `bucketScore`. */
  score: 'f64',
  /**
   * CUSUM of deviating observations, which says when the change began to the observation: at 0 it begins
   * anew with the next one. Until then an earlier one that stood alone is forgotten.
   */
  onset: 'f64',
  /** Occurrences and deviating ones before the change began, and when the CUSUM was brought up to date. */
  beforeN: 'f64',
  beforeC: 'f64',
  onsetN: 'f64',
  onsetC: 'f64',
  /** First deviating observation of the change, and the last one, data time, ms; 0 = none. */
  firstMs: 'f64',
  lastMs: 'f64',
  /** Calls that were made but not answered: see `Deviations`. */
  unanswered: 'f64',
} as const

/**
 * The last ended bucket, with the evidence that came before it. Bursts do not end with a bucket: what
 * the next one holds may be the same burst still, which then says nothing new.
 */
const LAST_BUCKET = {
  /** Its number: start in data time over length; -1 = none. */
  bucket: { type: 'f64', fill: NO_BUCKET },
  n: 'f64',
  c: 'f64',
  /** Share that deviates normally in a bucket like it. */
  baseRate: 'f64',
  /** ln M before it. */
  logM: LOG_M,
} as const

/**
 * The evidence of every series: one Shiryaev-Roberts e-detector for each alternative, and what is
 * remembered since the evidence began, so that a cluster that opens can say since when, how many, and
 * which observations.
 */
export class SeriesEvidence {
  readonly detectors: Columns<typeof DETECTOR>
  readonly since: Columns<typeof SINCE>
  readonly #last: Columns<typeof LAST_BUCKET>
  readonly excursions: Excursions
  readonly sketches: ObservationSketches
  readonly recent: RecentValues
  /** Structure: the paths that differ first. */
  readonly votes = new PathVotes()
  /** Number of the running bucket; -1 = none yet. */
  bucket = NO_BUCKET
  readonly #series: MonitoredSeries
  readonly #constants: Constants
  /** The shares of the alternatives by signal. */
  readonly #shares: readonly Float64Array[]
  /** ln M of each alternative if the bucket that was weighed last ended now. */
  readonly #step = new Float64Array(ALTERNATIVES)
  /** ln of what the bucket that was weighed last adds to each alternative's evidence. */
  readonly #gain = new Float64Array(ALTERNATIVES)
  readonly #ratios = new Float64Array(ALTERNATIVES)
  readonly #later = new Float64Array(ALTERNATIVES)

  constructor(series: MonitoredSeries, constants: Constants) {
    const { count } = series
    this.#series = series
    this.#constants = constants
    this.#shares = SIGNAL_LIST.map(({ leastShare }) =>
      alternativeShares(constants[leastShare], constants.quantile),
    )
    this.detectors = new Columns(DETECTOR, count)
    this.since = new Columns(SINCE, count)
    this.#last = new Columns(LAST_BUCKET, count)
    this.excursions = new Excursions(count, constants)
    this.sketches = new ObservationSketches(count)
    this.recent = new RecentValues(count)
  }

  /** Room for series that turned up since. */
  grow(): void {
    const { count } = this.#series
    this.detectors.grow(count)
    this.since.grow(count)
    this.#last.grow(count)
    this.excursions.rows.grow(count)
    this.sketches.rows.grow(count)
    this.recent.rows.grow(count)
  }

  /** Takes note of a deviating observation; (n, c): the running bucket with it. */
  note(
    series: number,
    hash: number,
    timeMs: number,
    { n, c, baseRate }: { readonly n: number; readonly c: number; readonly baseRate: number },
  ): void {
    if (this.isSuspended(series)) return
    const { lastMs } = this.since.of
    this.#noteOnset(series, n, c, timeMs, baseRate)
    if (timeMs > lastMs[series]!) lastMs[series] = timeMs
    this.sketches.add(series, hash)
  }

  #noteOnset(series: number, n: number, c: number, timeMs: number, baseRate: number): void {
    const since = this.since.of
    const atN = since.n[series]! + n
    const atC = since.c[series]! + c
    const deviating = atC - since.onsetC[series]!
    const normal = Math.max(0, atN - since.onsetN[series]! - deviating)
    const share = alternativeShare(this.#sharesOf(series)[0]!, baseRate)
    const left = since.onset[series]! + normal * Math.log((1 - share) / (1 - baseRate))
    if (left <= 0) {
      since.firstMs[series] = timeMs
      since.beforeN[series] = atN - deviating
      since.beforeC[series] = atC - deviating
    }
    since.onset[series] = Math.max(0, left) + deviating * Math.log(share / baseRate)
    since.onsetN[series] = atN
    since.onsetC[series] = atC
  }

  /** Whether the rest of the running bucket of a series does not count. */
  isSuspended(series: number): boolean {
    return this.detectors.of.suspended[series] === 1
  }

  /**
   * ln of the mean of the e-detectors if the running bucket, so far (n, c), ended now; less, where the evidence of
   * the series rises and falls back by itself: see `Excursions`, which remember how far it is. May be asked at any
   * time: within a bucket the likelihood ratio is a martingale. `baseRate`: the share that deviates normally in a
   * bucket like this one. `onsets`: where within it a change may have begun.
   */
  prefix(
    series: number,
    n: number,
    c: number,
    baseRate = this.#series.rows.of.baseRate[series]!,
    onsets: Onsets = NO_ONSETS,
  ): number {
    if (this.isSuspended(series)) return NO_EVIDENCE
    this.#weigh(series, n, c, baseRate, onsets)
    const logM = logMeanExp(this.#step, 0, ALTERNATIVES)
    if (logM <= 0) return logM
    this.#join(series, n, c, baseRate)
    const joined = logMeanExp(this.#step, 0, ALTERNATIVES)
    this.excursions.reach(series, this.#gainOf(series))
    return joined <= 0 ? joined : joined / this.excursions.tail(series)
  }

  /** ln of what the bucket that was weighed last adds to the evidence. */
  #gainOf(series: number): number {
    const { logM } = this.detectors.of
    for (let j = 0; j < ALTERNATIVES; j++) {
      this.#gain[j] = this.#step[j]! - logPlusOne(logM[series * ALTERNATIVES + j]!)
    }
    return logMeanExp(this.#gain, 0, ALTERNATIVES)
  }

  /**
   * Lowers `#step`: a burst of slowness may go on into the next bucket, so two buckets in a row are
   * weighed as one as well. The null is the likelier of both, so that neither a new burst nor the same
   * one counts twice. A bucket without a deviation ends a burst.
   */
  #join(series: number, n: number, c: number, baseRate: number): void {
    const last = this.#last.of
    const { rho } = this.#series.rows.of
    const { burstsGoOn } = this.#series.signal(series)
    // The bucket right before this one, or an earlier part of this one (before an install).
    const follows = last.bucket[series] !== NO_BUCKET && last.bucket[series]! >= this.bucket - 1
    if (!burstsGoOn || c === 0 || !follows) return
    const { alternativeRho, half } = this.#constants
    const both = n + last.n[series]!
    const deviating = c + last.c[series]!
    const mean = (n * baseRate + last.n[series]! * last.baseRate[series]!) / both
    const shares = this.#sharesOf(series)
    const goesOn = Math.log(half) + logBetaBinomial(both, deviating, mean, rho[series]!)
    for (let j = 0; j < ALTERNATIVES; j++) {
      const share = alternativeShare(shares[j]!, mean)
      const ratio = logBetaBinomial(both, deviating, share, alternativeRho) - goesOn
      const since = logPlusOne(last.logM[series * ALTERNATIVES + j]!) + ratio
      const begun = logSum(this.#ratios[j]!, this.#later[j]!)
      this.#step[j] = Math.min(this.#step[j]!, logSum(since, begun))
    }
  }

  /**
   * Fills `#ratios`: ln of what one bucket says for each alternative against the null, `#later`: of what
   * its ends say, and `#step`: ln M after both.
   */
  #weigh(series: number, n: number, c: number, baseRate: number, onsets: Onsets): void {
    const { rho } = this.#series.rows.of
    const { alternativeRho, half } = this.#constants
    const shares = this.#sharesOf(series)
    const least = alternativeShare(shares[0]!, baseRate)
    const none = logBetaBinomial(n, c, baseRate, rho[series]!)
    // The beta-binomials of the alternatives have the same size, so they share a factor.
    const size = (1 - alternativeRho) / alternativeRho
    const shared = logRising(size, n) + none
    for (let j = 0; j < ALTERNATIVES; j++) {
      const a = alternativeShare(shares[j]!, baseRate) * size
      const ratio = logRising(a, c) + logRising(size - a, n - c) - shared
      this.#ratios[j] = materialEvidence(ratio, n, c, least)
    }
    // Share of changes that begin with the bucket.
    const atStart = onsets.most > 0 ? half : 1
    this.#later.fill(NO_EVIDENCE)
    for (let k = 0; k < onsets.count; k++) {
      const beforeN = onsets.n[k]!
      const beforeC = onsets.c[k]!
      // What claims nothing is left out: it would add less than it costs to say so.
      if (c <= beforeC || c - beforeC < least * (n - beforeN)) continue
      const weight = (1 - atStart) / onsets.most
      const normal = logLaterNull(n, c, beforeN, beforeC, baseRate, rho[series]!) - Math.log(weight)
      for (let j = 0; j < ALTERNATIVES; j++) {
        const share = alternativeShare(shares[j]!, baseRate)
        const claimed = logBetaBinomial(n - beforeN, c - beforeC, share, alternativeRho)
        this.#later[j] = logSum(this.#later[j]!, claimed - normal)
      }
    }
    for (let j = 0; j < ALTERNATIVES; j++) {
      const logM = this.detectors.of.logM[series * ALTERNATIVES + j]!
      this.#step[j] = srStepWithin(logM, this.#ratios[j]!, atStart, this.#later[j]!)
    }
  }

  /** Ends a bucket with (n, c); what was remembered is forgotten when nothing speaks for a change. */
  endBucket(
    series: number,
    n: number,
    c: number,
    unanswered: number,
    open: boolean,
    baseRate = this.#series.rows.of.baseRate[series]!,
    onsets: Onsets = NO_ONSETS,
  ): void {
    if (this.isSuspended(series)) {
      this.detectors.of.suspended[series] = 0
      return
    }
    const at = series * ALTERNATIVES
    const { logM } = this.detectors.of
    this.#weigh(series, n, c, baseRate, onsets)
    this.#join(series, n, c, baseRate)
    if (open) this.excursions.drop(series)
    else this.excursions.step(series, this.#gainOf(series))
    const last = this.#last.of
    last.bucket[series] = this.bucket
    last.n[series] = n
    last.c[series] = c
    last.baseRate[series] = baseRate
    for (let j = 0; j < ALTERNATIVES; j++) {
      last.logM[at + j] = logM[at + j]!
      logM[at + j] = this.#step[j]!
      this.#ratios[j] = Math.max(this.#ratios[j]!, this.#later[j]!)
    }
    const since = this.since.of
    const gain = logMeanExp(this.#ratios, 0, ALTERNATIVES)
    since.cusum[series] = Math.max(0, since.cusum[series]! + gain)
    since.n[series]! += n
    since.c[series]! += c
    since.unanswered[series]! += unanswered
    since.score[series]! += bucketScore(n, c, baseRate)
    if (!open && since.cusum[series] === 0) this.#forget(series)
  }

  /**
   * Ends a bucket of n occurrences of which none deviates, if nothing spoke for a change before: what
   * most series are most of the time. Taking M lower than it is keeps every guarantee.
   * @returns false where the bucket is to be weighed
   */
  endPlainBucket(series: number, n: number): boolean {
    if (n < PLAINLY_NORMAL || this.isSuspended(series)) return false
    const { logM } = this.detectors.of
    const at = series * ALTERNATIVES
    for (let j = 0; j < ALTERNATIVES; j++) if (logM[at + j]! > 0) return false
    for (let j = 0; j < ALTERNATIVES; j++) logM[at + j] = NO_EVIDENCE
    this.#last.of.bucket[series] = NO_BUCKET
    this.since.of.cusum[series] = 0
    this.excursions.fallBack(series)
    if (this.since.of.firstMs[series] !== 0) this.#forget(series)
    return true
  }

  /** Starts anew after a series has closed: the rest of its bucket is what closed it. */
  restart(series: number): void {
    this.detectors.clear(series)
    this.excursions.drop(series)
    this.detectors.of.suspended[series] = 1
    this.#last.of.bucket[series] = NO_BUCKET
    this.#forget(series)
  }

  #sharesOf(series: number): Float64Array {
    return this.#shares[this.#series.signal(series).number]!
  }

  #forget(series: number): void {
    this.since.clear(series)
    this.sketches.clear(series)
    this.recent.clear(series)
    this.votes.clear(series)
  }

  /** Carries over what is known of a series under the null before. */
  copy(series: number, from: SeriesEvidence, old: number): void {
    this.detectors.copy(series, from.detectors, old)
    this.since.copy(series, from.since, old)
    this.#last.copy(series, from.#last, old)
    this.excursions.rows.copy(series, from.excursions.rows, old)
    this.sketches.rows.copy(series, from.sketches.rows, old)
    this.recent.rows.copy(series, from.recent.rows, old)
    this.votes.copy(series, from.votes, old)
  }

  /** Plain data. */
  state(): SeriesEvidenceState {
    return {
      bucket: this.bucket,
      detectors: this.detectors.save(),
      since: this.since.save(),
      last: this.#last.save(),
      excursions: this.excursions.rows.save(),
      sketches: this.sketches.rows.save(),
      recent: this.recent.rows.save(),
      votes: this.votes.state(),
    }
  }

  restore(state: SeriesEvidenceState): void {
    this.bucket = state.bucket
    this.detectors.restore(state.detectors)
    this.since.restore(state.since)
    this.#last.restore(state.last)
    this.excursions.rows.restore(state.excursions)
    this.sketches.rows.restore(state.sketches)
    this.recent.rows.restore(state.recent)
    this.votes.restore(state.votes)
  }
}

export interface SeriesEvidenceState {
  readonly bucket: number
  readonly detectors: SavedColumns<typeof DETECTOR>
  readonly since: SavedColumns<typeof SINCE>
  readonly last: SavedColumns<typeof LAST_BUCKET>
  readonly excursions: ExcursionsState
  readonly sketches: SketchesState
  readonly recent: RecentValuesState
  readonly votes: ReturnType<PathVotes['state']>
}

/**
 * How much a bucket speaks for its place: z (c / n)^2 with z = (c - n mu) / sqrt(n mu (1 - mu) + 1).
 * The squared share keeps entries and gateways down, which hold everyone's delay in part.
 */
export function bucketScore(n: number, c: number, baseRate: number): number {
  if (n === 0) return 0
  const z = (c - n * baseRate) / Math.sqrt(n * baseRate * (1 - baseRate) + 1)
  return Math.max(0, z) * (c / n) ** 2
}
