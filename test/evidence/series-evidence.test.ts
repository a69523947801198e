import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import { emptyPlaceNull } from '../../src/baseline/place-null.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'
import { Tables } from '../../src/detector/tables.ts'
import { alternativeShare, alternativeShares } from '../../src/evidence/alternatives.ts'
import { bucketScore, type SeriesEvidence } from '../../src/evidence/series-evidence.ts'
import { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { logBetaBinomial } from '../../src/stats/beta-binomial.ts'
import { logLaterNull, logShareRatio } from '../../src/stats/share-evidence.ts'
import { logMeanExp, logSum } from '../../src/stats/shiryaev-roberts.ts'
import { detectorSettings } from '../detector-settings.ts'
import { BurstDraws } from './burst-draws.ts'
import { meanRunLength } from './run-length.ts'

const RATE = 0.1
const RHO = 0.2

/** One series, to be given a bucket at a time. */
class OneSeries {
  readonly monitor: SeriesMonitor

  constructor(signal: SeriesSignal = 'selfTimeP90', constants = CONSTANTS) {
    const table = new Tables(detectorSettings().features).elements
    const series = [{ signal, level: 0, baseRate: RATE, rho: RHO, normal: 0 }]
    const placeNull = { ...emptyPlaceNull(30_000), places: [{ place: 0, series }] }
    this.monitor = new SeriesMonitor(placeNull, table, constants)
  }

  /** ln of the evidence after the bucket of this number. */
  take(bucket: number, n: number, c: number): number {
    const { evidence } = this.monitor
    evidence.bucket = bucket
    const logM = evidence.prefix(0, n, c)
    evidence.endBucket(0, n, c, 0, false)
    return logM
  }
}

/** ln of what one bucket says, the mean over the alternatives. */
function alone(n: number, c: number): number {
  const { some, quantile, alternativeRho } = CONSTANTS
  const ratios = alternativeShares(some, quantile).map((share) =>
    logShareRatio(n, c, share, alternativeRho, RATE, RHO),
  )
  return logMeanExp(ratios, 0, ratios.length)
}

describe('two buckets in a row', () => {
  it('say hardly more than one where both may be the same burst of slowness', () => {
    const series = new OneSeries()
    const first = series.take(7, 40, 24)
    expect(first).toBeCloseTo(alone(40, 24), 9)
    const second = series.take(8, 40, 24)
    // 24 of 40 twice, as one burst of 48 of 80 that goes on half of the time; and what may begin late.
    expect(second).toBeGreaterThan(first)
    expect(second).toBeLessThan(logMeanExp(Float64Array.of(alone(80, 48), alone(40, 24)), 0, 2) + 2)
    expect(second).toBeLessThan(1.6 * first)
  })

  it('count in full where a bucket lies between them, and for errors', () => {
    const apart = new OneSeries()
    apart.take(7, 40, 24)
    expect(apart.take(9, 40, 24)).toBeGreaterThan(1.9 * alone(40, 24))
    const errors = new OneSeries('errors')
    const first = errors.take(7, 40, 24)
    expect(errors.take(8, 40, 24)).toBeGreaterThan(1.9 * first)
  })

  it('count in full again from the third on: bursts are taken to end by then', () => {
    const series = new OneSeries()
    const logs = [7, 8, 9, 10].map((bucket) => series.take(bucket, 40, 24))
    expect(logs[2]).toBeGreaterThan((logs[1] ?? 0) + 1)
    expect(logs[3]).toBeGreaterThan(1.9 * (logs[1] ?? 0))
  })

  it('are remembered as two where a series starts anew after it closed', () => {
    const series = new OneSeries()
    series.take(7, 40, 24)
    series.monitor.evidence.restart(0)
    series.take(8, 40, 24)
    expect(series.take(9, 40, 24)).toBeCloseTo(alone(40, 24), 9)
  })

  it('are weighed alike by a restored copy', () => {
    const series = new OneSeries()
    series.take(7, 40, 24)
    const copy = new OneSeries()
    copy.monitor.evidence.restore(structuredClone(series.monitor.evidence.state()))
    expect(copy.take(8, 40, 20)).toBe(series.take(8, 40, 20))
  })
})

/** Evidence of one series of errors, 1 in 100 normally, with the e-detectors written out by hand. */
describe('the evidence of a series', () => {
  const { few, quantile, alternativeRho, half } = CONSTANTS
  const ratio = (n: number, c: number, share: number): number =>
    logShareRatio(n, c, share, alternativeRho, RATE, RHO)
  const claimed = Array.from(alternativeShares(few, quantile), (share) =>
    alternativeShare(share, RATE),
  )
  const errors = (): SeriesEvidence => new OneSeries('errors').monitor.evidence
  const mean = (logs: readonly number[]): number => logMeanExp(Float64Array.from(logs), 0, 3)

  it('is what each alternative says of a bucket, after none before', () => {
    const evidence = errors()
    const logs = claimed.map((share) => ratio(30, 12, share))
    expect(evidence.prefix(0, 30, 12)).toBeCloseTo(mean(logs), 9)
    evidence.endBucket(0, 30, 12, 0, false)
    // M <- (M + 1) e
    const next = claimed.map((share, j) => Math.log1p(Math.exp(logs[j]!)) + ratio(20, 9, share))
    expect(evidence.prefix(0, 20, 9)).toBeCloseTo(mean(next), 9)
  })

  it('claims nothing of a bucket that deviates less than the least alternative', () => {
    const few = errors().prefix(0, 30, 3)
    const lowered = claimed.map((share) => Math.min(0, ratio(30, 3, share)))
    expect(few).toBeCloseTo(mean(lowered), 9)
  })

  it('lets a change begin at a look within the bucket', () => {
    const onsets = { count: 1, most: 9, n: Float64Array.of(20), c: Float64Array.of(1) }
    const logs = claimed.map((share) => {
      const start = Math.log(half) + ratio(40, 14, share)
      const normal = logLaterNull(40, 14, 20, 1, RATE, RHO)
      const later = logBetaBinomial(20, 13, share, alternativeRho) - normal
      return logSum(start, later + Math.log((1 - half) / 9))
    })
    expect(errors().prefix(0, 40, 14, RATE, onsets)).toBeCloseTo(mean(logs), 9)
    // Nothing has deviated since the look: it claims nothing.
    const late = { ...onsets, c: Float64Array.of(14) }
    const whole = claimed.map((share) => Math.log(half) + ratio(40, 14, share))
    expect(errors().prefix(0, 40, 14, RATE, late)).toBeCloseTo(mean(whole), 9)
  })

  it('remembers since when, how many and which, until nothing speaks for a change', () => {
    const evidence = errors()
    evidence.note(0, 77, 1000, { n: 1, c: 1, baseRate: RATE })
    evidence.note(0, 78, 900, { n: 1, c: 1, baseRate: RATE })
    evidence.note(0, 79, 1100, { n: 1, c: 1, baseRate: RATE })
    evidence.votes.add(0, 5)
    evidence.recent.add(0, 3)
    evidence.endBucket(0, 30, 12, 2, false)
    evidence.endBucket(0, 20, 9, 1, false)
    const since = (): Record<string, number | undefined> => {
      const { n, c, unanswered, firstMs, lastMs, score } = evidence.since.of
      const times = { firstMs: firstMs[0], lastMs: lastMs[0] }
      return { n: n[0], c: c[0], unanswered: unanswered[0], score: score[0], ...times }
    }
    expect(since()).toEqual({
      n: 50,
      c: 21,
      unanswered: 3,
      firstMs: 1000,
      lastMs: 1100,
      score: bucketScore(30, 12, RATE) + bucketScore(20, 9, RATE),
    })
    // A hundred normal buckets.
    for (let i = 0; i < 100; i++) evidence.endBucket(0, 20, 0, 0, false)
    expect(since()).toEqual({ n: 0, c: 0, unanswered: 0, score: 0, firstMs: 0, lastMs: 0 })
    expect(evidence.sketches.rows.of.size[0]).toBe(0)
    expect(evidence.votes.leader(0)).toBe(0)
    expect(evidence.recent.median(0)).toBeNaN()
  })

  /**
   * When a change began, occurrence by occurrence: the last that deviates before which the CUSUM of ln(claimed /
   * normal) was not above 0.
   */
  function begin(occurrences: readonly boolean[]): Record<string, number> {
    const share = claimed[0]!
    const began = { firstMs: 0, beforeN: 0, beforeC: 0 }
    let cusum = 0
    let c = 0
    occurrences.forEach((deviates, i) => {
      if (deviates && cusum <= 0) {
        Object.assign(began, { firstMs: i + 1, beforeN: i, beforeC: c })
        cusum = 0
      }
      cusum += deviates ? Math.log(share / RATE) : Math.log((1 - share) / (1 - RATE))
      if (deviates) c++
    })
    return began
  }

  /** What the evidence says of the same, with a bucket that ends after every so many. */
  function told(occurrences: readonly boolean[], perBucket: number): Record<string, number> {
    const evidence = errors()
    let [n, c] = [0, 0]
    occurrences.forEach((deviates, i) => {
      n++
      if (deviates) evidence.note(0, i, i + 1, { n, c: ++c, baseRate: RATE })
      if (n < perBucket) return
      evidence.endBucket(0, n, c, 0, true)
      n = 0
      c = 0
    })
    const { firstMs, beforeN, beforeC } = evidence.since.of
    return { firstMs: firstMs[0]!, beforeN: beforeN[0]!, beforeC: beforeC[0]! }
  }

  it('knows when a change began, and what was counted before', () => {
    // One of twenty deviates, then every one.
    const hundred = Array.from({ length: 100 }, (_, i) => i % 20 === 10)
    const since = [...hundred, true, true, false, true]
    for (const perBucket of [7, 30, 1000]) {
      expect(told(since, perBucket)).toEqual({ firstMs: 101, beforeN: 100, beforeC: 5 })
    }
    const some = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 150 })
    fc.assert(
      fc.property(
        some,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 5, max: 60 }),
        (all, few, perBucket) => {
          const occurrences = all.map((one) => one < few)
          expect(told(occurrences, perBucket)).toEqual(begin(occurrences))
        },
      ),
    )
  })

  it('is remembered of a series that turned up later, and goes over to another null', () => {
    const { monitor } = new OneSeries('errors')
    const late = [5, 6].map((stratum) => monitor.series.structureOf(stratum))
    monitor.evidence.grow()
    for (const hash of [7, 8]) {
      for (const series of late) {
        monitor.evidence.note(series, hash, 1000, { n: hash, c: hash - 6, baseRate: RATE })
        monitor.evidence.recent.add(series, hash)
      }
    }
    const other = new OneSeries('errors').monitor.evidence
    other.copy(0, monitor.evidence, late[1]!)
    for (const [evidence, series] of [
      [monitor.evidence, late[0]!],
      [other, 0],
    ] as const) {
      expect(evidence.since.of.firstMs[series]).toBe(1000)
      expect(evidence.sketches.overlap(series, series, 2)).toBe(1)
      expect(evidence.recent.median(series)).toBe(8)
    }
    expect(monitor.evidence.sketches.overlap(late[0]!, late[1]!, 2)).toBe(1)
  })

  it('remembers on while a cluster is open', () => {
    const evidence = errors()
    evidence.note(0, 77, 1000, { n: 1, c: 1, baseRate: RATE })
    for (let i = 0; i < 100; i++) evidence.endBucket(0, 20, 0, 0, true)
    expect([evidence.since.of.n[0], evidence.since.of.firstMs[0]]).toEqual([2000, 1000])
  })

  it('takes slow calls for no burst that goes on once a plain bucket or a new start lies between', () => {
    const burst = (between: (evidence: SeriesEvidence) => void): number => {
      const { evidence } = new OneSeries().monitor
      evidence.bucket = 7
      evidence.endBucket(0, 40, 3, 0, false)
      between(evidence)
      evidence.bucket = 8
      return evidence.prefix(0, 40, 24)
    }
    const alone = burst((evidence) => evidence.endPlainBucket(0, 8))
    expect(alone).toBeCloseTo(new OneSeries().monitor.evidence.prefix(0, 40, 24), 9)
    expect(burst(() => {})).not.toBeCloseTo(alone, 3)
  })

  it('is not weighed in a plain bucket of enough occurrences, where nothing spoke before', () => {
    const evidence = errors()
    evidence.note(0, 77, 1000, { n: 1, c: 1, baseRate: RATE })
    expect(evidence.endPlainBucket(0, 7)).toBe(false)
    expect(evidence.since.of.firstMs[0]).toBe(1000)
    expect(evidence.endPlainBucket(0, 8)).toBe(true)
    expect(evidence.since.of.firstMs[0]).toBe(0)
    expect(evidence.prefix(0, 30, 12)).toBeCloseTo(errors().prefix(0, 30, 12), 12)
    evidence.endBucket(0, 30, 12, 0, false)
    expect(evidence.endPlainBucket(0, 8)).toBe(false)
  })

  it('begins anew after a series has closed, but not with the rest of its bucket', () => {
    const evidence = errors()
    evidence.note(0, 77, 1000, { n: 1, c: 1, baseRate: RATE })
    evidence.endBucket(0, 30, 12, 0, false)
    evidence.restart(0)
    expect(evidence.isSuspended(0)).toBe(true)
    expect(evidence.prefix(0, 30, 12)).toBe(-Infinity)
    expect(evidence.endPlainBucket(0, 8)).toBe(false)
    evidence.endBucket(0, 30, 12, 0, false)
    expect(evidence.isSuspended(0)).toBe(false)
    expect([evidence.since.of.n[0], evidence.since.of.firstMs[0]]).toEqual([0, 0])
    expect(evidence.prefix(0, 30, 12)).toBeCloseTo(errors().prefix(0, 30, 12), 12)
  })
})

describe('evidence that rises and falls back by itself', () => {
  const BUCKET = [40, 36] as const
  /** After so many excursions of a few failing buckets and some plain ones. */
  function seen(excursions: number, end: (evidence: SeriesEvidence) => void): SeriesEvidence {
    const { evidence } = new OneSeries('errors').monitor
    for (let i = 0; i < excursions; i++) {
      evidence.endBucket(0, ...BUCKET, 0, false)
      for (let k = 0; k < 20; k++) end(evidence)
    }
    return evidence
  }
  const normal = (evidence: SeriesEvidence): void => evidence.endBucket(0, 20, 0, 0, false)

  it('is divided by how far its excursions went', () => {
    // What one such bucket says: it rises so far by itself, each time.
    const peak = new OneSeries('errors').monitor.evidence.prefix(0, ...BUCKET)
    expect(peak).toBeGreaterThan(Math.log(20) + 1.5)
    const evidence = seen(400, normal)
    const { tail } = evidence.excursions
    expect(evidence.excursions.tail(0)).toBeCloseTo(
      (400 * (peak - Math.log(20))) / (400 + 2 * 20),
      6,
    )
    const raw = evidence.prefix(0, ...BUCKET) * tail.call(evidence.excursions, 0)
    expect(raw).toBeCloseTo(peak, 1)
    // Nothing is not more than nothing.
    expect(evidence.prefix(0, 20, 0)).toBeLessThan(0)
  })

  it('has gone as far as a look found, though the bucket ends lower', () => {
    const excursions = (looks: boolean): number | undefined => {
      const { evidence } = new OneSeries('errors').monitor
      for (let i = 0; i < 20; i++) {
        if (looks) evidence.prefix(0, 40, 38)
        evidence.endBucket(0, 400, 38, 0, false)
        for (let k = 0; k < 20; k++) normal(evidence)
      }
      return evidence.excursions.rows.of.times[0]
    }
    expect([excursions(false), excursions(true)]).toEqual([0, 20])
  })

  it('ends its excursions in plain buckets as well', () => {
    const plain = (evidence: SeriesEvidence): void => {
      if (!evidence.endPlainBucket(0, 20)) normal(evidence)
    }
    expect(seen(50, plain).excursions.rows.of.times[0]).toBe(50)
    expect(seen(50, plain).excursions.tail(0)).toBe(seen(50, normal).excursions.tail(0))
  })

  it('is none where an alarm came of it', () => {
    const evidence = seen(50, normal)
    evidence.endBucket(0, ...BUCKET, 0, false)
    evidence.endBucket(0, ...BUCKET, 0, true)
    for (let i = 0; i < 50; i++) evidence.endBucket(0, 20, 0, 0, false)
    expect(evidence.excursions.rows.of.times[0]).toBe(50)
    evidence.endBucket(0, ...BUCKET, 0, false)
    evidence.restart(0)
    for (let i = 0; i < 50; i++) evidence.endBucket(0, 20, 0, 0, false)
    expect(evidence.excursions.rows.of.times[0]).toBe(50)
  })

  it('is remembered under another null and in a restored copy', () => {
    const evidence = seen(400, normal)
    const other = new OneSeries('errors').monitor.evidence
    other.copy(0, evidence, 0)
    const restored = new OneSeries('errors').monitor.evidence
    restored.restore(structuredClone(evidence.state()))
    for (const copy of [other, restored]) {
      expect(copy.excursions.tail(0)).toBe(evidence.excursions.tail(0))
      expect(copy.prefix(0, ...BUCKET)).toBe(evidence.prefix(0, ...BUCKET))
    }
  })
})

describe('how much a bucket speaks for its place', () => {
  it('is its excess in standard errors, by the squared share', () => {
    expect(bucketScore(0, 0, 0.1)).toBe(0)
    // (20 - 10) / sqrt(10 x 0.9 + 1) x (20 / 100)^2
    expect(bucketScore(100, 20, 0.1)).toBeCloseTo((10 / Math.sqrt(10)) * 0.04, 12)
    expect(bucketScore(100, 5, 0.1)).toBe(0)
  })
})

const THRESHOLD = 1000

/** Buckets until the evidence reaches the threshold, on average, where every second burst goes on once. */
function runLength(goesOn: number): { mean: number; error: number } {
  const draws = new BurstDraws(53)
  return meanRunLength(60, () => {
    const series = new OneSeries('selfTimeP90', { ...CONSTANTS, half: goesOn })
    let share = draws.share(RATE, RHO)
    let begins = true
    let steps = 0
    for (;;) {
      const isOver = series.take(steps, 40, draws.binomial(40, share)) >= Math.log(THRESHOLD)
      steps++
      if (isOver) return steps
      begins = !begins || draws.uniform() >= 0.5
      if (begins) share = draws.share(RATE, RHO)
    }
  })
}

describe('the evidence in bursts of one or two buckets', () => {
  it('takes as many buckets or more to reach a threshold', () => {
    const { mean, error } = runLength(CONSTANTS.half)
    console.info(`reached after ${mean.toFixed(0)} buckets, standard error ${error.toFixed(0)}`)
    expect(mean + 3 * error).toBeGreaterThan(THRESHOLD)
  })

  it('would take less if bursts were taken to end with their bucket', () => {
    const { mean, error } = runLength(1e-12)
    console.info(`reached after ${mean.toFixed(0)} buckets, standard error ${error.toFixed(0)}`)
    expect(mean + 3 * error).toBeLessThan(THRESHOLD)
  })
})
