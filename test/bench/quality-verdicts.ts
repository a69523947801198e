import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type LabelRow, readLabels } from '../../src/cli/evaluate/inputs.ts'
import { scoreVerdicts, type VerdictScore } from '../../src/cli/evaluate/score-verdicts.ts'
import type { Verdict } from '../../src/contract/anomaly.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { simulatedLog } from '../simulated-log.ts'
import type { Figure } from './figures.ts'
import { judgeRecording, onlineBoutique, type RecordingFiles } from './online-boutique.ts'

/** A labelled recording in a folder of its own. */
export interface LabelledRecording {
  /** What its figures begin with. */
  readonly short: string
  readonly dir: string
  readonly files: RecordingFiles
  readonly labels: string
}

const TRAIN_TICKET = resolve(import.meta.dirname, '../../../shared/data/trainticket-20230130')

/** The labelled recordings that are at hand; they are not part of the project. */
export function labelledRecordings(): LabelledRecording[] {
  const found: LabelledRecording[] = []
  if (existsSync(TRAIN_TICKET)) {
    const files = { warmup: 'warmup.traces.jsonl.gz', test: 'test.traces.jsonl.gz' }
    found.push({ short: 'tt', dir: TRAIN_TICKET, files, labels: 'labels.jsonl.gz' })
  }
  const dir = onlineBoutique()
  if (dir) {
    const files = { warmup: 'warmup.jsonl.gz', test: 'test.jsonl.gz' }
    found.push({ short: 'ob', dir, files, labels: 'labels.jsonl' })
  }
  return found
}

export function labelsOf({ dir, labels }: LabelledRecording): Promise<LabelRow[]> {
  return readLabels(join(dir, labels))
}

const BARS: Readonly<Record<string, string>> = {
  tt_recall_at_fpr_1: 'at least 0.55',
  tt_average_precision: 'at least 0.85',
  tt_normal_at_p_0_01: 'at most 0.02',
  ob_recall_at_fpr_1: 'no less than 0.05, aim 0.15',
}

/** How well the verdicts on each labelled recording rank, by score or by p, whichever is better. */
export async function verdictFigures(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const recording of labelledRecordings()) {
    const { dir, files } = recording
    const { verdicts } = judgeRecording(dir, detectorSettings(), files)
    const score = scoreVerdicts(verdicts, await labelsOf(recording))
    figures.push(...scoreFigures(recording.short, score))
  }
  return figures
}

function scoreFigures(short: string, score: VerdictScore): Figure[] {
  const { intervals } = score
  const better = (name: 'recall_at_fpr_1' | 'average_precision', what: string): Figure => {
    const byP = score.by_p?.[name] ?? Number.NaN
    const byScore = score.by_score?.[name] ?? Number.NaN
    const by = byP >= byScore ? 'by_p' : 'by_score'
    const [low, high] = intervals[`${by}.${name}`] ?? [Number.NaN, Number.NaN]
    const range = `${low.toFixed(2)} to ${high.toFixed(2)}`
    const full = `${short}_${name}`
    return {
      name: full,
      value: Math.max(byP, byScore),
      what: `${what}, ranked ${by.replace('_', ' ')} (95 %: ${range})`,
      bar: BARS[full] ?? '',
    }
  }
  const belowName = `${short}_normal_at_p_0_01`
  return [
    better('recall_at_fpr_1', `of ${score.faulty} faulty traces at a false-positive rate of 1 %`),
    better('average_precision', `of ${score.faulty} faulty among ${score.normal} normal traces`),
    {
      name: belowName,
      value: score['normal_at_p_0.01'] ?? Number.NaN,
      what: 'share of normal traces with p at or below 0.01',
      bar: BARS[belowName] ?? '',
    },
  ]
}

const START = Date.UTC(2026, 10, 25, 7)
const LEARN_MS = 1_600_000
const JUDGE_MS = 1_800_000
const ALPHA = 0.01
/** Traces from which a rate of flags is worth telling by itself. */
const ENOUGH = 2000

/** Realised over stated false-positive rate by entry operation of the shop; the one furthest from 1. */
export function worstOperation(seeds: readonly number[], print: (line: string) => void): Figure[] {
  const counts = new Map<string, { judged: number; flagged: number }>()
  for (const seed of seeds) {
    for (const { stratum, p, anomalous } of normalVerdicts(seed)) {
      if (p === null) continue
      const count = counts.get(stratum) ?? { judged: 0, flagged: 0 }
      counts.set(stratum, count)
      count.judged++
      if (anomalous) count.flagged++
    }
  }
  let worst = { stratum: '', ratio: 1 }
  for (const [stratum, { judged, flagged }] of counts) {
    const ratio = flagged / judged / ALPHA
    print(
      `${stratum}: ${flagged} of ${judged} normal traces flagged, ${ratio.toFixed(2)} times alpha`,
    )
    if (judged < ENOUGH) continue
    if (Math.abs(Math.log(ratio)) > Math.abs(Math.log(worst.ratio))) worst = { stratum, ratio }
  }
  return [
    {
      name: 'fpr_ratio_worst_operation',
      value: worst.ratio,
      what: `flagged share of normal traces of ${worst.stratum} over alpha ${ALPHA}`,
      bar: '0.3 to 3',
    },
  ]
}

function normalVerdicts(seed: number): readonly Verdict[] {
  const options = { seed, startMs: START, tracesPerSecond: 20, durationMs: LEARN_MS + JUDGE_MS }
  const log = simulatedLog(options)
  const split = log.findIndex(({ timestampMs }) => timestampMs > START + LEARN_MS)
  const detector = new Detector(detectorSettings({ alpha: ALPHA }))
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(detector, log.slice(0, split), output)
  detector.fitNow(output)
  detector.learnOnly = false
  runThrough(detector, log.slice(split), output)
  return output.verdicts
}
