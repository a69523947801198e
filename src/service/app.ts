import type { Writable } from 'node:stream'
import { detectorSettings, readsLogs } from '../config/detector-settings.ts'
import {
  kafkaSinkSettings,
  kafkaSourceSettings,
  otlpHttpSettings,
  requiredSinks,
} from '../config/io-settings.ts'
import { pipelineSettings, retrySettings } from '../config/pipeline-settings.ts'
import type { Config } from '../config/schema.ts'
import { stateDependencies } from '../config/state-keys.ts'
import type { Publication, Sink } from '../contract/sink.ts'
import type { Source } from '../contract/source.ts'
import { Detector } from '../detector/detector.ts'
import { CheckpointStore } from '../io/checkpoint.ts'
import type { Clock } from '../io/clock.ts'
import { FileSource, MAX_MESSAGE_BYTES } from '../io/files/file-source.ts'
import { JsonLinesFileSink, JsonLinesStreamSink } from '../io/files/json-lines-sink.ts'
import { WorkerFitter } from '../io/fit-client.ts'
import { OtlpHttpSource } from '../io/http/otlp-http.ts'
import { OtlpHttpSink } from '../io/http/otlp-http-sink.ts'
import { WebhookSink } from '../io/http/webhook-sink.ts'
import { KafkaSink } from '../io/kafka/kafka-sink.ts'
import { KafkaSource } from '../io/kafka/kafka-source.ts'
import { SourceSet } from '../io/source-set.ts'
import { StateOwner } from '../io/state-owner.ts'
import { type Log, type LogFields, messageOf } from '../io/telemetry/log.ts'
import type { Metrics } from '../io/telemetry/metrics.ts'
import {
  feedFiles,
  feedKafka,
  feedKafkaSink,
  feedOtlpHttp,
} from '../io/telemetry/metrics-sources.ts'
import { encodePublication } from '../otlp/anomaly-record.ts'
import { Pipeline } from './pipeline.ts'
import { Publisher } from './publisher.ts'
import { ServiceMonitor } from './service-monitor.ts'

export interface AppSurroundings {
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  /** Where `output.file.path: "-"` goes. */
  readonly stdout: Writable
  /** History to learn from before the first verdict, ms; undefined: none. */
  readonly bootstrapMs?: number | undefined
}

interface BuiltSource {
  readonly source: Source
  /** Brings the metrics that only this kind of source has up to date. */
  readonly feed: (metrics: Metrics) => void
}

/** What there is only once everything was started. */
interface RunningApp {
  readonly pipeline: Pipeline
  readonly monitor: ServiceMonitor
  readonly loop: Promise<'ended' | 'stopped'>
}

/** What each kind of source needs to be made; null where the configuration does not ask for it. */
const sources = {
  kafka: (config, { log, bootstrapMs }) => {
    if (config.input.kafka.brokers.length === 0) return null
    const source = new KafkaSource(kafkaSourceSettings(config, bootstrapMs), {
      log: (level, message, fields) => log[level](message, fields as LogFields),
      onEvent: ({ type, ...event }) => {
        log[type === 'joined' ? 'info' : 'warn'](`kafka: ${type}`, asFields(event))
      },
    })
    return { source, feed: (metrics) => feedKafka(metrics, source) }
  },
  otlp_http: (config, { log }) => {
    if (!config.input.otlp_http.enabled) return null
    const source = new OtlpHttpSource(otlpHttpSettings(config), log)
    return { source, feed: (metrics) => feedOtlpHttp(metrics, source) }
  },
  files: (config, { log }) => {
    const paths = config.input.files
    if (paths.length === 0) return null
    const settings = {
      ...{ paths, partition: 'files/0', maxMessageBytes: MAX_MESSAGE_BYTES },
      withLogs: readsLogs(config),
      withLines: config.logs.session.keys.length > 0,
    }
    const source = new FileSource(settings, log)
    return { source, feed: (metrics) => feedFiles(metrics, source) }
  },
} as const satisfies Record<
  string,
  (config: Config, surroundings: AppSurroundings) => BuiltSource | null
>

/** The same for sinks. */
const sinks = {
  kafka: (config, { log }) => {
    const { enabled, brokers, encoding } = config.output.kafka
    if (!enabled || (brokers.length === 0 && config.input.kafka.brokers.length === 0)) return null
    const encode = (publication: Publication) => ({
      key: null,
      value: encodePublication(publication, encoding),
      headers: {},
    })
    return new KafkaSink(kafkaSinkSettings(config), encode, {
      log: (level, message, fields) => log[level](message, fields as LogFields),
      onOversized: (type, bytes) => log.error('too large for Kafka', { type, bytes }),
    })
  },
  otlp_http: (config) => {
    const { endpoint, headers, timeout } = config.output.otlp_http
    return endpoint === '' ? null : new OtlpHttpSink({ endpoint, headers, timeoutMs: timeout })
  },
  webhook: (config) => {
    const { url, timeout } = config.output.webhook
    const externalUrl = config.admin.external_url
    return url === '' ? null : new WebhookSink({ url, timeoutMs: timeout, externalUrl })
  },
  file: (config, { stdout }) => {
    const { path } = config.output.file
    if (path === '') return null
    return path === '-' ? new JsonLinesStreamSink(stdout) : new JsonLinesFileSink(path)
  },
} as const satisfies Record<string, (config: Config, surroundings: AppSurroundings) => Sink | null>

/** One service, wired from a configuration: the only place that chooses implementations. */
export class App {
  readonly #config: Config
  readonly #surroundings: AppSurroundings
  readonly #sources: readonly BuiltSource[]
  readonly #sinks: readonly Sink[]
  readonly #source: Source
  readonly #publisher: Publisher
  readonly #fitter: WorkerFitter
  readonly #checkpoints: CheckpointStore | null
  readonly #owner: StateOwner | null
  /** What was begun, in that order; it is stopped from the last to the first. */
  readonly #begun: { stop(): Promise<void> }[] = []
  #running: RunningApp | null = null
  #starting: Promise<void> | null = null
  #stopping: Promise<void> | null = null

  /** @throws Error naming what cannot be set up: no input or output at all, a file that is not there */
  constructor(config: Config, surroundings: AppSurroundings) {
    const { log, clock } = surroundings
    this.#config = config
    this.#surroundings = surroundings
    this.#sources = made<BuiltSource>(sources, config, surroundings)
    this.#sinks = made<Sink>(sinks, config, surroundings)
    if (this.#sources.length === 0) throw new Error(NO_INPUT)
    if (this.#sinks.length === 0) throw new Error(NO_OUTPUT)
    this.#source = new SourceSet(this.#sources.map(({ source }) => source))
    this.#publisher = new Publisher(
      this.#sinks,
      retrySettings(config),
      clock,
      log,
      requiredSinks(config),
    )
    this.#fitter = new WorkerFitter(log)
    const keep = config.state.checkpoint_interval > 0
    const { enabled: takesHttp } = config.input.otlp_http
    this.#owner = keep || takesHttp ? new StateOwner(config.state.path) : null
    this.#checkpoints = keep
      ? new CheckpointStore(config.state.path, stateDependencies(config))
      : null
  }

  /** Base address of the admin server; empty before the start and where it is off. */
  get adminAddress(): string {
    return this.#running?.monitor.address ?? ''
  }

  /** Base address of the OTLP/HTTP receiver; empty before the start and where it is off. */
  get otlpHttpAddress(): string {
    for (const { source } of this.#sources)
      if (source instanceof OtlpHttpSource) return source.address
    return ''
  }

  /** How the loop ended, once it has; rejects with what broke it. Only after `start`. */
  get done(): Promise<'ended' | 'stopped'> {
    return this.#running?.loop ?? Promise.reject(new Error('not started'))
  }

  /** Starts everything; if something cannot, stops the rest and rejects with what to do. */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch(async (error: unknown) => {
      await this.#release()
      throw error
    })
    return this.#starting
  }

  /**
   * Stops in order: no new input, what was accepted is judged and published, a last checkpoint and
   * commit, then everything is released. Safe before `start` and when called twice.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #start(): Promise<void> {
    const { log } = this.#surroundings
    await this.#owner?.claim(OWNER_WAIT_MS)
    const { detector, positions } = await this.#restoredDetector()
    const monitor = this.#monitorOf(detector)
    const pipeline = this.#pipelineOf(detector, monitor)
    this.#begun.push(this.#fitter, monitor)
    // First, so that health can be asked from the beginning, and until everything else is over.
    await monitor.start(pipeline)
    for (const sink of this.#sinks) {
      this.#begun.push(sink)
      await sink.start()
    }
    this.#begun.push(this.#source)
    if (positions !== null) {
      pipeline.restored(detector.lowWatermarks())
      await this.#source.seek(positions)
    }
    await this.#source.start()
    if (this.otlpHttpAddress) log.info('OTLP/HTTP is up', { address: this.otlpHttpAddress })
    const loop = pipeline.run()
    monitor.running(loop)
    this.#running = { pipeline, monitor, loop }
    const names = this.#sinks.map(({ name }) => name).join('+')
    log.info('running', { sources: this.#source.name, sinks: names })
  }

  #monitorOf(detector: Detector): ServiceMonitor {
    const { log, clock, version } = this.#surroundings
    return new ServiceMonitor(this.#config, {
      version,
      clock,
      log,
      detector,
      publisher: this.#publisher,
      source: this.#source,
      fitter: this.#fitter,
      checkpoints: this.#checkpoints,
      feedSources: (metrics) => {
        for (const { feed } of this.#sources) feed(metrics)
        for (const sink of this.#sinks) if (sink instanceof KafkaSink) feedKafkaSink(metrics, sink)
      },
    })
  }

  #pipelineOf(detector: Detector, monitor: ServiceMonitor): Pipeline {
    const { clock, log, bootstrapMs } = this.#surroundings
    return new Pipeline(
      {
        detector,
        source: this.#source,
        publisher: this.#publisher,
        fitter: this.#fitter,
        checkpoints: this.#checkpoints,
        clock,
        log,
        onOutput: (output) => monitor.take(output),
        onBatch: (report) => monitor.batch(report),
        ...(bootstrapMs === undefined ? {} : { learnUntilMs: clock.wall() }),
      },
      pipelineSettings(this.#config),
    )
  }

  /** The detector of the last checkpoint, or a new one where there is none that fits. */
  async #restoredDetector(): Promise<{
    detector: Detector
    positions: Map<string, bigint> | null
  }> {
    const { log, bootstrapMs } = this.#surroundings
    const settings = detectorSettings(this.#config)
    const restore = (snapshot: unknown): Detector => Detector.restore(snapshot, settings)
    const loaded = await this.#checkpoints?.load(restore)
    if (loaded?.state === 'restored') {
      const { restored, positions } = loaded
      log.info('going on from the checkpoint', { partitions: positions.size })
      return { detector: restored, positions }
    }
    if (loaded?.state === 'refused') {
      log.warn('the checkpoint is not used; starting anew', { reason: loaded.reason })
    }
    const detector = new Detector(settings)
    detector.learnOnly = bootstrapMs !== undefined
    return { detector, positions: null }
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    const running = this.#running
    await running?.pipeline.stop(this.#config.pipeline.stop_timeout)
    await running?.loop.catch(() => undefined)
    await this.#release()
  }

  /** Stops what was begun, the last first; one failure does not keep the rest. */
  async #release(): Promise<void> {
    this.#publisher.stop()
    for (let part = this.#begun.pop(); part !== undefined; part = this.#begun.pop()) {
      try {
        await part.stop()
      } catch (error) {
        this.#surroundings.log.warn('stopping', { error: messageOf(error) })
      }
    }
    this.#owner?.release()
  }
}

/** How long a start waits for a process that has the state directory and may be about to end. */
const OWNER_WAIT_MS = 5_000

const NO_INPUT =
  'no input is configured: set input.kafka.brokers, input.otlp_http.enabled or input.files'
const NO_OUTPUT =
  'no output is configured: set output.kafka, output.otlp_http.endpoint, output.webhook.url or output.file.path'

type Maker<T> = (config: Config, surroundings: AppSurroundings) => T | null

function made<T>(
  table: Readonly<Record<string, Maker<T>>>,
  config: Config,
  surroundings: AppSurroundings,
): T[] {
  return Object.values(table)
    .map((make) => make(config, surroundings))
    .filter((built) => built !== null)
}

/** Whatever an event holds, as a log line shows it. */
function asFields(event: Readonly<Record<string, unknown>>): LogFields {
  return Object.fromEntries(Object.entries(event).map(([key, value]) => [key, String(value)]))
}
