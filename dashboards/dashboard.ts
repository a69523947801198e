/**
 * Grafana dashboards as data: a dashboard is rows of panels, a panel is a title, a description, a unit
 * and queries. Writes the classic schema (v1), which file provisioning of Grafana 10 to 13 takes, and
 * only panel types that all of them know.
 */

/** How Grafana's texts refer to a variable, or to a field of the row that was clicked. */
export function reference(name: string): string {
  return `\${${name}}`
}

export const PROMETHEUS = { type: 'prometheus', uid: reference('prometheus') }
export const LOKI = { type: 'loki', uid: reference('loki') }

export interface Query {
  readonly datasource: typeof PROMETHEUS | typeof LOKI
  readonly expr: string
  readonly legend: string
  /** One value now, instead of a range. */
  readonly instant?: boolean
  readonly format?: 'time_series' | 'table' | 'heatmap'
  readonly exemplars?: boolean
  /** Lines of a log query, or step of a range query in the panel. */
  readonly maxLines?: number
}

export interface Panel {
  readonly type: PanelType
  readonly title: string
  /** What the panel shows and what to make of it. */
  readonly description: string
  readonly unit: string
  readonly queries: readonly Query[]
  /** Grid columns of 24, and grid rows of about 30 pixels. */
  readonly width: number
  readonly height: number
  readonly options?: Json
  /** Merged into the field defaults: thresholds, mappings, links, custom. */
  readonly field?: Json
  readonly overrides?: readonly Json[]
  readonly transformations?: readonly Json[]
}

export type PanelType =
  | 'timeseries'
  | 'stat'
  | 'gauge'
  | 'bargauge'
  | 'table'
  | 'logs'
  | 'heatmap'
  | 'state-timeline'

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
  readonly collapsed?: boolean
}

export interface DashboardSpec {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly tags: readonly string[]
  readonly from: string
  readonly variables: readonly Json[]
  readonly annotations: readonly Json[]
  readonly links: readonly Json[]
  readonly rows: readonly Row[]
}

export type Json = { readonly [key: string]: unknown }

/** A query to Prometheus. */
export function prom(expr: string, legend = '', more: Partial<Query> = {}): Query {
  return { datasource: PROMETHEUS, expr: oneLine(expr), legend, ...more }
}

/** A query to Loki. */
export function loki(expr: string, legend = '', more: Partial<Query> = {}): Query {
  return { datasource: LOKI, expr: oneLine(expr), legend, ...more }
}

function oneLine(expr: string): string {
  return expr.replace(/\s+/g, ' ').trim()
}

/** Thresholds as a list of [from, colour]; the first has no lower end. */
export function thresholds(...steps: readonly (readonly [number | null, string])[]): Json {
  return {
    thresholds: { mode: 'absolute', steps: steps.map(([value, color]) => ({ value, color })) },
    color: { mode: 'thresholds' },
  }
}

/** Words and colours for values. */
export function mappings(words: Readonly<Record<string, readonly [string, string]>>): Json {
  const options = Object.fromEntries(
    Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
  )
  return { mappings: [{ type: 'value', options }] }
}

/** An override for the column or series of this name. */
export function column(name: string, properties: Readonly<Record<string, unknown>>): Json {
  return {
    matcher: { id: 'byName', options: name },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
  }
}

export function link(title: string, url: string): Json {
  return { title, url, targetBlank: true }
}

/** A variable that picks a data source of this type. */
export function datasourceVariable(name: string, type: string): Json {
  return {
    name,
    label: name,
    type: 'datasource',
    query: type,
    current: {},
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    regex: '',
  }
}

/** A variable with the values of a label; refreshed with the time range. */
export function labelVariable(name: string, metric: string): Json {
  return {
    name,
    label: name,
    type: 'query',
    datasource: PROMETHEUS,
    definition: `label_values(${metric}, ${name})`,
    query: { query: `label_values(${metric}, ${name})`, refId: name },
    current: { selected: true, text: ['All'], value: ['$__all'] },
    hide: 0,
    includeAll: true,
    allValue: '.*',
    multi: true,
    options: [],
    refresh: 2,
    regex: '',
    sort: 1,
  }
}

/** An address that links begin with; can be set in the dashboard's own address (`var-NAME=`). */
export function addressVariable(name: string, address: string): Json {
  const value = { selected: true, text: address, value: address }
  return {
    name,
    label: name,
    type: 'textbox',
    query: address,
    current: value,
    hide: 2,
    options: [value],
  }
}

/** Marks the times at which a query has a value, or (`value`) the times that are its values, in seconds. */
export function annotation(
  name: string,
  color: string,
  expr: string,
  titleFormat: string,
  at: 'sample' | 'value' = 'sample',
): Json {
  return {
    name,
    datasource: PROMETHEUS,
    enable: true,
    hide: false,
    iconColor: color,
    expr: at === 'value' ? `1000 * ${oneLine(expr)}` : oneLine(expr),
    titleFormat,
    textFormat: '',
    tagKeys: '',
    step: '15s',
    useValueForTime: at === 'value',
  }
}

/** The dashboard as Grafana's provisioning reads it. */
export function dashboard(spec: DashboardSpec): Json {
  const { uid, title, description, tags, from, variables, annotations, links } = spec
  return {
    uid,
    title,
    description,
    tags,
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '15s',
    time: { from, to: 'now' },
    timezone: 'browser',
    timepicker: {},
    templating: { list: variables },
    annotations: { list: annotations },
    links,
    panels: layout(spec.rows),
  }
}

/** Places panels from left to right, a new line where one has no room, and numbers them. */
function layout(rows: readonly Row[]): Json[] {
  const placed: Json[] = []
  let y = 0
  let id = 1
  for (const row of rows) {
    const header = { id: id++, type: 'row', title: row.title, gridPos: { x: 0, y, w: 24, h: 1 } }
    y++
    const inside: Json[] = []
    let x = 0
    let height = 0
    for (const panel of row.panels) {
      if (x + panel.width > 24) {
        x = 0
        y += height
        height = 0
      }
      inside.push(panelJson(panel, id++, { x, y, w: panel.width, h: panel.height }))
      x += panel.width
      height = Math.max(height, panel.height)
    }
    y += height
    const collapsed = row.collapsed ?? false
    placed.push({ ...header, collapsed, panels: collapsed ? inside : [] })
    if (!collapsed) placed.push(...inside)
  }
  return placed
}

function panelJson(panel: Panel, id: number, gridPos: Json): Json {
  const { type, title, description, unit, queries } = panel
  return {
    id,
    type,
    title,
    description,
    gridPos,
    datasource: queries[0]?.datasource ?? PROMETHEUS,
    targets: queries.map(targetJson),
    fieldConfig: { defaults: { unit, ...panel.field }, overrides: panel.overrides ?? [] },
    options: { ...OPTIONS[type], ...panel.options },
    ...(panel.transformations ? { transformations: panel.transformations } : {}),
  }
}

function targetJson(query: Query, index: number): Json {
  const { datasource, expr, legend, instant = false, format = 'time_series' } = query
  const common = {
    refId: String.fromCharCode(65 + index),
    datasource,
    expr,
    legendFormat: legend,
    editorMode: 'code',
  }
  if (datasource === LOKI) {
    const queryType = instant ? 'instant' : 'range'
    return { ...common, queryType, maxLines: query.maxLines ?? 100 }
  }
  return { ...common, instant, range: !instant, format, exemplar: query.exemplars ?? false }
}

const LEGEND = { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] }
const REDUCE = { calcs: ['lastNotNull'], fields: '', values: false }

const OPTIONS: Readonly<Record<PanelType, Json>> = {
  timeseries: { legend: LEGEND, tooltip: { mode: 'multi', sort: 'desc' } },
  stat: {
    reduceOptions: REDUCE,
    colorMode: 'background',
    graphMode: 'none',
    textMode: 'auto',
    justifyMode: 'center',
    orientation: 'auto',
  },
  gauge: { reduceOptions: REDUCE, showThresholdLabels: false, showThresholdMarkers: true },
  bargauge: { reduceOptions: REDUCE, orientation: 'horizontal', displayMode: 'basic' },
  table: {
    showHeader: true,
    cellHeight: 'sm',
    footer: { show: false, reducer: ['sum'], fields: '' },
  },
  logs: {
    showTime: true,
    showLabels: false,
    showCommonLabels: false,
    wrapLogMessage: true,
    prettifyLogMessage: false,
    enableLogDetails: true,
    dedupStrategy: 'none',
    sortOrder: 'Descending',
  },
  heatmap: {
    calculate: false,
    cellGap: 1,
    color: { mode: 'scheme', scheme: 'Oranges', steps: 64, exponent: 0.5, fill: 'dark-orange' },
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    filterValues: { le: 1e-9 },
    legend: { show: false },
    rowsFrame: { layout: 'auto' },
    showValue: 'never',
    tooltip: { show: true, yHistogram: false },
    yAxis: { axisPlacement: 'left', reverse: false, unit: 's' },
  },
  'state-timeline': {
    alignValue: 'left',
    legend: { ...LEGEND, showLegend: false },
    mergeValues: true,
    rowHeight: 0.8,
    showValue: 'auto',
    tooltip: { mode: 'single', sort: 'none' },
  },
}
