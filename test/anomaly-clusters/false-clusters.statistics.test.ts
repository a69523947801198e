import { describe, expect, it } from 'vitest'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import { emptyPlaceNull, type PlaceNull, type SeriesNull } from '../../src/baseline/place-null.ts'
import type { SeriesSignal } from '../../src/baseline/signals.ts'
import { Tables } from '../../src/detector/tables.ts'
import type { Onsets } from '../../src/evidence/onset-marks.ts'
import { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { detectorSettings } from '../detector-settings.ts'
import { BurstDraws } from '../evidence/burst-draws.ts'

/** Places, and the share of their calls that deviates while all is well. */
const PLACES = 500
const KINDS: readonly { signal: SeriesSignal; baseRate: number }[] = [
  { signal: 'selfTimeP90', baseRate: 0.1 },
  { signal: 'selfTimeP99', baseRate: 0.02 },
  { signal: 'errors', baseRate: 0.01 },
  { signal: 'count', baseRate: 0.04 },
]
/** Correlation of two calls of a bucket, in the traffic. */
const RHO = 0.2
/** Long buckets: 40 weeks of 30 s ones would take an hour, and what is stated is a rate per week. */
const BUCKET_MS = 3_600_000
const BUCKETS_PER_WEEK = (7 * 86_400_000) / BUCKET_MS
/** Looks at a running bucket. */
const LOOKS = 2
const TABLE_BITS = 16

/** The null of all places, which believes in bursts of `rho`. */
function nullOf(rho: number): PlaceNull {
  const series = KINDS.map(
    ({ signal, baseRate }): SeriesNull => ({ signal, level: 0, baseRate, rho, normal: 0 }),
  )
  const places = Array.from({ length: PLACES }, (_, place) => ({
    place,
    series: series.slice(place % KINDS.length, (place % KINDS.length) + 1),
  }))
  return { ...emptyPlaceNull(BUCKET_MS), places }
}

/** 2^16 shares of each signal, and loads of a bucket with a heavy tail: drawn once, picked from. */
function drawTables(draws: BurstDraws): { shares: Float64Array[]; loads: Float64Array } {
  const size = 1 << TABLE_BITS
  return {
    shares: KINDS.map(({ baseRate }) =>
      Float64Array.from({ length: size }, () => draws.share(baseRate, RHO)),
    ),
    loads: Float64Array.from({ length: size }, () => Math.exp(draws.normal() - 0.5)),
  }
}

/** Clusters that open over so many weeks in which nothing happens. */
function falseClusters(weeks: number, believedRho: number, seed: number): number {
  const table = new Tables(detectorSettings().features).elements
  const watch = new SeriesMonitor(nullOf(believedRho), table, CONSTANTS)
  const draws = new BurstDraws(seed)
  const { shares, loads } = drawTables(draws)
  const threshold = watch.logThreshold(1)
  let opened = 0
  for (let bucket = 0; bucket < weeks * BUCKETS_PER_WEEK; bucket++) {
    for (let place = 0; place < PLACES; place++) {
      const pick = Math.floor(draws.uniform() * 4294967296)
      // A few places are called all the time, most now and then.
      const mean = 40 / (1 + place / 8)
      const load = loads[pick & 0xffff] ?? 0
      const calls = Math.min(200, Math.floor(mean * load + draws.uniform()))
      if (calls === 0) continue
      const ofKind = shares[place % KINDS.length] ?? shares[0]
      const share = ofKind?.[pick >>> 16] ?? 0
      // Every second bucket is entered by a burst, or left by one, half way.
      const later = pick & 1 ? share : (ofKind?.[Math.imul(pick, 0x9e3779b1) >>> 16] ?? 0)
      const { baseRate } = KINDS[place % KINDS.length] ?? { baseRate: 0 }
      if (endsUp(watch, place, calls, share, later, baseRate, threshold, draws)) opened++
    }
  }
  return opened
}

function onsetsOf(most: number): Onsets {
  return { count: 0, most, n: new Float64Array(most), c: new Float64Array(most) }
}

/**
 * One bucket of one series, looked at on the way; true = a cluster opened. `later`: the share from
 * its middle on.
 */
function endsUp(
  watch: SeriesMonitor,
  series: number,
  calls: number,
  share: number,
  later: number,
  baseRate: number,
  threshold: number,
  draws: BurstDraws,
): boolean {
  const { evidence } = watch
  const onsets = onsetsOf(LOOKS - 1)
  let n = 0
  let c = 0
  for (let look = 1; look <= LOOKS; look++) {
    const until = Math.floor((calls * look) / LOOKS)
    if (until > n) c += draws.binomial(until - n, look === 1 ? share : later)
    n = until
    // As the lifecycle does: nothing opens where the bucket does not deviate.
    const elevated = c > baseRate * n && evidence.prefix(series, n, c, baseRate, onsets) > threshold
    if (elevated) {
      evidence.restart(series)
      evidence.endBucket(series, n, c, 0, false)
      return true
    }
    if (look === LOOKS) break
    onsets.n[look - 1] = n
    onsets.c[look - 1] = c
    onsets.count = look
  }
  if (c > 0 || !evidence.endPlainBucket(series, n)) {
    evidence.endBucket(series, n, c, 0, false, baseRate, onsets)
  }
  return false
}

/** Smallest count whose upper tail under a Poisson distribution is at most `tail`. */
function poissonUpper(mean: number, tail: number): number {
  let term = Math.exp(-mean)
  let cumulated = term
  let k = 0
  while (cumulated < 1 - tail) {
    k++
    term *= mean / k
    cumulated += term
  }
  return k
}

describe('false clusters in bursty, heavy-tailed traffic in which nothing happens', () => {
  it('stay within the Poisson band of one a week: 40 weeks, 500 places', () => {
    const opened = falseClusters(40, RHO, 2026)
    console.info(`false clusters in 40 simulated weeks: ${opened}`)
    expect(opened).toBeLessThanOrEqual(poissonUpper(40, 0.001))
  })

  it('would be outside it within two weeks if the null knew of no bursts', () => {
    expect(falseClusters(2, 0.01, 2026)).toBeGreaterThan(poissonUpper(40, 0.001))
  })
})

describe('the upper bound of a Poisson count', () => {
  it('is 5 for a mean of 1, and 61 for a mean of 40, at 99.9 %', () => {
    expect(poissonUpper(1, 0.001)).toBe(5)
    expect(poissonUpper(40, 0.001)).toBe(61)
  })
})
