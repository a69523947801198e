import type { PipelineCounts } from '../../contract/pipeline-report.ts'
import type { SinkState } from '../../contract/sink.ts'
import type { SourceLag } from '../../contract/source.ts'
import type { DetectorCounts } from '../../detector/detector-counts.ts'
import type { DetectorStatus } from '../../detector/detector-status.ts'
import type { CounterName, MetricLabels, Metrics } from './metrics.ts'
import { LISTED_PARTITIONS } from './metrics-table.ts'

type AssemblerCounts = DetectorCounts['assembled']
type Series = readonly [CounterName, MetricLabels]

const dropped = (reason: string): Series => ['medoscope_spans_dropped_total', { reason }]
const closed = (cause: string): Series => ['medoscope_traces_closed_total', { cause }]
const segment = (part: string): Series => ['medoscope_trace_segments_total', { part }]
const incomplete = (what: string): Series => ['medoscope_traces_incomplete_total', { what }]
const irregular = (kind: string): Series => ['medoscope_irregularities_total', { kind }]

/** Where each number of the assembler is shown; null for what another number says already. */
export const ASSEMBLER_SERIES: Readonly<Record<keyof AssemblerCounts, Series | null>> = {
  records: null,
  spans: null,
  spansOut: null,
  lateSpans: dropped('late'),
  consumerSegments: segment('consumer'),
  lateSegments: segment('late'),
  duplicates: dropped('duplicate'),
  overlongSpans: dropped('overlong'),
  invalidIds: dropped('invalid_id'),
  closedQuiet: closed('quiet'),
  closedMaxWait: closed('max_wait'),
  closedEndOfInput: closed('end_of_input'),
  evictedForTraces: closed('evicted_traces'),
  evictedForSpans: closed('evicted_spans'),
  closedIdsForgotten: irregular('closed_id_forgotten'),
  rootless: incomplete('rootless'),
  orphaned: incomplete('orphaned'),
  truncated: incomplete('truncated'),
  incompleteUnkeyed: incomplete('unkeyed'),
  orphanSpans: irregular('orphan_span'),
  extraRoots: irregular('extra_root'),
  cycles: irregular('cycle'),
  skewShifts: irregular('skew_shift'),
  negativeDurations: irregular('negative_duration'),
  absurdTimes: irregular('absurd_time'),
  rejectedJumps: irregular('rejected_jump'),
  acceptedJumps: irregular('accepted_jump'),
  clockRestarts: irregular('clock_restart'),
}

/** The detector's plain numbers into counters and a gauge; called at a scrape. */
export function feedDetectorCounts(metrics: Metrics, counts: DetectorCounts): void {
  const { records, assembled, judged, learned, overflow, forgotten, accumulated } = counts
  metrics.raise('medoscope_records_total', records.taken)
  metrics.raise('medoscope_record_bytes_total', records.bytes)
  metrics.raise('medoscope_undecodable_records_total', records.undecodable)
  metrics.raise('medoscope_rejected_spans_total', records.rejectedSpans)
  metrics.raise('medoscope_keyed_records_total', records.keyed)
  metrics.raise('medoscope_spans_total', records.spans)
  metrics.raise('medoscope_log_records_total', records.logRecords)
  metrics.raise('medoscope_log_records_keyless_total', records.keylessLogs)
  feedTracedLogs(metrics, counts)
  metrics.raise(...total(dropped('own'), counts.ownSpans))
  for (const key of Object.keys(ASSEMBLER_SERIES) as (keyof AssemblerCounts)[]) {
    const series = ASSEMBLER_SERIES[key]
    if (series !== null) metrics.raise(...total(series, assembled[key]))
  }
  for (const [reason, count] of Object.entries(judged)) {
    if (reason === 'flagged') metrics.raise('medoscope_observations_flagged_total', count)
    else metrics.raise('medoscope_observations_total', count, { reason })
  }
  metrics.raise('medoscope_observations_learned_total', learned.observations)
  metrics.raise('medoscope_observations_quarantined_total', learned.quarantined)
  metrics.raise('medoscope_observations_forgotten_total', learned.forgotten)
  for (const [what, count] of Object.entries(overflow)) {
    metrics.raise('medoscope_overflow_total', count, { what })
  }
  for (const [what, count] of Object.entries(forgotten)) {
    metrics.raise('medoscope_forgotten_total', count, { what })
  }
  // Open clusters have a gauge of their own.
  const { open: _, watched = 0, ...events } = accumulated
  metrics.set('medoscope_watched_series', watched)
  for (const [event, count] of Object.entries(events)) {
    metrics.raise('medoscope_evidence_events_total', count, { event })
  }
}

function feedTracedLogs(metrics: Metrics, { tracedLogs, newErrors }: DetectorCounts): void {
  const { joined, late, lone, overlong, crowdedOut, lost, otherLines, waiting } = tracedLogs
  const fates = { joined, late, lone, overlong, crowded_out: crowdedOut, lost }
  for (const [fate, count] of Object.entries(fates)) {
    metrics.raise('medoscope_traced_log_records_total', count, { fate })
  }
  metrics.raise('medoscope_other_log_lines_total', otherLines)
  metrics.set('medoscope_traced_log_records_waiting', waiting)
  metrics.raise('medoscope_new_errors_total', newErrors.told, { what: 'told' })
  metrics.raise('medoscope_new_errors_total', newErrors.untold, { what: 'untold' })
}

function total([name, labels]: Series, value: number): [CounterName, number, MetricLabels] {
  return [name, value, labels]
}

/** The loop's plain numbers into the counters; called at a scrape. */
export function feedPipelineCounts(metrics: Metrics, counts: PipelineCounts): void {
  metrics.raise('medoscope_batches_total', counts.batches)
  metrics.raise('medoscope_model_fits_total', counts.fits)
  metrics.raise('medoscope_model_fit_seconds_total', counts.fitMs / 1000)
  metrics.raise('medoscope_model_fit_waits_total', counts.fitWaits)
  metrics.raise('medoscope_commits_total', counts.commits)
  metrics.raise('medoscope_commit_failures_total', counts.commitFailures)
  metrics.raise('medoscope_checkpoints_total', counts.checkpoints)
  metrics.raise('medoscope_checkpoint_failures_total', counts.checkpointFailures)
  metrics.raise('medoscope_partitions_revoked_total', counts.revoked)
}

export function feedSinks(metrics: Metrics, sinks: readonly SinkState[]): void {
  for (const state of sinks) {
    const { name: sink, attempts, failures, retries, published, paused } = state
    metrics.raise('medoscope_publish_attempts_total', attempts, { sink })
    metrics.raise('medoscope_publish_failures_total', failures, { sink })
    metrics.raise('medoscope_publish_retries_total', retries, { sink })
    for (const [type, count] of Object.entries(published)) {
      metrics.raise('medoscope_published_total', count, { sink, type })
    }
    metrics.raise('medoscope_publications_refused_total', state.refused, { sink })
    metrics.raise('medoscope_publications_dropped_total', state.dropped, { sink })
    metrics.set('medoscope_sink_queue_publications', state.queued, { sink })
    metrics.set('medoscope_sink_up', paused ? 0 : 1, { sink })
  }
}

/** Lag by partition, in records and in seconds; called at a scrape. */
export function feedLag(
  metrics: Metrics,
  lag: ReadonlyMap<string, SourceLag>,
  lastRecordMs: ReadonlyMap<string, number>,
  wallMs: number,
): void {
  metrics.clear('medoscope_lag_records')
  metrics.clear('medoscope_lag_seconds')
  let listed = 0
  const others = { records: 0, seconds: 0 }
  for (const [partition, { records }] of lag) {
    const last = lastRecordMs.get(partition) ?? 0
    const seconds = records > 0 && last > 0 ? Math.max(0, (wallMs - last) / 1000) : 0
    if (listed++ < LISTED_PARTITIONS) {
      metrics.set('medoscope_lag_records', records, { partition })
      metrics.set('medoscope_lag_seconds', seconds, { partition })
    } else {
      others.records += records
      others.seconds = Math.max(others.seconds, seconds)
      metrics.set('medoscope_lag_records', others.records, { partition: '(other)' })
      metrics.set('medoscope_lag_seconds', others.seconds, { partition: '(other)' })
    }
  }
}

/** How far the detector is; called at a scrape. */
export function feedStatus(metrics: Metrics, status: DetectorStatus, wallMs: number): void {
  const { clockMs, calibration, strata, model } = status
  metrics.set('medoscope_live', status.state === 'live' ? 1 : 0)
  metrics.set('medoscope_data_time_timestamp_seconds', clockMs / 1000)
  const age = clockMs > 0 ? (wallMs - clockMs) / 1000 : 0
  metrics.set('medoscope_data_time_age_seconds', age)
  metrics.set('medoscope_calibration_observations', calibration.have)
  metrics.set('medoscope_calibration_needed', calibration.needed, { for: 'first_model' })
  metrics.set('medoscope_calibration_needed', calibration.neededToFlag, { for: 'alpha' })
  metrics.set('medoscope_coverage_ratio', status.coverage.share)
  for (const state of ['learning', 'pooled', 'live']) {
    const count = strata.filter((stratum) => stratum.state === state).length
    metrics.set('medoscope_strata', count, { state })
  }
  metrics.set('medoscope_model_version', model?.version ?? 0)
  metrics.set('medoscope_model_age_seconds', model ? (clockMs - model.fittedMs) / 1000 : 0)
}
