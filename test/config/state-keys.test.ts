import { beforeAll, describe, expect, it } from 'vitest'
import { detectorSettings } from '../../src/config/detector-settings.ts'
import { loadConfig } from '../../src/config/load.ts'
import { documentedYaml } from '../../src/config/print.ts'
import {
  STARTS_ANEW,
  STARTS_ANEW_BELOW,
  STATE_KEYS,
  STATE_LIMITS,
  stateDependencies,
} from '../../src/config/state-keys.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { fit } from '../../src/detector/fit.ts'
import { simulatedLog } from '../simulated-log.ts'

const SMALL = ['model.min_calibration=60', 'model.min_observations=8', 'model.window=5s']
const log = simulatedLog({
  seed: 3,
  startMs: Date.UTC(2026, 0, 5, 9),
  durationMs: 45_000,
  tracesPerSecond: 12,
})
const middle = Math.floor(log.length / 2)
let snapshot: unknown

function config(...set: string[]) {
  return loadConfig({ name: 'none', text: '', env: {}, set: [...SMALL, ...set] })
}

function run(detector: Detector, from: number, to: number): void {
  const records = log.slice(from, to)
  for (let at = 0; at < records.length; ) {
    at = detector.step(records, at, emptyOutput())
    const request = detector.takeFitRequest()
    if (request !== null) detector.install(fit(request))
  }
}

beforeAll(() => {
  const detector = new Detector(detectorSettings(config()))
  run(detector, 0, middle)
  expect(detector.status().model).not.toBeNull()
  snapshot = structuredClone(detector.snapshot())
})

describe('settings that may change without losing what was learned', () => {
  // Every other key that the detector is made of, with another value.
  const changes = [
    ...['alpha=0.05', 'traces.quiet=2s', 'traces.max_wait=30s', 'traces.max_spans_per_trace=50'],
    ...['traces.max_open_traces=20', 'traces.max_open_spans=100', 'traces.closed_ids=100'],
    ...['traces.max_jump=1m', 'features.ignore_services=payment', 'features.max_texts=100000'],
    ...['features.max_paths=200000', 'features.max_places=9000', 'features.max_strata=9000'],
    ...[
      'sample.size=500',
      'sample.size_most=30000',
      'sample.stratum_floor=20',
      'sample.stratum_cap=80',
    ],
    ...['sample.calibration_size=300', 'model.refresh=1m', 'model.min_observations=20'],
    ...['model.min_calibration=120', 'model.max_clusters_per_stratum=3', 'model.min_support=5'],
    ...['accumulate.false_clusters_per_week=10', 'accumulate.silent=1m', 'accumulate.reopen=5m'],
    ...['accumulate.ask_after=1m', 'accumulate.max_open_clusters=2'],
    'features.forget_after=1d',
  ]

  it.each(changes)('%s', (change) => {
    const changed = config(change)
    expect(stateDependencies(changed).same).toEqual(stateDependencies(config()).same)
    const detector = Detector.restore(structuredClone(snapshot), detectorSettings(changed))
    expect(detector.status().model).not.toBeNull()
    run(detector, middle, log.length)
    expect(detector.counts().records.taken).toBe(log.length)
    expect(detector.status().model).not.toBeNull()
    expect(() => structuredClone(detector.snapshot())).not.toThrow()
  })

  it('are all but those on which a checkpoint depends', () => {
    const flat = (tree: object, path: string): string[] =>
      Object.entries(tree).flatMap(([key, value]) =>
        typeof value === 'object' && !Array.isArray(value)
          ? flat(value, `${path}${key}.`)
          : [`${path}${key}`],
      )
    const { traces, features, sample, model, accumulate, drift } = config()
    const all = flat({ seed: 1, alpha: 1, traces, features, sample, model, accumulate, drift }, '')
    const kept = [
      ...STATE_KEYS,
      ...STATE_LIMITS,
      ...changes.map((each) => each.split('=')[0] ?? ''),
    ]
    expect(new Set(kept)).toEqual(new Set(all))
  })
})

describe('the documented configuration', () => {
  it('says of exactly those keys that another value starts anew', () => {
    const path: string[] = []
    const said = new Map<string, string>()
    let doc = ''
    for (const line of documentedYaml().split('\n')) {
      const [, indent = '', rest = ''] = /^( *)(.*)$/.exec(line) ?? []
      if (rest.startsWith('#')) doc = rest
      else if (rest !== '') {
        path.splice(indent.length / 2)
        path.push(rest.split(':')[0] ?? '')
        for (const text of [STARTS_ANEW, STARTS_ANEW_BELOW]) {
          if (doc.includes(text)) said.set(path.join('.'), text)
        }
      }
    }
    expect([...said.keys()].sort()).toEqual([...STATE_KEYS, ...STATE_LIMITS].sort())
    for (const key of STATE_KEYS) expect(said.get(key)).toBe(STARTS_ANEW)
    for (const key of STATE_LIMITS) expect(said.get(key)).toBe(STARTS_ANEW_BELOW)
  })
})
