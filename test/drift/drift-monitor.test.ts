import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_STRATA, DriftMonitor, type DriftStatus } from '../../src/drift/drift-monitor.ts'
import type { DriftSettings } from '../../src/drift/drift-settings.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { driftCases, stationaryDriftAlarms } from '../bench/quality-drift.ts'
import { detectorSettings } from '../detector-settings.ts'
import { DAY_MS, driftingTraffic, HOUR_MS } from './drifting-traffic.ts'

/** Blocks of 16 observations and a window of 2, so that a day passes in a few thousand observations. */
const SMALL: DriftSettings = {
  blockMs: 1000,
  blockObservations: 16,
  windowBlocks: 2,
  referenceBlocks: 40,
  leastReferenceBlocks: 12,
  adoptBlocks: 20,
  maxStrata: 3,
  seed: 1,
}

/** One stratum, ten observations a second, distances around `mean`. */
class Source {
  mean = 0.3
  cluster = (u: number): number => (u < 0.5 ? 1 : 2)
  /** Share that belongs to an open anomaly cluster. */
  told = 0
  timeMs = 0
  /** Each state that a stream of stratum 7 came into, in order. */
  readonly states: string[] = []
  readonly #last = { distance: 'learning', share: 'learning' }
  readonly #random = new SeededRandom(4)

  feed(monitor: DriftMonitor, count: number, stratum = 7): void {
    for (let i = 0; i < count; i++) {
      this.timeMs += 100
      const u = this.#random.next()
      monitor.observe(
        stratum,
        this.mean + 0.1 * (u - 0.5),
        this.cluster(this.#random.next()),
        this.timeMs,
        this.#random.next() < this.told,
      )
      if (stratum === 7) this.#note(monitor)
    }
  }

  #note(monitor: DriftMonitor): void {
    for (const stream of ['distance', 'share'] as const) {
      const { state } = of(monitor, stream)
      if (state !== this.#last[stream]) this.states.push(`${stream} ${state}`)
      this.#last[stream] = state
    }
  }
}

function of(monitor: DriftMonitor, stream: DriftStatus['stream'], stratum = 7): DriftStatus {
  const found = monitor.status().find((one) => one.stratum === stratum && one.stream === stream)
  if (!found) throw new Error(`no ${stream} of ${stratum}`)
  return found
}

describe('the drift monitor', () => {
  it('learns, sees a change that lasts, and its end', () => {
    const monitor = new DriftMonitor(SMALL)
    const source = new Source()
    source.feed(monitor, 16 * 10)
    expect(of(monitor, 'distance').state).toBe('learning')
    source.feed(monitor, 16 * 40)
    expect(of(monitor, 'distance')).toMatchObject({ state: 'stable' })
    expect(of(monitor, 'distance').ratio).toBeLessThan(1)
    source.mean = 0.5
    source.feed(monitor, 16 * 6)
    expect(of(monitor, 'distance')).toMatchObject({ state: 'drifting' })
    expect(of(monitor, 'distance').ratio).toBeGreaterThan(1)
    expect(of(monitor, 'share').state).toBe('stable')
    source.mean = 0.3
    source.feed(monitor, 16 * 8)
    expect(of(monitor, 'distance').state).toBe('stable')
    expect(source.states).toEqual([
      'distance stable',
      'share stable',
      'distance suspected',
      'distance drifting',
      'distance stable',
    ])
    expect(monitor.changes).toEqual({ learning: 0, stable: 4, suspected: 1, drifting: 1 })
  })

  it('does not call a blip drift', () => {
    const monitor = new DriftMonitor(SMALL)
    const source = new Source()
    source.feed(monitor, 16 * 40)
    source.mean = 0.6
    source.feed(monitor, 16)
    source.mean = 0.3
    source.feed(monitor, 16 * 20)
    expect(source.states).not.toContain('distance drifting')
    expect(of(monitor, 'distance').state).toBe('stable')
  })

  it('sees other shares of the clusters, also a cluster that was never seen', () => {
    for (const cluster of [(u: number) => (u < 0.98 ? 1 : 2), (u: number) => (u < 0.7 ? 99 : 1)]) {
      const monitor = new DriftMonitor(SMALL)
      const source = new Source()
      source.feed(monitor, 16 * 40)
      source.cluster = cluster
      source.feed(monitor, 16 * 10)
      expect(of(monitor, 'share').state).toBe('drifting')
      expect(of(monitor, 'distance').state).toBe('stable')
    }
  })

  it('sees another mix of requests over all strata', () => {
    const monitor = new DriftMonitor({ ...SMALL, blockMs: 0 })
    const source = new Source()
    for (let i = 0; i < 400; i++) {
      source.feed(monitor, 2, 7)
      source.feed(monitor, 1, 8)
    }
    expect(of(monitor, 'share', ALL_STRATA).state).toBe('stable')
    for (let i = 0; i < 40; i++) {
      source.feed(monitor, 1, 7)
      source.feed(monitor, 4, 8)
    }
    expect(of(monitor, 'share', ALL_STRATA).state).toBe('drifting')
  })

  it.each([1, 0.4])(
    'stands still while open anomaly clusters tell of %f of a stratum, and goes on after them',
    (told) => {
      const monitor = new DriftMonitor(SMALL)
      const source = new Source()
      source.feed(monitor, 16 * 40)
      source.states.length = 0
      source.mean = 0.5
      source.cluster = (u) => (u < 0.9 ? 99 : 1)
      source.told = told
      source.feed(monitor, 16 * 30)
      // Two streams; with few told, chance leaves a block in now and then.
      expect(monitor.setAside).toBeGreaterThan(2 * 27)
      source.told = 0
      source.feed(monitor, 16 * 8)
      expect(source.states).toEqual([
        'distance suspected',
        'share suspected',
        'distance drifting',
        'share drifting',
      ])
    },
  )

  it('sees a change of which open anomaly clusters tell too little to make it', () => {
    const monitor = new DriftMonitor(SMALL)
    const source = new Source()
    source.feed(monitor, 16 * 40)
    source.mean = 0.5
    // One of 16 is within the tenth that could not make it.
    source.told = 0.02
    source.feed(monitor, 16 * 10)
    expect(of(monitor, 'distance').state).toBe('drifting')
  })

  it('sees another mix of requests whatever open anomaly clusters tell', () => {
    const monitor = new DriftMonitor({ ...SMALL, blockMs: 0 })
    const source = new Source()
    for (let i = 0; i < 400; i++) {
      source.feed(monitor, 2, 7)
      source.feed(monitor, 1, 8)
    }
    source.told = 1
    for (let i = 0; i < 40; i++) {
      source.feed(monitor, 1, 7)
      source.feed(monitor, 4, 8)
    }
    expect(of(monitor, 'share', ALL_STRATA).state).toBe('drifting')
    expect(of(monitor, 'distance', 8).state).toBe('stable')
  })

  it('takes a change that stays for the new normal, once', () => {
    const monitor = new DriftMonitor(SMALL)
    const source = new Source()
    source.feed(monitor, 16 * 40)
    source.mean = 0.5
    source.feed(monitor, 16 * 60)
    const seen = source.states.filter((one) => one.startsWith('distance'))
    expect(seen.filter((one) => one === 'distance drifting')).toHaveLength(1)
    expect(seen.at(-1)).toBe('distance stable')
    source.mean = 0.3
    source.feed(monitor, 16 * 6)
    expect(of(monitor, 'distance').state).toBe('drifting')
  })

  it('compares shares anew after a refresh that moved much, and keeps the distances', () => {
    const monitor = new DriftMonitor(SMALL)
    const source = new Source()
    source.feed(monitor, 16 * 40)
    monitor.relabel(7)
    monitor.relabel(1234)
    source.cluster = (u) => (u < 0.1 ? 50 : 51)
    source.feed(monitor, 16 * 8)
    expect(of(monitor, 'share')).toMatchObject({ state: 'learning', ratio: 0 })
    expect(of(monitor, 'distance').state).toBe('stable')
    source.feed(monitor, 16 * 10)
    expect(of(monitor, 'share').state).toBe('stable')
  })

  it('waits at night instead of judging from less', () => {
    const monitor = new DriftMonitor(SMALL)
    const source = new Source()
    source.feed(monitor, 16 * 40)
    source.states.length = 0
    // An observation an hour: blocks take long, their number of observations stays.
    for (let i = 0; i < 15; i++) {
      source.timeMs += HOUR_MS
      source.feed(monitor, 1)
    }
    expect(source.states).toEqual([])
  })

  it('watches a bounded number of strata and counts the rest, and survives odd numbers', () => {
    const monitor = new DriftMonitor(SMALL)
    for (let i = 0; i < 1000; i++) {
      const distance = [Number.NaN, Number.POSITIVE_INFINITY, -1, 2, 0.5][i % 5] ?? 0
      monitor.observe(i % 10, distance, i, i * 100)
    }
    expect(monitor.unmonitored).toBe(700)
    expect(monitor.status()).toHaveLength(1 + 3 * 2)
    for (const { ratio, threshold } of monitor.status()) {
      expect(Number.isFinite(ratio)).toBe(true)
      expect(Number.isFinite(threshold)).toBe(true)
    }
  })

  it('goes on after a snapshot as if nothing had happened, wherever it is cut', () => {
    const observations = [
      ...(driftingTraffic({
        seed: 3,
        durationMs: 0.4 * DAY_MS,
        perSecond: 0.2,
        drifts: [{ kind: 'distance', stratum: 0, size: 3, fromMs: 0.2 * DAY_MS }],
      }) as Iterable<{ stratum: number; distance: number; cluster: number; timeMs: number }>),
    ].length
    expect(observations).toBeGreaterThan(3000)
    const run = (cut: number): unknown => {
      let monitor = new DriftMonitor({ ...SMALL, maxStrata: 20 })
      let index = 0
      for (const one of driftingTraffic({
        seed: 3,
        durationMs: 0.4 * DAY_MS,
        perSecond: 0.2,
        drifts: [{ kind: 'distance', stratum: 0, size: 3, fromMs: 0.2 * DAY_MS }],
      })) {
        if (index++ === cut) {
          const saved = structuredClone(monitor.snapshot())
          monitor = DriftMonitor.restore(saved, { ...SMALL, maxStrata: 20 })
        }
        monitor.observe(one.stratum, one.distance, one.cluster, one.timeMs, index % 16 === 0)
      }
      return { status: monitor.status(), snapshot: monitor.snapshot() }
    }
    const whole = run(-1)
    fc.assert(
      fc.property(fc.nat({ max: observations - 1 }), (cut) => {
        expect(run(cut)).toEqual(whole)
      }),
      { numRuns: 8 },
    )
  })
})

describe('drift against traffic with bursts, waves and a daily cycle', () => {
  it('is called at most once in four weeks without any', () => {
    expect(stationaryDriftAlarms(1, 4, 0.2).length).toBeLessThanOrEqual(1)
  })

  it('is found as step, ramp and changed mix at the two stronger strengths', () => {
    const cases = driftCases(7, 0.5, ['medium', 'strong'])
    expect(cases.filter(({ found }) => !found)).toEqual([])
    expect(cases).toHaveLength(6)
  })

  it('has defaults that wait for half an hour', () => {
    const { blockMs, windowBlocks } = detectorSettings().drift
    expect(blockMs * windowBlocks).toBe(30 * 60_000)
  })
})
