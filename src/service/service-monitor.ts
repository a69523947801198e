import type { Config } from '../config/schema.ts'
import type { BatchReport } from '../contract/pipeline-report.ts'
import type { Source } from '../contract/source.ts'
import type { StepOutput } from '../contract/step-output.ts'
import type { Detector } from '../detector/detector.ts'
import type { CheckpointStore } from '../io/checkpoint.ts'
import type { Clock } from '../io/clock.ts'
import type { WorkerFitter } from '../io/fit-client.ts'
import { AdminServer } from '../io/http/admin.ts'
import type { Log } from '../io/telemetry/log.ts'
import { Metrics } from '../io/telemetry/metrics.ts'
import { BatchTracing } from '../io/telemetry/tracing.ts'
import { ClusterService } from './cluster-service.ts'
import { ServiceStatus } from './health.ts'
import { LifeLog } from './life-log.ts'
import { peopleChanges } from './people-changes.ts'
import type { Pipeline } from './pipeline.ts'
import { PoorTemplatesNotice } from './poor-templates-notice.ts'
import type { Publisher } from './publisher.ts'
import { SplitTracesNotice } from './split-traces-notice.ts'
import { ServiceMetrics } from './telemetry.ts'

export interface MonitoredService {
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly detector: Detector
  readonly publisher: Publisher
  readonly source: Source
  readonly fitter: WorkerFitter
  readonly checkpoints: CheckpointStore | null
  /** Brings the metrics that only a kind of source has up to date. */
  readonly feedSources: (metrics: Metrics) => void
}

/** Between looks at the senders: counting up is too dear for every small batch. */
const LOOK_INTERVAL_MS = 1000
/** Between looks at what is not seen: the status of thousands of entry operations is dearer still. */
const BLIND_SPOTS_INTERVAL_MS = 10_000

/** Everything by which people and machines see a running service: metrics, health, pages, traces. */
export class ServiceMonitor {
  readonly #config: Config
  readonly #service: MonitoredService
  readonly #metrics = new Metrics()
  readonly #clusters: ClusterService
  readonly #tracing: BatchTracing | null
  readonly #splitTraces: SplitTracesNotice
  readonly #poorTemplates: PoorTemplatesNotice
  readonly #life: LifeLog
  #serviceMetrics: ServiceMetrics | null = null
  #status: ServiceStatus | null = null
  #admin: AdminServer | null = null
  #nextLookMs = 0
  #nextBlindSpotsMs: number

  constructor(config: Config, service: MonitoredService) {
    this.#config = config
    this.#service = service
    const { false_clusters_per_week: falseClustersPerWeek } = config.accumulate
    const settings = { alpha: config.alpha, refreshMs: config.model.refresh, falseClustersPerWeek }
    const { trace_url, compare_url } = config.admin
    const links = { trace: trace_url || null, compare: compare_url || null }
    this.#clusters = new ClusterService(this.#metrics, settings, service.detector, links)
    const { enabled, endpoint, sample_ratio: sampleRatio } = config.tracing
    const { version, clock } = service
    this.#splitTraces = new SplitTracesNotice(service.log)
    this.#poorTemplates = new PoorTemplatesNotice(service.log)
    const status = service.detector.status()
    this.#life = new LifeLog(service.log, () => clock.now(), status.model !== null)
    this.#life.look(status, service.detector.counts())
    this.#nextBlindSpotsMs = clock.now() + BLIND_SPOTS_INTERVAL_MS
    const tracing = { endpoint, sampleRatio, version }
    this.#tracing = enabled ? new BatchTracing(tracing, clock) : null
  }

  /** Base address of the admin server; empty before the start and where it is off. */
  get address(): string {
    return this.#admin?.address ?? ''
  }

  /** Listens, before anything else is started, so that health can be asked from the beginning. */
  async start(pipeline: Pipeline): Promise<void> {
    const { version, checkpoints, fitter, feedSources, log } = this.#service
    const parts = { ...this.#service, pipeline }
    this.#serviceMetrics = new ServiceMetrics(
      this.#metrics,
      {
        ...parts,
        checkpointBytes: () => checkpoints?.bytes ?? 0,
        workerFailures: () => fitter.workerFailures,
        feedSources: () => feedSources(this.#metrics),
      },
      version,
    )
    this.#status = new ServiceStatus(parts)
    const { enabled, host, port, token } = this.#config.admin
    if (!enabled) return
    const metrics = (openMetrics: boolean): Promise<string> => this.#metrics.render(openMetrics)
    const subjects = { ...this.#status.subjects, metrics }
    const changes = peopleChanges(pipeline, log)
    const now = (): number => this.#service.clock.now()
    const routes = this.#clusters.routes(changes, token, now)
    this.#admin = new AdminServer({ host, port, token, hosts: this.#hosts() }, subjects, routes)
    await this.#admin.start()
    log.info('admin server is up', { address: this.#admin.address })
  }

  /** Names by which people reach the pages. */
  #hosts(): string[] {
    const { hosts, external_url } = this.#config.admin
    return external_url === '' ? hosts : [...hosts, new URL(external_url).hostname]
  }

  /** The loop runs; its end shows in health and status. */
  running(loop: Promise<'ended' | 'stopped'>): void {
    this.#status?.watch(loop)
  }

  take(output: StepOutput): void {
    this.#life.take(output)
    this.#clusters.take(output)
  }

  batch(report: BatchReport): void {
    this.#serviceMetrics?.batch(report)
    this.#tracing?.record(report)
    const now = this.#service.clock.now()
    if (now >= this.#nextLookMs) {
      this.#nextLookMs = now + LOOK_INTERVAL_MS
      this.#lookAtSenders()
    }
    if (now >= this.#nextBlindSpotsMs) {
      this.#nextBlindSpotsMs = now + BLIND_SPOTS_INTERVAL_MS
      this.#lookForBlindSpots()
    }
  }

  /** Safe before the start and when called twice. */
  async stop(): Promise<void> {
    this.#lookAtSenders()
    this.#lookForBlindSpots()
    await this.#tracing?.stop()
    await this.#admin?.stop()
  }

  #lookForBlindSpots(): void {
    const { detector } = this.#service
    this.#life.look(detector.status(), detector.counts())
  }

  /** What the senders of spans and logs could do better. */
  #lookAtSenders(): void {
    const { detector } = this.#service
    this.#poorTemplates.look(detector.poorlyTemplated())
    this.#splitTraces.look(detector.positions().keys(), detector.counts())
  }
}
