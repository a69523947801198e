import { describe, expect, it } from 'vitest'
import { rhythmOf } from '../../src/anomaly-clusters/rhythm.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Times at which something began, from the hours between them. */
function times(...gapsH: readonly number[]): number[] {
  const starts = [Date.UTC(2026, 0, 1, 3)]
  for (const gap of gapsH) starts.push(starts.at(-1)! + gap * HOUR)
  return starts
}

describe('the rhythm of what comes back', () => {
  it('is not known before it came three times', () => {
    const unknown = { everyMs: null, rhythm: null }
    expect([rhythmOf([]), rhythmOf(times()), rhythmOf(times(24))]).toEqual([
      unknown,
      unknown,
      unknown,
    ])
    expect(rhythmOf(times(24, 24))).toEqual({ everyMs: DAY, rhythm: 'daily' })
  })

  it('is daily or weekly where the typical time between is that, give or take a twentieth', () => {
    const rhythms = (hours: number) => rhythmOf(times(hours, hours)).rhythm
    expect([22.7, 22.9, 25.1, 25.3].map(rhythms)).toEqual([null, 'daily', 'daily', null])
    const week = 7 * 24
    expect([0.94, 0.96, 1.04, 1.06].map((share) => rhythms(share * week))).toEqual([
      null,
      'weekly',
      'weekly',
      null,
    ])
  })

  it('is that of the middle gap: a night without it, or a second one, changes nothing', () => {
    expect(rhythmOf(times(24, 48, 24, 1, 24))).toEqual({ everyMs: DAY, rhythm: 'daily' })
    expect(rhythmOf(times(2, 24, 9))).toEqual({ everyMs: 9 * HOUR, rhythm: null })
    expect(rhythmOf(times(100, 9)).everyMs).toBe(100 * HOUR)
  })
})
