import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlertLabels, Telling } from './cluster-watch.ts'
import type { FaultWindow } from './score.ts'

/** What a run leaves behind, to be looked at, or to be compared with what is told of its spans later. */
export interface KeptRun {
  readonly startMs: number
  readonly windows: readonly FaultWindow[]
  readonly tellings: readonly Telling[]
  readonly alerts: readonly AlertLabels[]
}

export function keepRun(dir: string, run: KeptRun): void {
  writeFileSync(runFile(dir), `${JSON.stringify(run, null, 1)}\n`)
}

export function keptRun(dir: string): KeptRun {
  return JSON.parse(readFileSync(runFile(dir), 'utf8')) as KeptRun
}

/** The spans that the Collector saw in a run, as OTLP JSON lines, compressed. */
export function spansFile(dir: string): string {
  return join(dir, 'spans.jsonl.gz')
}

function runFile(dir: string): string {
  return join(dir, 'run.json')
}
