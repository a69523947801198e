import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type SimulationOptions, simulate } from '../src/simulate/simulate.ts'
import { type SimulatedRecord, toOtlpJson } from '../src/simulate/simulated-record.ts'
import { faultWindows, type TraceLabel, truthOf, windowOf } from '../src/simulate/trace-label.ts'

/** Seconds after a fault in which an opened cluster still counts as found. */
const GRACE_S = 180
/** Healthy traffic that is left out between warm-up and test. */
const GAP_MS = 60_000

export interface RecordingOptions extends Omit<SimulationOptions, 'onTrace'> {
  /** Traces that start earlier are the warm-up; faults begin later. */
  readonly warmupMs: number
}

export interface RecordingSummary {
  readonly warmupTraces: number
  readonly testTraces: number
}

/**
 * Writes a simulated recording to `dir`, in the formats of the labelled recordings of real systems,
 * so that the same rules score both; the same bytes for the same options:
 * - `warmup.jsonl.gz`, `test.jsonl.gz`: OTLP JSON, one record a line;
 * - `labels.jsonl`: `{id, time (end, unix s), label: 1 | 0 | -1, window: n or -1}` for each test trace;
 * - `windows.json`: `{grace (s), windows: [{start, end (unix s), service, type, visible}]}`.
 * `visible` = not weak. Simulates twice rather than holding either part.
 */
export async function writeRecording(
  dir: string,
  options: RecordingOptions,
): Promise<RecordingSummary> {
  const { startMs, warmupMs, faults = [] } = options
  const early = faults.find(({ fromMs }) => fromMs < warmupMs)
  if (early) throw new Error(`Fault in ${early.service} begins during the warm-up.`)
  mkdirSync(dir, { recursive: true })
  const testMs = startMs + warmupMs
  const isWarmup = (trace: TraceLabel): boolean => trace.startMs < testMs - GAP_MS
  const isTest = (trace: TraceLabel): boolean => trace.startMs >= testMs
  const warmup = await writeTraces(join(dir, 'warmup.jsonl.gz'), options, isWarmup)
  const test = await writeTraces(join(dir, 'test.jsonl.gz'), options, isTest)
  const windows = faultWindows(startMs, faults)
  const labels = test
    .map((trace) => ({
      id: trace.traceId,
      time: trace.endMs / 1000,
      label: truthOf(trace, windows),
      window: windowOf(trace, windows),
    }))
    .sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1))
  const rows = windows.map(({ startMs: start, endMs, service, kind, strength }) => ({
    start: start / 1000,
    end: endMs / 1000,
    service,
    type: kind,
    visible: strength !== 'weak',
  }))
  const lines = labels.map((row) => `${JSON.stringify(row)}\n`)
  writeFileSync(join(dir, 'labels.jsonl'), lines.join(''))
  const document = { grace: GRACE_S, windows: rows }
  writeFileSync(join(dir, 'windows.json'), `${JSON.stringify(document, null, 1)}\n`)
  return { warmupTraces: warmup.length, testTraces: test.length }
}

/** Writes the traces that `wanted` picks; returns their labels. */
async function writeTraces(
  file: string,
  options: RecordingOptions,
  wanted: (trace: TraceLabel) => boolean,
): Promise<TraceLabel[]> {
  const picked: TraceLabel[] = []
  const ids = new Set<string>()
  const onTrace = (trace: TraceLabel): void => {
    if (!wanted(trace)) return
    picked.push(trace)
    ids.add(trace.traceId)
  }
  const records = simulate({ ...options, onTrace })
  await pipeline(Readable.from(lines(records, ids)), createGzip(), createWriteStream(file))
  return picked
}

function* lines(records: Iterable<SimulatedRecord>, ids: ReadonlySet<string>): Generator<Buffer> {
  const newline = Buffer.from('\n')
  for (const record of records) {
    const resources = record.resources
      .map((group) => ({ ...group, spans: group.spans.filter((span) => ids.has(span.traceId)) }))
      .filter((group) => group.spans.length > 0)
    if (resources.length > 0) yield Buffer.concat([toOtlpJson({ ...record, resources }), newline])
  }
}
