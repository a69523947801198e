import { beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/contract/anomaly.ts'
import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import type { DetectorState } from '../../src/detector/detector-state.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { simulatedLog } from '../simulated-log.ts'

const ALPHA = 0.01
const START = Date.UTC(2026, 10, 25, 7)
const LIVE = START + 300_000
const DEPLOYED = LIVE + 10_000
const TRAFFIC = { tracesPerSecond: 20, dailySwing: 0 }

const defaults = detectorSettings({ alpha: ALPHA })
const settings = {
  ...defaults,
  // Few refreshes from small samples: fitting is most of what this test costs.
  sample: { ...defaults.sample, size: 800, stratumCap: 200, calibrationSize: 800 },
  model: { ...defaults.model, refreshMs: 120_000 },
}

/** A detector that has learned, and has seen of a new version of checkout, which makes other calls and takes longer. */
let seen: DetectorState
/** The rest of what that version does. */
let rest: LogRecord[]

beforeAll(() => {
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(
    detector,
    simulatedLog({ ...TRAFFIC, seed: 5, startMs: START, durationMs: LIVE - START }),
    output,
  )
  detector.fitNow(output)
  detector.learnOnly = false
  const deployment = { kind: 'deployment', service: 'checkout', fromMs: DEPLOYED - LIVE } as const
  const options = { ...TRAFFIC, seed: 105, startMs: LIVE, durationMs: 420_000 }
  const log = simulatedLog({ ...options, changes: [deployment] }, 'otlp_spans/1')
  const half = log.findIndex(({ timestampMs }) => timestampMs > DEPLOYED + 50_000)
  runThrough(detector, log.slice(0, half), emptyOutput())
  seen = structuredClone(detector.snapshot())
  rest = log.slice(half)
}, 180_000)

/** The last two minutes: some refreshes after an acceptance. */
function late({ verdicts }: StepOutput): Verdict[] {
  return verdicts.filter(({ timeMs }) => timeMs > LIVE + 300_000)
}

/** Share of the late traces of checkout that make calls as at most one in fifty does. */
function strangeShapes(output: StepOutput): number {
  const checkouts = late(output).filter(({ stratum }) => stratum === 'gateway POST /checkout')
  return checkouts.filter(({ pShape }) => (pShape ?? 1) < 2 * ALPHA).length / checkouts.length
}

function flagged(output: StepOutput): number {
  return late(output).filter(({ anomalous }) => anomalous).length / late(output).length
}

describe('a deployment that is told of', () => {
  it('is learned once it is accepted, so that its traces are normal', () => {
    const detector = Detector.restore(structuredClone(seen), settings)
    const accepted = emptyOutput()
    const open = detector.openClusters()
    expect(open.length).toBeGreaterThan(0)
    for (const { id } of open) expect(detector.accept(id, accepted)).toBe(true)
    runThrough(detector, rest, accepted)
    expect(strangeShapes(accepted)).toBeLessThan(0.4)
    expect(flagged(accepted)).toBeLessThan(2.5 * ALPHA)
    // What comes back of it until it is learned is shown, and nobody is told.
    const told = accepted.clusterChanges.filter(
      ({ change, cluster }) => change === 'opened' && cluster.alerts,
    )
    expect(told.map(({ cluster }) => cluster.sentence)).toEqual([])
  }, 180_000)

  it('stays strange where it is not', () => {
    const ignored = emptyOutput()
    runThrough(Detector.restore(structuredClone(seen), settings), rest, ignored)
    expect(strangeShapes(ignored)).toBeGreaterThan(0.9)
  }, 180_000)
})
