import { describe, expect, it } from 'vitest'
import type { Cluster } from '../../src/anomaly-clusters/cluster.ts'
import {
  ClusterTimelines,
  type TimelineSources,
} from '../../src/anomaly-clusters/cluster-timelines.ts'
import { MonitoredSeries } from '../../src/evidence/monitored-series.ts'
import { MINUTE_MS, MINUTES, PlaceHistory } from '../../src/evidence/place-history.ts'
import { handNull, handSeries } from '../evidence/hand-null.ts'
import { HandTraces } from '../profile/traces.ts'
import { handCluster, placeAlarm } from './hand-alarms.ts'

const [PLACE, OTHER] = [2, 3]
const BEGAN = 1000

/** Minutes of one call in each place, some of which fail; one cluster that began at BEGAN. */
class Minutes {
  readonly timelines = new ClusterTimelines()
  readonly sources: TimelineSources = {
    history: new PlaceHistory(),
    series: new MonitoredSeries(
      handNull({ [PLACE]: [handSeries('errors', { baseRate: 0.05, normal: 0.03 })] }),
      new HandTraces().tables.elements,
    ),
  }
  cluster: Cluster = handCluster({
    openedMs: BEGAN * MINUTE_MS,
    alarms: [placeAlarm({ subject: PLACE, firstMs: BEGAN * MINUTE_MS })],
  })
  place = PLACE

  run(from: number, to: number): this {
    const { history } = this.sources
    for (let minute = from; minute < to; minute++) {
      if (history.begin(minute * MINUTE_MS)) this.#extend()
      for (const [place, calls] of [
        [PLACE, 1],
        [OTHER, 2],
      ] as const) {
        history.count(
          {
            place: new Int32Array(calls).fill(place),
            selfNs: new Float64Array(calls).fill(1e6),
            count: calls,
          },
          { ownError: new Uint8Array(calls).fill(minute >= BEGAN ? 1 : 0) },
        )
      }
    }
    if (history.begin(to * MINUTE_MS)) this.#extend()
    return this
  }

  #extend(): void {
    const isOpen = this.cluster.closedMs === null
    const [open, past] = isOpen ? [[this.cluster], []] : [[], [this.cluster]]
    const begun = this.sources.history.minute > BEGAN
    this.timelines.extend(begun ? open : [], past, this.sources, () => this.place)
  }

  get timeline() {
    return this.timelines.of(this.cluster, this.sources, () => this.place)
  }
}

describe('the timeline of a cluster', () => {
  it('begins half an hour before it, where there is as much', () => {
    const one = new Minutes().run(BEGAN - 100, BEGAN + 5)
    expect(one.timeline?.stretches[0]?.minute).toBe(BEGAN - 30)
    const young = new Minutes().run(BEGAN - 7, BEGAN + 5)
    expect(young.timeline?.stretches[0]?.minute).toBe(BEGAN - 7)
    expect(young.timeline?.normal.failed).toBe(0.03)
    expect(young.timeline?.normal.p90).toBeNaN()
  })

  it('loses no call and no minute in a day, in no more stretches than there may be', () => {
    const one = new Minutes().run(BEGAN - 100, BEGAN + 1440)
    const stretches = one.timeline?.stretches ?? []
    expect(stretches.length).toBeLessThanOrEqual(128)
    expect(stretches[0]?.minute).toBe(BEGAN - 30)
    stretches.slice(1).forEach(({ minute }, i) => {
      const before = stretches[i]
      expect(minute).toBe((before?.minute ?? 0) + (before?.minutes ?? 0))
    })
    expect(stretches.reduce((sum, { n }) => sum + n, 0)).toBe(1470)
    expect(stretches.reduce((sum, { errors }) => sum + errors, 0)).toBe(1440)
  })

  it('turns to another place while it can be shown from the start, and no longer', () => {
    const one = new Minutes().run(BEGAN - 100, BEGAN + 3)
    one.place = OTHER
    one.run(BEGAN + 3, BEGAN + 6)
    expect(one.timeline?.place).toBe(OTHER)
    expect(one.timeline?.stretches.every(({ n }) => n === 2)).toBe(true)
    expect(one.timeline?.stretches[0]?.minute).toBe(BEGAN - 30)
    one.run(BEGAN + 6, BEGAN + MINUTES)
    one.place = PLACE
    one.run(BEGAN + MINUTES, BEGAN + MINUTES + 3)
    expect(one.timeline?.place).toBe(OTHER)
  })

  it('goes on for ten minutes after the end, then stays as it is', () => {
    const one = new Minutes().run(BEGAN - 10, BEGAN + 20)
    one.cluster = { ...one.cluster, state: 'resolved', closedMs: (BEGAN + 20) * MINUTE_MS }
    one.run(BEGAN + 20, BEGAN + 200)
    const last = one.timeline?.stretches.at(-1)
    expect(last?.minute).toBe(BEGAN + 28)
    expect(one.timeline?.stretches[0]?.minute).toBe(BEGAN - 10)
  })

  it('is none of a cluster that is about no place', () => {
    const one = new Minutes()
    one.place = 0
    one.run(BEGAN - 10, BEGAN + 4)
    expect(one.timeline).toBeNull()
    expect(one.timelines.state()).toEqual([])
  })

  it('is not begun where the cluster ended more than ten minutes ago', () => {
    const kept = (minutesAgo: number): number => {
      const one = new Minutes().run(BEGAN - 10, BEGAN + 20)
      const closedMs = (BEGAN + 20 - minutesAgo) * MINUTE_MS
      const over = handCluster({ ...one.cluster, state: 'resolved', closedMs })
      const fresh = new ClusterTimelines()
      fresh.extend([], [over], one.sources, () => PLACE)
      return fresh.state().length
    }
    expect([9, 10, 11].map(kept)).toEqual([1, 0, 0])
  })

  it('says of what is normal as much as its place has series', () => {
    const one = new Minutes()
    const series = new MonitoredSeries(
      handNull({
        [PLACE]: [
          handSeries('selfTimeP90', { level: 90, normal: 50 }),
          handSeries('selfTimeP99', { level: 99, normal: 51 }),
          handSeries('selfTimeP10', { level: 10, normal: 52 }),
          handSeries('errors', { level: 0, normal: 0.03 }),
        ],
        [OTHER]: [handSeries('selfTimeP99', { level: 7 })],
      }),
      new HandTraces().tables.elements,
    )
    one.run(BEGAN - 10, BEGAN + 4)
    const normalOf = (place: number) =>
      new ClusterTimelines().of(one.cluster, { ...one.sources, series }, () => place)?.normal
    expect(normalOf(PLACE)).toEqual({ p10: 10, p50: 50, p90: 90, p99: 99, failed: 0.03 })
    const none = Number.NaN
    expect(normalOf(OTHER)).toEqual({ p10: none, p50: none, p90: none, p99: 7, failed: none })
  })

  it('takes the mean of what is typical by calls, and of what is rare the higher', () => {
    // Three calls in each even minute, which are twice as long; one in an odd one; then none.
    const history = new PlaceHistory()
    const call = (ms: number, calls: number): void => {
      const selfNs = new Float64Array(calls).fill(ms * 1e6)
      const place = new Int32Array(calls).fill(PLACE)
      history.count({ place, selfNs, count: calls }, { ownError: new Uint8Array(calls) })
    }
    const timelines = new ClusterTimelines()
    const { cluster, sources } = new Minutes()
    const begin = (minute: number): void => {
      history.begin(minute * MINUTE_MS)
      timelines.extend([cluster], [], { ...sources, history }, () => PLACE)
    }
    for (let i = 0; i < 160; i++) {
      begin(BEGAN + i)
      if (i < 100) call(i % 2 === 0 ? 2 : 1, i % 2 === 0 ? 3 : 1)
    }
    begin(BEGAN + 160)
    const [, kept] = timelines.state()[0]!
    // Where 129 were too many, each two became one, the last alone.
    expect(kept.stretches.slice(0, 65).map(({ minutes }) => minutes)).toEqual([
      ...Array(64).fill(2),
      1,
    ])
    const median = (ms: number): number => {
      history.begin(history.minute * MINUTE_MS + MINUTE_MS)
      call(ms, 1)
      return history.running(PLACE)!.p50
    }
    const [one, two] = [median(1), median(2)]
    const { n, p50, p99 } = kept.stretches[0]!
    expect(n).toBe(4)
    expect(p50).toBeCloseTo((3 * two + one) / 4, -3)
    expect(p99).toBeGreaterThan(two)
    expect(kept.stretches[60]).toMatchObject({ n: 0, errors: 0, p50: 0, p99: 0 })
  })

  it('changes nothing by being looked at', () => {
    const one = new Minutes().run(BEGAN - 10, BEGAN + 4)
    const before = structuredClone(one.timelines.state())
    one.place = OTHER
    expect(one.timeline?.place).toBe(OTHER)
    expect(one.timelines.state()).toEqual(before)
  })

  it('drops what lies beyond the present where time was set back', () => {
    const one = new Minutes().run(BEGAN - 10, BEGAN + 4)
    one.timelines.turnBack((BEGAN - 3) * MINUTE_MS)
    expect(one.timelines.state()[0]?.[1].stretches.map(({ minute }) => minute)).toEqual([
      990, 991, 992, 993, 994, 995, 996,
    ])
  })

  it('goes on from its state', () => {
    const one = new Minutes().run(BEGAN - 40, BEGAN + 10)
    const copy = new ClusterTimelines()
    copy.restore(structuredClone(one.timelines.state()))
    expect(copy.state()).toHaveLength(1)
    expect(copy.of(one.cluster, one.sources, () => PLACE)).toEqual(one.timeline)
  })

  it('is forgotten with its cluster', () => {
    const one = new Minutes().run(BEGAN - 40, BEGAN + 10)
    one.timelines.extend([], [], one.sources, () => PLACE)
    expect(one.timelines.state()).toEqual([])
  })
})
