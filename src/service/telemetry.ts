import type { BatchReport } from '../contract/pipeline-report.ts'
import type { Source } from '../contract/source.ts'
import type { DetectorCounts } from '../detector/detector-counts.ts'
import type { DetectorStatus } from '../detector/detector-status.ts'
import type { DriftView } from '../detector/drift-view.ts'
import type { Clock } from '../io/clock.ts'
import { feedDrift } from '../io/telemetry/drift-metrics.ts'
import type { Metrics } from '../io/telemetry/metrics.ts'
import {
  feedDetectorCounts,
  feedLag,
  feedPipelineCounts,
  feedSinks,
  feedStatus,
} from '../io/telemetry/metrics-feed.ts'
import type { Pipeline } from './pipeline.ts'
import type { Publisher } from './publisher.ts'

/** What the metrics of a running service are read from. */
export interface MeasuredService {
  readonly detector: {
    counts(): DetectorCounts
    status(): DetectorStatus
    drift(): DriftView
    poorlyTemplated(): readonly unknown[]
  }
  readonly pipeline: Pipeline
  readonly publisher: Publisher
  readonly source: Source
  readonly clock: Clock
  /** Of the last checkpoint; 0 where there is none. */
  readonly checkpointBytes: () => number
  readonly workerFailures: () => number
  /** What only a kind of source knows. */
  readonly feedSources: () => void
}

/**
 * Keeps the metrics up to date. What others count is read at a scrape; only what no later look could
 * tell, such as how long each batch took, is taken down batch by batch.
 */
export class ServiceMetrics {
  readonly #metrics: Metrics
  readonly #service: MeasuredService
  #installs = 0
  #installedMs: number

  constructor(metrics: Metrics, service: MeasuredService, version: string) {
    this.#metrics = metrics
    this.#service = service
    // A restored model takes effect now, in this process.
    this.#installedMs = service.detector.status().model === null ? 0 : service.clock.wall()
    metrics.set('medoscope_build_info', 1, { version, node: process.version })
    metrics.onCollect(() => this.#collect())
  }

  batch(report: BatchReport): void {
    this.#metrics.observe('medoscope_step_seconds', report.stepMs / 1000)
    this.#metrics.observe('medoscope_publish_seconds', report.publishMs / 1000)
    this.#installs += report.output.installed.length
    if (report.output.installed.length > 0) this.#installedMs = this.#service.clock.wall()
  }

  #counters(): void {
    const { detector, pipeline, publisher, workerFailures } = this.#service
    feedDetectorCounts(this.#metrics, detector.counts())
    feedPipelineCounts(this.#metrics, pipeline.counts)
    feedSinks(this.#metrics, publisher.states)
    this.#metrics.raise('medoscope_model_installs_total', this.#installs)
    this.#metrics.raise('medoscope_model_fit_worker_failures_total', workerFailures())
  }

  #collect(): void {
    const { detector, pipeline, source, clock, checkpointBytes, feedSources } = this.#service
    const metrics = this.#metrics
    this.#counters()
    const { openTraces, openSpans } = detector.counts()
    metrics.set('medoscope_open_traces', openTraces)
    metrics.set('medoscope_open_spans', openSpans)
    feedStatus(metrics, detector.status(), clock.wall())
    feedDrift(metrics, detector.drift())
    metrics.set('medoscope_log_services_not_templating', detector.poorlyTemplated().length)
    feedLag(metrics, source.lag(), pipeline.lastRecordMs, clock.wall())
    metrics.set('medoscope_model_install_timestamp_seconds', this.#installedMs / 1000)
    metrics.set('medoscope_checkpoint_bytes', checkpointBytes())
    const idleMs = clock.now() - pipeline.activitySinceMs
    metrics.set('medoscope_loop_turn_timestamp_seconds', (clock.wall() - idleMs) / 1000)
    feedSources()
  }
}
