import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from './stack/config-files.ts'
import { ADVICE, type FoundPrograms, findPrograms } from './stack/find-programs.ts'
import { USUAL_PORTS } from './stack/ports.ts'
import { Stack } from './stack/stack.ts'

const HELP = `usage: npm run stack -- [options]

Starts Kafka, a Collector, medoscope, Prometheus, Alertmanager, Loki and Grafana as far as they are found,
all on the loopback address, with a simulated shop as load and a fault switch. Ctrl-C stops everything.

  --rate N       traces a second of the shop (40); 0: no load, send your own spans
  --dir FOLDER   data and logs (.medoscope/stack)
  --help

Programs: Prometheus and Alertmanager on the PATH; GRAFANA_HOME, LOKI and OTELCOL for the others;
KAFKA_BROKERS for a Kafka that is there already.
`

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function addresses(stack: Stack, programs: FoundPrograms): string {
  const rows: [string, string | false][] = [
    ['Grafana', programs.grafana !== null && stack.url('grafana')],
    ['clusters, API, metrics', stack.url('medoscope')],
    ['fault switch', stack.program('load') !== null && stack.url('faults')],
    ['Alertmanager', programs.alertmanager !== null && stack.url('alertmanager')],
    ['Prometheus', programs.prometheus !== null && stack.url('prometheus')],
    ['Loki', programs.loki !== null && stack.url('loki')],
    ['OTLP over HTTP', programs.collector !== null && stack.url('otlpHttp')],
    ['OTLP over gRPC', programs.collector !== null && `127.0.0.1:${stack.options.ports.otlpGrpc}`],
    ['Kafka', stack.brokers],
  ]
  const shown = rows.filter((row): row is [string, string] => row[1] !== false)
  return shown.map(([name, address]) => `  ${name.padEnd(24)}${address}`).join('\n')
}

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '40' },
    dir: { type: 'string', default: join(ROOT, '.medoscope/stack') },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}

const programs = findPrograms()
for (const [name, found] of Object.entries(programs)) {
  if (found === null) say(`missing: ${name} (${ADVICE[name as keyof FoundPrograms]})`)
}
if (programs.collector === null) say('without a Collector there is no load either')
const stack = new Stack({
  programs,
  ports: USUAL_PORTS,
  dir: values.dir,
  brokers: process.env['KAFKA_BROKERS'] || null,
  load: Number(values.rate),
  history: null,
  scrapeSeconds: 5,
  webhook: null,
  say,
})
const interrupted = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
})
try {
  await Promise.race([stack.start(), interrupted])
  say(`\nrunning; logs in ${values.dir}\n${addresses(stack, programs)}\n\nCtrl-C stops everything`)
  await interrupted
  say('stopping')
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
await stack.stop()
process.exit()
