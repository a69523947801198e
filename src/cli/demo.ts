import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { detectorSettings } from '../config/detector-settings.ts'
import { otlpHttpSettings } from '../config/io-settings.ts'
import { loadConfig } from '../config/load.ts'
import { pipelineSettings, retrySettings } from '../config/pipeline-settings.ts'
import type { StepOutput } from '../contract/step-output.ts'
import { Detector } from '../detector/detector.ts'
import { emptyOutput } from '../detector/empty-output.ts'
import { systemClock } from '../io/clock.ts'
import { WorkerFitter } from '../io/fit-client.ts'
import { OtlpHttpSource } from '../io/http/otlp-http.ts'
import { createLog } from '../io/telemetry/log.ts'
import { Pipeline } from '../service/pipeline.ts'
import { Publisher } from '../service/publisher.ts'
import { type DemoScenario, demoScenario } from '../simulate/demo-scenario.ts'
import { simulate } from '../simulate/simulate.ts'
import type { SimulatedRecord } from '../simulate/simulated-record.ts'
import { parseArguments } from './arguments.ts'
import { binomialBand } from './binomial-band.ts'
import { type Command, type CommandWorld, EXIT, UsageError } from './command.ts'
import { sendRecords } from './demo-load.ts'
import { DemoScreen } from './demo-screen.ts'
import { type DemoResult, DemoTally } from './demo-tally.ts'
import { styler } from './style.ts'

const HELP = `usage: medoscope demo [options]

Shows medoscope at work, without Kafka or Docker: a simulated shop sends OTLP over HTTP, medoscope
learns its normal ways, seven faults are injected one after the other (the last shows in log lines only),
and the anomalies and anomaly clusters show as they come. The same seed gives the same table.

      --seed N          another shop day; default 7
      --json            the figures as one JSON object on standard output, nothing else

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`

/** The demo's day, fixed, so that the same seed gives the same table. */
const START_MS = Date.UTC(2026, 0, 5, 9)
/** A day in nine minutes: models come more often than the defaults' half minute. */
const DEMO_SETTINGS = ['model.window=10s', 'input.otlp_http.enabled=true', 'input.otlp_http.port=0']

export const demo: Command = {
  summary: 'watch a simulated shop break, and be told',
  help: HELP,
  async run(args, world) {
    const { values, positionals } = parseArguments(args, {
      seed: { type: 'string' },
      json: { type: 'boolean' },
    })
    if (positionals.length > 0) throw new UsageError(`demo takes no ${positionals.join(' ')}`)
    const seed = Number(values.seed ?? 7)
    if (!Number.isSafeInteger(seed))
      throw new UsageError(`--seed wants a number, not ${values.seed}`)
    const session = new DemoSession(demoScenario(seed), world, values.json === true)
    await session.run()
    if (world.signal.aborted) return EXIT.interrupted
    session.report()
    return EXIT.ok
  },
}

/** One run of the demo. */
class DemoSession {
  readonly #scenario: DemoScenario
  readonly #world: CommandWorld
  readonly #json: boolean
  readonly #config = loadConfig({ name: 'demo', text: '', env: {}, set: DEMO_SETTINGS })
  readonly #detector = new Detector(detectorSettings(this.#config))
  readonly #tally: DemoTally
  readonly #screen: DemoScreen
  readonly #startedMs = systemClock.now()
  #firstAnomalyMs: number | null = null

  constructor(scenario: DemoScenario, world: CommandWorld, json: boolean) {
    this.#scenario = scenario
    this.#world = world
    this.#json = json
    this.#tally = new DemoTally(scenario, START_MS)
    const write = (line: string): void => {
      if (!json) world.stdout.write(`${line}\n`)
    }
    this.#screen = new DemoScreen(write, styler(world.stdout, world.env), scenario, START_MS)
  }

  async run(): Promise<void> {
    const { stderr, signal } = this.#world
    const config = this.#config
    const log = createLog({
      level: 'warn',
      format: 'text',
      write: (line) => stderr.write(line),
      wall: systemClock.wall,
    })
    // A log of its own, so that a demo neither goes on with what a service took nor leaves anything.
    const logDirectory = await mkdtemp(join(tmpdir(), 'medoscope-demo-'))
    const source = new OtlpHttpSource({ ...otlpHttpSettings(config), logDirectory }, log)
    const fitter = new WorkerFitter(log)
    const pipeline = new Pipeline(
      {
        detector: this.#detector,
        source,
        publisher: new Publisher([], retrySettings(config), systemClock, log),
        fitter,
        checkpoints: null,
        clock: systemClock,
        log,
        onOutput: (output) => this.#show(output),
      },
      pipelineSettings(config),
    )
    try {
      await source.start()
      this.#screen.begin(source.address)
      const running = pipeline.run()
      await Promise.race([sendRecords(this.#records(), source.address, signal), running])
      while (source.queue.length > 0 && !signal.aborted) await systemClock.sleep(50, signal)
      await pipeline.stop(10_000)
      await running
      const rest = emptyOutput()
      this.#detector.flush(rest)
      this.#show(rest)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await source.stop()
      await rm(logDirectory, { recursive: true, force: true })
      await fitter.stop()
    }
  }

  report(): void {
    const result = this.#tally.result()
    if (this.#json) {
      this.#world.stdout.write(`${JSON.stringify(this.#figures(result))}\n`)
      return
    }
    const { alpha } = this.#detector.settings
    this.#screen.end(result, alpha)
    const { first_anomaly_s, seconds } = this.#figures(result)
    const write = (line: string): void => void this.#world.stdout.write(`${line}\n`)
    write(`first anomaly ${first_anomaly_s} s after the start, all of it in ${seconds} s`)
    write('')
    write('Where to look next:')
    write('  docs/concepts.md               what a medoid, a p-value and an anomaly cluster are')
    write('  npx medoscope replay --help    judge your own recording')
    write('  npx medoscope run --help       judge your Kafka topic')
    write('  npm run stack                  the same with Grafana, Prometheus and Alertmanager')
  }

  *#records(): Generator<SimulatedRecord> {
    const tally = this.#tally
    yield* simulate({
      ...this.#scenario,
      startMs: START_MS,
      onTrace: ({ traceId, affected }) => tally.label(traceId, affected),
    })
  }

  #show(output: StepOutput): void {
    this.#tally.take(output)
    for (const model of output.installed) this.#screen.installed(model)
    const status = this.#detector.status()
    this.#screen.learning(status)
    // In the order of data time, however much came at once.
    const events = [
      ...output.anomalies.map((anomaly) => ({ timeMs: anomaly.verdict.timeMs, anomaly })),
      ...output.clusterChanges.map((change) => ({ timeMs: change.timeMs, change })),
    ].sort((a, b) => a.timeMs - b.timeMs)
    for (const event of events) {
      this.#screen.advance(event.timeMs)
      if ('change' in event) this.#screen.cluster(event.change)
      else this.#showAnomaly(event.anomaly)
    }
    this.#screen.advance(status.clockMs)
  }

  #showAnomaly(anomaly: StepOutput['anomalies'][number]): void {
    const injected = this.#tally.faultOf(anomaly) >= 0
    if (injected) this.#firstAnomalyMs ??= systemClock.now()
    this.#screen.anomaly(anomaly, injected)
  }

  #figures(result: DemoResult): DemoFigures {
    const { alpha } = this.#detector.settings
    const { normal, flagged, faults, falseClusters } = result
    const [low, high] = binomialBand(normal, alpha, 0.99)
    const inSeconds = (ms: number | null): number | null =>
      ms === null ? null : Math.round((ms - this.#startedMs) / 100) / 10
    return {
      first_anomaly_s: inSeconds(this.#firstAnomalyMs),
      seconds: inSeconds(systemClock.now()),
      faults: faults.length,
      faults_found: faults.filter(({ found }) => found).length,
      guilty_first: faults.filter(({ named, service }) => named === service).length,
      clusters_opened: faults.reduce((sum, { clusters }) => sum + clusters, 0),
      false_clusters: falseClusters,
      fpr_ratio: normal === 0 ? null : flagged / normal / alpha,
      fpr_band: [low / normal / alpha, high / normal / alpha],
    }
  }
}

interface DemoFigures {
  readonly first_anomaly_s: number | null
  readonly seconds: number | null
  readonly faults: number
  readonly faults_found: number
  readonly guilty_first: number
  readonly clusters_opened: number
  readonly false_clusters: number
  readonly fpr_ratio: number | null
  readonly fpr_band: readonly [number, number]
}
