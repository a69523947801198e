import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import { dayLanes, LANES_STYLE } from './day-lanes.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'
import { dayClock, duration, instant, share } from './quantity.ts'
import { severityBadge } from './severity.ts'
import { TIMELINE_STYLE } from './timeline-charts.ts'

/** What the home page says about the detector's state; the shell fills it from the detector's status. */
export interface LearningState {
  readonly state: 'learning' | 'live'
  /** Traces learned from so far. */
  readonly observations: number
  /** Progress of learning in [0, 1]; 1 when live. */
  readonly progress: number
  /** One line for each thing that is missing before everything is judged; may be empty. */
  readonly missing: readonly string[]
  /** When the model in use was installed, data time in ms; null while there is none. */
  readonly modelInstalledMs: number | null
  /** Data time of the newest input, ms; null before the first record. */
  readonly watermarkMs: number | null
  /** How long ago that was by the wall clock, ms; null before the first record. */
  readonly behindMs: number | null
  /** Entry operations known. */
  readonly strata: number
  /** How much of the traces of the last minutes was judged. */
  readonly coverage: {
    readonly share: number
    readonly seen: number
    /** Those with most unjudged traces first. */
    readonly unjudged: readonly UnjudgedOperation[]
  }
  /** Services of which something is missed; what is said of one kind, the most first. */
  readonly senders: readonly SenderTrouble[]
}

/** Something that a service sends and that is not, or not wholly, looked at. */
export interface SenderTrouble {
  readonly service: string
  readonly what: string
}

/** An entry operation that is not judged, or not always. */
export interface UnjudgedOperation {
  readonly name: string
  /** Unjudged traces over all of it. */
  readonly share: number
  readonly why: string
}

/** Share of judged traces below which the page does not say that all is quiet. */
const BLIND_BELOW = 0.9
/** Input that is older than this says nothing of now. */
const STALE_MS = 300_000

/** The home page: one sentence of state, the day, the open clusters, then those that are over. Pure. */
export function clustersPage(clusters: readonly AnomalyCluster[], learning: LearningState): string {
  const open = clusters.filter((cluster) => cluster.state === 'open')
  const past = clusters.filter((cluster) => cluster.state !== 'open')
  const title = learning.state === 'learning' ? 'Learning' : `${open.length} open anomaly clusters`
  const { watermarkMs } = learning
  return page(
    title,
    html`<style>${TIMELINE_STYLE}${LANES_STYLE}</style><h1>${headline(learning, open)}</h1>
${stateBox(learning)}
<h2 id="open">Open</h2>${table(open, 'open', 'Nothing is open.')}
${watermarkMs === null ? null : dayLanes(clusters, watermarkMs)}
${coverageBox(learning)}${sendersBox(learning)}
<h2 id="past">Past</h2>${table(past, 'past', 'Nothing yet.')}`,
  )
}

/** Says that all is quiet only where what is watched is watched. */
function headline(
  { state, watermarkMs, behindMs, coverage }: LearningState,
  open: readonly AnomalyCluster[],
): string {
  if (watermarkMs === null) return 'Waiting for the first spans'
  if (state === 'learning') return 'Learning what is normal'
  const told = open.filter(({ alerts }) => alerts).length
  if (told > 0) return told === 1 ? 'One thing is strange' : `${told} things are strange`
  if (open.length > 0) return 'Nothing to be told: what is open is known, or for information'
  if (behindMs !== null && behindMs > STALE_MS) {
    return `Nothing strange until ${instant(watermarkMs)}, and nothing was read since`
  }
  if (coverage.seen === 0) return 'Nothing strange, but nothing was judged in the last minutes'
  if (coverage.share < BLIND_BELOW) {
    return `Nothing strange in the ${share(coverage.share)} of the traffic that is judged`
  }
  return 'All quiet'
}

function stateBox(learning: LearningState): Html {
  const percent = Math.floor(Math.min(1, Math.max(0, learning.progress)) * 100)
  const progress =
    learning.state === 'learning'
      ? html`<p><label>Learned ${percent} % <progress max="100" value="${percent}">${percent} %</progress></label></p>`
      : null
  const missing =
    learning.missing.length > 0
      ? html`<ul>${learning.missing.map((one) => html`<li>${one}</li>`)}</ul>`
      : null
  return html`<div class="state" role="status"><p>${learning.observations} traces learned from, ${learning.strata} entry operations. Newest input: ${instant(learning.watermarkMs)}. Model: ${
    learning.modelInstalledMs === null ? 'none yet' : `since ${instant(learning.modelInstalledMs)}`
  }.</p>${progress}${missing}</div>`
}

function coverageBox({ coverage: { share: judged, seen, unjudged } }: LearningState): Html | null {
  if (seen === 0) return null
  const rows = unjudged.map(
    ({ name, share: part, why }) =>
      html`<tr><th scope="row">${name}</th><td class="number">${share(part)}</td><td>${why}</td></tr>`,
  )
  const table =
    rows.length > 0
      ? html`<div class="scroll"><table aria-labelledby="judged"><thead><tr><th scope="col">Entry operation</th><th scope="col">Not judged</th><th scope="col">Why</th></tr></thead><tbody>${rows}</tbody></table></div>`
      : null
  return html`<h2 id="judged">Judged</h2><p>${share(judged)} of the ${seen} traces of the last minutes. <a href="/api/v1/coverage">By entry operation</a>.</p>${table}`
}

function sendersBox({ senders }: LearningState): Html | null {
  if (senders.length === 0) return null
  const rows = senders.map(
    ({ service, what }) => html`<tr><th scope="row">${service}</th><td>${what}</td></tr>`,
  )
  return html`<h2 id="senders">What senders could do better</h2><div class="scroll"><table aria-labelledby="senders"><thead><tr><th scope="col">Service</th><th scope="col">Since learning began</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function table(clusters: readonly AnomalyCluster[], labelledBy: string, none: string): Html {
  if (clusters.length === 0) return html`<p>${none}</p>`
  return html`<div class="scroll"><table aria-labelledby="${labelledBy}">
<thead><tr><th scope="col">Severity</th><th scope="col">What</th><th scope="col">Service</th><th scope="col">Since (UTC)</th><th scope="col">Lasted</th><th scope="col">Deviating, normally</th><th scope="col">State</th></tr></thead>
<tbody>${clusters.map(row)}</tbody></table></div>`
}

function row(cluster: AnomalyCluster): Html {
  return html`<tr><td>${severityBadge(cluster.severity)}</td><th scope="row"><a href="/clusters/${encodeURIComponent(cluster.id)}">${cluster.sentence}</a></th>
<td>${cluster.suspect || '–'}</td><td class="time">${dayClock(cluster.firstMs)}</td><td class="time">${duration(Math.max(0, (cluster.closedMs ?? cluster.lastMs) - cluster.firstMs))}</td>
<td class="number">${share(cluster.rate)}, ${share(cluster.normalRate)}</td><td><span class="badge ${cluster.state}">${cluster.state}</span>${cluster.alerts ? null : ', no alert'}${cluster.asksAcceptance ? ', asks to be accepted' : null}</td></tr>`
}
