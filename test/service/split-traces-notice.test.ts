import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { createLog, type Log } from '../../src/io/telemetry/log.ts'
import { SplitTracesNotice } from '../../src/service/split-traces-notice.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'

const START = Date.UTC(2026, 10, 25, 7)

/** What is said while simulated records arrive in `partitions` partitions, spread as they come. */
function said(partitions: number, keyed: boolean): string[] {
  const lines: string[] = []
  const log: Log = createLog({
    level: 'warn',
    format: 'text',
    write: (line) => lines.push(line),
    wall: () => 0,
  })
  const notice = new SplitTracesNotice(log)
  const detector = new Detector(detectorSettings())
  let count = 0
  for (const record of simulate({
    seed: 4,
    startMs: START,
    durationMs: 60_000,
    tracesPerSecond: 10,
    recordSpans: 40,
  })) {
    const logRecord: LogRecord = {
      partition: `otlp_spans/${count % partitions}`,
      offset: BigInt(Math.floor(count++ / partitions)),
      encoding: 'otlp_proto',
      body: toOtlpProto(record),
      timestampMs: record.timeMs,
      keyed,
    }
    detector.step([logRecord], 0, emptyOutput())
    notice.look(detector.positions().keys(), detector.counts())
  }
  return lines
}

describe('a topic that splits its traces', () => {
  it('is noticed, and said once, with the option that mends it', () => {
    const lines = said(4, false)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('otlp_spans')
    expect(lines[0]).toContain('partition_traces_by_id: true')
  })

  it('is not suspected where there is one partition, or where records have keys', () => {
    expect(said(1, false)).toEqual([])
    expect(said(4, true)).toEqual([])
  })
})
