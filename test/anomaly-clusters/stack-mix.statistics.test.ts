import { beforeAll, describe, expect, it } from 'vitest'
import type { AnomalyClusterChange } from '../../src/contract/anomaly-cluster.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { FaultSwitches } from '../../src/simulate/fault-switches.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { simulatedLog } from '../simulated-log.ts'

const START = Date.UTC(2026, 10, 25, 7)
const SECOND = 1000
/** Times after the start, in the order of the run of the whole stack: a fault, quiet, another mix, quiet. */
const FAULT = { fromMs: 150 * SECOND, toMs: 190 * SECOND }
const MIX = { fromMs: 280 * SECOND, toMs: 370 * SECOND }
const END_MS = 400 * SECOND

/** `medoscope load --rate 60` through a detector with `model.refresh=1m`. */
describe('the run of the whole stack, replayed', () => {
  const searches = { before: 0, during: 0 }
  let opened: AnomalyClusterChange[] = []

  beforeAll(() => {
    const { faults, mix } = new FaultSwitches(1)
    const fault = faults.find(({ kind }) => kind === 'slow_dependency')
    if (!fault) throw new Error('the shop has no slow dependency')
    const log = simulatedLog({
      seed: 1,
      startMs: START,
      durationMs: END_MS,
      tracesPerSecond: 60,
      dailySwing: 0.2,
      faults: [{ ...fault, ...FAULT, isOn: () => true }],
      changes: [{ kind: 'mix', factors: mix.factors, ...MIX }],
    })
    const base = detectorSettings()
    const model = { ...base.model, refreshMs: 60 * SECOND }
    const output = emptyOutput()
    runThrough(new Detector({ ...base, model }), log, output)
    opened = output.clusterChanges.filter(({ change }) => change === 'opened')
    for (const { stratum, timeMs } of output.verdicts) {
      if (!stratum.startsWith('gateway GET /search')) continue
      const after = timeMs - START
      if (after >= FAULT.toMs && after < FAULT.toMs + 90 * SECOND) searches.before++
      if (after >= MIX.fromMs && after < MIX.toMs) searches.during++
    }
  })

  it('opens a cluster for the fault, of the guilty service', () => {
    expect(opened[0]?.cluster.services[0]).toBe('pricing')
  })

  it('opens nothing for the changed mix of requests', () => {
    // It did see another mix, for as long.
    expect(searches.during).toBeGreaterThan(3 * searches.before)
    const late = opened.filter(({ timeMs }) => timeMs - START >= FAULT.toMs + 30 * SECOND)
    expect(late.map(({ cluster }) => cluster.sentence)).toEqual([])
  })
})
