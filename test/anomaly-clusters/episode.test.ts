import { describe, expect, it } from 'vitest'
import { NO_EXTENT, widened } from '../../src/anomaly-clusters/episode.ts'
import { placeAlarm } from './hand-alarms.ts'

describe('how far an alarm has gone', () => {
  const sizeOf = (...[more]: Parameters<typeof placeAlarm>): number | undefined =>
    widened(NO_EXTENT, [placeAlarm({ n: 40, c: 12, ...more })], () => false).marks[0]?.size

  it('is its typical value over the normal one, or the other way where it is faster', () => {
    expect(sizeOf({ signal: 'selfTimeP90', typical: 60e6, normal: 20e6 })).toBe(3)
    expect(sizeOf({ signal: 'selfTimeP10', typical: 5e6, normal: 20e6 })).toBe(4)
    expect(sizeOf({ signal: 'count', typical: 6, normal: 1 })).toBe(6)
  })

  it('is nothing of errors: how long failing calls take is not compared with how many fail', () => {
    expect(sizeOf({ signal: 'errors', typical: 60e6, normal: 0.04 })).toBe(1)
    expect(sizeOf({ signal: 'noAnswer', typical: 60e6, normal: 0.04 })).toBe(1)
  })
})
