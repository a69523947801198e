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
