import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { silenceNegativeTimeoutWarning } from '../../src/io/kafka/kafka-client.ts'
import { createTopics } from '../../src/io/kafka/kafka-topics.ts'
import { LocalBroker } from '../../test/kafka/local-broker.ts'
import { alertmanagerConfig, config, prometheusConfig, ROOT, ruleFile } from './config-files.ts'
import { type FoundPrograms, grafanaBinary } from './find-programs.ts'
import type { StackPorts } from './ports.ts'
import { Program, type ProgramSpec } from './program.ts'

export interface StackOptions {
  readonly programs: FoundPrograms
  readonly ports: StackPorts
  /** Data, logs and the files made from config/. */
  readonly dir: string
  /** `host:port` of a Kafka that is there already; null: one is started. */
  readonly brokers: string | null
  /** Traces a second of the simulated shop; 0: none, the stack waits for spans. */
  readonly load: number
  /** What that shop did before, sent at once, such as `6m`; null: nothing. */
  readonly history: string | null
  /** `--set` of medoscope. */
  readonly set?: readonly string[]
  /** Seconds between scrapes and rule evaluations; null: as configured. */
  readonly scrapeSeconds: number | null
  /** Alerts whose `for:` is another one here, such as `10s`: a test that waits for them is told sooner. */
  readonly waits?: Readonly<Record<string, string>>
  /** Every receiver of Alertmanager also posts here; null: as configured. */
  readonly webhook: string | null
  readonly say: (line: string) => void
}

/**
 * The compose file's story without Docker: Kafka, Collector, medoscope, Prometheus, Alertmanager, Loki
 * and Grafana as far as they are there, all on loopback, with the files of config/ (addresses apart)
 * and the simulated shop as load. Jaeger is not started: its links stay dead.
 */
export class Stack {
  readonly options: StackOptions
  brokers = ''
  readonly #programs: Program[] = []
  #broker: LocalBroker | null = null

  constructor(options: StackOptions) {
    this.options = options
  }

  url(port: keyof StackPorts): string {
    return `http://127.0.0.1:${this.options.ports[port]}`
  }

  program(name: string): Program | null {
    return this.#programs.find((program) => program.name === name) ?? null
  }

  /** Starts all of it in order; stops what was started and throws where something cannot be. */
  async start(): Promise<void> {
    mkdirSync(this.options.dir, { recursive: true })
    try {
      await this.#startKafka()
      await this.#startAll()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Stops in the reverse order. Safe twice. */
  async stop(): Promise<void> {
    for (const program of this.#programs.splice(0).reverse()) await program.stop()
    await this.#broker?.close()
    this.#broker = null
  }

  /** Starts a part again after `program(name).stop()`. */
  async restart(name: string): Promise<void> {
    const old = this.#programs.findIndex((program) => program.name === name)
    if (old >= 0) await this.#programs.splice(old, 1)[0]?.stop()
    const spec = this.#specs().find((candidate) => candidate.name === name)
    if (spec) this.#programs.push(await Program.start(spec))
  }

  async #startKafka(): Promise<void> {
    const { brokers, say } = this.options
    if (brokers === null) {
      say('starting Kafka (the first time its jars are fetched from Maven Central)')
      this.#broker = await LocalBroker.start()
    }
    this.brokers = brokers ?? this.#broker?.addresses.plaintext ?? ''
    silenceNegativeTimeoutWarning()
    const kafka = new kafkajs.Kafka({
      brokers: this.brokers.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const admin = kafka.admin()
    await admin.connect()
    const topics = [
      { topic: 'otlp_spans', numPartitions: 4 },
      { topic: 'otlp_logs', numPartitions: 4 },
      { topic: 'medoscope.anomalies', numPartitions: 1 },
      { topic: 'medoscope.dead_letters', numPartitions: 1 },
    ]
    await createTopics(admin, topics)
    await admin.disconnect()
  }

  async #startAll(): Promise<void> {
    for (const spec of this.#specs()) {
      this.options.say(`starting ${spec.name}`)
      this.#programs.push(await Program.start(spec))
    }
  }

  #specs(): ProgramSpec[] {
    const { collector, loki, prometheus, alertmanager, grafana } = this.options.programs
    const specs: ProgramSpec[] = []
    if (loki) specs.push(this.#loki(loki))
    if (collector) specs.push(this.#collector(collector))
    specs.push(this.#medoscope())
    if (alertmanager) specs.push(this.#alertmanager(alertmanager))
    if (prometheus) specs.push(this.#prometheus(prometheus))
    if (grafana) specs.push(this.#grafana(grafana))
    if (collector && this.options.load > 0) specs.push(this.#load())
    return specs
  }

  #spec(name: string, spec: Omit<ProgramSpec, 'name' | 'dir'>): ProgramSpec {
    return { name, dir: this.options.dir, ...spec }
  }

  #loki(command: string): ProgramSpec {
    const { ports } = this.options
    return this.#spec('loki', {
      command,
      args: [`-config.file=${config('loki.yaml')}`, '-config.expand-env=true'],
      env: {
        LOKI_DIR: this.#folder('loki'),
        LOKI_PORT: String(ports.loki),
        LOKI_GRPC_PORT: String(ports.lokiGrpc),
      },
      readyUrl: `${this.url('loki')}/ready`,
    })
  }

  #collector(command: string): ProgramSpec {
    const { ports, programs } = this.options
    const files = ['collector.yaml', ...(programs.loki ? ['collector-anomalies.yaml'] : [])]
    return this.#spec('collector', {
      command,
      args: files.map((file) => `--config=${config(file)}`),
      env: {
        KAFKA_BROKERS: this.brokers,
        OTLP_GRPC_PORT: String(ports.otlpGrpc),
        OTLP_HTTP_PORT: String(ports.otlpHttp),
        HEALTH_ENDPOINT: `127.0.0.1:${ports.collectorHealth}`,
        METRICS_PORT: String(ports.collectorMetrics),
        LOKI_ENDPOINT: `${this.url('loki')}/otlp`,
      },
      readyUrl: `${this.url('collectorHealth')}/`,
    })
  }

  #medoscope(): ProgramSpec {
    const { ports, set = [] } = this.options
    const sets = set.flatMap((one) => ['--set', one])
    const file = config('medoscope-stack.yaml')
    return this.#spec('medoscope', {
      command: process.execPath,
      args: [join(ROOT, 'src/main.ts'), 'run', '--config', file, ...sets],
      env: {
        KAFKA_BROKERS: this.brokers,
        ADMIN_PORT: String(ports.medoscope),
        STATE_DIR: this.#folder('state'),
      },
      readyUrl: `${this.url('medoscope')}/readyz`,
    })
  }

  #alertmanager(command: string): ProgramSpec {
    const { ports, dir } = this.options
    const file = join(dir, 'alertmanager.yml')
    writeFileSync(file, alertmanagerConfig(this.options.webhook))
    return this.#spec('alertmanager', {
      command,
      args: [
        `--config.file=${file}`,
        `--storage.path=${this.#folder('alertmanager')}`,
        `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
        '--cluster.listen-address=',
      ],
      readyUrl: `${this.url('alertmanager')}/-/ready`,
    })
  }

  #prometheus(command: string): ProgramSpec {
    const { ports, dir, scrapeSeconds, waits = {} } = this.options
    const rules = join(dir, 'medoscope.rules.yml')
    writeFileSync(rules, ruleFile(waits))
    const file = join(dir, 'prometheus.yml')
    writeFileSync(file, prometheusConfig(ports, scrapeSeconds, rules))
    return this.#spec('prometheus', {
      command,
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${this.#folder('prometheus')}`,
        `--web.listen-address=127.0.0.1:${ports.prometheus}`,
        '--enable-feature=exemplar-storage',
      ],
      readyUrl: `${this.url('prometheus')}/-/ready`,
    })
  }

  #grafana(home: string): ProgramSpec {
    const { ports, dir } = this.options
    return this.#spec('grafana', {
      command: grafanaBinary(home) ?? home,
      args: ['server', '--homepath', home],
      env: {
        PROMETHEUS_URL: this.url('prometheus'),
        LOKI_URL: this.url('loki'),
        JAEGER_URL: 'http://127.0.0.1:16686',
        ALERTMANAGER_URL: this.url('alertmanager'),
        DASHBOARDS: join(ROOT, 'dashboards'),
        GF_SERVER_HTTP_ADDR: '127.0.0.1',
        GF_SERVER_HTTP_PORT: String(ports.grafana),
        GF_PATHS_DATA: this.#folder('grafana'),
        GF_PATHS_LOGS: dir,
        GF_PATHS_PLUGINS: this.#folder('grafana-plugins'),
        GF_PATHS_PROVISIONING: config('grafana/provisioning'),
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: join(ROOT, 'dashboards/anomalies.json'),
        GF_DASHBOARDS_MIN_REFRESH_INTERVAL: '1s',
        GF_AUTH_ANONYMOUS_ENABLED: 'true',
        GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
        GF_SECURITY_ANGULAR_SUPPORT_ENABLED: 'false',
        GF_ANALYTICS_REPORTING_ENABLED: 'false',
        GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
        GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
        GF_NEWS_NEWS_FEED_ENABLED: 'false',
        GF_UNIFIED_ALERTING_HA_LISTEN_ADDRESS: '',
        GF_LOG_MODE: 'console',
      },
      readyUrl: `${this.url('grafana')}/api/dashboards/uid/medoscope-anomalies`,
      // Some releases trip over a race of their own while they make a new database: they end, or
      // refuse everybody the dashboards (403) for good.
      retry: {
        attempts: 4,
        readyMs: 60_000,
        prepare: () => {
          rmSync(this.#folder('grafana'), { recursive: true, force: true })
          this.#folder('grafana')
        },
      },
    })
  }

  #load(): ProgramSpec {
    const { ports, load, history } = this.options
    const endpoint = this.url('otlpHttp')
    const address = `127.0.0.1:${ports.faults}`
    const options = ['--endpoint', endpoint, '--rate', String(load), '--switch', address]
    if (history !== null) options.push('--history', history)
    return this.#spec('load', {
      command: process.execPath,
      args: [join(ROOT, 'src/main.ts'), 'load', ...options],
      readyUrl: `${this.url('faults')}/faults`,
    })
  }

  #folder(name: string): string {
    const folder = join(this.options.dir, name)
    mkdirSync(folder, { recursive: true })
    return folder
  }
}
