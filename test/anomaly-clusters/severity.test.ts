import { describe, expect, it } from 'vitest'
import type { Alarm } from '../../src/anomaly-clusters/alarm.ts'
import { NO_REQUESTS } from '../../src/anomaly-clusters/recent-requests.ts'
import { moreSevere, severityOf } from '../../src/anomaly-clusters/severity.ts'
import { detectorSettings } from '../detector-settings.ts'
import { entryAlarm, placeAlarm } from './hand-alarms.ts'

const { severity: table } = detectorSettings().accumulate

function of(counts: [requests: number, failed: number, slow: number], ...alarms: Alarm[]): string {
  const [requests, failed, slow] = counts
  return severityOf([{ ...NO_REQUESTS, requests, failed, slow, plainlySlow: slow }], alarms, table)
}

describe('severity', () => {
  const different = entryAlarm()

  it.each([
    ['critical', [100, 10, 0]],
    ['warning', [100, 9, 0]],
    ['warning', [100, 3, 0]],
    ['information', [2, 2, 0]],
    ['information', [1000, 9, 0]],
    // Twenty times likelier than half: 8 of 8 are 2^8 / 9 times. 14 of 100 are 30 times likelier than 5 %, 13 are 9.9.
    ['critical', [100, 0, 66]],
    ['warning', [100, 0, 65]],
    ['warning', [13, 0, 9]],
    ['critical', [8, 0, 8]],
    ['warning', [7, 0, 7]],
    ['warning', [3, 0, 3]],
    ['warning', [100, 0, 14]],
    ['information', [100, 0, 13]],
    // Much less than half is as unlike half, but not more.
    ['warning', [1000, 0, 200]],
    ['information', [0, 0, 0]],
  ] as const)('is %s where of %j requests some fail, others are slow', (severity, counts) => {
    expect(of([...counts], different)).toBe(severity)
  })

  it('is a warning where all are slow, though not plainly', () => {
    const requests = { ...NO_REQUESTS, requests: 100, slow: 100, plainlySlow: 65 }
    expect(severityOf([requests], [different], table)).toBe('warning')
    expect(severityOf([{ ...requests, plainlySlow: 66 }], [different], table)).toBe('critical')
  })

  it('is that of the entry operation that suffers most', () => {
    const fine = { ...NO_REQUESTS, requests: 1000 }
    expect(severityOf([fine, { ...NO_REQUESTS, requests: 5, failed: 5 }], [different], table)).toBe(
      'critical',
    )
    expect(severityOf([], [different], table)).toBe('information')
  })

  it.each([
    ['warning', ['errors', 'noAnswer', 'selfTimeP90', 'selfTimeP99', 'count', 'wait']],
    ['warning', ['presence']],
    ['information', ['selfTimeP10', 'unseen', 'appearance']],
  ] as const)('is %s by %j where no request suffers', (severity, signals) => {
    for (const signal of signals) {
      expect([signal, of([100, 0, 1], placeAlarm({ signal }), different)]).toEqual([
        signal,
        severity,
      ])
    }
  })

  it('is a warning where calls are missing from an entry, not where others are there', () => {
    expect(of([100, 0, 1], entryAlarm({ vote: -5 }))).toBe('warning')
    expect(of([100, 0, 1], entryAlarm({ vote: 5 }))).toBe('information')
  })

  it('is ordered', () => {
    expect(moreSevere('information', 'warning')).toBe('warning')
    expect(moreSevere('critical', 'warning')).toBe('critical')
    expect(moreSevere('warning', 'warning')).toBe('warning')
  })
})
