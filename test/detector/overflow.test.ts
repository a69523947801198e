import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { detectorSettings } from '../detector-settings.ts'

/** A span of `orders` in an environment. */
function record(i: number): LogRecord {
  const hex = (length: number): string => (i + 1).toString(16).padStart(length, '0')
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const resource = {
    attributes: [
      attribute('service.name', 'orders'),
      attribute('deployment.environment.name', `pull-request-${i}`),
    ],
  }
  const times = { startTimeUnixNano: '1800000000000000000', endTimeUnixNano: '1800000000001000000' }
  const span = { traceId: hex(32), spanId: hex(16), name: 'GET /', ...times }
  const body = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }
  return {
    ...{ partition: 'k/0', offset: BigInt(i), timestampMs: 1_800_000_000_000, keyed: true },
    ...{ encoding: 'otlp_json' as const, body: new TextEncoder().encode(JSON.stringify(body)) },
  }
}

describe('what finds no room is counted', () => {
  it('for the seventeenth environment of a service and all further ones', () => {
    const detector = new Detector(detectorSettings())
    const records = Array.from({ length: 16 }, (_, i) => record(i))
    detector.step(records, 0, emptyOutput())
    expect(detector.counts().overflow.environments).toBe(0)
    detector.step([record(16), record(17)], 0, emptyOutput())
    expect(detector.counts().overflow.environments).toBe(2)
  })

  it('for rules by which names are masked', () => {
    const state = new Detector(detectorSettings()).snapshot()
    const tables = { ...state.tables, rules: { dropped: 3, rules: [] } }
    const detector = Detector.restore({ ...state, tables }, detectorSettings())
    expect(detector.counts().overflow.rules).toBe(3)
  })
})
