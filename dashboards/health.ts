import { variables } from './anomalies.ts'
import {
  annotation,
  column,
  type DashboardSpec,
  mappings,
  type Panel,
  prom,
  thresholds,
} from './dashboard.ts'

const JOB = 'job=~"$job"'
const THIS = 'job=~"$job", instance=~"$instance"'

function rate(metric: string, by = ''): string {
  const sum = by === '' ? 'sum' : `sum by (${by})`
  return `${sum} (rate(${metric}{${THIS}}[$__rate_interval]))`
}

function quantile(q: number, metric: string): string {
  return `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket{${THIS}}[$__rate_interval])))`
}

const lines = { min: 0, custom: { fillOpacity: 10, lineWidth: 2 } } as const

function series(
  title: string,
  description: string,
  unit: string,
  queries: Panel['queries'],
  more: Partial<Panel> = {},
): Panel {
  return {
    type: 'timeseries',
    title,
    description,
    unit,
    queries,
    width: 8,
    height: 7,
    field: lines,
    ...more,
  }
}

const glance: readonly Panel[] = [
  {
    type: 'stat',
    title: 'Scraped',
    description: 'Instances of medoscope that Prometheus reaches, of those it knows.',
    unit: 'short',
    queries: [prom(`min(up{${THIS}})`, 'up')],
    width: 3,
    height: 4,
    field: {
      ...thresholds([null, 'red'], [1, 'green']),
      ...mappings({ '0': ['down', 'red'], '1': ['up', 'green'] }),
      noValue: 'no medoscope',
    },
  },
  {
    type: 'stat',
    title: 'Input',
    description: 'Spans a second. 0 means that medoscope sees nothing.',
    unit: 'ops',
    queries: [prom(rate('medoscope_spans_total'), 'spans')],
    width: 4,
    height: 4,
    field: { ...thresholds([null, 'red'], [0.001, 'green']), decimals: 0 },
    options: { graphMode: 'area' },
  },
  {
    type: 'stat',
    title: 'Behind',
    description:
      'Age of the last record taken while there are more; the worst partition. Alerts above 5 minutes.',
    unit: 's',
    queries: [prom(`max(medoscope_lag_seconds{${THIS}}) or vector(0)`, 'lag')],
    width: 3,
    height: 4,
    field: { ...thresholds([null, 'green'], [60, 'orange'], [300, 'red']), decimals: 0 },
  },
  {
    type: 'stat',
    title: 'Learning',
    description: 'Calibration traces of those needed for a first model; live once a model judges.',
    unit: 'percentunit',
    queries: [
      prom(
        `min(clamp_max(medoscope_calibration_observations{${THIS}} / on (job, instance) medoscope_calibration_needed{${THIS}, for="first_model"}, 1))`,
        'learned',
      ),
    ],
    width: 3,
    height: 4,
    field: { ...thresholds([null, 'blue'], [1, 'green']), decimals: 0 },
  },
  {
    type: 'stat',
    title: 'Model age',
    description: 'Time since the model in use took effect. Red at three refresh intervals.',
    unit: 's',
    queries: [prom(`time() - max(medoscope_model_install_timestamp_seconds{${THIS}} > 0)`, 'age')],
    width: 3,
    height: 4,
    field: { ...thresholds([null, 'green']), noValue: 'none', decimals: 0 },
  },
  {
    type: 'stat',
    title: 'Publishing',
    description: 'Whether any sink is unreachable: nothing is committed while a required one is.',
    unit: 'short',
    queries: [prom(`min(medoscope_sink_up{${THIS}})`, 'sinks')],
    width: 3,
    height: 4,
    field: {
      ...thresholds([null, 'red'], [1, 'green']),
      ...mappings({ '0': ['waiting', 'red'], '1': ['fine', 'green'] }),
      noValue: 'no sink',
    },
  },
  {
    type: 'stat',
    title: 'Memory',
    description: 'Resident memory of the process.',
    unit: 'bytes',
    queries: [prom(`max(process_resident_memory_bytes{${THIS}})`, 'resident')],
    width: 3,
    height: 4,
    field: { ...thresholds([null, 'green'], [700_000_000, 'orange']), decimals: 0 },
  },
  {
    type: 'stat',
    title: 'Drift',
    description: 'Strata that drift.',
    unit: 'short',
    queries: [
      prom(`count(max by (stratum) (medoscope_drift_state{${THIS}}) == 2) or vector(0)`, 'strata'),
    ],
    width: 2,
    height: 4,
    field: thresholds([null, 'green'], [1, 'orange']),
  },
]

const input: readonly Panel[] = [
  series(
    'Input',
    'Records, spans and bytes a second.',
    'ops',
    [
      prom(rate('medoscope_records_total'), 'records'),
      prom(rate('medoscope_spans_total'), 'spans'),
      prom(rate('medoscope_record_bytes_total'), 'bytes'),
    ],
    {
      overrides: [column('bytes', { unit: 'Bps', 'custom.axisPlacement': 'right' })],
    },
  ),
  series(
    'Behind, in seconds',
    'Age of the last record taken of each partition while there are more to take. Rising without end means that one core is not enough, or that a sink is down.',
    's',
    [prom(`max by (partition) (medoscope_lag_seconds{${THIS}})`, '{{partition}}')],
    {
      field: {
        ...lines,
        ...thresholds([null, 'green'], [300, 'red']),
        color: { mode: 'palette-classic' },
        noValue: '0',
      },
    },
  ),
  series('Behind, in records', 'Records of each partition that are still to take.', 'short', [
    prom(`max by (partition) (medoscope_lag_records{${THIS}})`, '{{partition}}'),
  ]),
  series(
    'Waiting records',
    'Records between a source and the detector. Full queues make the source wait.',
    'short',
    [prom(`sum by (source) (medoscope_queue_records{${THIS}}) or vector(0)`, '{{source}}')],
  ),
  series(
    'Not looked at',
    'Spans dropped by reason, records skipped or undecodable, a second. A little late is normal.',
    'ops',
    [
      prom(rate('medoscope_spans_dropped_total', 'reason'), '{{reason}} spans'),
      prom(rate('medoscope_undecodable_records_total'), 'undecodable records'),
      prom(rate('medoscope_skipped_records_total', 'reason'), 'skipped records: {{reason}}'),
    ],
  ),
  series(
    'Data time behind the clock',
    'Wall clock less the newest span end. Minutes mean clocks that are wrong, or old records.',
    's',
    [prom(`max(medoscope_data_time_age_seconds{${THIS}})`, 'age')],
  ),
  series(
    'OTLP/HTTP requests',
    'Requests to the receiver by status code, a second. 429: it was full.',
    'ops',
    [prom(`${rate('medoscope_http_requests_total', 'code')} or vector(0)`, '{{code}}')],
  ),
  series('Events of sources', 'Rebalances, gaps and restarts of a source, a second.', 'ops', [
    prom(rate('medoscope_source_events_total', 'source, event'), '{{source}}: {{event}}'),
  ]),
]

const assembly: readonly Panel[] = [
  series('Open traces and spans', 'Traces that wait for their last spans.', 'short', [
    prom(`sum(medoscope_open_traces{${THIS}})`, 'traces'),
    prom(`sum(medoscope_open_spans{${THIS}})`, 'spans'),
  ]),
  series(
    'Traces closed, by cause',
    'Most close after a quiet time; evicted means that a limit is too low.',
    'ops',
    [prom(rate('medoscope_traces_closed_total', 'cause'), '{{cause}}')],
  ),
  series(
    'Incomplete traces',
    'Traces without their root or with orphans. Many from records without a key: the Collector splits traces over partitions.',
    'ops',
    [prom(rate('medoscope_traces_incomplete_total', 'what'), '{{what}}')],
  ),
]

const work: readonly Panel[] = [
  series(
    'Traces judged, by reason',
    'Verdicts a second: normal, flagged for time or shape, or none yet.',
    'ops',
    [prom(rate('medoscope_observations_total', 'reason'), '{{reason}}')],
    { field: { ...lines, custom: { ...lines.custom, stacking: { mode: 'normal', group: 'A' } } } },
  ),
  series('Time to judge a batch', 'Decoding to verdicts of one batch of records.', 's', [
    prom(quantile(0.5, 'medoscope_step_seconds'), 'median'),
    prom(quantile(0.99, 'medoscope_step_seconds'), '99 %'),
  ]),
  series('Time to publish a batch', 'Until every sink has what came of a batch.', 's', [
    prom(quantile(0.5, 'medoscope_publish_seconds'), 'median'),
    prom(quantile(0.99, 'medoscope_publish_seconds'), '99 %'),
  ]),
  series('Published', 'Anomalies, changes of anomaly clusters and dead letters a second.', 'ops', [
    prom(rate('medoscope_published_total', 'sink, type'), '{{sink}}: {{type}}'),
  ]),
  series(
    'Publish failures',
    'Attempts that failed, a second. Each sink has a queue; commits wait for required ones.',
    'ops',
    [prom(rate('medoscope_publish_failures_total', 'sink'), '{{sink}}')],
  ),
  series('Commits and checkpoints', 'Written a second, and those that failed.', 'ops', [
    prom(rate('medoscope_commits_total'), 'commits'),
    prom(rate('medoscope_commit_failures_total'), 'failed commits'),
    prom(rate('medoscope_checkpoints_total'), 'checkpoints'),
    prom(rate('medoscope_checkpoint_failures_total'), 'failed checkpoints'),
  ]),
]

const model: readonly Panel[] = [
  {
    type: 'state-timeline',
    title: 'Drift, by stratum',
    description:
      "Whether the distances to the nearest normal cluster, or the shares of the normal clusters, have moved away from the model's reference.",
    unit: 'short',
    queries: [
      prom(`max by (stratum, stream) (medoscope_drift_state{${THIS}})`, '{{stratum}}: {{stream}}'),
    ],
    width: 16,
    height: 9,
    field: {
      ...mappings({
        '0': ['stable', 'green'],
        '1': ['suspected', 'yellow'],
        '2': ['drifting', 'orange'],
      }),
      color: { mode: 'palette-classic' },
      custom: { fillOpacity: 70, lineWidth: 0 },
      noValue: 'No stratum is watched yet.',
    },
  },
  series(
    'Drift against its threshold',
    'Above 1 the last window is further from the reference than chance explains; the ten largest.',
    'short',
    [
      prom(
        `topk(10, max by (stratum, stream) (medoscope_drift_statistic{${THIS}}))`,
        '{{stratum}}: {{stream}}',
      ),
    ],
    {
      height: 9,
      field: {
        ...lines,
        custom: { fillOpacity: 0, lineWidth: 1, thresholdsStyle: { mode: 'dashed' } },
        ...thresholds([null, 'green'], [1, 'orange']),
        color: { mode: 'palette-classic' },
      },
    },
  ),
  series(
    'Churn of the last refresh',
    'Share of the weight that changed its normal cluster, and share of the normal clusters that were kept.',
    'percentunit',
    [
      prom(`max(medoscope_model_churn_ratio{${THIS}})`, 'moved'),
      prom(`min(medoscope_model_retention_ratio{${THIS}})`, 'kept'),
    ],
    { field: { ...lines, max: 1 } },
  ),
  series(
    'Normal clusters',
    'How many there are, and how many appeared and disappeared at refreshes.',
    'short',
    [
      prom(`max(medoscope_normal_clusters{${THIS}})`, 'clusters'),
      prom(
        `sum(increase(medoscope_model_cluster_births_total{${THIS}}[$__rate_interval]))`,
        'appeared',
      ),
      prom(
        `sum(increase(medoscope_model_cluster_deaths_total{${THIS}}[$__rate_interval]))`,
        'disappeared',
      ),
    ],
  ),
  series(
    'Refreshing the model',
    'Time of a fit, from asking to having it, and waits of the stream for one that was due.',
    's',
    [
      prom(
        `sum(rate(medoscope_model_fit_seconds_total{${THIS}}[$__rate_interval])) / (sum(rate(medoscope_model_fits_total{${THIS}}[$__rate_interval])) > 0)`,
        'time of a fit',
      ),
      prom(`sum(increase(medoscope_model_fit_waits_total{${THIS}}[$__rate_interval]))`, 'waits'),
    ],
    { overrides: [column('waits', { unit: 'short', 'custom.axisPlacement': 'right' })] },
  ),
  series(
    'Learned and held back',
    'Traces that entered the samples, and those kept out: flagged, or part of an open anomaly cluster.',
    'ops',
    [
      prom(rate('medoscope_observations_learned_total'), 'learned'),
      prom(rate('medoscope_observations_quarantined_total'), 'quarantined'),
    ],
  ),
  series('Entry operations', 'Strata that are judged, and those still learning.', 'short', [
    prom(`sum by (state) (medoscope_strata{${THIS}})`, '{{state}}'),
  ]),
  series('Changes of anomaly clusters', 'Opened, closed, merged, split, accepted.', 'short', [
    prom(
      `sum by (change) (increase(medoscope_anomaly_cluster_changes_total{${THIS}, change!="updated"}[$__rate_interval]))`,
      '{{change}}',
    ),
  ]),
]

const process: readonly Panel[] = [
  series('Memory', 'Resident memory, the JavaScript heap, and buffers outside it.', 'bytes', [
    prom(`sum(process_resident_memory_bytes{${THIS}})`, 'resident'),
    prom(`sum(nodejs_heap_size_used_bytes{${THIS}})`, 'heap'),
    prom(`sum(nodejs_external_memory_bytes{${THIS}})`, 'external'),
  ]),
  series('Processor', 'Seconds of processor a second. One core judges, one fits models.', 'short', [
    prom(`sum(rate(process_cpu_seconds_total{${THIS}}[$__rate_interval]))`, 'cores'),
  ]),
  series(
    'Event loop',
    'How late timers are. Long batches show here; sources need it for heartbeats.',
    's',
    [
      prom(`max(nodejs_eventloop_lag_p50_seconds{${THIS}})`, 'median'),
      prom(`max(nodejs_eventloop_lag_p99_seconds{${THIS}})`, '99 %'),
    ],
  ),
  series(
    'No room',
    'Texts, elements, paths, places and strata that were taken together as (other), and past clusters no longer served, a second.',
    'ops',
    [
      prom(rate('medoscope_overflow_total', 'what'), '{{what}}'),
      prom(rate('medoscope_anomaly_clusters_forgotten_total', 'what'), 'past cluster: {{what}}'),
    ],
  ),
  series(
    'Forgotten',
    'Texts, elements, paths, places, strata and templates that did not come for long and gave their room back, a second.',
    'ops',
    [prom(rate('medoscope_forgotten_total', 'what'), '{{what}}')],
  ),
  series(
    'Oddities put right',
    'Clock skew, cycles, orphans and unbelievable times, a second.',
    'ops',
    [prom(rate('medoscope_irregularities_total', 'kind'), '{{kind}}')],
  ),
  series(
    'Evidence',
    'Events of the accumulation of evidence, drops included, a second; series watched, on the right.',
    'ops',
    [
      prom(rate('medoscope_evidence_events_total', 'event'), '{{event}}'),
      prom(`sum(medoscope_watched_series{${THIS}})`, 'watched'),
    ],
    { overrides: [column('watched', { unit: 'short', 'custom.axisPlacement': 'right' })] },
  ),
]

export const healthDashboard: DashboardSpec = {
  uid: 'medoscope-health',
  title: 'medoscope / Health',
  description: 'Whether medoscope itself sees, judges, learns and tells.',
  tags: ['medoscope'],
  from: 'now-1h',
  variables: variables('instance', `medoscope_build_info{${JOB}}`),
  annotations: [
    annotation(
      'Models',
      'blue',
      `max(medoscope_model_install_timestamp_seconds{${JOB}} > 0)`,
      'A model took effect',
      'value',
    ),
  ],
  links: [
    {
      type: 'dashboards',
      title: 'medoscope',
      tags: ['medoscope'],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      url: '',
      icon: 'external link',
      tooltip: '',
    },
  ],
  rows: [
    { title: 'At a glance', panels: glance },
    { title: 'Input', panels: input.map((panel) => ({ ...panel, width: 6 })) },
    { title: 'Work', panels: work },
    { title: 'Model and drift', panels: model },
    { title: 'Assembly', panels: assembly },
    { title: 'Process', panels: process },
  ],
}
