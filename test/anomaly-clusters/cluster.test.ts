import { describe, expect, it } from 'vitest'
import {
  lastDeviationMs,
  MOST_ALARMS,
  newCluster,
  openAlarms,
  withAlarm,
} from '../../src/anomaly-clusters/cluster.ts'
import { NO_EXTENT } from '../../src/anomaly-clusters/episode.ts'
import { UNTOLD } from '../../src/anomaly-clusters/story.ts'
import { handCluster, placeAlarm } from './hand-alarms.ts'

const alarm = (subject: number, closedMs: number | null = null) => placeAlarm({ subject, closedMs })
const subjects = (alarms: ReturnType<typeof withAlarm>) => alarms?.map(({ subject }) => subject)

describe('the alarms of a cluster', () => {
  it('begin with none', () => {
    expect(newCluster('a', 7)).toEqual({
      id: 'a',
      state: 'open',
      openedMs: 7,
      closedMs: null,
      alarms: [],
      members: [],
      mergedFrom: [],
      shown: false,
      sinceMs: 7,
      extent: NO_EXTENT,
      recalled: null,
      told: true,
      story: UNTOLD,
    })
  })

  it('are open until they are over', () => {
    const cluster = handCluster({ alarms: [alarm(1, 5), alarm(2), alarm(3)] })
    expect(subjects(openAlarms(cluster))).toEqual([2, 3])
  })

  it('deviated last when the latest of them did', () => {
    const alarms = [placeAlarm({ lastMs: 3 }), placeAlarm({ lastMs: 9 }), placeAlarm({ lastMs: 4 })]
    expect(lastDeviationMs(handCluster({ alarms }))).toBe(9)
  })

  it('get another one at the end, in the place of the same one', () => {
    const alarms = [alarm(1), alarm(2), alarm(3)]
    expect(subjects(withAlarm(alarms, alarm(4)))).toEqual([1, 2, 3, 4])
    expect(subjects(withAlarm(alarms, alarm(1)))).toEqual([2, 3, 1])
    expect(withAlarm(alarms, placeAlarm({ subject: 1, signal: 'count' }))).toHaveLength(4)
    expect(alarms).toHaveLength(3)
  })

  it('make room for it by one that is over, where they are as many as may be', () => {
    const full = Array.from({ length: MOST_ALARMS }, (_, i) => alarm(i))
    expect(withAlarm(full, alarm(999))).toBeNull()
    expect(withAlarm(full, alarm(5))).toHaveLength(MOST_ALARMS)
    expect(withAlarm(full.slice(1), alarm(999))).toHaveLength(MOST_ALARMS)
    const first = full.map((one, i) => (i === 0 ? alarm(0, 1) : one))
    expect(subjects(withAlarm(first, alarm(999)))?.at(0)).toBe(1)
    const over = full.map((one, i) => (i === 3 || i === 7 ? alarm(i, 1) : one))
    const more = subjects(withAlarm(over, alarm(999)))
    expect(more).toHaveLength(MOST_ALARMS)
    expect(more).not.toContain(3)
    expect(more?.slice(-1)).toEqual([999])
    // One that is over stays while there is room.
    expect(withAlarm(over.slice(1), alarm(999))).toHaveLength(MOST_ALARMS)
  })
})
