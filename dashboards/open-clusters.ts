import { column, type Json, link, type Panel, prom, type Query, reference } from './dashboard.ts'

export const MEDOSCOPE = reference('medoscope_url')
export const JAEGER = reference('jaeger_url')
export const VALUE = reference('__value.raw')

/** Only the anomaly clusters of the job and services chosen above. */
export const CHOSEN = 'job=~"$job", service=~"$service"'
export const OPEN = `medoscope_anomaly_cluster_info{${CHOSEN}}`

export const SEVERITY_COLOURS = { critical: 'red', warning: 'orange', information: 'blue' } as const

/** A column: a label of the info metrics, or a metric of its own, joined by the cluster's id. */
interface Column {
  readonly name: string
  /** Label, or the rest of the metric's name after `medoscope_anomaly_cluster_`. */
  readonly label?: string
  readonly metric?: string
  readonly factor?: number
  /** Where the value is not that of a metric of the cluster's own. */
  readonly expr?: string
  readonly look: Json
}

const wide = (width: number): Json => ({ 'custom.width': width })

/** The entry operation of each cluster that suffers most, by the share of its requests that does. */
const WORST = `topk by (cluster) (1, max by (cluster, entry) (medoscope_anomaly_cluster_impact_ratio)) and on (cluster) ${OPEN}`

const COLUMNS: readonly Column[] = [
  {
    name: 'Severity',
    label: 'severity',
    look: {
      ...wide(85),
      'custom.cellOptions': { type: 'color-background', mode: 'basic' },
      mappings: [
        {
          type: 'value',
          options: Object.fromEntries(
            Object.entries(SEVERITY_COLOURS).map(([text, color], index) => [
              text,
              { text, color, index },
            ]),
          ),
        },
      ],
    },
  },
  { name: 'Who suffers', label: 'entry', look: { 'custom.minWidth': 190 } },
  {
    name: 'Of them',
    expr: WORST,
    look: { unit: 'percentunit', decimals: 0, ...wide(80) },
  },
  { name: 'Suspect', label: 'service', look: wide(115) },
  { name: 'What', label: 'words', look: wide(140) },
  { name: 'Call', label: 'call', look: { 'custom.minWidth': 240 } },
  {
    name: 'Since',
    metric: 'first_timestamp_seconds',
    factor: 1000,
    look: { unit: 'time:MM-DD HH:mm:ss', ...wide(120) },
  },
  {
    name: 'Deviating',
    metric: 'rate_ratio',
    look: { unit: 'percentunit', decimals: 0, ...wide(85) },
  },
  {
    name: 'Normally',
    metric: 'normal_rate_ratio',
    look: { unit: 'percentunit', decimals: 0, ...wide(80) },
  },
  { name: 'Typical time', metric: 'typical_seconds', look: { unit: 's', ...wide(100) } },
  { name: 'Normal time', metric: 'normal_seconds', look: { unit: 's', ...wide(100) } },
  { name: 'Strength', metric: 'strength', look: { decimals: 0, ...wide(80) } },
  {
    name: 'Cluster',
    label: 'cluster',
    look: {
      ...wide(100),
      links: [link('The pair in medoscope', `${MEDOSCOPE}/clusters/${VALUE}`)],
    },
  },
  {
    name: 'Example',
    label: 'trace_id',
    look: {
      ...wide(100),
      links: [
        link(
          'Beside its nearest normal trace',
          `${JAEGER}/trace/${reference('__data.fields.Normal')}...${VALUE}`,
        ),
        link('The anomaly alone', `${JAEGER}/trace/${VALUE}`),
      ],
    },
  },
  {
    name: 'Normal',
    label: 'normal_trace_id',
    look: {
      'custom.hidden': true,
      links: [link('The normal trace alone', `${JAEGER}/trace/${VALUE}`)],
    },
  },
]

const AT_ONCE = { instant: true, format: 'table' } as const

/** What the first two queries bring: labels only. */
const LABELS: readonly Query[] = [
  prom(
    `max by (cluster, severity, service, call, words) (label_replace(${OPEN}, "call", "$1", "place", "(?:.* > )?(.*)"))`,
    '',
    AT_ONCE,
  ),
  prom(
    `max by (cluster, trace_id, normal_trace_id) (medoscope_anomaly_cluster_traces_info) and on (cluster) ${OPEN}`,
    '',
    AT_ONCE,
  ),
]

/** One line a cluster: labels, values and links, the strongest evidence first. */
export function openClustersTable(): Panel {
  const queries: Query[] = [...LABELS]
  const indexByName: Record<string, number> = {}
  const renameByName: Record<string, string> = {}
  COLUMNS.forEach(({ name, label, metric, factor, expr }, index) => {
    let field = label ?? ''
    if (metric !== undefined || expr !== undefined) {
      const value =
        expr ?? `max by (cluster) (medoscope_anomaly_cluster_${metric}) and on (cluster) ${OPEN}`
      field = `Value #${String.fromCharCode(65 + queries.length)}`
      queries.push(prom(factor === undefined ? value : `${factor} * (${value})`, '', AT_ONCE))
    }
    indexByName[field] = index
    renameByName[field] = name
  })
  return {
    type: 'table',
    title: 'Open anomaly clusters',
    description:
      'What is strange now, what hurts most first: which entry operation suffers most and what share of its requests, the service first suspected, where, since when, and how far from normal. The cluster opens its page in medoscope, with a real example beside the nearest normal trace; the traces open in the trace store.',
    unit: 'short',
    queries,
    width: 24,
    height: 6,
    field: { custom: { align: 'left', filterable: false }, noValue: 'Nothing is open.' },
    overrides: COLUMNS.map(({ name, look }) => column(name, { noValue: '–', ...look })),
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, 'Value #A': true, 'Value #B': true },
          indexByName,
          renameByName,
        },
      },
      { id: 'sortBy', options: { sort: [{ field: 'Of them', desc: true }] } },
    ],
  }
}
