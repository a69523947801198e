import type { MetricRow } from './metric-row.ts'
import { CLUSTER_METRICS } from './metrics-table-clusters.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Partitions that get series of their own; further ones are summed (lag: the worst) under (other). */
export const LISTED_PARTITIONS = 256

/** The main path: input, assembly, verdicts, learning, publishing, and the loop itself. */
const PIPELINE_METRICS = {
  medoscope_build_info: {
    type: 'gauge',
    help: 'Always 1: version of medoscope and of Node.',
    labels: ['version', 'node'],
  },
  medoscope_records_total: {
    type: 'counter',
    help: 'Records taken from the sources, the undecodable ones included.',
  },
  medoscope_record_bytes_total: {
    type: 'counter',
    help: 'Bytes of these records, uncompressed.',
  },
  medoscope_rejected_spans_total: {
    type: 'counter',
    help: 'Spans left out for being no good (an id of zeros, a value of a wrong type).',
  },
  medoscope_undecodable_records_total: {
    type: 'counter',
    help: 'Records that could not be decoded; they went to the dead letters.',
  },
  medoscope_keyed_records_total: {
    type: 'counter',
    help: 'Records with a key. None of several partitions: traces are split between them.',
  },
  medoscope_skipped_records_total: {
    type: 'counter',
    help: 'Records a source did not hand over because nothing in them is judged: other signals, logs without logs.session.keys, empty values.',
    labels: ['source', 'reason'],
  },
  medoscope_source_events_total: {
    type: 'counter',
    help: 'What befell a source: rebalances, gaps, restarts.',
    labels: ['source', 'event'],
  },
  medoscope_log_records_total: {
    type: 'counter',
    help: 'Log records decoded.',
  },
  medoscope_log_services_not_templating: {
    type: 'gauge',
    help: 'Services of whose log lines a fifth or more are like no other line, so that their sessions say little.',
  },
  medoscope_log_records_keyless_total: {
    type: 'counter',
    help: 'Log records that no session takes, as they have none of logs.session.keys; they are not judged.',
  },
  medoscope_traced_log_records_total: {
    type: 'counter',
    help: 'Log records that name a trace, by what became of them: joined, late (their trace was judged before), lone (it sent no span in time), overlong (beyond the cap of a trace), crowded_out (to make room for others), lost (their partition went elsewhere).',
    labels: ['fate'],
  },
  medoscope_traced_log_records_waiting: {
    type: 'gauge',
    help: 'Log records that wait for their traces.',
  },
  medoscope_other_log_lines_total: {
    type: 'counter',
    help: 'Log records in traces that share one name, since their operation logs too many templates.',
  },
  medoscope_new_errors_total: {
    type: 'counter',
    help: 'Error lines that came again and again before there was a model: told, or untold for want of room.',
    labels: ['what'],
  },
  medoscope_spans_total: {
    type: 'counter',
    help: 'Spans decoded.',
  },
  medoscope_spans_dropped_total: {
    type: 'counter',
    help: 'Spans not looked at: late, duplicate, overlong (beyond the cap of a trace), invalid_id, own.',
    labels: ['reason'],
  },
  medoscope_http_requests_total: {
    type: 'counter',
    help: 'Requests to the OTLP/HTTP receiver by status code.',
    labels: ['code'],
  },
  medoscope_queue_records: {
    type: 'gauge',
    help: 'Records waiting between a source and the detector.',
    labels: ['source'],
  },
  medoscope_queue_bytes: {
    type: 'gauge',
    help: 'Bytes waiting between a source and the detector.',
    labels: ['source'],
  },
  medoscope_lag_records: {
    type: 'gauge',
    help: 'Records behind the end of the log.',
    labels: ['partition'],
  },
  medoscope_lag_seconds: {
    type: 'gauge',
    help: 'Age of the last record taken while there are more to take; 0 at the end of the log.',
    labels: ['partition'],
  },
  medoscope_open_traces: {
    type: 'gauge',
    help: 'Traces waiting for their last spans.',
  },
  medoscope_open_spans: {
    type: 'gauge',
    help: 'Spans of these traces.',
  },
  medoscope_traces_closed_total: {
    type: 'counter',
    help: 'Traces closed by cause: quiet, max_wait, end_of_input, evicted_traces, evicted_spans.',
    labels: ['cause'],
  },
  medoscope_traces_incomplete_total: {
    type: 'counter',
    help: 'Closed traces with something missing: rootless, orphaned, truncated, unkeyed (of the first two, from records without a key).',
    labels: ['what'],
  },
  medoscope_trace_segments_total: {
    type: 'counter',
    help: 'Parts of traces judged by themselves: consumer (the work on a message), late (what came after its trace was judged, or while it went on).',
    labels: ['part'],
  },
  medoscope_irregularities_total: {
    type: 'counter',
    help: 'Oddities put right while assembling: clocks, cycles, orphans, times out of this world.',
    labels: ['kind'],
  },
  medoscope_data_time_timestamp_seconds: {
    type: 'gauge',
    help: 'Data time: the latest believable end of a span.',
  },
  medoscope_data_time_age_seconds: {
    type: 'gauge',
    help: 'Wall clock less data time; 0 before the first span.',
  },
  medoscope_observations_total: {
    type: 'counter',
    help: 'Traces judged, by reason of the verdict: normal, time, shape, learning, incomplete.',
    labels: ['reason'],
  },
  medoscope_coverage_ratio: {
    type: 'gauge',
    help: 'Share of the traces of the last 5 to 10 minutes of data time that were judged; 1 without traffic.',
  },
  medoscope_observations_flagged_total: {
    type: 'counter',
    help: 'Traces judged anomalous.',
  },
  medoscope_observations_learned_total: {
    type: 'counter',
    help: 'Traces learned from.',
  },
  medoscope_observations_quarantined_total: {
    type: 'counter',
    help: 'Traces kept away from the sample: part of an open anomaly cluster, or flagged (until it is known whether one comes).',
  },
  medoscope_observations_forgotten_total: {
    type: 'counter',
    help: 'Flagged or unusual traces that waited to be learned from and were dropped: an anomaly cluster came for their entry operation, or more waited than there is room for.',
  },
  medoscope_evidence_events_total: {
    type: 'counter',
    help: 'What happened while evidence was accumulated, drops included.',
    labels: ['event'],
  },
  medoscope_watched_series: {
    type: 'gauge',
    help: 'Series (place or entry operation, and what may deviate there) that the evidence watches.',
  },
  medoscope_overflow_total: {
    type: 'counter',
    help: 'Things that found no room and were taken together as (other): texts, elements, paths, places, strata; environments of a service that go by its name alone; rules by which parts of names are ids.',
    labels: ['what'],
  },
  medoscope_forgotten_total: {
    type: 'counter',
    help: 'Things that did not come for `features.forget_after`, or the longest where room was short, and gave their room back: texts, elements, paths, places, strata, templates.',
    labels: ['what'],
  },
  medoscope_live: {
    type: 'gauge',
    help: '1 once a model judges, 0 while learning.',
  },
  medoscope_calibration_observations: {
    type: 'gauge',
    help: 'Traces in the calibration sample.',
  },
  medoscope_calibration_needed: {
    type: 'gauge',
    help: 'Calibration traces needed: for a first model (first_model), and to flag at alpha (alpha).',
    labels: ['for'],
  },
  medoscope_strata: {
    type: 'gauge',
    help: 'Entry operations by state: learning, live.',
    labels: ['state'],
  },
  medoscope_model_version: {
    type: 'gauge',
    help: 'Version of the model that judges; 0 while there is none.',
  },
  medoscope_model_installs_total: {
    type: 'counter',
    help: 'Models that took effect.',
  },
  medoscope_model_install_timestamp_seconds: {
    type: 'gauge',
    help: 'Wall clock when the model in use took effect; 0 while there is none.',
  },
  medoscope_model_age_seconds: {
    type: 'gauge',
    help: 'Data time since the model in use was fitted; 0 while there is none.',
  },
  medoscope_model_fits_total: {
    type: 'counter',
    help: 'Fits asked for.',
  },
  medoscope_model_fit_seconds_total: {
    type: 'counter',
    help: 'Time from asking for a fit to having it.',
  },
  medoscope_model_fit_waits_total: {
    type: 'counter',
    help: 'Times the stream waited for a fit that was due.',
  },
  medoscope_model_fit_worker_failures_total: {
    type: 'counter',
    help: 'Times the fit worker died; the fit was then done in the main thread.',
  },
  medoscope_step_seconds: {
    type: 'histogram',
    help: 'Time to judge one batch, waits for a due model included.',
    buckets: SECONDS,
  },
  medoscope_publish_seconds: {
    type: 'histogram',
    help: 'Time to publish what came of one batch; batches without publications count too.',
    buckets: SECONDS,
  },
  medoscope_batches_total: {
    type: 'counter',
    help: 'Batches judged.',
  },
  medoscope_published_total: {
    type: 'counter',
    help: 'Things published: anomaly, anomaly_cluster, dead_letter.',
    labels: ['sink', 'type'],
  },
  medoscope_publications_oversized_total: {
    type: 'counter',
    help: 'Things too large for the other side: sent cut short (truncated) or not at all (lost).',
    labels: ['sink', 'outcome'],
  },
  medoscope_publish_attempts_total: {
    type: 'counter',
    help: 'Attempts to publish a batch.',
    labels: ['sink'],
  },
  medoscope_publish_failures_total: {
    type: 'counter',
    help: 'Attempts that failed.',
    labels: ['sink'],
  },
  medoscope_publish_retries_total: {
    type: 'counter',
    help: 'Attempts after a failed one.',
    labels: ['sink'],
  },
  medoscope_publications_refused_total: {
    type: 'counter',
    help: 'Publications that a sink refused for good (4xx; kept as dead letters, passed over), or said that it left out (partial success).',
    labels: ['sink'],
  },
  medoscope_publications_dropped_total: {
    type: 'counter',
    help: 'Publications that a sink which is not required will not get: too many waited, or the service stopped.',
    labels: ['sink'],
  },
  medoscope_http_log_bytes: {
    type: 'gauge',
    help: 'Disk space of what came over OTLP/HTTP and is not committed yet.',
  },
  medoscope_sink_queue_publications: {
    type: 'gauge',
    help: 'Publications that wait for a sink.',
    labels: ['sink'],
  },
  medoscope_sink_up: {
    type: 'gauge',
    help: '0 while a sink is unreachable: too many attempts in a row have failed.',
    labels: ['sink'],
  },
  medoscope_commits_total: {
    type: 'counter',
    help: 'Commits to the sources.',
  },
  medoscope_commit_failures_total: {
    type: 'counter',
    help: 'Commits that failed; they are tried again.',
  },
  medoscope_checkpoints_total: {
    type: 'counter',
    help: 'Checkpoints written.',
  },
  medoscope_checkpoint_failures_total: {
    type: 'counter',
    help: 'Checkpoints that could not be written; commits wait for the next.',
  },
  medoscope_checkpoint_bytes: {
    type: 'gauge',
    help: 'Size of the last checkpoint; 0 before the first.',
  },
  medoscope_partitions_revoked_total: {
    type: 'counter',
    help: 'Partitions given up to another instance.',
  },
  medoscope_loop_turn_timestamp_seconds: {
    type: 'gauge',
    help: 'Wall clock of the last turn of the loop.',
  },
} as const satisfies Record<string, MetricRow>

/** THE table of metrics. */
export const METRICS = { ...PIPELINE_METRICS, ...CLUSTER_METRICS } as const satisfies Record<
  string,
  MetricRow
>

export type MetricName = keyof typeof METRICS

const DOC_HEADER = `# Metrics

Made from src/io/telemetry/metrics-table.ts. Every series is served at \`/metrics\` of the admin address, beside
prom-client's default metrics of the process (\`process_*\`, \`nodejs_*\`). Times called data time come
from the spans, never from the clock. No metric has an unbounded label.
`

/** `docs/metrics.md`. */
export function metricsDocument(): string {
  const rows = Object.entries<MetricRow>(METRICS).map(([name, { type, help, labels, buckets }]) => {
    const bounds = buckets ? ` Buckets: ${buckets.join(', ')}.` : ''
    return `| \`${name}\` | ${type} | ${(labels ?? []).join(', ')} | ${help}${bounds} |`
  })
  const head = '| metric | type | labels | meaning |\n|---|---|---|---|'
  return `${DOC_HEADER}\n${head}\n${rows.join('\n')}\n`
}
