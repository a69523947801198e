import type { EvidenceSpan } from '../contract/anomaly.ts'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { ClusterDetail, Deviating } from '../contract/cluster-detail.ts'
import type { Signature } from '../contract/signature.ts'
import {
  type AlignedCall,
  type AlignedTraces,
  alignTraces,
  type Difference,
  hasFailed,
  MATERIAL_SHARE,
} from './align-traces.ts'
import { callGraph, GRAPH_STYLE } from './call-graph.ts'
import { type ActionsView, clusterActions, type Notice, noticeBox } from './cluster-actions.ts'
import { deviationWords } from './deviation-words.ts'
import { type Html, html } from './html.ts'
import { IMPACT_STYLE, impactTable } from './impact-table.ts'
import { page } from './page.ts'
import { clock, duration, instant, share } from './quantity.ts'
import { severityBadge } from './severity.ts'
import { TIMELINE_STYLE, timelineCharts } from './timeline-charts.ts'
import { whatWasBefore } from './what-was-before.ts'

export interface PageLinks {
  /** Address of the trace store's page of one trace, `{trace_id}` in it; null: no links. */
  readonly trace: string | null
  /** Address of its compare view with `{normal}` and `{anomaly}` in it; null: no link. */
  readonly compare: string | null
}

export const NO_LINKS: PageLinks = { trace: null, compare: null }

const LONG_PAIR = 12

/** What a difference is called on the page. */
const WORDS: Readonly<Record<Difference, string>> = {
  same: 'same',
  missing: 'missing',
  extra: 'extra',
  slower: 'slower',
  faster: 'faster',
  status: 'status differs',
  attributes: 'attributes differ',
}

/** What a page of a cluster shows beside the cluster. */
export interface ClusterView extends ActionsView {
  readonly links: PageLinks
  /** Null: nothing more is known of it. */
  readonly detail: ClusterDetail | null
  /** What keeps coming back that it is like; null where nothing does. */
  readonly signature: Signature | null
  /** Clusters like it, or of the same place, the last one first. */
  readonly before: readonly AnomalyCluster[]
  readonly notice: Notice | null
}

const BARE_VIEW: ClusterView = {
  links: NO_LINKS,
  detail: null,
  signature: null,
  before: [],
  acceptance: null,
  canChange: false,
  notice: null,
  written: {},
}

/**
 * The page of one anomaly cluster: what, since when and how bad; how its place was before and since;
 * what else deviates; a real example beside the nearest normal trace as two aligned waterfalls on one
 * time axis; what there was of the kind before; and what can be done about it. Pure; works without script.
 */
export function clusterPage(cluster: AnomalyCluster, view: Partial<ClusterView> = {}): string {
  const whole = { ...BARE_VIEW, ...view }
  const { links, detail, signature, before, notice } = whole
  const body = html`<style>${TIMELINE_STYLE}${GRAPH_STYLE}${IMPACT_STYLE}</style>
${noticeBox(notice)}
<h1>${cluster.sentence}</h1>
<p>${severityBadge(cluster.severity)} <span class="badge ${cluster.state}">${cluster.state}</span>${cluster.alerts ? null : html` <span class="badge quiet">no alert</span>`}</p>
${mergedInto(cluster)}
${facts(cluster)}
${impactTable(cluster)}
${timelineCharts(cluster, detail?.timeline ?? null)}
${deviations(cluster, detail?.deviating ?? [])}
${comparison(cluster, links)}
${whatWasBefore(cluster, signature, before)}
${clusterActions(cluster, whole)}
${more(cluster, links)}`
  return page(cluster.sentence, body)
}

/** Where the story goes on. */
function mergedInto({ mergedInto: into }: AnomalyCluster): Html | null {
  if (into === null) return null
  return html`<p class="state">This turned out to be part of <a href="/clusters/${encodeURIComponent(into)}">another cluster</a>, which goes on.</p>`
}

type Fact = readonly [name: string, value: string]

/** What matters at once. */
function facts(cluster: AnomalyCluster): Html {
  const [guilty = '–', ...others] = cluster.services
  const hasTypical = cluster.typical !== null
  const entries: Fact[] = [
    ['Most suspect service', guilty],
    ...(others.length > 0 ? [['Then', others.join(', ')] as const] : []),
    ['Since', instant(cluster.firstMs)],
    cluster.closedMs === null
      ? ['Last seen', instant(cluster.lastMs)]
      : ['Over', instant(cluster.closedMs)],
    [
      'Deviating',
      `${cluster.observations} of ${cluster.occurrences} (${share(cluster.rate)}), normally ${share(cluster.normalRate)}`,
    ],
    ...(hasTypical
      ? [['Typical', `${quantity(cluster, cluster.typical ?? 0)}${normally(cluster)}`] as const]
      : []),
  ]
  return factList(entries)
}

function factList(entries: readonly Fact[]): Html {
  return html`<dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** Everything that deviates: who calls whom, and the same as a table. */
function deviations(cluster: AnomalyCluster, deviating: readonly Deviating[]): Html | null {
  if (deviating.length === 0) return null
  const rows = deviating.map(
    ({ caller, service, operation, term, direction, firstMs, isOver, ...counts }) =>
      html`<tr><th scope="row">${caller === '' ? null : `${caller} → `}${service} <span class="quiet">${operation}</span></th><td>${deviationWords(term, direction)}</td><td>${counts.observations} of ${counts.occurrences}, normally ${share(counts.normalRate)}</td><td>${clock(firstMs)}</td><td>${isOver ? 'over' : 'now'}</td></tr>`,
  )
  return html`<h2 id="deviates">What deviates</h2>${callGraph(deviating, cluster.services[0] ?? '')}
<div class="scroll"><table aria-labelledby="deviates"><thead><tr><th scope="col">Where</th><th scope="col">What</th><th scope="col">Deviating</th><th scope="col">Since</th><th scope="col">State</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function normally(cluster: AnomalyCluster): string {
  return cluster.normal === null ? '' : `, normally ${quantity(cluster, cluster.normal)}`
}

/** `typical` and `normal` are in the unit of their term. */
function quantity(cluster: AnomalyCluster, value: number): string {
  return cluster.term === 'count' ? `${Number(value.toFixed(2))} calls` : duration(value)
}

function comparison(cluster: AnomalyCluster, links: PageLinks): Html {
  const { representative, nearestNormal } = cluster
  if (!representative && !nearestNormal) {
    return html`<h2>The pair</h2><p>No example is kept for this cluster (yet, or any more).</p>`
  }
  const aligned = alignTraces(nearestNormal, representative)
  const ids = html`<p class="quiet">Normal: ${traceLink(nearestNormal?.traceId ?? null, links)} · Anomaly: ${traceLink(representative?.traceId ?? null, links)}${compareLink(cluster, links)}</p>`
  const counted = aligned.calls.filter((call) => call.difference !== 'same').length
  // A long pair opens on what matters; one click shows the rest.
  const checked = aligned.calls.length > LONG_PAIR && counted > 0 ? html` checked` : null
  return html`
<h2 id="pair">A real example beside the nearest normal trace</h2>
${ids}
<p class="controls"><label><input type="checkbox" id="differences"${checked}> only what differs (${counted} of ${aligned.calls.length} calls), and what leads there</label></p>
<table class="pair" aria-labelledby="pair" style="--axis:${number(aligned.spanMs)}">
<colgroup><col class="name"><col class="side"><col class="side"><col></colgroup>
<thead><tr><th scope="col">Call</th><th scope="col">Normal</th><th scope="col">Anomaly</th><th scope="col">Difference</th></tr></thead>
<tbody>${aligned.calls.map((call) => line(call, cluster, aligned.spanMs))}</tbody>
</table>
${hiddenNote(aligned)}`
}

function line(call: AlignedCall, cluster: AnomalyCluster, spanMs: number): Html {
  const classes = [call.leads ? '' : 'is-same', isPlace(call, cluster) ? 'place' : '']
  const indent = Math.min(call.depth, 12) * 0.9
  return html`<tr class="${classes.filter(Boolean).join(' ')}">
<th scope="row" style="padding-left:${number(indent + 0.5)}rem">${call.operation} <span class="service">${call.service}</span></th>
<td data-side="normal" class="normal">${lane(call.normal, call.anomaly ? 0 : call.folded, call.foldedMs)}</td>
<td data-side="anomaly" class="anomaly">${lane(call.anomaly, call.anomaly ? call.folded : 0, call.foldedMs)}</td>
<td>${differenceCell(call, spanMs)}</td></tr>
`
}

function lane(span: EvidenceSpan | null, folded: number, foldedMs: number): Html {
  if (!span) return html`<span class="quiet">not called</span>`
  const error = hasFailed(span)
  const more = folded > 0 ? html`, and ${folded} more, ${duration(foldedMs)} together` : null
  return html`<div class="lane" aria-hidden="true"><div class="bar${error ? ' error' : ''}" style="--from:${number(span.startMs)};--ms:${number(span.durationMs)}"></div></div><small>${duration(span.durationMs)}, self ${duration(span.selfMs)}${error ? html`, <span class="status">error</span>` : null}${more}</small>`
}

function differenceCell(call: AlignedCall, spanMs: number): Html {
  if (call.difference === 'same') return html`<span class="quiet">same</span>`
  const words = html`<span class="badge ${call.difference}">${WORDS[call.difference]}</span>`
  const detail =
    call.normal && call.anomaly
      ? timeDifference(call.normal, call.anomaly, spanMs)
      : countDifference(call)
  const attributes = call.attributes.map(
    (one) =>
      html`<br><small>${one.key}: ${one.normal ?? 'none'} → ${one.anomaly ?? 'none'}</small>`,
  )
  return html`${words} <small>${detail}</small>${attributes}`
}

function timeDifference(normal: EvidenceSpan, anomaly: EvidenceSpan, spanMs: number): string {
  const delta = anomaly.selfMs - normal.selfMs
  if (Math.abs(delta) < spanMs * MATERIAL_SHARE) return ''
  const times = normal.selfMs > 0 ? anomaly.selfMs / normal.selfMs : Number.POSITIVE_INFINITY
  const factor =
    Number.isFinite(times) && times >= 1.05 ? ` (×${Number(times.toPrecision(2))})` : ''
  return `self ${delta < 0 ? '−' : '+'}${duration(Math.abs(delta))}${factor}`
}

function countDifference(call: AlignedCall): string {
  return call.folded > 0 ? `×${call.folded + 1}` : ''
}

/** Whether a line is what the cluster is about: its place reads `parent > service operation`. */
function isPlace(call: AlignedCall, cluster: AnomalyCluster): boolean {
  const callee = cluster.place.split(/ (?:>|->) /).at(-1) ?? ''
  return callee.includes(call.operation) && callee.includes(call.service) && call.operation !== ''
}

function traceLink(traceId: string | null, links: PageLinks): Html {
  if (traceId === null) return html`none`
  if (links.trace === null) return html`<code>${traceId}</code>`
  return html`<a href="${links.trace.replace('{trace_id}', encodeURIComponent(traceId))}"><code>${traceId}</code></a>`
}

function compareLink(cluster: AnomalyCluster, links: PageLinks): Html | null {
  if (!links.compare || !cluster.representative || !cluster.nearestNormal) return null
  const address = links.compare
    .replace('{normal}', encodeURIComponent(cluster.nearestNormal.traceId))
    .replace('{anomaly}', encodeURIComponent(cluster.representative.traceId))
  return html` · <a href="${address}">compare in the trace store</a>`
}

function hiddenNote(aligned: AlignedTraces): Html | null {
  if (aligned.hidden === 0) return null
  return html`<p class="quiet">${aligned.hidden} further lines are not shown; the JSON has all of them.</p>`
}

/** What only some ask for. */
function more(cluster: AnomalyCluster, links: PageLinks): Html {
  const json = `/api/v1/anomaly-clusters/${encodeURIComponent(cluster.id)}`
  const list =
    cluster.members.length > 0
      ? html`<ul>${cluster.members.map((id) => html`<li>${traceLink(id, links)}</li>`)}</ul>`
      : html`<p>None kept.</p>`
  const merged = cluster.mergedFrom
  const entries: Fact[] = [
    ['Cluster', cluster.id],
    ['Place', cluster.place],
    ['What', `${cluster.term.replace('_', ' ')} ${cluster.direction}`],
    ['Opened', instant(cluster.openedMs)],
    ['Closed', instant(cluster.closedMs)],
    ['Strength of the evidence', cluster.eValue.toPrecision(3)],
    ['Model', cluster.model ?? '–'],
    ...(merged.length > 0 ? [['Merged from', merged.join(', ')] as const] : []),
  ]
  return html`<h2>Details</h2>${factList(entries)}<h3>Further members</h3>${list}<p><a href="${json}">This cluster as JSON</a>, both traces in it as OTLP.</p>`
}

/** A number for CSS: never an exponent, never NaN. */
function number(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '0'
}
