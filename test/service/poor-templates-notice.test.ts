import { describe, expect, it } from 'vitest'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { createLog } from '../../src/io/telemetry/log.ts'
import { encodeLogsProto, type OtlpLogRecord } from '../../src/otlp/encode-logs.ts'
import { PoorTemplatesNotice } from '../../src/service/poor-templates-notice.ts'
import { logRecords } from '../detector/block-logs.ts'
import { detectorSettings } from '../detector-settings.ts'

const session = { gapMs: 1000, maxAgeMs: 1e5, maxRecords: 100, maxOpen: 100, maxJumpMs: 1e5 }
const logs = { keys: ['session.id'], patterns: [], session }
const LETTERS = 'ghijklmnopqrstuvwxyz'

/** Four words that make the line its own. */
const wild = (n: number): string =>
  [1, 7, 49, 343]
    .map((by) => `${LETTERS[(n * by) % 20]}${LETTERS[Math.floor(n / by) % 20]}ox`)
    .join(' ')

function body(service: string, text: (n: number) => string, from: number): Uint8Array<ArrayBuffer> {
  const records = Array.from({ length: 500 }, (_, i): OtlpLogRecord => {
    const rest = { traceId: '', spanId: '', eventName: '', severityNumber: 9, severityText: '' }
    return { ...rest, body: text(from + i), timeMs: 1_795_914_000_000 + i, attributes: {} }
  })
  return encodeLogsProto({ 'service.name': service }, records)
}

describe('a source that does not template', () => {
  it('is told once, with its service and what to do', () => {
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const log = createLog({ level: 'warn', format: 'text', write, wall: () => 0 })
    const notice = new PoorTemplatesNotice(log)
    const detector = new Detector(detectorSettings({ logs }))
    const bodies = [0, 500, 1000, 1500, 2000].flatMap((from) => [
      body('wild', wild, from),
      body('tame', (n) => `order ${n} is paid`, from),
    ])
    for (const record of logRecords(bodies, 'otlp_logs/0')) {
      detector.step([record], 0, emptyOutput())
      notice.look(detector.poorlyTemplated())
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('this source does not template well')
    expect(lines[0]).toContain('service="wild"')
    expect(lines[0]).toContain('log.record.template')
  })
})
