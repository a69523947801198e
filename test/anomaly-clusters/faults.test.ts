import { beforeAll, describe, expect, it } from 'vitest'
import type { AccumulateSettings } from '../../src/anomaly-clusters/accumulate-settings.ts'
import type { AnomalyClusterChange, ClusterChangeKind } from '../../src/contract/anomaly-cluster.ts'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import type { DetectorState } from '../../src/detector/detector-state.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import type { Change } from '../../src/simulate/changes.ts'
import type { Fault } from '../../src/simulate/faults.ts'
import type { TraceLabel } from '../../src/simulate/trace-label.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { simulatedLog } from '../simulated-log.ts'

const LEARN_MS = 240_000
const START = Date.UTC(2026, 10, 25, 7)
/** Where judging begins; times of faults and changes count from here. */
const LIVE = START + LEARN_MS
const FAULT = { strength: 'strong', fromMs: 10_000, toMs: 50_000 } as const
const TRAFFIC = { tracesPerSecond: 25, dailySwing: 0 }

/** No observation can be flagged at this alpha: what is not learned from is left out as a member. */
function settings(accumulate: Partial<AccumulateSettings> = {}) {
  const base = detectorSettings({ alpha: 1e-6 })
  return { ...base, accumulate: { ...base.accumulate, ...accumulate } }
}

let learned: DetectorState
/** Payments that fail, which several tests look at: the traffic, its traces, and what came of it. */
let failing: readonly LogRecord[]
const labels: TraceLabel[] = []
let failed: Happened

interface Happened {
  readonly detector: Detector
  readonly changes: readonly AnomalyClusterChange[]
}

beforeAll(() => {
  const detector = new Detector(settings())
  const output = emptyOutput()
  detector.learnOnly = true
  const log = simulatedLog({ ...TRAFFIC, seed: 4, startMs: START, durationMs: LEARN_MS })
  runThrough(detector, log, output)
  detector.fitNow(output)
  detector.learnOnly = false
  learned = structuredClone(detector.snapshot())
  const fault: Fault = { kind: 'errors', service: 'payment', ...FAULT }
  failing = live({ faults: [fault], onTrace: (trace) => labels.push(trace) })
  failed = happened(failing)
})

function warm(accumulate: Partial<AccumulateSettings> = {}): Detector {
  return Detector.restore(structuredClone(learned), settings(accumulate))
}

interface Happening {
  readonly faults?: readonly Fault[]
  readonly changes?: readonly Change[]
  readonly durationMs?: number
  readonly onTrace?: (trace: TraceLabel) => void
}

/** Traffic after the warm-up: another partition, so that its offsets begin anew. */
function live({ durationMs = 85_000, ...happening }: Happening): LogRecord[] {
  const options = { ...TRAFFIC, ...happening, seed: 5, startMs: LIVE, durationMs }
  return simulatedLog(options, 'otlp_spans/1')
}

function run(detector: Detector, records: readonly LogRecord[]): AnomalyClusterChange[] {
  const output = emptyOutput()
  runThrough(detector, records, output)
  return output.clusterChanges
}

/** A warm detector, and what it told of some traffic. */
function happened(records: readonly LogRecord[]): Happened {
  const detector = warm()
  return { detector, changes: run(detector, records) }
}

function only(changes: readonly AnomalyClusterChange[], kind: ClusterChangeKind) {
  return changes.filter(({ change }) => change === kind)
}

function ids(changes: readonly AnomalyClusterChange[]): string[] {
  return [...new Set(changes.map(({ cluster }) => cluster.id))]
}

const CASES = [
  [
    'slow_dependency',
    'pricing',
    undefined,
    'self_time',
    /is slower.*: typically .*, normally .*, in \d+ of \d+ calls/,
  ],
  ['errors', 'payment', undefined, 'errors', /payment .*fails.* in \d+ %: \d+ of \d+ calls from/],
  ['missing_call', 'checkout', 'inventory', null, /is missing.*: in \d+ of \d+/],
  [
    'retry_storm',
    'search',
    undefined,
    'count',
    /is called more often.*: typically \d+ times, normally \d times, by \d+ of \d+ callers/,
  ],
  [
    'unseen_path',
    'shipping',
    undefined,
    'structure',
    // By the place, or, once that has more evidence, by the entry whose requests it changes.
    /is new.*: in \d+ of \d+ (calls|requests) of/,
  ],
] as const

describe.each(CASES)('a strong %s of %s', (kind, service, callee, term, words) => {
  let detector: Detector
  let changes: readonly AnomalyClusterChange[]

  beforeAll(() => {
    const fault: Fault = { kind, service, ...FAULT, ...(callee ? { callee } : {}) }
    const found = kind === 'errors' ? failed : happened(live({ faults: [fault] }))
    ;({ detector, changes } = found)
  })

  it('opens exactly one cluster, within 20 s of data time after the quiet of a trace', () => {
    const opened = only(changes, 'opened')
    expect(ids(changes)).toHaveLength(1)
    expect(opened).toHaveLength(1)
    const delayMs = (opened[0]?.timeMs ?? Number.NaN) - LIVE - FAULT.fromMs
    expect(delayMs).toBeGreaterThan(0)
    expect(delayMs).toBeLessThanOrEqual(20_000 + settings().assemble.quietMs)
  })

  it('names the guilty service first, in a sentence with when and how much', () => {
    const { cluster } = changes.at(-1) ?? {}
    expect(cluster?.services[0]).toBe(service)
    expect(only(changes, 'opened')[0]?.cluster.services[0]).toBe(service)
    if (term) expect(cluster?.term).toBe(term)
    expect(cluster?.sentence).toMatch(words)
    expect(cluster?.sentence).toMatch(/ since 07:04:\d\d/)
    expect(cluster?.sentence).toContain(service)
  })

  it('counts more deviating occurrences than normal, and finite evidence', () => {
    for (const { cluster } of changes) {
      expect(Number.isFinite(cluster.eValue)).toBe(true)
      expect(cluster.observations).toBeLessThanOrEqual(cluster.occurrences)
      expect(cluster.rate).toBeGreaterThan(cluster.normalRate)
      expect(cluster.firstMs).toBeLessThanOrEqual(cluster.lastMs)
    }
  })

  it('shows three to five distinct members, one of them beside its nearest normal trace', () => {
    const { cluster } = only(changes, 'closed')[0] ?? {}
    const members = cluster?.members ?? []
    expect(members.length).toBeGreaterThanOrEqual(3)
    expect(members.length).toBeLessThanOrEqual(5)
    expect(new Set(members).size).toBe(members.length)
    expect(members).toContain(cluster?.representative?.traceId)
    expect(cluster?.nearestNormal?.spans.length).toBeGreaterThan(0)
    expect(members).not.toContain(cluster?.nearestNormal?.traceId)
  })

  it('closes once when the fault has ended, not before', () => {
    const closed = only(changes, 'closed')
    expect(closed).toHaveLength(1)
    expect(closed[0]?.timeMs).toBeGreaterThan(LIVE + FAULT.toMs)
    expect(closed[0]?.cluster).toMatchObject({ state: 'resolved', closedMs: closed[0]?.timeMs })
    expect(detector.openClusters()).toEqual([])
  })
})

describe('traffic without a fault', () => {
  it('opens nothing and is learned from entirely', () => {
    const detector = warm()
    expect(run(detector, live({ durationMs: 60_000 }))).toEqual([])
    expect(detector.counts().learned.quarantined).toBe(0)
  })

  it('opens nothing when only the load changes, to three times', () => {
    const load = { kind: 'load', factor: 3, fromMs: 5_000, toMs: 50_000 } as const
    const detector = warm()
    const before = detector.counts().accumulated['observations'] ?? 0
    expect(run(detector, live({ changes: [load], durationMs: 55_000 }))).toEqual([])
    // It did see the load.
    const seen = (detector.counts().accumulated['observations'] ?? 0) - before
    expect(seen).toBeGreaterThan(1.8 * 55 * TRAFFIC.tracesPerSecond)
  })
})

describe('a deployment that stays', () => {
  const deployment = { kind: 'deployment', service: 'pricing', fromMs: 10_000 } as const
  const LATER_S = [60, 75, 90] as const
  let log: readonly LogRecord[]
  /** What was known, and had been told, so many seconds later. */
  const known = new Map<number, DetectorState>()
  const told = new Map<number, readonly AnomalyClusterChange[]>()

  beforeAll(() => {
    log = live({ changes: [deployment], durationMs: 160_000 })
    const detector = warm()
    const changes: AnomalyClusterChange[] = []
    let from = 0
    for (const seconds of LATER_S) {
      const to = indexAfter(seconds)
      changes.push(...run(detector, log.slice(from, to)))
      known.set(seconds, structuredClone(detector.snapshot()))
      told.set(seconds, [...changes])
      from = to
    }
  })

  /** Where the log is, so many seconds after the deployment. */
  function indexAfter(seconds: number): number {
    return log.findIndex(({ timestampMs }) => timestampMs > LIVE + 10_000 + seconds * 1000)
  }

  it('asks to be accepted once it has lasted, and not before', () => {
    const detector = warm({ askAfterMs: 60_000 })
    const soon = indexAfter(65)
    const asks = (): boolean[] => detector.openClusters().map((one) => one.asksAcceptance)
    run(detector, log.slice(0, soon))
    expect(asks()).toEqual([false])
    const changes = run(detector, log.slice(soon))
    expect(asks()).toEqual([true])
    expect(changes.at(-1)?.cluster.asksAcceptance).toBe(true)
  })

  it.each(LATER_S)(
    'is exactly one cluster, which accepting ends for good, %i s later',
    (seconds) => {
      const detector = Detector.restore(structuredClone(known.get(seconds)), settings())
      expect(ids(told.get(seconds) ?? [])).toHaveLength(1)
      const [open] = detector.openClusters()
      expect(detector.openClusters()).toHaveLength(1)
      expect(open?.services[0]).toBe('pricing')

      const output = emptyOutput()
      expect(detector.accept('cluster-of-nobody', output)).toBe(false)
      expect(output.clusterChanges).toEqual([])
      expect(detector.accept(open?.id ?? '', output)).toBe(true)
      expect(output.clusterChanges).toMatchObject([
        { change: 'accepted', cluster: { id: open?.id, state: 'accepted' } },
      ])
      expect(detector.openClusters()).toEqual([])
      expect(detector.accept(open?.id ?? '', output)).toBe(false)

      expect(detector.pastClusters()).toMatchObject([{ id: open?.id, state: 'accepted' }])
      const after = run(detector, log.slice(indexAfter(seconds)))
      expect(only(after, 'opened').map(({ cluster }) => cluster.sentence)).toEqual([])
      expect(detector.openClusters()).toEqual([])
    },
    60_000,
  )
})

describe('a fault that comes back', () => {
  const faults: readonly Fault[] = [
    { kind: 'errors', service: 'payment', ...FAULT },
    { kind: 'errors', service: 'payment', strength: 'strong', fromMs: 85_000, toMs: 120_000 },
  ]
  let log: readonly LogRecord[]

  beforeAll(() => {
    log = live({ faults, durationMs: 120_000 })
  })

  it('is the same cluster again, under the same id, within the time for that', () => {
    const detector = warm({ reopenMs: 120_000 })
    const opened = only(run(detector, log), 'opened')
    expect(opened).toHaveLength(2)
    expect(ids(opened)).toHaveLength(1)
    expect(detector.openClusters()).toMatchObject([{ id: opened[0]?.cluster.id, closedMs: null }])
    expect(detector.counts().accumulated).toMatchObject({ opened: 1, reopened: 1, closed: 1 })
  })

  it('is another cluster after it', () => {
    const detector = warm({ reopenMs: 10_000 })
    const opened = only(run(detector, log), 'opened')
    expect(opened).toHaveLength(2)
    expect(ids(opened)).toHaveLength(2)
    expect(detector.counts().accumulated).toMatchObject({ opened: 2, reopened: 0 })
  })
})

describe('the observations of an open cluster', () => {
  it('are not learned from, and all others are', () => {
    const before = warm().counts().learned
    const { detector, changes } = failed
    const openedMs = only(changes, 'opened')[0]?.timeMs ?? 0
    const { learned: after, accumulated } = detector.counts()
    const left = after.quarantined - before.quarantined
    // Judged a little after they end; so count those that certainly were judged while it was open.
    const affected = labels.filter((label) => label.affected.length > 0)
    const during = affected.filter(({ endMs }) => endMs > openedMs).length
    expect(during).toBeGreaterThan(20)
    expect(left).toBeGreaterThanOrEqual(0.9 * during)
    expect(left).toBeLessThan(3 * affected.length)
    const judged = accumulated['observations'] ?? 0
    expect(after.observations - before.observations + left).toBe(judged)
  })
})

describe('more clusters than there is room for', () => {
  const faults: readonly Fault[] = [
    { kind: 'errors', service: 'payment', ...FAULT },
    { kind: 'retry_storm', service: 'search', ...FAULT },
  ]

  it('are dropped and counted, and the open ones stay as many as allowed', () => {
    const log = live({ faults, durationMs: 60_000 })
    const roomy = warm()
    expect(ids(only(run(roomy, log), 'opened'))).toHaveLength(2)
    expect(roomy.counts().accumulated['clustersDropped']).toBe(0)

    const narrow = warm({ maxOpenClusters: 1 })
    for (let at = 0; at < log.length; at += 25) {
      run(narrow, log.slice(at, at + 25))
      expect(narrow.openClusters().length).toBeLessThanOrEqual(1)
    }
    expect(narrow.counts().accumulated['opened']).toBe(1)
    expect(narrow.counts().accumulated['clustersDropped']).toBeGreaterThan(0)
  })
})

describe('a snapshot in the middle of an open cluster', () => {
  it('continues as if nothing had happened', () => {
    const log = failing
    const middle = log.findIndex(({ timestampMs }) => timestampMs > LIVE + 42_345)
    const detector = warm()
    run(detector, log.slice(0, middle))
    const saved = structuredClone(detector.snapshot())
    const restored = Detector.restore(saved, settings())
    expect(restored.openClusters()).toHaveLength(1)
    expect(restored.openClusters()).toEqual(detector.openClusters())

    const expected = run(detector, log.slice(middle))
    const continued = run(restored, log.slice(middle))
    expect(only(expected, 'closed')).toHaveLength(1)
    expect(continued).toEqual(expected)
    expect(restored.counts()).toEqual(detector.counts())
  })
  it('still knows those that are over, as they were told', () => {
    const { detector, changes } = failed
    const closed = only(changes, 'closed').map(({ cluster }) => cluster)
    expect(closed).toHaveLength(1)
    expect(detector.pastClusters()).toEqual(closed)
    const restored = Detector.restore(structuredClone(detector.snapshot()), settings())
    expect(restored.pastClusters()).toEqual(closed)
  })
})
