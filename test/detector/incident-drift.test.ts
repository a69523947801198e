import { beforeAll, describe, expect, it } from 'vitest'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { simulatedLog } from '../simulated-log.ts'

const START = Date.UTC(2026, 10, 25, 7)
const FAULT_MS = 180_000
const END_MS = 280_000
const STRATUM = 'gateway GET /product/{id}'

/** Blocks of a few seconds, so that two minutes of a change are drift. */
const base = detectorSettings()
const settings = detectorSettings({
  model: { ...base.model, refreshMs: 60_000 },
  drift: {
    ...base.drift,
    blockMs: 1000,
    blockObservations: 32,
    windowBlocks: 3,
    leastReferenceBlocks: 10,
  },
})

describe('an incident that has an anomaly cluster', () => {
  const log = simulatedLog({
    seed: 1,
    startMs: START,
    durationMs: END_MS,
    tracesPerSecond: 30,
    dailySwing: 0,
    faults: [
      {
        kind: 'slow_dependency',
        service: 'pricing',
        strength: 'strong',
        fromMs: FAULT_MS,
        toMs: END_MS,
      },
    ],
  })
  const half = log.findIndex(({ timestampMs }) => timestampMs >= START + FAULT_MS)
  const detector = new Detector(settings)
  const output = emptyOutput()
  let opened: AnomalyClusterChange[] = []
  let watched: string[] = []
  let driftsBefore = 0

  beforeAll(() => {
    runThrough(detector, log.slice(0, half), output)
    const { status, changes } = detector.drift()
    driftsBefore = changes.drifting
    watched = status
      .filter(({ stream, state }) => stream === 'distance' && state !== 'learning')
      .map(({ stratum }) => stratum ?? '(all)')
    runThrough(detector, log.slice(half), output)
    opened = output.clusterChanges.filter(({ change }) => change === 'opened')
  })

  it('moves what drift is seen in, for longer than drift takes', () => {
    expect(watched).toContain(STRATUM)
    const late = output.verdicts.filter(
      ({ stratum, timeMs, pTime }) =>
        stratum === STRATUM && pTime !== null && timeMs > START + FAULT_MS + 30_000,
    )
    expect(late.length).toBeGreaterThan(10 * 32)
    const far = late.filter(({ pTime }) => (pTime ?? 1) < 0.1)
    expect(far.length / late.length).toBeGreaterThan(0.4)
  })

  it('is told by its cluster and not as drift as well', () => {
    expect(opened[0]?.cluster.services[0]).toBe('pricing')
    const { setAside, changes } = detector.drift()
    expect(changes.drifting).toBe(driftsBefore)
    expect(setAside).toBeGreaterThan(10)
  })
})
