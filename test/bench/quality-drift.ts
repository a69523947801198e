import { DriftMonitor } from '../../src/drift/drift-monitor.ts'
import { detectorSettings } from '../detector-settings.ts'
import { DAY_MS, type Drift, driftingTraffic, HOUR_MS } from '../drift/drifting-traffic.ts'
import type { Figure } from './figures.ts'

/** One change of the traffic, and how long it took to be called drift. */
export interface DriftCase {
  readonly name: 'step' | 'ramp' | 'mix'
  readonly strength: 'weak' | 'medium' | 'strong'
  readonly found: boolean
  /** From its beginning, minutes; null where it was not found. */
  readonly delayMinutes: number | null
}

const START_MS = 2 * DAY_MS
const RAMP_MS = 12 * HOUR_MS
/** Distances move by so many standard deviations; so much of the traffic goes to another entry. */
const SIZES = {
  step: { weak: 0.4, medium: 0.8, strong: 1.6 },
  ramp: { weak: 0.4, medium: 0.8, strong: 1.6 },
  mix: { weak: 0.1, medium: 0.25, strong: 0.5 },
} as const

/** The figures of drift; each case is told to `print`. */
export function driftFigures(seed: number, print: (line: string) => void): Figure[] {
  const alarms = stationaryDriftAlarms(seed)
  const cases = driftCases(seed)
  for (const { name, strength, delayMinutes } of cases) {
    const outcome = delayMinutes === null ? 'missed' : `found after ${delayMinutes} min`
    print(`drift  ${name.padEnd(4)} ${strength.padEnd(6)}  ${outcome}`)
  }
  const plain = cases.filter(({ strength }) => strength !== 'weak')
  const found = (of: readonly DriftCase[]): number => of.filter((one) => one.found).length
  return [
    {
      name: 'stationary_drift_alarms',
      value: alarms.length,
      what: 'times that drift was called in 4 simulated weeks without any, daily cycle of 4 to 1',
      bar: 'at most 1',
    },
    {
      name: 'drift_found',
      value: found(plain),
      what: 'step, ramp and mix changes of the two stronger strengths that were called drift',
      bar: 'all',
    },
    { name: 'drift_cases', value: plain.length, what: 'of so many', bar: '' },
    {
      name: 'drift_weak_found',
      value: found(cases) - found(plain),
      what: `of the ${cases.length - plain.length} weak ones`,
      bar: '',
    },
  ]
}

/** `stationary_drift_alarms`: times that drift was called in weeks without any, daily cycle included. */
export function stationaryDriftAlarms(seed: number, weeks = 4, perSecond = 0.5): number[] {
  return driftTimes({ seed, durationMs: weeks * 7 * DAY_MS, perSecond })
}

/** `drift_found`, `drift_cases` and their delays: a step, a ramp and a changed mix, at three strengths. */
export function driftCases(
  seed: number,
  perSecond = 0.5,
  strengths: readonly DriftCase['strength'][] = ['weak', 'medium', 'strong'],
): DriftCase[] {
  const names = ['step', 'ramp', 'mix'] as const
  return names.flatMap((name) =>
    strengths.map((strength) => driftCase(name, strength, seed, perSecond)),
  )
}

function driftCase(
  name: DriftCase['name'],
  strength: DriftCase['strength'],
  seed: number,
  perSecond: number,
): DriftCase {
  const kind = name === 'mix' ? 'mix' : 'distance'
  const ramp = name === 'ramp' ? { rampMs: RAMP_MS } : {}
  const drift: Drift = { kind, stratum: 2, size: SIZES[name][strength], fromMs: START_MS, ...ramp }
  const run = { seed, durationMs: START_MS + DAY_MS, drifts: [drift], perSecond }
  const first = driftTimes(run).find((timeMs) => timeMs >= START_MS)
  const delayMinutes = first === undefined ? null : Math.round((first - START_MS) / 60_000)
  return { name, strength, found: first !== undefined, delayMinutes }
}

/** When a stream began to drift, data time, ms. */
function driftTimes(options: Parameters<typeof driftingTraffic>[0]): number[] {
  const monitor = new DriftMonitor(detectorSettings().drift)
  const times: number[] = []
  for (const { stratum, distance, cluster, timeMs } of driftingTraffic(options)) {
    const before = monitor.changes.drifting
    monitor.observe(stratum, distance, cluster, timeMs)
    for (let n = before; n < monitor.changes.drifting; n++) times.push(timeMs)
  }
  return times
}
