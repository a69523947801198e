import type { FileSource } from '../files/file-source.ts'
import type { OtlpHttpSource } from '../http/otlp-http.ts'
import type { KafkaSink } from '../kafka/kafka-sink.ts'
import type { KafkaSource } from '../kafka/kafka-source.ts'
import type { Metrics } from './metrics.ts'

/** What only some kinds of source know, into the metrics; called at a scrape. */
export function feedKafka(metrics: Metrics, { counters, queue, name }: KafkaSource): void {
  feedQueue(metrics, queue, name)
  const skipped = (reason: string, total: number): void =>
    metrics.raise('medoscope_skipped_records_total', total, { source: 'kafka', reason })
  skipped('empty', counters.skippedEmpty)
  skipped('other_signal', counters.skippedSignal)
  skipped('unreadable', counters.skippedUnreadable)
  skipped('lost', counters.lost)
  const happened = (event: string, total: number): void =>
    metrics.raise('medoscope_source_events_total', total, { source: 'kafka', event })
  happened('join', counters.joins)
  happened('crash', counters.crashes)
  happened('gap', counters.gaps)
  happened('log_restart', counters.restarts)
  happened('partition_added', counters.added)
  happened('offsets_gone', counters.offsetsGone)
  happened('pause', counters.pauses)
  happened('dropped_from_queue', counters.droppedFromQueue)
  happened('commit_refused', counters.commitsRefused)
  happened('commit_failed', counters.commitsFailed)
}

export function feedOtlpHttp(metrics: Metrics, source: OtlpHttpSource): void {
  const { queue, responses, name, lost, evicted, logBytes } = source
  feedQueue(metrics, queue, name)
  const skipped = (reason: string, total: number): void =>
    metrics.raise('medoscope_skipped_records_total', total, { source: name, reason })
  skipped('lost', lost)
  skipped('other_signal', source.skippedLogs)
  const event = 'slow_sender'
  metrics.raise('medoscope_source_events_total', evicted, { source: name, event })
  metrics.set('medoscope_http_log_bytes', logBytes)
  for (const [code, total] of responses) {
    metrics.raise('medoscope_http_requests_total', total, { code: String(code) })
  }
}

function feedQueue(
  metrics: Metrics,
  queue: { readonly length: number; readonly bytes: number },
  source: string,
): void {
  metrics.set('medoscope_queue_records', queue.length, { source })
  metrics.set('medoscope_queue_bytes', queue.bytes, { source })
}

export function feedFiles(metrics: Metrics, source: FileSource): void {
  const skipped = (reason: string, total: number): void =>
    metrics.raise('medoscope_skipped_records_total', total, { source: 'files', reason })
  skipped('other_signal', source.skippedSignals)
  skipped('oversized', source.oversized)
  const event = 'damaged'
  const damaged = source.damaged.length
  metrics.raise('medoscope_source_events_total', damaged, { source: 'files', event })
}

export function feedKafkaSink(metrics: Metrics, { counters, name: sink }: KafkaSink): void {
  const name = 'medoscope_publications_oversized_total'
  metrics.raise(name, counters.truncated, { sink, outcome: 'truncated' })
  metrics.raise(name, counters.oversized, { sink, outcome: 'lost' })
}
