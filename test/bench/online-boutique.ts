import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import type { DetectorSettings } from '../../src/detector/settings.ts'
import { runThrough } from '../run-detector.ts'

const SHARED = resolve(import.meta.dirname, '../../../shared')
const CONVERTER = join(SHARED, 'tools/onlineboutique-to-otlp.mjs')
const SCORER = join(SHARED, 'tools/score-clusters.mjs')

/** The labelled recording as files, or null where it is not at hand (it is not part of the project). */
export function onlineBoutique(): string | null {
  if (!existsSync(CONVERTER) || !existsSync(SCORER)) return null
  const dir = mkdtempSync(join(tmpdir(), 'medoscope-ob-'))
  execFileSync(process.execPath, [CONVERTER, dir], { stdio: 'ignore' })
  return dir
}

/** A recording of OTLP JSON lines, gzip, as records of one partition. */
export function readRecording(file: string, partition: string): LogRecord[] {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
  return lines.map((line, i) => ({
    partition,
    offset: BigInt(i),
    encoding: 'otlp_json',
    body: new TextEncoder().encode(line),
    timestampMs: 0,
    keyed: true,
  }))
}

/** Learns from the warm-up, judges the test part: what `medoscope replay --warmup` does. */
export function judgeRecording(
  dir: string,
  settings: DetectorSettings,
  files: RecordingFiles = { warmup: 'warmup.jsonl.gz', test: 'test.jsonl.gz' },
): StepOutput {
  const detector = new Detector(settings)
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(detector, readRecording(join(dir, files.warmup), `${files.warmup}/0`), output)
  detector.flush(output)
  detector.fitNow(output)
  detector.learnOnly = false
  runThrough(detector, readRecording(join(dir, files.test), `${files.test}/0`), output)
  detector.flush(output)
  return output
}

/** The two parts of a recording in its folder. */
export interface RecordingFiles {
  readonly warmup: string
  readonly test: string
}

/** What the scorer says; its rules are the ones that count. */
export interface Score {
  readonly visible: ScorePart
  readonly all: ScorePart
  readonly clusters: number
  /** Clusters outside of all windows that alert. */
  readonly false: number
  readonly quietHours: number
  readonly perWindow: readonly Record<string, unknown>[]
  readonly verdicts: {
    readonly falsePositiveRate: number
    readonly normal: number
    readonly recall: number
    readonly faulty: number
    readonly coverage: number
    readonly shareBelow: Readonly<Record<string, number>>
  }
}

export interface ScorePart {
  readonly windows: number
  readonly found: number
  /** ... by a cluster that alerts. */
  readonly alerting: number
  readonly at1: number
  readonly at3: number
  readonly delayMedian: number | null
}

export function scoreRecording(dir: string, output: StepOutput, labels = 'labels.jsonl'): Score {
  const scored = mkdtempSync(join(tmpdir(), 'medoscope-score-'))
  const clusters = output.clusterChanges.map(({ cluster }) => ({
    id: cluster.id,
    opened: cluster.openedMs / 1000,
    first: cluster.firstMs / 1000,
    last: cluster.lastMs / 1000,
    services: cluster.services,
    e_value: cluster.eValue,
    observations: cluster.observations,
    alerts: cluster.alerts,
    place: cluster.place,
    term: cluster.term,
  }))
  const lines = (rows: readonly unknown[]): string =>
    rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  writeFileSync(join(scored, 'clusters.jsonl'), lines(clusters))
  writeFileSync(
    join(scored, 'verdicts.jsonl'),
    lines(output.verdicts.map(({ id, p, anomalous }) => ({ id, p, anomalous }))),
  )
  const args = ['--windows', join(dir, 'windows.json'), '--labels', join(dir, labels), '--json']
  args.push('--clusters', join(scored, 'clusters.jsonl'))
  args.push('--verdicts', join(scored, 'verdicts.jsonl'))
  return JSON.parse(execFileSync(process.execPath, [SCORER, ...args]).toString()) as Score
}
