import { describe, expect, it } from 'vitest'
import { keyOf } from '../../src/anomaly-clusters/alarm.ts'
import { whatOf } from '../../src/anomaly-clusters/episode.ts'
import { useCluster, useMember } from '../../src/anomaly-clusters/ids-of-clusters.ts'
import { NO_REQUESTS } from '../../src/anomaly-clusters/recent-requests.ts'
import { UNTOLD } from '../../src/anomaly-clusters/story.ts'
import { IdSets } from '../../src/columns/marks.ts'
import { categoryVote } from '../../src/evidence/path-votes.ts'
import { entryAlarm, handCluster, member, placeAlarm, similarAlarm } from './hand-alarms.ts'

function usedBy(use: (used: IdSets) => void): Record<string, number[]> {
  const used = new IdSets()
  use(used)
  const { places, strata, paths, values, elements } = used
  // 0 is nothing.
  const some = Object.entries({ places, strata, paths, values, elements }).map(
    ([name, ids]) => [name, [...ids].filter((id) => id > 0)] as const,
  )
  return Object.fromEntries(some.filter(([, ids]) => ids.length > 0))
}

const ofCluster = (changes: Parameters<typeof handCluster>[0]) =>
  usedBy((used) => useCluster(used, handCluster(changes)))

describe('what a cluster refers to, and must not be forgotten while it is remembered', () => {
  it('are the subjects of its alarms', () => {
    expect(ofCluster({})).toEqual({})
    expect(ofCluster({ alarms: [placeAlarm({ subject: 12 })] })).toEqual({ places: [12] })
    expect(ofCluster({ alarms: [entryAlarm({ subject: 13 })] })).toEqual({ strata: [13] })
    expect(ofCluster({ alarms: [similarAlarm({ subject: 14 })] })).toEqual({ strata: [14] })
  })

  it('is what their deviations have in common: a call path, or the value of an attribute', () => {
    const missing = ofCluster({ alarms: [entryAlarm({ subject: 13, vote: -77 })] })
    expect(missing).toEqual({ strata: [13], paths: [77] })
    const alarm = entryAlarm({ subject: 13, signal: 'category', vote: categoryVote(2, 55) })
    expect(ofCluster({ alarms: [alarm] })['values']).toContain(55)
  })

  it('are the calls of its examples, and where they deviate', () => {
    const example = member(1, [41, 42], [keyOf('errors', 12)])
    const used = usedBy((ids) => useMember(ids, example))
    expect(used).toEqual({ places: [12], strata: [12], paths: [41, 42] })
    expect(ofCluster({ members: [example] })).toEqual(used)
    const trace = { ...example.example.trace, element: Int32Array.of(31) }
    const normal = { ...trace, element: Int32Array.of(32) }
    const shown = { ...example, example: { ...example.example, trace, nearestNormal: normal } }
    expect(ofCluster({ members: [shown] })['elements']).toEqual([31, 32])
  })

  it('are the places where it has shown, and what is told of it', () => {
    const marks = [placeAlarm({ subject: 21 }), entryAlarm({ subject: 22, vote: -78 })].map(
      (alarm) => ({ what: whatOf(alarm), share: 1, size: 1 }),
    )
    const extent = { fromMs: 0, toMs: 0, failing: false, marks }
    expect(ofCluster({ extent })).toEqual({ places: [21], strata: [22], paths: [78] })
    const impact = [{ ...NO_REQUESTS, stratum: 23 }]
    expect(ofCluster({ story: { ...UNTOLD, impact } })).toEqual({ strata: [23] })
    const lead = keyOf('count', 24)
    expect(ofCluster({ story: { ...UNTOLD, lead } })).toEqual({ places: [24], strata: [24] })
  })
})
