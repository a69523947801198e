import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { VerdictRow } from '../../src/cli/evaluate/inputs.ts'
import { scoreVerdicts } from '../../src/cli/evaluate/score-verdicts.ts'
import { Tables } from '../../src/detector/tables.ts'
import { decodeTracesJson } from '../../src/otlp/decode-json.ts'
import { STATUS_ERROR } from '../../src/otlp/span-columns.ts'
import { hexWords } from '../../src/profile/kept-trace.ts'
import { TraceElements } from '../../src/profile/trace-elements.ts'
import { DrainedAssembler } from '../assemble/drained-assembler.ts'
import { detectorSettings } from '../detector-settings.ts'
import type { Figure } from './figures.ts'
import { judgeRecording, readRecording } from './online-boutique.ts'
import { collectorForest, findForest } from './peers/collector-forest.ts'
import { installVerdictPeers } from './peers/install-peers.ts'
import { type LabelledRecording, labelledRecordings, labelsOf } from './quality-verdicts.ts'

/** A trace as the peers see it. */
interface PeerTrace {
  readonly id: string
  readonly entry: string
  readonly services: string
  readonly calls: string
  readonly durationMs: number
  /** ln of duration, ln of spans, failed spans, services: what the Collector's isolation forest is given. */
  readonly numbers: readonly number[]
}

interface PeerTraces {
  readonly warmup: readonly PeerTrace[]
  readonly test: readonly PeerTrace[]
}

/** Share of normal traces that the peers are told to flag. */
const STATED = 0.01
const LEAST_DURATIONS = 20
/** By so much at least a plainly odd trace must be scored above a usual one, of 0 to 1, to be told from it. */
const LEAST_ODD_GAP = 0.001

/** What a user would pick instead, given the same traces in the same order, beside our verdicts. */
export async function verdictPeerFigures(
  folder: string,
  progress: (text: string) => void,
): Promise<Figure[]> {
  const recordings = labelledRecordings()
  if (recordings.length === 0) progress('SKIPPED: the labelled recordings are not here (../shared)')
  const figures: Figure[] = []
  for (const recording of recordings) {
    progress(`verdicts beside peers, ${recording.short} ...`)
    const traces = readTraces(recording)
    const ours = judgeRecording(recording.dir, detectorSettings(), recording.files).verdicts
    const alpha = detectorSettings({ alpha: STATED })
    const flags = judgeRecording(recording.dir, alpha, recording.files).verdicts
    const results = new Map<string, readonly VerdictRow[]>([
      ['medoscope', ours.map((one, i) => ({ ...one, anomalous: flags[i]?.anomalous ?? false }))],
      ['root_duration', rootDuration(traces)],
      ['unseen_calls', unseenCalls(traces)],
    ])
    for (const detector of ['half_space_trees', 'isolation_forest'] as const) {
      const rows = await fromPython(detector, traces, folder, progress)
      if (rows) results.set(detector, rows)
    }
    const forest = await fromCollector(traces, progress)
    if (forest) {
      results.set('collector_forest', forest.rows)
      figures.push({ ...forest.oddGap, name: `${recording.short}_collector_forest_odd_gap` })
    }
    const labels = await labelsOf(recording)
    for (const [name, verdicts] of results) {
      figures.push(...figuresOf(`${recording.short}_${name}`, scoreVerdicts(verdicts, labels)))
    }
  }
  return figures
}

function figuresOf(name: string, score: ReturnType<typeof scoreVerdicts>): Figure[] {
  const better = (figure: 'recall_at_fpr_1' | 'average_precision'): number =>
    Math.max(score.by_score?.[figure] ?? 0, score.by_p?.[figure] ?? 0)
  return [
    {
      name: `${name}_recall_at_fpr_1`,
      value: better('recall_at_fpr_1'),
      what: 'recall at a false-positive rate of 1 %',
      bar: '',
    },
    {
      name: `${name}_average_precision`,
      value: better('average_precision'),
      what: 'average precision',
      bar: '',
    },
    {
      name: `${name}_flagged_normal`,
      value: score.false_positive_rate ?? Number.NaN,
      what: name.endsWith('unseen_calls')
        ? 'flagged share of normal traces; no rate is stated'
        : `flagged share of normal traces; stated ${STATED}`,
      bar: '',
    },
  ]
}

/**
 * Duration of the root beyond the p99 of traces with the same entry and set of services (of the entry, where there are
 * few), ranked by how many of them are at least as long. Learns from all that comes.
 */
function rootDuration({ warmup, test }: PeerTraces): VerdictRow[] {
  const known = new Map<string, number[]>()
  const learn = (key: string, duration: number): void => {
    const durations = known.get(key) ?? []
    known.set(key, durations)
    const at = durations.findIndex((one) => one >= duration)
    durations.splice(at < 0 ? durations.length : at, 0, duration)
  }
  const judge = ({ entry, services, durationMs }: PeerTrace): number => {
    const own = known.get(`${entry} ${services}`) ?? []
    const durations = own.length >= LEAST_DURATIONS ? own : (known.get(entry) ?? [])
    const longer = durations.filter((one) => one >= durationMs).length
    return (1 + longer) / (1 + durations.length)
  }
  const take = (trace: PeerTrace): void => {
    learn(`${trace.entry} ${trace.services}`, trace.durationMs)
    learn(trace.entry, trace.durationMs)
  }
  warmup.forEach(take)
  return test.map((trace) => {
    const p = judge(trace)
    take(trace)
    return { id: trace.id, score: trace.durationMs, p, anomalous: p <= STATED }
  })
}

/** A set of calls that the entry never had. Learns from all that comes. */
function unseenCalls({ warmup, test }: PeerTraces): VerdictRow[] {
  const known = new Set(warmup.map(({ entry, calls }) => `${entry} ${calls}`))
  return test.map(({ id, entry, calls }) => {
    const isNew = !known.has(`${entry} ${calls}`)
    known.add(`${entry} ${calls}`)
    return { id, score: Number(isNew), p: null, anomalous: isNew }
  })
}

async function fromPython(
  detector: string,
  { warmup, test }: PeerTraces,
  folder: string,
  progress: (text: string) => void,
): Promise<VerdictRow[] | null> {
  const installed = await installVerdictPeers(folder)
  if ('missing' in installed) {
    progress(`SKIPPED: ${detector} is not here: ${installed.missing}`)
    return null
  }
  const scratch = await mkdtemp(join(tmpdir(), 'verdict-peers-'))
  try {
    const file = join(scratch, 'traces.json')
    const numbers = (part: readonly PeerTrace[]) => part.map((trace) => trace.numbers)
    await writeFile(file, JSON.stringify({ warmup: numbers(warmup), test: numbers(test) }))
    const [program = '', ...first] = installed.command
    const { stdout } = await promisify(execFile)(program, [...first, detector, file], {
      maxBuffer: 1 << 28,
    })
    const { scores, flags } = JSON.parse(stdout) as { scores: number[]; flags: boolean[] }
    return test.map(({ id }, i) => ({
      id,
      score: scores[i] ?? null,
      p: null,
      anomalous: flags[i] ?? false,
    }))
  } finally {
    await rm(scratch, { recursive: true })
  }
}

async function fromCollector(
  traces: PeerTraces,
  progress: (text: string) => void,
): Promise<{ rows: VerdictRow[]; oddGap: Omit<Figure, 'name'> } | null> {
  const found = await findForest()
  if ('missing' in found) {
    progress(`SKIPPED: the Collector's isolation forest is not here: ${found.missing}`)
    return null
  }
  progress(`the Collector's isolation forest, ${found.version} ...`)
  const { verdicts, oddGap } = await collectorForest(found.collector, traces, STATED)
  if (oddGap < LEAST_ODD_GAP) {
    progress(
      'NOTE: it scores plainly odd traces no higher than usual ones: its figures say nothing of what is in a trace.',
    )
  }
  const rows = traces.test.map(({ id }): VerdictRow => {
    const { score = null, anomalous = false } = verdicts.get(id) ?? {}
    return { id, score, p: null, anomalous }
  })
  const what = 'score of plainly odd traces above that of usual ones; 0: not told apart'
  return { rows, oddGap: { value: oddGap, what, bar: '' } }
}

function readTraces({ dir, files }: LabelledRecording): PeerTraces {
  const { features, assemble } = detectorSettings()
  const tables = new Tables(features)
  const elements = new TraceElements(tables.elements, tables.slots)
  const read = (file: string): PeerTrace[] => {
    const traces: PeerTrace[] = []
    const assembler = new DrainedAssembler(assemble, tables.slots.stride, (trace) => {
      elements.read(trace)
      traces.push(peerTrace(elements, tables))
    })
    for (const { body, offset } of readRecording(join(dir, file), file)) {
      tables.target.columns.clear()
      decodeTracesJson(body, tables.target)
      assembler.add(tables.target.columns, offset, true)
    }
    assembler.flush()
    return traces
  }
  return { warmup: read(files.warmup), test: read(files.test) }
}

function peerTrace(
  { trace, count, path, element, stratum }: TraceElements,
  tables: Tables,
): PeerTrace {
  const services = new Set<string>()
  let errors = 0
  for (let i = 0; i < count; i++) {
    services.add(tables.elements.serviceText(element[i] ?? 0))
    if (trace.columns.of.status[i] === STATUS_ERROR) errors++
  }
  const durationMs = (trace.durationNs[0] ?? 0) / 1e6
  return {
    id: hexWords(trace.traceId),
    entry: tables.elements.stratumText(stratum),
    services: [...services].sort().join(' '),
    calls: [...new Set(path.subarray(0, count))].sort((a, b) => a - b).join(' '),
    durationMs,
    numbers: [Math.log1p(durationMs), Math.log(count), errors, services.size],
  }
}
