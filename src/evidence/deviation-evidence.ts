import { grownTo } from '../columns/grown-array.ts'
import { logBetaBinomial, logRising } from '../stats/beta-binomial.ts'
import { logLaterNull, materialEvidence } from '../stats/share-evidence.ts'
import {
  logMeanExp,
  logPlusOne,
  logSum,
  NO_EVIDENCE,
  srStepWithin,
} from '../stats/shiryaev-roberts.ts'
import { DeviationSketches } from './deviation-sketch.ts'
import { ALTERNATIVES, alternativeShare, type EvidenceOptions } from './evidence-options.ts'
import { LastBuckets, type LastBucketsState } from './last-buckets.ts'
import type { MonitoredSeries } from './monitored-series.ts'
import { NO_ONSETS, type Onsets } from './onset-marks.ts'
import { PathVotes } from './path-votes.ts'
import { RecentValues } from './recent-values.ts'

/** Occurrences of which none deviates, after which a series without evidence is not weighed at all. */
const PLAINLY_NORMAL = 8

/**
 * The evidence of every series, in flat arrays: one Shiryaev-Roberts e-detector for each alternative,
 * and what is remembered since the evidence began, so that a cluster that opens can say since when,
 * how many, and which observations.
 */
export class DeviationEvidence {
  /** ln M, `ALTERNATIVES` a series. */
  logM: Float64Array<ArrayBuffer>
  /**
   * CUSUM of the evidence: at 0 nothing speaks for a change any more, and what was remembered of it is
   * forgotten. Its last zero is the maximum-likelihood estimate of when the change began (Page 1954).
   */
  cusum: Float64Array<ArrayBuffer>
  /** Occurrences and deviating ones of ended buckets since the evidence began. */
  n: Float64Array<ArrayBuffer>
  c: Float64Array<ArrayBuffer>
  /** Sum over those buckets of z (c / n)^2: how much the series speaks for its service. */
  score: Float64Array<ArrayBuffer>
  /** First and last deviating observation since the evidence began, data time, ms; 0 = none. */
  firstMs: Float64Array<ArrayBuffer>
  lastMs: Float64Array<ArrayBuffer>
  /** Calls that were made but not answered since the evidence began: see `DeviationCounts`. */
  unanswered: Float64Array<ArrayBuffer>
  /** 1 where the rest of the running bucket does not count: the series has just closed. */
  suspended: Uint8Array<ArrayBuffer>
  /** Number of the running bucket; -1 = none yet. */
  bucket = -1
  readonly last: LastBuckets
  readonly sketches: DeviationSketches
  readonly recent: RecentValues
  /** Structure: the paths that differ first. */
  readonly votes = new PathVotes()
  readonly #series: MonitoredSeries
  readonly #options: EvidenceOptions
  /** ln M of each alternative if the bucket that was weighed last ended now. */
  readonly #step = new Float64Array(ALTERNATIVES)
  readonly #ratios = new Float64Array(ALTERNATIVES)
  readonly #later = new Float64Array(ALTERNATIVES)

  constructor(series: MonitoredSeries, options: EvidenceOptions) {
    const { count } = series
    this.#series = series
    this.#options = options
    this.logM = new Float64Array(count * ALTERNATIVES).fill(NO_EVIDENCE)
    this.cusum = new Float64Array(count)
    this.n = new Float64Array(count)
    this.c = new Float64Array(count)
    this.score = new Float64Array(count)
    this.firstMs = new Float64Array(count)
    this.lastMs = new Float64Array(count)
    this.unanswered = new Float64Array(count)
    this.suspended = new Uint8Array(count)
    this.last = new LastBuckets(count)
    this.sketches = new DeviationSketches(count)
    this.recent = new RecentValues(count)
  }

  /** Room for series that turned up since. */
  grow(): void {
    const { count } = this.#series
    const had = this.n.length
    if (had >= count) return
    this.n = grownTo(this.n, count)
    const length = this.n.length
    this.logM = grownTo(this.logM, length * ALTERNATIVES, NO_EVIDENCE)
    this.cusum = grownTo(this.cusum, length)
    this.c = grownTo(this.c, length)
    this.score = grownTo(this.score, length)
    this.firstMs = grownTo(this.firstMs, length)
    this.lastMs = grownTo(this.lastMs, length)
    this.unanswered = grownTo(this.unanswered, length)
    this.suspended = grownTo(this.suspended, length)
    this.last.grow(length)
    this.sketches.grow(length)
    this.recent.grow(length)
  }

  /** Takes note of a deviating observation. */
  note(series: number, hash: number, timeMs: number): void {
    if (this.firstMs[series] === 0) this.firstMs[series] = timeMs
    if (timeMs > this.lastMs[series]!) this.lastMs[series] = timeMs
    this.sketches.add(series, hash)
  }

  /**
   * ln of the mean of the e-detectors if the running bucket, so far (n, c), ended now. May be asked at
   * any time: within a bucket the likelihood ratio is a martingale. `base`: the share that deviates
   * normally in a bucket like this one. `onsets`: where within it a change may have begun.
   */
  prefix(
    series: number,
    n: number,
    c: number,
    base = this.#series.rows.of.baseRate[series]!,
    onsets: Onsets = NO_ONSETS,
  ): number {
    if (this.suspended[series] === 1) return NO_EVIDENCE
    this.#weigh(series, n, c, base, onsets)
    const logM = logMeanExp(this.#step, 0, ALTERNATIVES)
    if (logM <= 0) return logM
    this.#join(series, n, c, base)
    return logMeanExp(this.#step, 0, ALTERNATIVES)
  }

  /**
   * Lowers `#step`: a burst of slowness may go on into the next bucket, so two buckets in a row are
   * weighed as one as well. The null is the likelier of both, so that neither a new burst nor the same
   * one counts twice. A bucket without a deviation ends a burst.
   */
  #join(series: number, n: number, c: number, base: number): void {
    const { last } = this
    const { rho } = this.#series.rows.of
    const { burstsGoOn, alternatives } = this.#series.signal(series)
    if (!burstsGoOn || c === 0 || !last.isBefore(series, this.bucket)) return
    const { alternativeRho, burstGoesOn } = this.#options
    const both = n + last.n[series]!
    const deviating = c + last.c[series]!
    const mean = (n * base + last.n[series]! * last.base[series]!) / both
    const shares = this.#options[alternatives]
    const goesOn = Math.log(burstGoesOn) + logBetaBinomial(both, deviating, mean, rho[series]!)
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
  #weigh(series: number, n: number, c: number, base: number, onsets: Onsets): void {
    const { rho } = this.#series.rows.of
    const { alternativeRho } = this.#options
    const shares = this.#options[this.#series.signal(series).alternatives]
    const least = alternativeShare(shares[0]!, base)
    const none = logBetaBinomial(n, c, base, rho[series]!)
    // The beta-binomials of the alternatives have the same size, so they share a factor.
    const size = (1 - alternativeRho) / alternativeRho
    const shared = logRising(size, n) + none
    for (let j = 0; j < ALTERNATIVES; j++) {
      const a = alternativeShare(shares[j]!, base) * size
      const ratio = logRising(a, c) + logRising(size - a, n - c) - shared
      this.#ratios[j] = materialEvidence(ratio, n, c, least)
    }
    // Share of changes that begin with the bucket.
    const atStart = onsets.most > 0 ? this.#options.onsetAtStart : 1
    this.#later.fill(NO_EVIDENCE)
    for (let k = 0; k < onsets.count; k++) {
      const beforeN = onsets.n[k]!
      const beforeC = onsets.c[k]!
      // What claims nothing is left out: it would add less than it costs to say so.
      if (c <= beforeC || c - beforeC < least * (n - beforeN)) continue
      const weight = (1 - atStart) / onsets.most
      const normal = logLaterNull(n, c, beforeN, beforeC, base, rho[series]!) - Math.log(weight)
      for (let j = 0; j < ALTERNATIVES; j++) {
        const share = alternativeShare(shares[j]!, base)
        const claimed = logBetaBinomial(n - beforeN, c - beforeC, share, alternativeRho)
        this.#later[j] = logSum(this.#later[j]!, claimed - normal)
      }
    }
    for (let j = 0; j < ALTERNATIVES; j++) {
      const logM = this.logM[series * ALTERNATIVES + j]!
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
    base = this.#series.rows.of.baseRate[series]!,
    onsets: Onsets = NO_ONSETS,
  ): void {
    if (this.suspended[series] === 1) {
      this.suspended[series] = 0
      return
    }
    const at = series * ALTERNATIVES
    this.#weigh(series, n, c, base, onsets)
    this.#join(series, n, c, base)
    this.last.keep(series, this.bucket, n, c, base, this.logM)
    for (let j = 0; j < ALTERNATIVES; j++) {
      this.logM[at + j] = this.#step[j]!
      this.#ratios[j] = Math.max(this.#ratios[j]!, this.#later[j]!)
    }
    const gain = logMeanExp(this.#ratios, 0, ALTERNATIVES)
    this.cusum[series] = Math.max(0, this.cusum[series]! + gain)
    this.n[series]! += n
    this.c[series]! += c
    this.unanswered[series]! += unanswered
    this.score[series]! += bucketScore(n, c, base)
    if (!open && this.cusum[series] === 0) this.#forget(series)
  }

  /**
   * Ends a bucket of n occurrences of which none deviates, if nothing spoke for a change before: what
   * most series are most of the time. Taking M lower than it is keeps every guarantee.
   * @returns false where the bucket is to be weighed
   */
  endPlainBucket(series: number, n: number): boolean {
    if (n < PLAINLY_NORMAL || this.suspended[series] === 1) return false
    const at = series * ALTERNATIVES
    for (let j = 0; j < ALTERNATIVES; j++) if (this.logM[at + j]! > 0) return false
    for (let j = 0; j < ALTERNATIVES; j++) this.logM[at + j] = NO_EVIDENCE
    this.cusum[series] = 0
    this.last.forget(series)
    if (this.firstMs[series] !== 0) this.#forget(series)
    return true
  }

  /** Starts anew after a series has closed: the rest of its bucket is what closed it. */
  restart(series: number): void {
    const at = series * ALTERNATIVES
    this.logM.fill(NO_EVIDENCE, at, at + ALTERNATIVES)
    this.last.forget(series)
    this.#forget(series)
    this.suspended[series] = 1
  }

  #forget(series: number): void {
    this.cusum[series] = 0
    this.n[series] = 0
    this.c[series] = 0
    this.score[series] = 0
    this.firstMs[series] = 0
    this.lastMs[series] = 0
    this.unanswered[series] = 0
    this.sketches.clear(series)
    this.recent.counts[series] = 0
    this.votes.clear(series)
  }

  /** Carries over what is known of a series under the null before. */
  copy(series: number, from: DeviationEvidence, old: number): void {
    const at = series * ALTERNATIVES
    for (let j = 0; j < ALTERNATIVES; j++) {
      this.logM[at + j] = from.logM[old * ALTERNATIVES + j]!
    }
    this.cusum[series] = from.cusum[old]!
    this.n[series] = from.n[old]!
    this.c[series] = from.c[old]!
    this.score[series] = from.score[old]!
    this.firstMs[series] = from.firstMs[old]!
    this.lastMs[series] = from.lastMs[old]!
    this.unanswered[series] = from.unanswered[old]!
    this.suspended[series] = from.suspended[old]!
    this.last.copy(series, from.last, old)
    this.sketches.copy(series, from.sketches, old)
    this.recent.copy(series, from.recent, old)
    this.votes.copy(series, from.votes, old)
  }

  /** Plain data; arrays are shared with this until the next change. */
  state(): DeviationEvidenceState {
    const { logM, cusum, n, c, score, firstMs, lastMs, unanswered, suspended } = this
    const { hashes, sizes } = this.sketches
    const { values, counts } = this.recent
    const arrays = { logM, cusum, n, c, score, firstMs, lastMs, unanswered, suspended }
    const { bucket } = this
    const last = this.last.state()
    return { ...arrays, hashes, sizes, values, counts, bucket, last, votes: this.votes.state() }
  }

  restore(state: DeviationEvidenceState): void {
    this.logM = state.logM.slice()
    this.cusum = state.cusum.slice()
    this.n = state.n.slice()
    this.c = state.c.slice()
    this.score = state.score.slice()
    this.firstMs = state.firstMs.slice()
    this.lastMs = state.lastMs.slice()
    this.unanswered = state.unanswered.slice()
    this.suspended = state.suspended.slice()
    this.bucket = state.bucket
    this.last.restore(state.last)
    this.sketches.hashes = state.hashes.slice()
    this.sketches.sizes = state.sizes.slice()
    this.recent.values = state.values.slice()
    this.recent.counts = state.counts.slice()
    this.votes.restore(state.votes)
  }
}

export interface DeviationEvidenceState {
  readonly logM: Float64Array<ArrayBuffer>
  readonly cusum: Float64Array<ArrayBuffer>
  readonly n: Float64Array<ArrayBuffer>
  readonly c: Float64Array<ArrayBuffer>
  readonly score: Float64Array<ArrayBuffer>
  readonly firstMs: Float64Array<ArrayBuffer>
  readonly lastMs: Float64Array<ArrayBuffer>
  readonly unanswered: Float64Array<ArrayBuffer>
  readonly suspended: Uint8Array<ArrayBuffer>
  readonly hashes: Uint32Array<ArrayBuffer>
  readonly sizes: Uint8Array<ArrayBuffer>
  readonly values: Float32Array<ArrayBuffer>
  readonly counts: Uint32Array<ArrayBuffer>
  readonly bucket: number
  readonly last: LastBucketsState
  readonly votes: ReturnType<PathVotes['state']>
}

/**
 * How much a bucket speaks for its place: z (c / n)^2 with z = (c - n mu) / sqrt(n mu (1 - mu) + 1).
 * The squared share keeps entries and gateways down, which hold everyone's delay in part.
 */
export function bucketScore(n: number, c: number, rate: number): number {
  if (n === 0) return 0
  const z = (c - n * rate) / Math.sqrt(n * rate * (1 - rate) + 1)
  return Math.max(0, z) * (c / n) ** 2
}
