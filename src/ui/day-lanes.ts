import type { AnomalyCluster, Severity } from '../contract/anomaly-cluster.ts'
import { coordinate, type Frame, type TimeScale, timeAxis, timeScale } from './chart-axes.ts'
import { type Html, html } from './html.ts'
import { clock, instant } from './quantity.ts'
import { shortText } from './short-text.ts'

const HOUR_MS = 3_600_000
/** The axis is the shortest of these that all clusters of the day lie on. */
const AXES_HOURS = [1, 3, 6, 12, 24]
/** Services that have a lane; those with what is most recent come first. */
const MOST_LANES = 24

const WIDTH = 1100
const NAME_WIDTH = 170
const NAME_LETTERS = 24
/** Room for the last time of the axis. */
const RIGHT = 24
const ROW = 20
const GAP = 8
const TOP = 6
/** Severities differ in height as well as in colour. */
const HEIGHTS: Readonly<Record<Severity, number>> = { critical: 16, warning: 11, information: 6 }
const LEAST_WIDTH = 5

export interface Bar {
  readonly cluster: AnomalyCluster
  readonly fromMs: number
  readonly toMs: number
  /** Which of the lane's rows: clusters at the same time lie below each other. */
  readonly row: number
}

export interface Lane {
  readonly service: string
  readonly bars: readonly Bar[]
  readonly rows: number
}

/**
 * The day as lanes, a service each, with one bar a cluster in the look of its severity. A bar leads to
 * its cluster. Nothing where nothing was strange.
 */
export function dayLanes(clusters: readonly AnomalyCluster[], nowMs: number): Html | null {
  const recent = clusters.filter((cluster) => endOf(cluster, nowMs) > nowMs - 24 * HOUR_MS)
  if (recent.length === 0) return null
  const fromMs = nowMs - axisHours(recent, nowMs) * HOUR_MS
  const lanes = lanesOf(recent, fromMs, nowMs)
  const shown = lanes.slice(0, MOST_LANES)
  const bottom = TOP + shown.reduce((sum, lane) => sum + heightOf(lane), 0)
  const frame: Frame = { left: NAME_WIDTH, right: WIDTH - RIGHT, top: TOP, bottom }
  const x = timeScale(fromMs, nowMs, frame)
  let top = TOP
  const drawn = shown.map((lane) => {
    const made = drawnLane(lane, top, x)
    top += heightOf(lane)
    return made
  })
  const hidden = lanes.length - shown.length
  return html`<h2 id="day">The last ${axisHours(recent, nowMs) === 1 ? 'hour' : html`${axisHours(recent, nowMs)} hours`}</h2>
<p class="quiet keys">${(['critical', 'warning', 'information'] as const).map((one) => html`<span class="bar-key ${one}"></span>${one}`)}<br>One bar a cluster, in the lane of the service first suspected. Times are UTC.</p>
<div class="scroll"><svg class="lanes" viewBox="0 0 ${WIDTH} ${bottom + 22}" role="group" aria-labelledby="day">${timeAxis(x, frame, 8)}${drawn}</svg></div>
${hidden > 0 ? html`<p class="quiet">${hidden} further services are in the lists below.</p>` : null}`
}

/** Lanes of the clusters from one time to another, the most recent ones first. */
export function lanesOf(
  clusters: readonly AnomalyCluster[],
  fromMs: number,
  nowMs: number,
): Lane[] {
  const byService = Map.groupBy(clusters, ({ suspect }) => suspect || '(unknown)')
  const lanes = [...byService].map(([service, its]) => {
    const ends: number[] = []
    const bars = its
      .toSorted((a, b) => a.firstMs - b.firstMs || (a.id < b.id ? -1 : 1))
      .map((cluster): Bar => {
        const from = Math.min(nowMs, Math.max(fromMs, cluster.firstMs))
        const to = Math.max(from, Math.min(nowMs, endOf(cluster, nowMs)))
        let row = ends.findIndex((end) => end <= from)
        if (row < 0) row = ends.length
        ends[row] = to
        return { cluster, fromMs: from, toMs: to, row }
      })
    return { service, bars, rows: ends.length }
  })
  const last = ({ bars }: Lane): number => Math.max(...bars.map(({ toMs }) => toMs))
  return lanes.sort((a, b) => last(b) - last(a) || (a.service < b.service ? -1 : 1))
}

function endOf({ closedMs }: AnomalyCluster, nowMs: number): number {
  return closedMs ?? nowMs
}

function axisHours(clusters: readonly AnomalyCluster[], nowMs: number): number {
  const first = Math.min(...clusters.map(({ firstMs }) => firstMs))
  return AXES_HOURS.find((hours) => first >= nowMs - hours * HOUR_MS) ?? 24
}

function heightOf({ rows }: Lane): number {
  return rows * ROW + GAP
}

function drawnLane({ service, bars, rows }: Lane, top: number, x: TimeScale): Html {
  const name = shortText(service, NAME_LETTERS)
  const height = rows * ROW + GAP
  return html`<line class="grid" x1="0" x2="${WIDTH - RIGHT}" y1="${top + height}" y2="${top + height}"/><text x="2" y="${top + height / 2}">${name}<title>${service}</title></text>${bars.map(
    (bar) => drawnBar(bar, top, x),
  )}`
}

function drawnBar({ cluster, fromMs, toMs, row }: Bar, top: number, x: TimeScale): Html {
  const { severity } = cluster
  const height = HEIGHTS[severity]
  const width = Math.max(LEAST_WIDTH, x(toMs) - x(fromMs))
  const left = Math.min(x(fromMs), WIDTH - RIGHT - width)
  const middle = top + GAP / 2 + row * ROW + ROW / 2
  const { closedMs, sentence, id, firstMs } = cluster
  const until = closedMs === null ? 'still open' : `until ${clock(closedMs)}`
  const words = `${severity}, from ${instant(firstMs)}, ${until}: ${sentence}`
  return html`<a href="/clusters/${encodeURIComponent(id)}" aria-label="${words}"><title>${words}</title><rect class="${severity}" x="${coordinate(left)}" width="${coordinate(width)}" y="${coordinate(middle - height / 2)}" height="${height}" rx="2"/></a>`
}

/** The styles that the lanes need, in a page's own colours. */
export const LANES_STYLE: Html = {
  markup: `svg.lanes { min-width: 640px } svg.lanes a:focus-visible { outline: none }
svg.lanes rect { stroke: var(--ground); stroke-width: .5 } svg.lanes a:focus-visible rect, svg.lanes a:hover rect { stroke: var(--text); stroke-width: 2.5 }
rect.critical, .bar-key.critical { fill: var(--bad); background: var(--bad) } rect.warning, .bar-key.warning { fill: var(--anomaly); background: var(--anomaly) }
rect.information, .bar-key.information { fill: var(--link); background: var(--link) }
.bar-key { display: inline-block; width: 1.6em; margin: 0 .4em 0 .8em; border-radius: 2px; vertical-align: middle }
.bar-key.critical { height: 14px; margin-left: 0 } .bar-key.warning { height: 10px } .bar-key.information { height: 5px }`,
}
