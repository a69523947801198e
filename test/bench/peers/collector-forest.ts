import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Program } from '../../../scripts/stack/program.ts'
import { freePorts } from '../../kafka/free-ports.ts'

/** A Collector that has the processor `isolationforest`, or why there is none. */
export type FoundForest =
  | { readonly collector: string; readonly version: string }
  | { readonly missing: string }

/** A trace by its numbers: ln of duration, ln of spans, failed spans, services. */
export interface NumberedTrace {
  readonly id: string
  readonly numbers: readonly number[]
}

export interface ForestVerdict {
  readonly score: number
  readonly anomalous: boolean
}

export interface ForestAnswers {
  readonly verdicts: ReadonlyMap<string, ForestVerdict>
  /** How much higher it scores, in the end, traces that are plainly odd than usual ones between them. */
  readonly oddGap: number
}

/**
 * All that it reads of a span, but for the name. It makes a row of them in the order of a Go map, which is another for
 * each span.
 */
const FEATURES = ['duration', 'error', 'http.status_code', 'service.name']
const SCORE = 'anomaly.isolation_score'
const FLAG = 'anomaly.is_anomaly'
const START_NS = 1_700_000_000_000_000_000n
const TRACES_PER_REQUEST = 200
const READY_MS = 60_000
const ODD_PAIRS = 10

/** A day, ten thousand spans, all failed, in a hundred services. */
const ODD = [Math.log1p(86_400_000), Math.log(10_000), 10_000, 100]

/** The Collector of `OTELCOL`. */
export async function findForest(collector = process.env['OTELCOL'] ?? ''): Promise<FoundForest> {
  if (collector === '') return { missing: 'OTELCOL does not name a Collector' }
  try {
    const { stdout } = await promisify(execFile)(collector, ['components'])
    const version = forestVersion(stdout)
    if (version !== null) return { collector, version }
    return { missing: `OTELCOL, ${collector}, has no processor isolationforest` }
  } catch {
    return { missing: `OTELCOL, ${collector}, does not run as a Collector` }
  }
}

/** The version of the processor by what `otelcol components` prints, or null. */
export function forestVersion(components: string): string | null {
  return /\/isolationforestprocessor (v\S+)/.exec(components)?.[1] ?? null
}

/**
 * Scores of the test part by the Collector's processor, which learns from each span once it is scored: the warm-up
 * first, then the test part, each trace as one span, all in order and one request after the other. By its manual the
 * rate drives what it flags where the threshold is 0; the rest are its defaults. No interval of updates need pass: in
 * version 0.144 nothing but a log line comes of one.
 */
export async function collectorForest(
  collector: string,
  { warmup, test }: Readonly<Record<'warmup' | 'test', readonly NumberedTrace[]>>,
  rate: number,
): Promise<ForestAnswers> {
  const pairs = oddPairs(test.at(-1)?.numbers ?? [])
  const settings = { contamination_rate: rate, threshold: 0, features: { traces: FEATURES } }
  const dir = await mkdtemp(join(tmpdir(), 'collector-forest-'))
  try {
    const written = await runThrough(collector, [...warmup, ...test, ...pairs], settings, dir)
    const verdicts = readForestVerdicts(written)
    const lost = [...test, ...pairs].filter(({ id }) => !verdicts.has(id))
    if (lost.length > 0) throw new Error(`The Collector gave ${lost.length} traces no score.`)
    const scores = pairs.map(({ id }) => verdicts.get(id)?.score ?? Number.NaN)
    const sum = scores.reduce((total, score, i) => total + (i % 2 === 0 ? -score : score), 0)
    return { verdicts, oddGap: sum / ODD_PAIRS }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** Usual and odd in turn. */
function oddPairs(usual: readonly number[]): NumberedTrace[] {
  return Array.from({ length: 2 * ODD_PAIRS }, (_, i) => ({
    id: (i + 1).toString(16).padStart(32, '0'),
    numbers: i % 2 === 0 ? usual : ODD,
  }))
}

/** What the file exporter has written once the Collector has taken all and ended. */
async function runThrough(
  command: string,
  traces: readonly NumberedTrace[],
  settings: object,
  dir: string,
): Promise<string> {
  const [port = 0] = await freePorts(1)
  const output = join(dir, 'scores.jsonl')
  const config = join(dir, 'config.json')
  await writeFile(config, JSON.stringify(collectorConfig(port, output, settings)))
  const args = [`--config=${config}`]
  const program = await Program.start({ name: 'collector', command, args, dir, readyUrl: null })
  try {
    const url = `http://127.0.0.1:${port}/v1/traces`
    await ready(url, program)
    for (let start = 0; start < traces.length; start += TRACES_PER_REQUEST) {
      await post(url, spansOf(traces.slice(start, start + TRACES_PER_REQUEST), start))
    }
  } finally {
    await program.stop()
  }
  return await readFile(output, 'utf8')
}

/** JSON is YAML. */
function collectorConfig(port: number, output: string, settings: object): object {
  const pipeline = { receivers: ['otlp'], processors: ['isolationforest'], exporters: ['file'] }
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { isolationforest: settings },
    exporters: { file: { path: output } },
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: { traces: pipeline } },
  }
}

async function ready(url: string, program: Program): Promise<void> {
  const until = Date.now() + READY_MS
  while (Date.now() < until && program.running) {
    try {
      return await post(url, { resourceSpans: [] })
    } catch {
      await delay(100)
    }
  }
  throw new Error(`The Collector does not take traces; its log says:\n${program.log()}`)
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`The Collector answers ${response.status}: ${text}`)
}

/**
 * One span for each trace that says what the processor reads. Its logarithm is the duration, in ms; that of the number
 * of spans stands where a status code is read, as no other number is; how many spans failed and how many services there
 * are can only be told as yes or no and as a name.
 */
export function spansOf(traces: readonly NumberedTrace[], from: number): object {
  return {
    resourceSpans: traces.map(({ id, numbers: [duration = 0, spans = 0, errors, services] }, i) => {
      const start = START_NS + BigInt(from + i) * 1_000_000_000n
      const end = start + BigInt(Math.round(duration * 1e6))
      return {
        resource: {
          attributes: [{ key: 'service.name', value: { stringValue: `${services} services` } }],
        },
        scopeSpans: [
          {
            spans: [
              {
                traceId: id,
                spanId: '0000000000000001',
                name: 'trace',
                kind: 2,
                startTimeUnixNano: String(start),
                endTimeUnixNano: String(end),
                attributes: [{ key: 'http.status_code', value: { doubleValue: spans } }],
                status: errors ? { code: 2 } : {},
              },
            ],
          },
        ],
      }
    }),
  }
}

interface ScoredSpan {
  readonly traceId: string
  readonly attributes: readonly {
    readonly key: string
    readonly value: { readonly doubleValue?: number; readonly boolValue?: boolean }
  }[]
}

interface ScoredSpans {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly ScoredSpan[] }[]
  }[]
}

/** Scores and flags by trace, of the lines that the Collector's file exporter writes. */
export function readForestVerdicts(lines: string): Map<string, ForestVerdict> {
  const verdicts = new Map<string, ForestVerdict>()
  for (const line of lines.split('\n')) {
    if (line.trim() === '') continue
    const { resourceSpans } = JSON.parse(line) as ScoredSpans
    const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
    for (const { traceId, attributes } of scopes.flatMap(({ spans }) => spans)) {
      const value = (key: string) => attributes.find((one) => one.key === key)?.value
      const score = value(SCORE)?.doubleValue
      if (score === undefined) throw new Error(`The Collector gave trace ${traceId} no score.`)
      verdicts.set(traceId, { score, anomalous: value(FLAG)?.boolValue ?? false })
    }
  }
  return verdicts
}
