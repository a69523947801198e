import { beforeAll, describe, expect, it } from 'vitest'
import { Detector } from '../../src/detector/detector.ts'
import type { DetectorStatus } from '../../src/detector/detector-status.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { coverageDocument, learningState } from '../../src/service/cluster-service.ts'
import { MINUTE_MS, plainShop } from '../bench/limits/plain-shop.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'

const LEARNED_MS = 6 * MINUTE_MS
const FLOOD_MS = 8 * MINUTE_MS

/** A detector that has learned `GET /` for six minutes, judges two, and then sees four fifths `GET /new`. */
function statuses(): { quiet: DetectorStatus; flooded: DetectorStatus } {
  const { records } = plainShop({
    ...{ seed: 3, minutes: 13, rate: 5 },
    route: (random, at) => (at > FLOOD_MS && random.next() < 0.8 ? 'GET /new' : 'GET /'),
  })
  const start = records[0]!.timestampMs
  const after = (ms: number): number =>
    records.findIndex(({ timestampMs }) => timestampMs > start + ms)
  const { model } = detectorSettings()
  // No second model, which would know the new operation.
  const settings = detectorSettings({ model: { ...model, windowMs: 24 * 60 * MINUTE_MS } })
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(detector, records.slice(0, after(LEARNED_MS)), output)
  detector.fitNow(output)
  detector.learnOnly = false
  runThrough(detector, records.slice(after(LEARNED_MS), after(FLOOD_MS)), output)
  const quiet = detector.status()
  runThrough(detector, records.slice(after(FLOOD_MS)), output)
  return { quiet, flooded: detector.status() }
}

describe('what is said of the traffic that is judged', () => {
  let quiet: DetectorStatus
  let flooded: DetectorStatus

  beforeAll(() => {
    ;({ quiet, flooded } = statuses())
  })

  it('is live while it is judged, and not any more once most of it is not, model or no model', () => {
    expect(quiet.state).toBe('live')
    expect(quiet.coverage.share).toBeGreaterThan(0.9)
    expect(flooded.model?.id).toBe(quiet.model?.id)
    expect(flooded.coverage.share).toBeLessThan(0.5)
    expect(flooded.state).toBe('learning')
  })

  it('is a document that names what is not judged first, and how full the tables are', () => {
    expect(coverageDocument(flooded)).toMatchObject({
      state: 'learning',
      data_time_ms: flooded.clockMs,
      model: flooded.model!.id,
      traces_seen: flooded.coverage.seen,
      judged_ratio: flooded.coverage.share,
      entry_operations: [
        { name: expect.stringContaining('GET /new'), judged: 0, pooled: 0, incomplete: 0 },
        { name: expect.stringContaining('GET /'), learning: 0 },
      ],
      entry_operations_unlisted: 0,
      late: [],
      clocks_ahead: [],
      unjoined_logs: [],
    })
    const { tables, entry_operations: operations } = coverageDocument(flooded) as {
      tables: { table: string; used: number; limit: number; taken_together: number }[]
      entry_operations: { seen: number; learning: number }[]
    }
    expect(operations[0]!.learning).toBe(operations[0]!.seen)
    expect(tables.map(({ table }) => table)).toContain('strata')
    for (const { used, limit } of tables) expect(used).toBeLessThan(limit)
  })

  it('lists five hundred entry operations and counts the others', () => {
    const [operation] = flooded.coverage.entryOperations
    const entryOperations = Array.from({ length: 503 }, () => operation!)
    const document = coverageDocument({
      ...flooded,
      coverage: { ...flooded.coverage, entryOperations },
    })
    expect(document).toMatchObject({ entry_operations_unlisted: 3 })
    expect((document as { entry_operations: unknown[] }).entry_operations).toHaveLength(500)
  })

  it('names services that are late, ahead, or whose logs join no trace, in the document and on the page', () => {
    const status = {
      ...quiet,
      late: [{ service: 'batch', spans: 12 }],
      clocksAhead: [{ service: 'phone', spans: 3, aheadMs: 570_000 }],
      unjoinedLogs: [{ service: 'web', alone: 5, late: 1 }],
    }
    expect(coverageDocument(status)).toMatchObject({
      late: [{ service: 'batch', spans: 12 }],
      clocks_ahead: [{ service: 'phone', spans: 3, ahead_ms: 570_000 }],
      unjoined_logs: [{ service: 'web', alone: 5, late: 1 }],
    })
    expect(learningState(quiet, 0).senders).toEqual([])
    expect(learningState(status, 0).senders).toEqual([
      { service: 'batch', what: '12 spans came too late and were dropped' },
      { service: 'phone', what: 'its clock is ahead: 3 spans, the last by 9.5 min' },
      { service: 'web', what: expect.stringContaining('5 found none, 1 came after it was judged') },
    ])
  })
})
