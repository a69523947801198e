import { describe, expect, it } from 'vitest'
import { AcceptedBehaviour } from '../../src/anomaly-clusters/accepted-behaviour.ts'
import { keyOf } from '../../src/anomaly-clusters/alarm.ts'
import { IdSets } from '../../src/columns/marks.ts'
import { DISTANCES, example, handCluster, member, placeAlarm } from './hand-alarms.ts'

const never = (): boolean => false
const HOUR = 3_600_000
const call = (caller: string, callee: string) => ({ service: callee, caller, callee })
const own = (service: string) => ({ service, caller: '', callee: '' })
const PATHS = [2, 3, 4]
/** Shares no call path, and is thrice as long. */
const OTHER = [50, 51, 52, 53, 54, 55]

function accepted(): AcceptedBehaviour {
  const behaviour = new AcceptedBehaviour()
  const cluster = handCluster({ members: [member(1, OTHER), member(2, PATHS)] })
  behaviour.add(cluster, [own('cart'), own('cart'), call('shop', 'ads')], 1000)
  return behaviour
}

describe('accepted behaviour', () => {
  it('includes what began before with the same suspect or caller', () => {
    const behaviour = accepted()
    expect(behaviour.includes(own('cart'), 1000)).toBe(true)
    expect(behaviour.includes(own('cart'), 1001)).toBe(false)
    expect(behaviour.includes(call('shop', 'mail'), 1000)).toBe(true)
    expect(behaviour.includes(call('shop', 'mail'), 1001)).toBe(false)
    // Where nobody calls, nobody is the same caller.
    expect(behaviour.includes(own('mail'), 0)).toBe(false)
    expect(behaviour.includes(call('news', 'mail'), 0)).toBe(false)
  })

  it('holds similar observations for an hour', () => {
    const behaviour = new AcceptedBehaviour()
    behaviour.add(handCluster({ members: [member(2, PATHS)] }), [own('cart')], 1000)
    const { profile } = example(9, PATHS)
    expect(behaviour.isSimilar(profile, 1000 + HOUR, DISTANCES)).toBe(true)
    expect(behaviour.isSimilar(profile, 1001 + HOUR, DISTANCES)).toBe(false)
    // One similar example is enough.
    expect(accepted().isSimilar(profile, 1000, DISTANCES)).toBe(true)
    const strange = { ...example(9, OTHER).profile, status: 2 }
    expect(DISTANCES.between(profile, strange)).toBeGreaterThan(0.3)
    expect(behaviour.isSimilar(strange, 1000, DISTANCES)).toBe(false)
  })

  it('has series until a null was fitted that knows them', () => {
    const behaviour = accepted()
    behaviour.addSeries(7, 1000)
    behaviour.addSeries(8, 2000)
    expect([behaviour.hasSeries(7), behaviour.hasSeries(9)]).toEqual([true, false])
    expect(behaviour.release(1000, 5000, never)).toEqual([])
    expect(behaviour.release(1001, 5000, never)).toEqual([7])
    expect([behaviour.hasSeries(7), behaviour.hasSeries(8)]).toEqual([false, true])
    expect(behaviour.release(9000, 5000, (key) => key === 8)).toEqual([])
    expect(behaviour.release(9000, 5000, never)).toEqual([8])
  })

  it('is forgotten with a model after an hour', () => {
    const behaviour = accepted()
    behaviour.release(0, 1000 + HOUR, never)
    expect(behaviour.includes(own('cart'), 0)).toBe(true)
    behaviour.release(0, 1001 + HOUR, never)
    expect(behaviour.includes(own('cart'), 0)).toBe(false)
  })

  it('is of the latest 32 clusters', () => {
    const behaviour = accepted()
    for (let i = 0; i < 31; i++) behaviour.add(handCluster(), [own(`s${i}`)], 1000)
    expect(behaviour.includes(own('cart'), 0)).toBe(true)
    behaviour.add(handCluster(), [own('s31')], 1000)
    expect(behaviour.includes(own('cart'), 0)).toBe(false)
    expect(behaviour.includes(own('s0'), 0)).toBe(true)
  })

  it('may be taken back: that cluster is forgotten, and its series may raise alarms again', () => {
    const behaviour = new AcceptedBehaviour()
    const [a, b] = [keyOf('errors', 12), keyOf('errors', 13)]
    for (const [id, subject] of [
      ['a', 12],
      ['b', 13],
    ] as const) {
      const alarms = [placeAlarm({ subject }), placeAlarm({ subject, signal: 'count' })]
      behaviour.add(handCluster({ id, alarms }), [own(id)], 1000)
      behaviour.addSeries(keyOf('errors', subject), 1000)
    }
    expect(behaviour.takeBack('nobody')).toEqual([])
    expect(behaviour.takeBack('a')).toEqual([a])
    expect([behaviour.hasSeries(a), behaviour.hasSeries(b)]).toEqual([false, true])
    expect([behaviour.includes(own('a'), 0), behaviour.includes(own('b'), 0)]).toEqual([
      false,
      true,
    ])
    expect(behaviour.takeBack('a')).toEqual([])
  })

  it('refers to its series and to the calls of its examples', () => {
    const behaviour = new AcceptedBehaviour()
    behaviour.addSeries(keyOf('errors', 12), 1000)
    const alarms = [placeAlarm({ subject: 13 })]
    behaviour.add(handCluster({ alarms, members: [member(2, PATHS)] }), [own('cart')], 1000)
    const used = new IdSets()
    behaviour.use(used)
    expect([[...used.places], [...used.paths]]).toEqual([[12, 13], PATHS])
  })

  it('is the same from a copy of its state', () => {
    const behaviour = accepted()
    behaviour.addSeries(7, 1000)
    const copy = new AcceptedBehaviour()
    copy.restore(structuredClone(behaviour.state()))
    expect(copy.state()).toEqual(behaviour.state())
    expect([copy.hasSeries(7), copy.includes(own('cart'), 0)]).toEqual([true, true])
  })
})
