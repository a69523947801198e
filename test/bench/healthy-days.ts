import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { healthyHabits } from '../../src/simulate/habits.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import type { Figure } from './figures.ts'

const DAY_MS = 86_400_000
/** Midnight: the habits are told by the hour. */
const START_MS = Date.UTC(2026, 10, 2)
/** Few, so that two weeks are minutes: real days, in one process, of a shop that is hardly used. */
const TRACES_PER_SECOND = 0.5
/** Fits are most of what so little traffic costs. */
const REFRESH_MS = 3_600_000
/** By then it has come often enough to be known. */
const LEARNED_DAYS = 3

/** Two weeks of a shop with habits and without faults: how often people are told of something. */
export function healthyDaysFigures(days: number, print: (line: string) => void): Figure[] {
  const settings = detectorSettings()
  const model = { ...settings.model, refreshMs: REFRESH_MS }
  const detector = new Detector({ ...settings, model })
  const durationMs = days * DAY_MS
  const traffic = { seed: 31, startMs: START_MS, tracesPerSecond: TRACES_PER_SECOND }
  const told = new Map<string, { readonly day: number; readonly sentence: string }>()
  let offset = 0n
  let known = 0
  for (const record of simulate({ ...traffic, durationMs, ...healthyHabits(durationMs) })) {
    const output = emptyOutput()
    const { timeMs: timestampMs } = record
    const taken = { partition: 'otlp_spans/0', offset: offset++, keyed: true, timestampMs }
    runThrough(detector, [{ ...taken, encoding: 'otlp_proto', body: toOtlpProto(record) }], output)
    for (const { change, timeMs, cluster } of output.clusterChanges) {
      if (change === 'opened' && !cluster.alerts) known++
      // Told again is told twice: a cluster that comes back is closed before.
      if (change === 'closed') told.delete(`${cluster.id} open`)
      if (!cluster.alerts || cluster.state !== 'open' || told.has(`${cluster.id} open`)) continue
      const day = Math.floor((timeMs - START_MS) / DAY_MS) + 1
      told.set(`${cluster.id} open`, { day, sentence: cluster.sentence })
      told.set(`${cluster.id} ${timeMs}`, { day, sentence: cluster.sentence })
    }
  }
  const all = [...told].filter(([key]) => !key.endsWith(' open')).map(([, one]) => one)
  for (const { day, sentence } of all) print(`day ${day}: ${sentence}`)
  const late = all.filter(({ day }) => day > LEARNED_DAYS)
  return [
    {
      name: `healthy_alerts_day_4_to_${days}`,
      value: late.length,
      what: 'times that people were told of something in a shop with habits and without faults',
      bar: 'at most 3',
    },
    {
      name: 'healthy_alerts_day_1_to_3',
      value: all.length - late.length,
      what: 'the same in the three days before',
      bar: '',
    },
    { name: 'healthy_known', value: known, what: 'clusters that opened as known', bar: '' },
  ]
}
