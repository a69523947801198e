import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { config } from '../stack/config-files.ts'
import { Application } from './application.ts'
import { ClusterWatch, type Telling } from './cluster-watch.ts'
import { EXPECTED } from './expected.ts'
import { FAULTS, type Fault, type FaultName } from './faults.ts'
import { installApplication } from './install.ts'
import { keepRun, spansFile } from './kept-run.ts'
import { Platform } from './platform.ts'
import { PublicLoad } from './public-load.ts'
import { type FaultWindow, GRACE_MS, type Score, score } from './score.ts'

export interface RealappOptions {
  readonly collector: string
  /** Databases, logs, the recording and what was told. */
  readonly dir: string
  readonly faults: readonly FaultName[]
  readonly learnMs: number
  readonly faultMs: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** Between two faults at least, and at most while clusters stay open. */
const PAUSE_MS = 60_000
const PAUSE_MS_MAX = 180_000
/** The third round of the batch consumer has passed this long after the start. */
export const THIRD_ROUND_MS = 3 * 120_000 + 30_000
const LOOK_MS = 1000
const SEED = 12

/** Starts all of it, breaks it in each of the ways, and says what was told; stops all of it at the end. */
export async function runRealapp(options: RealappOptions): Promise<Score> {
  const { dir, collector, say, signal } = options
  mkdirSync(dir, { recursive: true })
  const installed = await installApplication(say)
  const platform = new Platform({
    collector,
    dir: join(dir, 'platform'),
    spans: spansFile(dir),
    say,
  })
  let application: Application | null = null
  let load: PublicLoad | null = null
  let watch: ClusterWatch | null = null
  try {
    await platform.start()
    signal.throwIfAborted()
    const { brokers, otlp, medoscope } = platform
    application = new Application({ installed, dir: join(dir, 'application'), brokers, otlp })
    say('starting the application')
    await application.start()
    load = new PublicLoad(application.url, SEED)
    load.start()
    watch = new ClusterWatch(medoscope, alertLabels(), (telling) => say(tellingLine(telling)))
    watch.start()
    return await breakAll(options, { platform, application, load, watch })
  } finally {
    load?.stop()
    await watch?.stop()
    await application?.stop()
    await platform.stop()
  }
}

interface Parts {
  readonly platform: Platform
  readonly application: Application
  readonly load: PublicLoad
  readonly watch: ClusterWatch
}

async function breakAll(options: RealappOptions, parts: Parts): Promise<Score> {
  const { faults, learnMs, faultMs, say, dir } = options
  const startMs = Date.now()
  const windows: FaultWindow[] = []
  say(`learning for ${learnMs / 1000} s`)
  await wait(learnMs, options, parts)
  say(`medoscope is ${await parts.watch.state()}; ${loadLine(parts.load)}`)
  for (const fault of faults) {
    const { what, begin, end } = FAULTS[fault]
    say(`FAULT ${fault}: ${what}`)
    const fromMs = Date.now()
    await begin(parts.application)
    await wait(faultMs, options, parts)
    await end?.(parts.application)
    const toMs = Date.now()
    windows.push({ fault, fromMs, toMs })
    say(`end of ${fault}; ${loadLine(parts.load)}`)
    await pause(end, options, parts)
    say(`quiet again; ${loadLine(parts.load)}`)
    const { tellings, alerts } = parts.watch
    keepRun(dir, { startMs, windows, tellings, alerts })
  }
  const { tellings, alerts } = parts.watch
  return score(windows, { tellings, alerts }, EXPECTED, startMs + THIRD_ROUND_MS)
}

/** Until nothing is open any more; after a fault that stays, until what it led to has surely been told. */
async function pause(end: Fault['end'], options: RealappOptions, parts: Parts): Promise<void> {
  if (end === null) return await wait(GRACE_MS, options, parts)
  await wait(PAUSE_MS, options, parts)
  const until = Date.now() + PAUSE_MS_MAX - PAUSE_MS
  while (parts.watch.open().length > 0 && Date.now() < until) await wait(LOOK_MS, options, parts)
}

/** Waits so long; throws as soon as a part has ended, or somebody interrupts. */
async function wait(ms: number, { signal }: RealappOptions, parts: Parts): Promise<void> {
  const until = Date.now() + ms
  while (Date.now() < until) {
    await delay(Math.min(LOOK_MS, until - Date.now()), undefined, { signal })
    const [failure] = [...parts.platform.failures(), ...parts.application.failures()]
    if (failure !== undefined) throw new Error(failure)
  }
}

/** By which labels the alert of an anomaly cluster is told from others, from the rules themselves. */
function alertLabels(): Set<string> {
  const { groups } = parse(readFileSync(config('rules/medoscope.rules.yml'), 'utf8')) as {
    groups: { rules: { alert?: string; expr: string }[] }[]
  }
  const expressions = groups
    .flatMap(({ rules }) => rules)
    .filter(({ alert, expr }) => alert !== undefined && expr.includes('anomaly_cluster_info'))
    .map(({ expr }) => /by \(([^)]*)\)/.exec(expr)?.[1] ?? '')
  return new Set(expressions.flatMap((labels) => labels.split(/,\s*/)))
}

function tellingLine({ cluster }: Telling): string {
  const { id, state, severity, services, sentence } = cluster
  return `  ${state} ${severity} ${id.slice(0, 10)} suspects ${services.join(', ')}: ${sentence}`
}

function loadLine(load: PublicLoad): string {
  const { requests, failed } = load.take()
  return `${failed} of ${requests} requests failed`
}
