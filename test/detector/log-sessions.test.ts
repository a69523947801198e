import { beforeAll, describe, expect, it } from 'vitest'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { encodeLogsProto } from '../../src/otlp/encode-logs.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { blockBodies, blockSessions, logRecords, verdictPrefix } from './block-logs.ts'

const session = {
  ...{ gapMs: 30_000, maxAgeMs: 600_000, maxRecords: 1000, maxOpen: 50_000, maxJumpMs: 600_000 },
}
const logs: DetectorSettings['logs'] = { keys: [], patterns: [/(blk_-?\d+)/u], session }
const settings = detectorSettings({ alpha: 0.02, explainAll: true, logs })
const warmup = logRecords(blockBodies(blockSessions(800, 1, 0)), 'warmup/0')
const sessions = blockSessions(600, 2, 0.05, 1_795_914_000_000 + 3_600_000)
const records = logRecords(blockBodies(sessions), 'files/0')

function learned(): Detector {
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(detector, warmup, output)
  detector.flush(output)
  detector.drop('warmup/0')
  detector.fitNow(output)
  detector.learnOnly = false
  return detector
}

/** All that is told, as text. */
function told({ verdicts, anomalies, clusterChanges }: StepOutput): string {
  return JSON.stringify([verdicts, anomalies, clusterChanges])
}

describe('log sessions, judged', () => {
  let whole: StepOutput
  let detector: Detector
  beforeAll(() => {
    detector = learned()
    whole = emptyOutput()
    runThrough(detector, records, whole)
    detector.flush(whole)
  })

  it('give one verdict each, of their own kind', () => {
    expect(whole.verdicts).toHaveLength(sessions.length)
    expect(new Set(whole.verdicts.map(({ kind, stratum }) => `${kind} ${stratum}`))).toEqual(
      new Set(['session storage session']),
    )
    expect(detector.counts().records).toMatchObject({ keylessLogs: 0, undecodable: 0 })
  })

  it('are flagged where something is wrong with them, and hardly ever where nothing is', () => {
    const flagged = new Map(whole.verdicts.map(({ id, anomalous }) => [id.slice(0, 16), anomalous]))
    const wrong = sessions.filter(({ isAnomalous }) => isAnomalous)
    const found = wrong.filter((one) => flagged.get(verdictPrefix(one)))
    const falsely = sessions.filter((one) => !one.isAnomalous && flagged.get(verdictPrefix(one)))
    expect(wrong.length).toBeGreaterThan(20)
    expect(found.length).toBeGreaterThan(0.7 * wrong.length)
    expect(falsely.length).toBeLessThan(0.02 * sessions.length)
  })

  it('are told by their templates, beside the nearest normal session', () => {
    const redundant = whole.anomalies.find(({ summary }) => summary.includes('Redundant'))
    expect(redundant?.summary).toContain(
      'storage: new log line “BLOCK* NameSystem.addStoredBlock: Redundant addStoredBlock request received',
    )
    expect(redundant?.trace.spans[1]?.operation).toMatch(/^“BLOCK\* NameSystem\.allocateBlock/)
    expect(redundant?.nearestNormal?.spans.length).toBeGreaterThan(5)
  })

  it('tell the templates that differ, with how often, and a masked line of each', () => {
    const redundant = whole.anomalies.find(({ summary }) => summary.includes('Redundant'))
    const [first] = redundant?.verdict.templates ?? []
    expect(first).toMatchObject({ service: 'storage', normal: 0 })
    expect(first?.template).toContain('“BLOCK* NameSystem.addStoredBlock: Redundant')
    expect(first?.example).toMatch(/^BLOCK\* NameSystem\.addStoredBlock: Redundant .* received/)
    const { trace, verdict } = redundant ?? expect.unreachable()
    for (const { template, count } of verdict.templates ?? []) {
      expect(trace.spans.filter(({ operation }) => operation === template)).toHaveLength(count)
    }
  })

  it('are the same after a restart in the middle', () => {
    const half = Math.floor(records.length / 2)
    const output = emptyOutput()
    const before = learned()
    runThrough(before, records.slice(0, half), output)
    const after = Detector.restore(structuredClone(before.snapshot()), settings)
    runThrough(after, records.slice(half), output)
    after.flush(output)
    expect(told(output)).toBe(told(whole))
  })
})

describe('log records', () => {
  const body = (key: string): Uint8Array<ArrayBuffer> => {
    const attributes = { [key]: 'x' }
    const record = { body: 'up', timeMs: 1_795_914_000_000, traceId: '', spanId: '', attributes }
    const rest = { severityNumber: 9, severityText: '', eventName: '' }
    return encodeLogsProto({ 'service.name': 's', 'host.name': 'h' }, [{ ...record, ...rest }])
  }
  const judged = (keys: readonly string[], ...bodies: Uint8Array<ArrayBuffer>[]): Detector => {
    const one = new Detector(detectorSettings({ logs: { keys, patterns: [], session } }))
    const output = emptyOutput()
    runThrough(one, logRecords(bodies, 'otlp_logs/0'), output)
    one.flush(output)
    return one
  }

  it('belong together by an attribute of theirs, or of their resource', () => {
    expect(judged(['req'], body('req'), body('req')).counts().judged.learning).toBe(1)
    expect(judged(['req', 'host.name'], body('req'), body('x')).counts().judged.learning).toBe(2)
  })

  it('without a key are counted and not judged', () => {
    const { judged: reasons, records: taken } = judged(['req'], body('x')).counts()
    expect([reasons.learning, taken.logRecords, taken.keylessLogs]).toEqual([0, 1, 1])
  })

  it('are no traces where logs are not judged', () => {
    const one = new Detector(detectorSettings({ logs: null }))
    const output = emptyOutput()
    runThrough(one, logRecords([body('x')], 'otlp_spans/0'), output)
    expect(one.counts().records).toMatchObject({ logRecords: 0, undecodable: 1 })
  })
})
