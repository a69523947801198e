import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { stringify } from 'yaml'
import { silenceNegativeTimeoutWarning } from '../../src/io/kafka/kafka-client.ts'
import { freePorts } from '../../test/kafka/free-ports.ts'
import { LocalBroker } from '../../test/kafka/local-broker.ts'
import { config, ROOT } from '../stack/config-files.ts'
import { Program } from '../stack/program.ts'
import { SpanRecorder } from './span-recorder.ts'

export interface PlatformOptions {
  /** Path of the Collector. */
  readonly collector: string
  readonly dir: string
  /** File for the spans that the Collector sees. */
  readonly spans: string
  readonly say: (line: string) => void
}

interface Ports {
  readonly grpc: number
  readonly http: number
  readonly health: number
  readonly metrics: number
  readonly admin: number
}

/** What the application sends to, all of it real: a broker, a Collector, and medoscope behind them. */
export class Platform {
  readonly #options: PlatformOptions
  readonly #programs: Program[] = []
  #broker: LocalBroker | null = null
  #recorder: SpanRecorder | null = null
  #ports: Ports | null = null

  constructor(options: PlatformOptions) {
    this.#options = options
  }

  get brokers(): string {
    return this.#broker?.addresses.plaintext ?? ''
  }

  /** `host:port` of OTLP over HTTP. */
  get otlp(): string {
    return `127.0.0.1:${this.#ports?.http}`
  }

  /** Base address of medoscope's API, pages and metrics. */
  get medoscope(): string {
    return `http://127.0.0.1:${this.#ports?.admin}`
  }

  async start(): Promise<void> {
    const { dir, say, spans } = this.#options
    mkdirSync(dir, { recursive: true })
    const [grpc = 0, http = 0, health = 0, metrics = 0, admin = 0] = await freePorts(5)
    this.#ports = { grpc, http, health, metrics, admin }
    say('starting Kafka, a Collector and medoscope')
    this.#broker = await LocalBroker.start()
    await createTopics(this.brokers)
    this.#recorder = await SpanRecorder.start(spans)
    await this.#startCollector(this.#ports, this.#recorder)
    await this.#startMedoscope(this.#ports)
  }

  /** Safe twice, and before it has started. */
  async stop(): Promise<void> {
    for (const program of this.#programs.splice(0).reverse()) await program.stop()
    await this.#recorder?.close()
    this.#recorder = null
    await this.#broker?.close()
    this.#broker = null
  }

  /** Programs that have ended though nobody asked them to, with the end of their logs. */
  failures(): string[] {
    return this.#programs
      .filter((program) => program.failed)
      .map((program) => `${program.name} ended:\n${program.log()}`)
  }

  async #startCollector(ports: Ports, recorder: SpanRecorder): Promise<void> {
    const { collector, dir } = this.#options
    const recording = {
      exporters: {
        'otlp_http/recording': {
          endpoint: recorder.url,
          encoding: 'json',
          compression: 'none',
          // One sender: the lines are in the order in which the spans came.
          sending_queue: { num_consumers: 1 },
        },
      },
      service: { pipelines: { traces: { exporters: ['kafka', 'otlp_http/recording'] } } },
    }
    const file = join(dir, 'collector-recording.yaml')
    writeFileSync(file, stringify(recording))
    const program = await Program.start({
      name: 'collector',
      command: collector,
      args: [config('collector.yaml'), file].map((path) => `--config=${path}`),
      env: {
        KAFKA_BROKERS: this.brokers,
        OTLP_GRPC_PORT: String(ports.grpc),
        OTLP_HTTP_PORT: String(ports.http),
        HEALTH_ENDPOINT: `127.0.0.1:${ports.health}`,
        METRICS_PORT: String(ports.metrics),
      },
      dir,
      readyUrl: `http://127.0.0.1:${ports.health}/`,
    })
    this.#programs.push(program)
  }

  async #startMedoscope(ports: Ports): Promise<void> {
    const { dir } = this.#options
    const file = join(dir, 'medoscope.yaml')
    writeFileSync(file, stringify(medoscopeConfig(this.brokers, ports.admin, join(dir, 'state'))))
    const program = await Program.start({
      name: 'medoscope',
      command: process.execPath,
      args: [join(ROOT, 'src/main.ts'), 'run', '--config', file],
      dir,
      readyUrl: `${this.medoscope}/readyz`,
    })
    this.#programs.push(program)
  }
}

/** The defaults, but for where things are on this machine. */
function medoscopeConfig(brokers: string, port: number, path: string): object {
  return {
    input: { kafka: { brokers: [brokers], from: 'earliest' }, otlp_http: { enabled: false } },
    output: { file: { path: '' } },
    state: { path },
    admin: { port },
  }
}

async function createTopics(brokers: string): Promise<void> {
  silenceNegativeTimeoutWarning()
  const kafka = new kafkajs.Kafka({
    brokers: [brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  const topics = [
    { topic: 'otlp_spans', numPartitions: 4 },
    { topic: 'otlp_logs', numPartitions: 1 },
    { topic: 'medoscope.anomalies', numPartitions: 1 },
    { topic: 'medoscope.dead_letters', numPartitions: 1 },
    { topic: 'bookings', numPartitions: 1 },
  ]
  await admin.createTopics({ topics })
  await admin.disconnect()
}
