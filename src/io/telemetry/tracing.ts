import { SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { BatchReport } from '../../contract/pipeline-report.ts'
import { type Clock, systemClock } from '../clock.ts'

export interface TracingSettings {
  /** Base address, without /v1/traces. */
  readonly endpoint: string
  readonly sampleRatio: number
  readonly version: string
}

/** Longest time that a stop waits for the last spans. */
const SHUTDOWN_MS = 5000

/**
 * medoscope's own traces: one span a batch, sampled, so that they can never feed on themselves even
 * where they come back in the input (there they are dropped by their service name).
 */
export class BatchTracing {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #sampleRatio: number
  readonly #clock: Clock

  constructor({ endpoint, sampleRatio, version }: TracingSettings, clock: Clock = systemClock) {
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'medoscope', 'service.version': version }),
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    })
    this.#sampleRatio = sampleRatio
    this.#clock = clock
    this.#tracer = this.#provider.getTracer('medoscope', version)
  }

  /** Reports a batch that is done, or leaves it out: drawn here, since an unsampled span costs as well. */
  record(report: BatchReport): void {
    if (this.#clock.random() >= this.#sampleRatio) return
    const { startedMs, stepMs, publishMs, records, bytes, output } = report
    const span = this.#tracer.startSpan('process batch', {
      kind: SpanKind.CONSUMER,
      startTime: startedMs,
    })
    span.setAttributes({
      'messaging.batch.message_count': records,
      'medoscope.batch.bytes': bytes,
      'medoscope.batch.observations': output.verdicts.length,
      'medoscope.batch.anomalies': output.anomalies.length,
      'medoscope.batch.step_ms': stepMs,
      'medoscope.batch.publish_ms': publishMs,
    })
    if (output.deadLetters.length > 0) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(startedMs + stepMs + publishMs)
  }

  /** Sends what has been recorded so far. */
  async flush(): Promise<void> {
    await this.#provider.forceFlush()
  }

  /** Sends what is left, for at most five seconds. */
  async stop(): Promise<void> {
    const given = new Promise((resolve) => setTimeout(resolve, SHUTDOWN_MS).unref())
    await Promise.race([this.#provider.shutdown().catch(() => undefined), given])
  }
}
