import { describe, expect, it } from 'vitest'
import { emptyPlaceNull } from '../../src/baseline/place-null.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'
import { Tables } from '../../src/detector/tables.ts'
import { EVIDENCE_OPTIONS } from '../../src/evidence/evidence-options.ts'
import { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { logShareRatio } from '../../src/stats/share-evidence.ts'
import { logMeanExp } from '../../src/stats/shiryaev-roberts.ts'
import { detectorSettings } from '../detector-settings.ts'
import { BurstDraws } from './burst-draws.ts'
import { meanRunLength } from './run-length.ts'

const RATE = 0.1
const RHO = 0.2

/** One series, to be given a bucket at a time. */
class OneSeries {
  readonly watch: SeriesMonitor

  constructor(signal: SeriesSignal = 'selfTimeP90', options = EVIDENCE_OPTIONS) {
    const table = new Tables(detectorSettings().features).elements
    const series = [{ signal, level: 0, baseRate: RATE, rho: RHO, normal: 0 }]
    const placeNull = { ...emptyPlaceNull(30_000), places: [{ place: 0, series }] }
    this.watch = new SeriesMonitor(placeNull, table, options)
  }

  /** ln of the evidence after the bucket of this number. */
  take(bucket: number, n: number, c: number): number {
    const { evidence } = this.watch
    evidence.bucket = bucket
    const logM = evidence.prefix(0, n, c)
    evidence.endBucket(0, n, c, 0, false)
    return logM
  }
}

/** ln of what one bucket says, the mean over the alternatives. */
function alone(n: number, c: number): number {
  const { commonShares, alternativeRho } = EVIDENCE_OPTIONS
  const ratios = commonShares.map((share) => logShareRatio(n, c, share, alternativeRho, RATE, RHO))
  return logMeanExp(Float64Array.from(ratios), 0, ratios.length)
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
    series.watch.evidence.restart(0)
    series.take(8, 40, 24)
    expect(series.take(9, 40, 24)).toBeCloseTo(alone(40, 24), 9)
  })

  it('are weighed alike by a restored copy', () => {
    const series = new OneSeries()
    series.take(7, 40, 24)
    const copy = new OneSeries()
    copy.watch.evidence.restore(structuredClone(series.watch.evidence.state()))
    expect(copy.take(8, 40, 20)).toBe(series.take(8, 40, 20))
  })
})

const THRESHOLD = 1000

/** Buckets until the evidence reaches the threshold, on average, where every second burst goes on once. */
function runLength(burstGoesOn: number): { mean: number; error: number } {
  const draws = new BurstDraws(53)
  return meanRunLength(60, () => {
    const series = new OneSeries('selfTimeP90', { ...EVIDENCE_OPTIONS, burstGoesOn })
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
    const { mean, error } = runLength(EVIDENCE_OPTIONS.burstGoesOn)
    console.info(`reached after ${mean.toFixed(0)} buckets, standard error ${error.toFixed(0)}`)
    expect(mean + 3 * error).toBeGreaterThan(THRESHOLD)
  })

  it('would take less if bursts were taken to end with their bucket', () => {
    const { mean, error } = runLength(1e-12)
    console.info(`reached after ${mean.toFixed(0)} buckets, standard error ${error.toFixed(0)}`)
    expect(mean + 3 * error).toBeLessThan(THRESHOLD)
  })
})
