import { beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { encodeLogsProto } from '../../src/otlp/encode-logs.ts'
import { encodeTracesProto } from '../../src/otlp/encode-traces.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'

const START_MS = 1_795_914_000_000
const defaults = detectorSettings()
const settings = detectorSettings({
  alpha: 0.01,
  model: { ...defaults.model, windowMs: 5_000, minObservations: 20, minCalibration: 200 },
  accumulate: { ...defaults.accumulate, bucketMs: 10_000 },
})

/** What comes of some records, and the detector after them. */
function judged(records: readonly LogRecord[], of: DetectorSettings = settings) {
  const detector = new Detector(of)
  const output = emptyOutput()
  runThrough(detector, records, output)
  return { detector, output }
}

function told({ verdicts, anomalies, clusterChanges, newErrors }: StepOutput): string {
  return JSON.stringify([verdicts, anomalies, clusterChanges, newErrors])
}

/** A shop that logs, its logs in partitions of their own and `lateMs` behind its spans. */
function shop(lateMs: number, durationMs = 60_000): LogRecord[] {
  const offsets = new Map<string, bigint>()
  const sent = [
    ...simulate({ seed: 3, startMs: START_MS, durationMs, tracesPerSecond: 20, logs: true }),
  ]
  const at = ({ timeMs, logs }: (typeof sent)[number]): number => timeMs + (logs ? lateMs : 0)
  let logRecords = 0
  return sent
    .sort((a, b) => at(a) - at(b))
    .map((record) => {
      const partition = record.logs ? `otlp_logs/${logRecords++ % 3}` : 'otlp_spans/0'
      const offset = offsets.get(partition) ?? 0n
      offsets.set(partition, offset + 1n)
      const rest = { timestampMs: record.timeMs, keyed: !record.logs }
      return { partition, offset, encoding: 'otlp_proto', body: toOtlpProto(record), ...rest }
    })
}

describe('logs of a shop, on other partitions than its spans', () => {
  let records: LogRecord[]
  let whole: ReturnType<typeof judged>
  beforeAll(() => {
    records = shop(0)
    whole = judged(records)
    whole.detector.flush(whole.output)
  })

  it('all find their traces', () => {
    const { taken, joined, ...others } = whole.detector.counts().tracedLogs
    expect(taken).toBeGreaterThan(1000)
    expect(joined).toBe(taken)
    expect(new Set(Object.values(others))).toEqual(new Set([0]))
    expect(whole.output.verdicts.every(({ kind }) => kind === 'trace')).toBe(true)
  })

  it.each([
    [-4000, 'ahead of them'],
    [8000, 'behind them, for no longer than traces wait'],
  ])('also where they are %i ms %s', (lateMs) => {
    const { detector } = judged(shop(lateMs, 30_000))
    detector.flush(emptyOutput())
    const { taken, joined, waiting } = detector.counts().tracedLogs
    expect(waiting).toBe(0)
    // Of logs that are behind, traces know from the first record of theirs on.
    const unawaited = lateMs < 0 ? 0 : 0.1 * taken
    expect(taken - joined).toBeLessThanOrEqual(unawaited)
  })

  it('come too late where they are further behind, which is counted by service and told', () => {
    const { detector } = judged(shop(25_000))
    detector.flush(emptyOutput())
    const { taken, joined, late, lone } = detector.counts().tracedLogs
    expect(late).toBeGreaterThan(0.5 * taken)
    expect(joined + late + lone).toBe(taken)
    const [first] = detector.status().unjoinedLogs
    expect(first?.late).toBeGreaterThan(100)
    expect(detector.status().unjoinedLogs.map(({ service }) => service)).toContain('payment')
  })

  it('give the same after a restart in the middle, and in batches of any size', () => {
    const output = emptyOutput()
    let detector = new Detector(settings)
    for (let from = 0; from < records.length; from += 97) {
      runThrough(detector, records.slice(from, from + 97), output)
      detector = Detector.restore(structuredClone(detector.snapshot()), settings)
    }
    detector.flush(output)
    expect(told(output)).toBe(told(whole.output))
  })

  it('hold back what must be read again', () => {
    const { detector } = judged(records.slice(0, 200))
    const marks = detector.lowWatermarks()
    const positions = detector.positions()
    expect(detector.counts().tracedLogs.waiting).toBeGreaterThan(0)
    const isHeld = [...marks].some(
      ([name, at]) => name.startsWith('otlp_logs') && at < positions.get(name)!,
    )
    expect(isHeld).toBe(true)
  })

  it('change nothing of traces where they are not read', () => {
    const spansOnly = records.filter(({ partition }) => partition.startsWith('otlp_spans'))
    const of = (logs: DetectorSettings['logs']): string => {
      const { detector, output } = judged(spansOnly, { ...settings, logs })
      detector.flush(output)
      return told(output)
    }
    expect(of(settings.logs)).toBe(of(null))
  })
})

const LINE = { severityNumber: 9, severityText: '', eventName: '', attributes: {} }

/** Bodies of spans and log records by hand; each trace has an id of one digit. */
class HandLog {
  readonly records: LogRecord[] = []
  readonly #offsets = new Map<string, bigint>()

  span(trace: number, fromMs: number, toMs: number): this {
    const ns = (ms: number): bigint => BigInt(START_MS + ms) * 1_000_000n
    const span = {
      ...{ traceId: `${trace}`.padStart(32, '0'), spanId: '1'.padStart(16, '0'), parentSpanId: '' },
      ...{
        name: 'GET /',
        kind: 2,
        startNs: ns(fromMs),
        endNs: ns(toMs),
        status: 0,
        attributes: {},
      },
    }
    return this.#add(
      'otlp_spans/0',
      encodeTracesProto([{ attributes: { 'service.name': 'a' }, spans: [span] }]),
    )
  }

  line(
    trace: number | null,
    atMs: number,
    body: string,
    more: Partial<typeof LINE> & { key?: string } = {},
  ): this {
    const { key, ...rest } = more
    const traceId = trace === null ? '' : `${trace}`.padStart(32, '0')
    const attributes = key === undefined ? {} : { req: key }
    const record = {
      ...LINE,
      ...rest,
      attributes,
      body,
      timeMs: START_MS + atMs,
      traceId,
      spanId: '',
    }
    return this.#add('otlp_logs/0', encodeLogsProto({ 'service.name': 'b' }, [record]))
  }

  #add(partition: string, body: Uint8Array<ArrayBuffer>): this {
    const offset = this.#offsets.get(partition) ?? 0n
    this.#offsets.set(partition, offset + 1n)
    this.records.push({
      partition,
      offset,
      encoding: 'otlp_proto',
      body,
      timestampMs: 0,
      keyed: true,
    })
    return this
  }
}

describe('a log record that names a trace', () => {
  const bySession = { ...settings, logs: { ...settings.logs!, keys: ['req'], patterns: [] } }

  it('is not waited for for ever: without spans it is alone, and in its session if it has a key', () => {
    const log = new HandLog()
      .span(1, 0, 10)
      .line(7, 20, 'lost', { key: 'x' })
      .line(8, 20, 'lost too')
    for (let s = 1; s < 75; s++) log.span(100 + s, s * 1000, s * 1000 + 10)
    const { detector, output } = judged(log.records, bySession)
    expect(detector.counts().tracedLogs).toMatchObject({ taken: 2, lone: 2, waiting: 0 })
    detector.flush(output)
    expect(output.verdicts.filter(({ kind }) => kind === 'session')).toHaveLength(1)
    expect(detector.status().unjoinedLogs).toEqual([{ service: 'b', alone: 2, late: 0 }])
  })

  it('goes to its trace rather than to a session; one without a trace id to its session', () => {
    const log = new HandLog()
      .span(1, 0, 10)
      .line(1, 5, 'of a trace', { key: 'x' })
      .line(null, 6, 'of none', { key: 'x' })
    const { detector, output } = judged(log.records, bySession)
    detector.flush(output)
    expect(output.verdicts.map(({ kind }) => kind).sort()).toEqual(['session', 'trace'])
    expect(detector.counts().tracedLogs).toMatchObject({ taken: 1, joined: 1 })
  })

  it('is in its session where no spans are read at all', () => {
    const log = new HandLog().line(1, 5, 'a line', { key: 'x' }).line(1, 6, 'a line', { key: 'x' })
    const { detector, output } = judged(log.records, bySession)
    detector.flush(output)
    expect(output.verdicts).toHaveLength(1)
    expect(detector.counts().tracedLogs.taken).toBe(0)
  })

  it('waits for the spans of a long trace for as long as it is open', () => {
    const log = new HandLog().line(1, 5, 'begins')
    for (let s = 1; s < 50; s++) log.span(100 + s, s * 1000, s * 1000 + 10)
    const { detector } = judged(log.span(1, 0, 49_500).records)
    detector.flush(emptyOutput())
    expect(detector.counts().tracedLogs).toMatchObject({ taken: 1, joined: 1 })
  })
})

describe('an error line before there is a model', () => {
  const ERROR = { severityNumber: 17 }

  it('is told once when it comes the third time, with the words that it is new', () => {
    const log = new HandLog()
    for (let i = 0; i < 9; i++) log.line(null, i * 1000, `no stock of ${i}`, ERROR)
    const { newErrors } = judged(log.records).output
    expect(newErrors).toMatchObject([
      {
        service: 'b',
        line: '“no stock of <*>”',
        times: 3,
        firstMs: START_MS,
        lastMs: START_MS + 2000,
      },
    ])
    expect(newErrors[0]?.sentence).toBe(
      'b logs “no stock of <*>” as ERROR: 3 times within 2000 ms. New, no baseline yet.',
    )
  })

  it('is not told where it is rare, only a warning, or known from history', () => {
    const rare = new HandLog()
    for (let i = 0; i < 5; i++) rare.line(null, i * 200_000, 'no stock', ERROR)
    const warning = new HandLog()
    for (let i = 0; i < 5; i++) warning.line(null, i, 'no stock', { severityNumber: 16 })
    for (const { records } of [rare, warning]) expect(judged(records).output.newErrors).toEqual([])
    const known = new HandLog().line(null, 0, 'no stock', ERROR)
    const detector = new Detector(settings)
    const output = emptyOutput()
    detector.learnOnly = true
    runThrough(detector, known.records, output)
    detector.learnOnly = false
    for (let i = 0; i < 5; i++) known.line(null, i, 'no stock', ERROR)
    runThrough(detector, known.records, output)
    expect(output.newErrors).toEqual([])
  })

  it('floods nobody: so many lines are told, the rest are counted', () => {
    const log = new HandLog()
    const words = 'abcdefghijklmnopqrstuvwxyz'
    for (const word of words) for (let i = 0; i < 4; i++) log.line(null, i, `${word} broke`, ERROR)
    const { detector, output } = judged(log.records)
    expect(output.newErrors).toHaveLength(20)
    expect(detector.counts().newErrors).toEqual({ told: 20, untold: 6 })
  })
})
