import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildCollector } from '../test/collector/build-collector.ts'
import { FAULT_NAMES, type FaultName } from './realapp/faults.ts'
import { replayRun } from './realapp/replay-run.ts'
import { type RealappOptions, runRealapp } from './realapp/run-realapp.ts'
import { figures, type Score, table } from './realapp/score.ts'
import { ROOT } from './stack/config-files.ts'
import { findPrograms } from './stack/find-programs.ts'

const HELP = `usage: npm run realapp -- [options]

Breaks a real application in eight ways and says what medoscope tells of it: nine services in Node and
Python with OpenTelemetry's auto-instrumentation, a Collector and Kafka. Takes half an hour.

  --json         the figures as one object on standard output; all else is on standard error
  --only FAULT   one of ${FAULT_NAMES.join(', ')}; repeatable
  --learn SECS   how long medoscope learns first (300)
  --fault SECS   how long each fault lasts (75)
  --dir FOLDER   databases, logs, recorded spans, what was told (.medoscope/realapp)
  --replay FOLDER  starts nothing: what this medoscope tells of the spans that a run left there
  --help

Needs Java and Maven (Kafka), Python 3 with venv, npm, and a Collector (OTELCOL, or Go to build one).
exit codes: 0 it ran, whatever was found, 1 it did not, 2 wrong usage, 130 interrupted
`

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    learn: { type: 'string', default: '300' },
    fault: { type: 'string', default: '75' },
    dir: { type: 'string', default: join(ROOT, '.medoscope/realapp') },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

function isFault(name: string): name is FaultName {
  return (FAULT_NAMES as readonly string[]).includes(name)
}

const started = Date.now()
const say = (line: string): void => {
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(5)
  process.stderr.write(`${seconds} s  ${line}\n`)
}

async function main(signal: AbortSignal): Promise<number> {
  const unknown = values.only.filter((name) => !isFault(name))
  if (values.help || unknown.length > 0) {
    process.stdout.write(unknown.length > 0 ? `No fault is called ${unknown}\n\n${HELP}` : HELP)
    return unknown.length > 0 ? 2 : 0
  }
  report(values.replay === undefined ? await live(signal) : await replayRun(values.replay, signal))
  return 0
}

async function live(signal: AbortSignal): Promise<Score> {
  const options: RealappOptions = {
    collector: findPrograms().collector ?? (await buildCollector()),
    dir: values.dir,
    faults: FAULT_NAMES.filter((name) => values.only.length === 0 || values.only.includes(name)),
    learnMs: Number(values.learn) * 1000,
    faultMs: Number(values.fault) * 1000,
    signal,
    say,
  }
  return await runRealapp(options)
}

function report(result: Score): void {
  const numbers = figures(result)
  if (values.json) {
    process.stderr.write(`${table(result)}\n`)
    process.stdout.write(`${JSON.stringify(numbers)}\n`)
    return
  }
  const rows = Object.entries(numbers).map(([name, value]) => `${name.padEnd(20)} ${value}`)
  process.stdout.write(`${table(result)}\n\n${rows.join('\n')}\n`)
}

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort())
try {
  process.exitCode = await main(interrupt.signal)
} catch (error) {
  if (interrupt.signal.aborted) process.exitCode = 130
  else {
    say(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
process.exit()
