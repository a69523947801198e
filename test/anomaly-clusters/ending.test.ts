import { describe, expect, it } from 'vitest'
import { isSilent, lookAt, lookAtSimilar } from '../../src/anomaly-clusters/ending.ts'
import { CONSTANTS } from '../../src/baseline/constants.ts'
import type { SeriesMonitor } from '../../src/evidence/series-monitor.ts'
import { detectorSettings } from '../detector-settings.ts'
import { entryAlarm, handCluster, placeAlarm, similarAlarm } from './hand-alarms.ts'

const { accumulate } = detectorSettings()
const { bucketMs, silentMs } = accumulate
const ENOUGH = Math.log(CONSTANTS.likelyOdds)

interface Running {
  readonly n?: number
  readonly c?: number
  /** ln of the evidence, and what the running bucket says for the share that is asked about. */
  readonly logM?: number
  readonly ratio?: number
  /** Of ended buckets. */
  readonly before?: readonly [n: number, c: number]
}

/** A monitor of one series, with the shares that it was asked about. */
function monitor({ n = 10, c = 0, logM = 0, ratio = 0, before = [0, 0] }: Running) {
  const asked: number[] = []
  const fake = {
    deviations: {
      occurrences: () => n,
      baseRate: () => 0.01,
      bySeries: { of: { c: [c] } },
    },
    evidence: { since: { of: { n: [before[0]], c: [before[1]] } } },
    prefix: () => logM,
    ratioOf: (_: number, share: number) => {
      asked.push(share)
      return ratio
    },
  }
  return { monitor: fake as unknown as SeriesMonitor, asked }
}

function look(
  alarm: Parameters<typeof lookAt>[0],
  running: Running,
  timeMs = bucketMs,
  atEnd = false,
) {
  return lookAt(alarm, { timeMs, atEnd }, monitor(running).monitor, bucketMs)
}

describe('a look at an alarm', () => {
  const alarm = placeAlarm({ peak: 12 })

  it('changes nothing where nothing was seen in the bucket', () => {
    expect(look(alarm, { n: 0, logM: 99, ratio: -99 })).toEqual({ alarm, ends: null })
  })

  it('notes when its subject was seen, and the greatest evidence', () => {
    expect(look(alarm, { logM: 15 }, 77).alarm).toEqual({ ...alarm, activeMs: 77, peak: 15 })
    expect(look(alarm, { logM: 11 }, 77).alarm).toEqual({ ...alarm, activeMs: 77, peak: 12 })
  })

  it('ends it once normal is likely enough, and it has been open for a bucket', () => {
    expect(look(alarm, { ratio: -ENOUGH - 0.01 }).ends).toBe('normal again')
    expect(look(alarm, { ratio: -ENOUGH }).ends).toBeNull()
    expect(look(alarm, { ratio: -99 }, bucketMs - 1).ends).toBeNull()
    const almost = { ...alarm, closing: ENOUGH }
    expect(look(almost, { ratio: -0.01 }).ends).toBe('normal again')
    expect(look(almost, { ratio: 0.5 }).ends).toBeNull()
  })

  it('ends it later the longer it has lasted: a step that wavers seems over now and then', () => {
    const after = 1000 * bucketMs
    expect(look(alarm, { ratio: -Math.log(999) }, after).ends).toBeNull()
    expect(look(alarm, { ratio: -Math.log(1001) }, after).ends).toBe('normal again')
  })

  it('keeps the sum only at the end of a bucket', () => {
    expect(look(alarm, { ratio: -2 }).alarm).toMatchObject({ closing: 0 })
    expect(look(alarm, { ratio: -2 }, bucketMs, true).alarm).toMatchObject({
      closing: 2,
      speakingN: 0,
    })
    const closing = { ...alarm, closing: 1.5 }
    expect(look(closing, { ratio: 1 }, bucketMs, true).alarm).toMatchObject({ closing: 0.5 })
    expect(look(closing, { ratio: 9 }, bucketMs, true).alarm).toMatchObject({ closing: 0 })
  })

  it('adds up the buckets that speak for it, at their end', () => {
    const some = { ...alarm, speakingN: 3, speakingC: 1 }
    const running = { n: 10, c: 4, ratio: 0.1 }
    expect(look(some, running, 0, true).alarm).toMatchObject({ speakingN: 13, speakingC: 5 })
    expect(look(some, running, 0, false).alarm).toMatchObject({ speakingN: 3, speakingC: 1 })
    const plain = { ...running, ratio: 0 }
    expect(look(some, plain, 0, true).alarm).toMatchObject({ speakingN: 3, speakingC: 1 })
  })

  it('tests normal against the share seen so far, within what is claimed', () => {
    const asked = (one: typeof alarm, running: Running): number => {
      const { monitor: watched, asked: shares } = monitor(running)
      lookAt(one, { timeMs: 0, atEnd: false }, watched, bucketMs)
      return shares[0]!
    }
    const least = CONSTANTS.few
    expect(asked({ ...alarm, speakingN: 10, speakingC: 5 }, { n: 9, c: 9 })).toBe(0.5)
    expect(asked(alarm, { n: 10, c: 5, before: [10, 1] })).toBe(0.3)
    expect(asked(alarm, { n: 10, c: 0 })).toBe(least)
    expect(asked({ ...alarm, speakingN: 10, speakingC: 10 }, {})).toBe(0.99)
    // Nine buckets of one call spoke for it, and eleven against.
    const scattered = { ...alarm, n: 20, c: 9, speakingN: 9, speakingC: 9 }
    expect(asked(scattered, {})).toBeCloseTo(10 / 22)
    const more = { ...alarm, signal: 'selfTimeP90' } as const
    expect(asked(more, { n: 10, c: 0 })).toBe(CONSTANTS.some)
    expect(look(entryAlarm(), { ratio: -99 }).ends).toBe('normal again')
  })
})

describe('an alarm is silent', () => {
  const alarm = placeAlarm({ activeMs: 1000 })

  it('when its subject was not seen for long', () => {
    const alone = handCluster({ alarms: [alarm, placeAlarm({ subject: 9 })] })
    expect(isSilent(alarm, alone, 1000 + silentMs, accumulate)).toBe(false)
    expect(isSilent(alarm, alone, 1001 + silentMs, accumulate)).toBe(true)
  })

  it('after two buckets where another alarm of its cluster is over', () => {
    const rest = handCluster({ alarms: [alarm, placeAlarm({ subject: 9, closedMs: 5 })] })
    expect(isSilent(alarm, rest, 1000 + 2 * bucketMs, accumulate)).toBe(false)
    expect(isSilent(alarm, rest, 1001 + 2 * bucketMs, accumulate)).toBe(true)
    const hasty = { ...accumulate, silentMs: bucketMs }
    expect(isSilent(alarm, rest, 1001 + bucketMs, hasty)).toBe(true)
  })

  it('later where its subject comes hardly more often than that', () => {
    const over = placeAlarm({ subject: 9, closedMs: 5 })
    const silent = (n: number, everyMs: number, afterMs: number): boolean => {
      const lastMs = n * everyMs
      const rare = placeAlarm({ n, c: n, firstMs: 0, lastMs, activeMs: lastMs })
      return isSilent(rare, handCluster({ alarms: [rare, over] }), lastMs + afterMs, accumulate)
    }
    expect(silent(10, bucketMs, 5 * bucketMs)).toBe(false)
    expect(silent(10, bucketMs, 6 * bucketMs)).toBe(true)
    expect(silent(100, bucketMs / 30, 2 * bucketMs + 1)).toBe(true)
    // Never longer than where all of its cluster goes on.
    expect(silent(10, 10 * bucketMs, silentMs)).toBe(false)
    expect(silent(10, 10 * bucketMs, silentMs + 1)).toBe(true)
  })
})

describe('a look at similar anomalies', () => {
  /** Ten of twenty until the entry was seen 100 times. */
  const alarm = similarAlarm({ n: 20, c: 10, seenAtLast: 100 })
  const lookSimilar = (seen: number, timeMs = bucketMs, one = alarm) =>
    lookAtSimilar(one, seen, timeMs, 0.001, accumulate)

  it('counts on, each observation once', () => {
    const { alarm: once } = lookSimilar(103)
    expect(once).toEqual({ ...alarm, n: 23, countedSince: 3 })
    expect(lookSimilar(105, bucketMs, once).alarm).toEqual({ ...alarm, n: 25, countedSince: 5 })
  })

  it('ends them when so many others came since that their share is normal again', () => {
    expect(lookSimilar(102).ends).toBeNull()
    expect(lookSimilar(200).ends).toBe('normal again')
    expect(lookSimilar(200, bucketMs - 1).ends).toBeNull()
    // Where they were rarer it takes longer; what came since is no part of their share.
    const rare = { ...alarm, n: 200 }
    const until = (one: typeof alarm): number => {
      for (let since = 1; since < 1000; since++) {
        if (lookSimilar(100 + since, bucketMs, one).ends) return since
      }
      return 1000
    }
    expect(until(alarm)).toBeLessThan(until(rare))
    expect(until({ ...alarm, n: 20 + 50, countedSince: 50 })).toBe(Math.max(1, until(alarm)))
  })

  it('ends them when they are silent', () => {
    const late = { ...alarm, lastMs: bucketMs }
    expect(lookSimilar(101, bucketMs + silentMs, late).ends).toBeNull()
    expect(lookSimilar(101, bucketMs + silentMs + 1, late).ends).toBe('silent')
  })
})
