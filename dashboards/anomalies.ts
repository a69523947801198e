import {
  addressVariable,
  annotation,
  column,
  type DashboardSpec,
  datasourceVariable,
  type Json,
  labelVariable,
  link,
  loki,
  mappings,
  type Panel,
  prom,
  thresholds,
} from './dashboard.ts'
import {
  CHOSEN,
  MEDOSCOPE,
  OPEN,
  openClustersTable,
  SEVERITY_COLOURS,
  VALUE,
} from './open-clusters.ts'

const CLUSTERS = '{service_name="medoscope"} | event_name="medoscope.anomaly_cluster"'
const ANOMALIES = '{service_name="medoscope"} | event_name="medoscope.anomaly"'

/** There while a model judges. */
const WATCHED = '(medoscope_live{job=~"$job"} == 1)'

/** Of what is neither good nor bad. */
const NEUTRAL = 'transparent'

const glance: readonly Panel[] = [
  {
    type: 'stat',
    title: 'Open clusters',
    description: 'Things that are strange now. 0 is normal. Each is one alert and one line below.',
    unit: 'short',
    queries: [prom('sum(medoscope_anomaly_clusters{job=~"$job"})', 'open')],
    width: 4,
    height: 4,
    field: thresholds([null, 'green'], [1, 'orange'], [5, 'red']),
  },
  {
    type: 'stat',
    title: 'Most suspect',
    description: 'Service of the strongest open anomaly cluster.',
    unit: 'short',
    queries: [
      prom(
        `topk(1, max by (service) (medoscope_anomaly_cluster_strength{job=~"$job"} * on (cluster) group_left (service) max by (cluster, service) (${OPEN})) or label_replace(vector(0), "service", "nothing", "", ""))`,
        '{{service}}',
        { instant: true },
      ),
    ],
    width: 5,
    height: 4,
    field: thresholds([null, NEUTRAL], [0.001, 'red']),
    options: { textMode: 'name' },
  },
  {
    type: 'stat',
    title: 'Since',
    description: 'How long ago the oldest open anomaly cluster began; a dash while none is open.',
    unit: 's',
    queries: [
      // At once, and of what is open: the last value of a time range may be of what is long over.
      prom(
        `time() - min(medoscope_anomaly_cluster_first_timestamp_seconds{job=~"$job"} and on (cluster) ${OPEN})`,
        'ago',
        { instant: true },
      ),
    ],
    width: 3,
    height: 4,
    field: { ...thresholds([null, NEUTRAL], [0.001, 'orange']), noValue: '–', decimals: 0 },
  },
  {
    type: 'stat',
    title: 'Flagged, times target',
    description:
      'Share of flagged traces over its target (alpha), last 5 minutes. 1 is as planned; above 14.4 over an hour the surge alert fires.',
    unit: 'short',
    queries: [
      prom(
        'max(job:medoscope_observations_flagged:ratio_rate5m{job=~"$job"} / job:medoscope_target_flag:ratio{job=~"$job"})',
        'times the target',
      ),
    ],
    width: 4,
    height: 4,
    field: {
      ...thresholds([null, 'green'], [6, 'orange'], [14.4, 'red']),
      decimals: 1,
      noValue: '–',
    },
    options: { graphMode: 'area' },
  },
  {
    type: 'stat',
    title: 'Watching',
    description: 'Whether a model judges, or what is normal is still being learned.',
    unit: 'short',
    queries: [prom('min(medoscope_live{job=~"$job"})', 'state')],
    width: 3,
    height: 4,
    field: {
      ...thresholds([null, 'blue'], [1, 'green']),
      ...mappings({ '0': ['learning', 'blue'], '1': ['live', 'green'] }),
      noValue: 'no medoscope',
    },
  },
  {
    type: 'stat',
    title: 'Model age',
    description: 'Time since the model in use took effect.',
    unit: 's',
    queries: [
      prom('time() - max(medoscope_model_install_timestamp_seconds{job=~"$job"} > 0)', 'age'),
    ],
    width: 3,
    height: 4,
    field: { ...thresholds([null, NEUTRAL]), noValue: 'none', decimals: 0 },
  },
  {
    type: 'stat',
    title: 'Drift',
    description: 'Strata whose traffic has moved away from the model; see the health dashboard.',
    unit: 'short',
    queries: [
      prom(
        'count(max by (stratum) (medoscope_drift_state{job=~"$job"}) == 2) or vector(0)',
        'strata',
      ),
    ],
    width: 2,
    height: 4,
    field: thresholds([null, 'green'], [1, 'orange']),
  },
]

const timeline: readonly Panel[] = [
  {
    type: 'state-timeline',
    title: 'The day as lanes',
    description:
      'One lane for each service that was most suspect of an open anomaly cluster, in the colour of the highest severity, and one each for the time in which nothing was open, and in which nothing was watched.',
    unit: 'short',
    queries: [
      prom(
        `max by (service) (
          3 * medoscope_anomaly_cluster_info{${CHOSEN}, severity="critical"}
          or 2 * medoscope_anomaly_cluster_info{${CHOSEN}, severity="warning"}
          or medoscope_anomaly_cluster_info{${CHOSEN}, severity="information"})
        or label_replace(0 * max(${WATCHED}) unless on () ${OPEN}, "service", "all quiet", "", "")
        or label_replace(vector(-1) unless on () ${WATCHED}, "service", "not watched", "", "")`,
        '{{service}}',
      ),
    ],
    width: 24,
    height: 7,
    options: { showValue: 'never' },
    field: {
      ...mappings({
        '-1': ['not watched', 'rgba(180, 140, 60, 0.5)'],
        '0': ['quiet', 'rgba(115, 125, 135, 0.35)'],
        '1': ['information', SEVERITY_COLOURS.information],
        '2': ['warning', SEVERITY_COLOURS.warning],
        '3': ['critical', SEVERITY_COLOURS.critical],
      }),
      color: { mode: 'palette-classic' },
      custom: { fillOpacity: 80, lineWidth: 0, spanNulls: false, insertNulls: 60_000 },
      noValue: 'Nothing was strange.',
    },
  },
  {
    type: 'timeseries',
    title: 'Flagged traces: share, and its target',
    description:
      'Share of traces that were flagged, over 5 minutes and an hour, beside the target. Single flags are normal at the rate of the target; a cluster is what means something.',
    unit: 'percentunit',
    queries: [
      prom('job:medoscope_observations_flagged:ratio_rate5m{job=~"$job"}', '5 minutes', {}),
      prom('job:medoscope_observations_flagged:ratio_rate1h{job=~"$job"}', 'an hour'),
      prom('job:medoscope_target_flag:ratio{job=~"$job"}', 'target'),
    ],
    width: 12,
    height: 8,
    field: { min: 0, custom: { fillOpacity: 10, lineWidth: 2 } },
    overrides: [
      column('target', {
        'custom.lineStyle': { fill: 'dash', dash: [8, 6] },
        color: { mode: 'fixed', fixedColor: 'green' },
        'custom.fillOpacity': 0,
      }),
    ],
  },
  {
    type: 'timeseries',
    title: 'Deviating calls of each open cluster',
    description:
      'Share of the calls at the place of a cluster that deviate, since it began. Normally it is about 5 %.',
    unit: 'percentunit',
    queries: [
      prom(
        `max by (cluster) (medoscope_anomaly_cluster_rate_ratio{job=~"$job"}) * on (cluster) group_left (service, term) max by (cluster, service, term) (${OPEN})`,
        '{{service}}: {{term}}',
      ),
    ],
    width: 12,
    height: 8,
    field: { min: 0, max: 1, custom: { fillOpacity: 0, lineWidth: 2 }, noValue: 'none open' },
  },
]

const feed: readonly Panel[] = [
  {
    type: 'logs',
    title: 'What was said about clusters',
    description: 'Each opening, closing, merge and split of an anomaly cluster as a sentence.',
    unit: 'short',
    queries: [
      loki(
        `${CLUSTERS} | medoscope_anomaly_cluster_change!="updated" | line_format "{{.medoscope_anomaly_cluster_change}}: {{__line__}}"`,
        '',
        { maxLines: 200 },
      ),
    ],
    width: 12,
    height: 10,
  },
  {
    type: 'logs',
    title: 'Flagged traces',
    description:
      'Every flagged trace as a sentence; its details link to the trace and to its nearest normal one.',
    unit: 'short',
    queries: [loki(ANOMALIES, '', { maxLines: 200 })],
    width: 12,
    height: 10,
  },
  {
    type: 'table',
    title: 'Past anomaly clusters',
    description: 'Anomaly clusters that closed or were accepted in the time range.',
    unit: 'short',
    queries: [
      loki(
        `max by (medoscope_anomaly_cluster_id, medoscope_anomaly_cluster_sentence, medoscope_services, medoscope_anomaly_cluster_first_ms, medoscope_anomaly_cluster_closed_ms) (max_over_time(${CLUSTERS} | medoscope_anomaly_cluster_change=~"closed|accepted" | unwrap medoscope_anomaly_cluster_rate [$__range]))`,
        '',
        { instant: true },
      ),
    ],
    width: 24,
    height: 6,
    field: { custom: { align: 'left' } },
    overrides: [
      column('Began', { unit: 'time:MM-DD HH:mm:ss', 'custom.width': 120 }),
      column('Closed', { unit: 'time:MM-DD HH:mm:ss', 'custom.width': 120 }),
      column('Services', { 'custom.width': 220 }),
      column('Deviating', { unit: 'percentunit', decimals: 0, 'custom.width': 100 }),
      column('Cluster', {
        'custom.width': 160,
        links: [link('The pair in medoscope', `${MEDOSCOPE}/clusters/${VALUE}`)],
      }),
    ],
    transformations: [
      {
        id: 'convertFieldType',
        options: {
          conversions: [
            'medoscope_anomaly_cluster_first_ms',
            'medoscope_anomaly_cluster_closed_ms',
          ].map((targetField) => ({ targetField, destinationType: 'number' })),
        },
      },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: {
            medoscope_anomaly_cluster_closed_ms: 0,
            medoscope_anomaly_cluster_first_ms: 1,
            medoscope_services: 2,
            medoscope_anomaly_cluster_sentence: 3,
            'Value #A': 4,
            medoscope_anomaly_cluster_id: 5,
          },
          renameByName: {
            medoscope_anomaly_cluster_id: 'Cluster',
            medoscope_anomaly_cluster_sentence: 'What',
            medoscope_services: 'Services',
            medoscope_anomaly_cluster_first_ms: 'Began',
            medoscope_anomaly_cluster_closed_ms: 'Closed',
            'Value #A': 'Deviating',
          },
        },
      },
      { id: 'sortBy', options: { sort: [{ field: 'Closed', desc: true }] } },
    ],
  },
]

const normal: readonly Panel[] = [
  {
    type: 'timeseries',
    title: 'Traffic by nearest normal cluster',
    description:
      'Traces a second by the normal cluster they are nearest to, the ten largest. A new mix shows as bands that grow and shrink.',
    unit: 'ops',
    queries: [
      prom(
        'topk(10, sum by (cluster) (rate(medoscope_normal_cluster_observations_total{job=~"$job"}[$__rate_interval])) * on (cluster) group_left (stratum) max by (cluster, stratum) (medoscope_normal_cluster_info{job=~"$job"}))',
        '{{stratum}} ({{cluster}})',
      ),
    ],
    width: 10,
    height: 8,
    field: {
      min: 0,
      custom: { fillOpacity: 40, lineWidth: 1, stacking: { mode: 'normal', group: 'A' } },
    },
  },
  {
    type: 'bargauge',
    title: 'Weight of the normal clusters',
    description:
      'Share of the normal traffic that each of the ten heaviest normal clusters stands for.',
    unit: 'percentunit',
    queries: [
      prom(
        'topk(10, max by (cluster) (medoscope_normal_cluster_weight_ratio{job=~"$job"}) * on (cluster) group_left (stratum) max by (cluster, stratum) (medoscope_normal_cluster_info{job=~"$job"}))',
        '{{stratum}} ({{cluster}})',
        { instant: true },
      ),
    ],
    width: 6,
    height: 8,
    field: { min: 0, ...thresholds([null, 'blue']) },
  },
  {
    type: 'heatmap',
    title: 'Scores of flagged traces',
    description:
      'How far flagged traces are from their nearest normal cluster; 1 is entirely different. Dots are single traces and open them.',
    unit: 'short',
    queries: [
      prom(
        'sum by (le) (increase(medoscope_anomaly_score_bucket{job=~"$job"}[$__rate_interval]))',
        '{{le}}',
        { format: 'heatmap', exemplars: true },
      ),
    ],
    width: 8,
    height: 8,
    options: { yAxis: { axisPlacement: 'left', reverse: false, unit: 'short' } },
  },
]

export const anomaliesDashboard: DashboardSpec = {
  uid: 'medoscope-anomalies',
  title: 'medoscope / Anomalies',
  description:
    'What is strange in the traces: where, since when, how far from normal, with examples.',
  tags: ['medoscope'],
  from: 'now-1h',
  variables: variables('service', 'medoscope_anomaly_cluster_info'),
  annotations: [
    annotation(
      'Models',
      'blue',
      'max(medoscope_model_install_timestamp_seconds{job=~"$job"} > 0)',
      'A model took effect',
      'value',
    ),
    annotation(
      'Drift',
      'purple',
      'max by (stratum, stream) (medoscope_drift_state{job=~"$job"}) == 2 unless max by (stratum, stream) (medoscope_drift_state{job=~"$job"} offset 1m) == 2',
      'Drift: {{stratum}} ({{stream}})',
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
    {
      type: 'link',
      title: 'Pages of the clusters',
      url: `${MEDOSCOPE}/`,
      targetBlank: true,
      icon: 'external link',
      tags: [],
      asDropdown: false,
      includeVars: false,
      keepTime: false,
      tooltip: '',
    },
  ],
  rows: [
    { title: 'At a glance', panels: glance },
    { title: 'What is strange', panels: [openClustersTable(), ...timeline] },
    { title: 'What was said', panels: feed },
    { title: 'What is normal', panels: normal },
  ],
}

/** Data sources, job, a label to choose by, and the addresses that links begin with. */
export function variables(label: string, metric: string): readonly Json[] {
  return [
    datasourceVariable('prometheus', 'prometheus'),
    datasourceVariable('loki', 'loki'),
    labelVariable('job', 'medoscope_build_info'),
    labelVariable(label, metric),
    addressVariable('medoscope_url', 'http://localhost:9464'),
    addressVariable('jaeger_url', 'http://localhost:16686'),
  ]
}
