import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import type { LogRecord } from '../../src/contract/log-record.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { CODE_FAULT_KINDS, CODE_FAULTS } from '../../src/simulate/code-faults.ts'
import type { Fault } from '../../src/simulate/faults.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { type SimulatedRecord, toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import type { Figure } from './figures.ts'

const START_MS = Date.UTC(2026, 10, 25, 7)
const LEARN_MS = 600_000
const FAULT_MS = 90_000
const QUIET_MS = 90_000
/** A cluster that opens so long after a fault still belongs to it: traces are judged when complete. */
const GRACE_MS = 20_000
const ALPHA = 0.01
const SEEDS = [1, 2]
/** Logs are written without keys, so that those of one trace are in several partitions. */
const LOG_PARTITIONS = 3

/**
 * A shop that logs in its traces, and eight mistakes in its code that no span shows, each in half of the calls
 * for 90 s. Found: in every run a cluster opens in its time, suspects its service, and tells of a log line.
 */
export function codeFaultFigures(print: (line: string) => void): Figure[] {
  const runs = SEEDS.map((seed) => run(seed))
  let found = 0
  for (const [i, kind] of CODE_FAULT_KINDS.entries()) {
    const said = runs.map(({ tellings }) => tellings[i] ?? null)
    if (said.every((one) => one !== null)) found++
    for (const one of said) print(`${kind}: ${one ?? 'NOT FOUND'}`)
  }
  const sum = (of: 'normal' | 'flagged' | 'others'): number =>
    runs.reduce((all, one) => all + one[of], 0)
  const seeds = `${SEEDS.length} seeds`
  return [
    {
      name: 'code_faults_found',
      value: found,
      what: `of ${CODE_FAULT_KINDS.length} faults that only logs show, found in each of ${seeds}`,
      bar: '8 of 8',
    },
    {
      name: 'code_faults_fpr',
      value: sum('flagged') / sum('normal'),
      what: `share of ${sum('normal')} traces that no fault changed, flagged at alpha ${ALPHA}`,
      bar: 'at most 0.02',
    },
    {
      name: 'code_faults_false_clusters',
      value: sum('others'),
      what: `other clusters that opened in these runs`,
      bar: '',
    },
  ]
}

interface CodeFaultRun {
  /** By fault: seconds until a cluster told of it, and what it said; null: none did. */
  readonly tellings: readonly (string | null)[]
  readonly others: number
  readonly normal: number
  readonly flagged: number
}

function run(seed: number): CodeFaultRun {
  const faults = CODE_FAULT_KINDS.map((kind, i): Fault => {
    const fromMs = LEARN_MS + QUIET_MS + i * (FAULT_MS + QUIET_MS)
    const { service } = CODE_FAULTS[kind]
    return { kind, service, strength: 'medium', fromMs, toMs: fromMs + FAULT_MS }
  })
  const affected = new Set<string>()
  const detector = new Detector(detectorSettings({ alpha: ALPHA }))
  const output = emptyOutput()
  const record = recordMaker()
  const shop = { seed, startMs: START_MS, tracesPerSecond: 40, faults, logs: true }
  for (const one of simulate({
    ...shop,
    durationMs: faults.at(-1)!.toMs + QUIET_MS,
    onTrace: ({ traceId, affected: by }) => by.length > 0 && affected.add(traceId),
  })) {
    runThrough(detector, [record(one)], output)
  }
  detector.flush(output)
  const opened = output.clusterChanges.filter(({ change }) => change === 'opened')
  const telling = faults.map((fault) => opened.filter((one) => tellsOf(one.cluster, fault)))
  const normal = output.verdicts.filter(({ id, p }) => p !== null && !affected.has(id.slice(0, 32)))
  return {
    tellings: telling.map(([first], i) => {
      if (first === undefined) return null
      const seconds = (first.timeMs - START_MS - faults[i]!.fromMs) / 1000
      return `seed ${seed}, after ${seconds.toFixed(1)} s: ${first.cluster.sentence}`
    }),
    others: opened.length - telling.flat().length,
    normal: normal.length,
    flagged: normal.filter(({ anomalous }) => anomalous).length,
  }
}

function recordMaker(): (record: SimulatedRecord) => LogRecord {
  const offsets = new Map<string, bigint>()
  let logRecords = 0
  return (record) => {
    const partition = record.logs ? `otlp_logs/${logRecords++ % LOG_PARTITIONS}` : 'otlp_spans/0'
    const offset = offsets.get(partition) ?? 0n
    offsets.set(partition, offset + 1n)
    const body = toOtlpProto(record)
    const { timeMs: timestampMs } = record
    return { partition, offset, encoding: 'otlp_proto', body, timestampMs, keyed: !record.logs }
  }
}

/** Whether a cluster's story is the fault's. */
function tellsOf({ openedMs, suspect, sentence }: AnomalyCluster, fault: Fault): boolean {
  const sinceMs = openedMs - START_MS
  const isThen = sinceMs >= fault.fromMs && sinceMs < fault.toMs + GRACE_MS
  return isThen && suspect === fault.service && sentence.includes('“')
}
