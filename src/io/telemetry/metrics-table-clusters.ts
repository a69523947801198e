import type { MetricRow } from './metric-row.ts'

/** Open anomaly clusters that get series of their own; the others are counted. */
export const LISTED_ANOMALY_CLUSTERS = 50
/** Entry operations of one of them that do, those that suffer most. */
export const LISTED_ENTRIES = 3
/** Normal clusters that get series of their own, the heaviest first. */
export const LISTED_NORMAL_CLUSTERS = 500
/** Strata whose drift gets series of its own, the busiest first. */
export const LISTED_STRATA = 50

/**
 * The second half of the table of metrics: anomaly clusters, normal clusters, the model's changes and
 * drift. Labels that name a cluster, a place or a stratum are bounded by the three numbers above; trace
 * ids are labels of one info metric only, so that they never multiply anything.
 */
export const CLUSTER_METRICS = {
  medoscope_anomaly_clusters: {
    type: 'gauge',
    help: 'Anomaly clusters open now.',
  },
  medoscope_anomaly_clusters_unlisted: {
    type: 'gauge',
    help: 'Open anomaly clusters without series of their own: beyond the 50 strongest.',
  },
  medoscope_anomaly_cluster_changes_total: {
    type: 'counter',
    help: 'Changes of anomaly clusters: opened, updated, closed, merged, split, accepted.',
    labels: ['change'],
  },
  medoscope_anomaly_clusters_told_total: {
    type: 'counter',
    help: 'Anomaly clusters that people were told of, each time that they opened, came back or outgrew what is known; those that people accepted, medoscope_anomaly_cluster_changes_total{change="accepted"}, were false or are no news any more.',
  },
  medoscope_anomaly_clusters_forgotten_total: {
    type: 'counter',
    help: 'Past anomaly clusters that the API no longer serves (cluster), or without their traces (example).',
    labels: ['what'],
  },
  medoscope_anomaly_cluster_info: {
    type: 'gauge',
    help: 'Always 1: what an open anomaly cluster is. Cluster, service (first suspected) and severity class are labels of its alerts, which never change.',
    labels: ['cluster', 'service', 'term', 'direction', 'words', 'severity', 'place'],
  },
  medoscope_anomaly_cluster_impact_ratio: {
    type: 'gauge',
    help: 'Share of the requests of an entry operation that failed or were slow beyond their normal tail; the 3 that suffer most.',
    labels: ['cluster', 'entry'],
  },
  medoscope_anomaly_cluster_traces_info: {
    type: 'gauge',
    help: "Always 1: trace ids of an open anomaly cluster's representative and of the nearest normal trace; empty where there is none.",
    labels: ['cluster', 'trace_id', 'normal_trace_id'],
  },
  medoscope_anomaly_cluster_rate_ratio: {
    type: 'gauge',
    help: 'Share of the occurrences that deviate since the anomaly cluster began.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_normal_rate_ratio: {
    type: 'gauge',
    help: 'Share of the occurrences that deviate in normal times.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_observations: {
    type: 'gauge',
    help: 'Observations that deviated since the anomaly cluster began.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_strength: {
    type: 'gauge',
    help: 'Evidence of the anomaly cluster: decimal logarithm of its e-value.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_typical_seconds: {
    type: 'gauge',
    help: 'Typical time of the deviating calls, for clusters about time.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_normal_seconds: {
    type: 'gauge',
    help: 'Time that is normal at this place, for clusters about time.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_typical_calls: {
    type: 'gauge',
    help: 'Typical number of calls per parent, for clusters about counts.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_normal_calls: {
    type: 'gauge',
    help: 'Number of calls per parent that is normal, for clusters about counts.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_first_timestamp_seconds: {
    type: 'gauge',
    help: 'Data time of the first deviating observation.',
    labels: ['cluster'],
  },
  medoscope_anomaly_cluster_last_timestamp_seconds: {
    type: 'gauge',
    help: 'Data time of the latest deviating observation.',
    labels: ['cluster'],
  },
  medoscope_normal_clusters: {
    type: 'gauge',
    help: 'Normal clusters of the model in use.',
  },
  medoscope_normal_cluster_info: {
    type: 'gauge',
    help: 'Always 1: stratum of a normal cluster and trace id of its medoid; the 500 heaviest.',
    labels: ['cluster', 'stratum', 'medoid'],
  },
  medoscope_normal_cluster_weight_ratio: {
    type: 'gauge',
    help: 'Share of the normal traffic that a normal cluster stands for, at the last fit.',
    labels: ['cluster'],
  },
  medoscope_normal_cluster_observations_total: {
    type: 'counter',
    help: 'Observations nearest to a normal cluster; clusters without series of their own under (other).',
    labels: ['cluster'],
  },
  medoscope_anomaly_score: {
    type: 'histogram',
    help: 'Scores of flagged observations (1: just flagged), with the trace id as exemplar.',
    buckets: [1, 1.25, 1.5, 2, 3, 5, 8, 13, 20, 50, 100],
  },
  medoscope_target_false_anomaly_clusters_per_week: {
    type: 'gauge',
    help: 'False anomaly clusters that may open in a week: accumulate.false_clusters_per_week of the configuration.',
  },
  medoscope_target_flag_ratio: {
    type: 'gauge',
    help: 'Share of normal observations that may be flagged: alpha of the configuration.',
  },
  medoscope_model_refresh_interval_seconds: {
    type: 'gauge',
    help: 'Data time between two refreshes of the model, as configured.',
  },
  medoscope_model_retention_ratio: {
    type: 'gauge',
    help: 'Share of the normal clusters that the last refresh kept.',
  },
  medoscope_model_churn_ratio: {
    type: 'gauge',
    help: 'Share of the weight that changed its normal cluster at the last refresh.',
  },
  medoscope_model_cluster_births_total: {
    type: 'counter',
    help: 'Normal clusters that appeared at refreshes.',
  },
  medoscope_model_cluster_deaths_total: {
    type: 'counter',
    help: 'Normal clusters that disappeared at refreshes.',
  },
  medoscope_drift_state: {
    type: 'gauge',
    help: 'State of a drift detector: 0 stable, 1 suspected, 2 drifting; the 50 busiest strata.',
    labels: ['stratum', 'stream'],
  },
  medoscope_drift_statistic: {
    type: 'gauge',
    help: "Distance of the last window from the model's reference, in units of its threshold: drifting above 1.",
    labels: ['stratum', 'stream'],
  },
  medoscope_drift_threshold: {
    type: 'gauge',
    help: "Threshold of the statistic in the stream's own unit, from a block bootstrap of the reference.",
    labels: ['stratum', 'stream'],
  },
  medoscope_drift_strata_unlisted: {
    type: 'gauge',
    help: 'Strata watched for drift without series of their own: beyond the 50 busiest.',
  },
  medoscope_drift_changes_total: {
    type: 'counter',
    help: 'Changes of drift detectors into a state.',
    labels: ['state'],
  },
  medoscope_drift_blocks_set_aside_total: {
    type: 'counter',
    help: 'Blocks of drift detectors left out since open anomaly clusters hold over a tenth of their traces.',
  },
} as const satisfies Record<string, MetricRow>
