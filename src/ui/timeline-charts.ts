import { area, line } from 'd3-shape'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { PlaceTimeline, TimelinePoint } from '../contract/cluster-detail.ts'
import {
  coordinate,
  type Frame,
  type TimeScale,
  timeAxis,
  timeScale,
  type ValueScale,
  valueAxis,
  valueScale,
} from './chart-axes.ts'
import { type Html, html } from './html.ts'
import { clock, duration, instant, rate, share } from './quantity.ts'

const WIDTH = 500
const HEIGHT = 190
const FRAME: Frame = { left: 54, right: WIDTH - 14, top: 22, bottom: HEIGHT - 22 }

/** A line of a chart. */
interface Curve {
  readonly name: string
  readonly look: 'main' | 'second'
  readonly of: (point: TimelinePoint) => number
}

interface Chart {
  readonly title: string
  /** What is normal, from and to; null where that is not known. */
  readonly normal: readonly [number, number] | null
  readonly normalWords: string
  readonly curves: readonly Curve[]
  readonly words: (value: number) => string
}

/**
 * What the place of a cluster did before it, while it lasted, and after it: charts, and the same as a
 * table. Nothing where there is less to see than would make a line.
 */
export function timelineCharts(
  cluster: AnomalyCluster,
  timeline: PlaceTimeline | null,
): Html | null {
  if (!timeline || timeline.points.length < 2) return null
  const charts = chartsOf(cluster, timeline)
  return html`<h2 id="timeline">How it was before, and since</h2>
<p class="quiet">${timeline.place}. Times are UTC.</p>
<div class="charts">${charts.map((chart, i) => figure(chart, i, cluster, timeline.points))}</div>
${pointsTable(timeline.points)}`
}

function chartsOf({ term, firstMs }: AnomalyCluster, { normal, points }: PlaceTimeline): Chart[] {
  const failures: Chart = {
    title: 'Share of calls that fail',
    normal: normal.failed === null ? null : [0, normal.failed],
    normalWords: 'normal',
    curves: [{ name: 'fail', look: 'main', of: failedShare }],
    words: share,
  }
  const times: Chart = {
    title: 'Self time of a call',
    normal: normal.p10 === null || normal.p90 === null ? null : [normal.p10, normal.p90],
    normalWords: 'normal, p10 to p90',
    curves: [
      { name: 'p50', look: 'main', of: ({ p50 }) => p50 },
      { name: 'p99', look: 'second', of: ({ p99 }) => p99 },
    ],
    words: duration,
  }
  const calls: Chart = {
    title: 'Calls a second',
    normal: null,
    normalWords: '',
    curves: [{ name: 'calls', look: 'main', of: callsASecond }],
    words: (value) => String(Number(value.toPrecision(3))),
  }
  if (term === 'errors' || term === 'no_answer') return [failures, calls]
  if (term !== 'self_time') return [calls, times]
  const since = points.filter(({ toMs }) => toMs > firstMs)
  const failed = since.reduce((sum, point) => sum + point.failed, 0)
  const made = since.reduce((sum, point) => sum + point.calls, 0)
  return failed > made * (normal.failed ?? 0) ? [times, calls, failures] : [times, calls]
}

function figure(
  chart: Chart,
  index: number,
  cluster: AnomalyCluster,
  points: readonly TimelinePoint[],
): Html {
  const { title, curves, normal, words } = chart
  const most = Math.max(normal?.[1] ?? 0, ...curves.flatMap(({ of }) => points.map(of)))
  const x = timeScale(points[0]?.fromMs ?? 0, points.at(-1)?.toMs ?? 1, FRAME)
  const y = valueScale(most, FRAME)
  const id = `chart-${index}`
  return html`<figure><svg class="timeline" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-text"><title id="${id}-title">${title}</title><desc id="${id}-text">${summary(chart, cluster, points)}</desc>
${timeAxis(x, FRAME, 5)}${valueAxis(y, FRAME, words)}${band(normal, y)}${curves.map((curve) => curveOf(curve, points, x, y))}${marks(cluster, x)}</svg>
<figcaption><strong>${title}</strong>${legend(chart)}</figcaption></figure>`
}

function band(normal: Chart['normal'], y: ValueScale): Html | null {
  if (!normal) return null
  const top = y(Math.min(normal[1], y.domain()[1] ?? normal[1]))
  const height = Math.max(2, y(normal[0]) - top)
  return html`<rect class="normal-band" x="${FRAME.left}" width="${FRAME.right - FRAME.left}" y="${coordinate(top)}" height="${coordinate(height)}"/>`
}

function curveOf(
  { look, of }: Curve,
  points: readonly TimelinePoint[],
  x: TimeScale,
  y: ValueScale,
): Html {
  // A stretch without a call has no quantiles and no share; its rate is none, and is drawn.
  const isThere = (point: TimelinePoint): boolean => point.calls > 0 || of === callsASecond
  const middle = (point: TimelinePoint): number => x((point.fromMs + point.toMs) / 2)
  const height = (point: TimelinePoint): number => y(of(point))
  const path = line<TimelinePoint>(middle, height).defined(isThere).digits(1)(points) ?? ''
  const below =
    look === 'main'
      ? (area<TimelinePoint>(middle, FRAME.bottom, height).defined(isThere).digits(1)(points) ?? '')
      : ''
  return html`${below === '' ? null : html`<path class="below" d="${below}"/>`}<path class="curve ${look}" d="${path}"/>`
}

/** Room that the words of a mark need. */
const WORDS_WIDTH = 96

/** When it began, in words to the left of it where there is room, and when it was over, to the right. */
function marks({ firstMs, closedMs }: AnomalyCluster, x: TimeScale): Html {
  const begins = x(firstMs)
  const over = closedMs === null ? Number.NaN : x(closedMs)
  const isLeft = begins - FRAME.left >= WORDS_WIDTH
  const isOverLeft = FRAME.right - over < WORDS_WIDTH
  const meet = isLeft === isOverLeft && Math.abs(over - begins) < WORDS_WIDTH
  return html`${mark(begins, `begins ${clock(firstMs)}`, 'begins', isLeft, 0)}${mark(over, `over ${clock(closedMs ?? 0)}`, 'over', isOverLeft, meet ? 14 : 0)}`
}

function mark(
  at: number,
  words: string,
  look: string,
  isLeft: boolean,
  lower: number,
): Html | null {
  if (!(at >= FRAME.left && at <= FRAME.right)) return null
  const where = coordinate(isLeft ? at - 4 : at + 4)
  return html`<line class="mark ${look}" x1="${coordinate(at)}" x2="${coordinate(at)}" y1="${FRAME.top - 8}" y2="${FRAME.bottom}"/><text class="${isLeft ? 'end ' : ''}mark-text ${look}" x="${where}" y="${FRAME.top - 10 + lower}">${words}</text>`
}

function legend({ curves, normal, normalWords, words }: Chart): Html {
  const entries = curves.map(({ name, look }) => html` <span class="key ${look}"></span>${name}`)
  const usual = normal
    ? html` <span class="key normal-band"></span>${normalWords}: ${normal[0] > 0 ? html`${words(normal[0])} to ` : 'up to '}${words(normal[1])}`
    : null
  return html`${entries}${usual}`
}

/** A chart in words, for those who do not see it. */
function summary(
  { curves, normal, words }: Chart,
  { firstMs, closedMs }: AnomalyCluster,
  points: readonly TimelinePoint[],
): string {
  const during = (point: TimelinePoint): boolean =>
    point.toMs > firstMs && point.fromMs < (closedMs ?? Number.POSITIVE_INFINITY)
  const before = points.filter((point) => point.toMs <= firstMs && point.calls > 0)
  const since = points.filter((point) => during(point) && point.calls > 0)
  const told = curves.map(({ name, of }) => {
    const [was, is] = [before, since].map((some) =>
      some.length === 0 ? 'not known' : `${words(median(some.map(of)))}`,
    )
    return `${name}: ${was} before ${clock(firstMs)}, ${is} since.`
  })
  const usual = normal ? ` Normal is ${words(normal[0])} to ${words(normal[1])}.` : ''
  return `${told.join(' ')}${usual}`
}

function pointsTable(points: readonly TimelinePoint[]): Html {
  return html`<details><summary>The same as a table</summary><div class="scroll"><table aria-labelledby="timeline"><thead><tr><th scope="col">From</th><th scope="col">Calls</th><th scope="col">Calls a second</th><th scope="col">Fail</th><th scope="col">p50</th><th scope="col">p99</th></tr></thead><tbody>${points.map(
    (point) =>
      html`<tr><th scope="row">${instant(point.fromMs)}</th><td class="number">${point.calls}</td><td class="number">${rate(callsASecond(point))}</td><td class="number">${share(failedShare(point))}</td><td class="number">${point.calls > 0 ? duration(point.p50) : '–'}</td><td class="number">${point.calls > 0 ? duration(point.p99) : '–'}</td></tr>`,
  )}</tbody></table></div></details>`
}

function callsASecond({ calls, fromMs, toMs }: TimelinePoint): number {
  return toMs > fromMs ? (calls * 1000) / (toMs - fromMs) : 0
}

function failedShare({ calls, failed }: TimelinePoint): number {
  return calls > 0 ? failed / calls : 0
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

/** The styles that the charts need, in a page's own colours. */
export const TIMELINE_STYLE: Html = {
  markup: `svg text { fill: var(--text); dominant-baseline: central } svg .end { text-anchor: end } svg .middle { text-anchor: middle }
svg .quiet { fill: var(--quiet) } svg .grid { stroke: var(--line); stroke-width: .6 }
svg { width: 100%; height: auto; display: block; font: 12px system-ui, sans-serif; overflow: visible }
svg .curve { fill: none; stroke: var(--link); stroke-width: 2; stroke-linejoin: round } svg .curve.second { stroke: var(--anomaly); stroke-dasharray: 5 3 }
svg .below { fill: var(--link); fill-opacity: .12 } svg .normal-band { fill: var(--good); fill-opacity: .2 }
svg .mark { stroke: var(--bad); stroke-width: 1.5 } svg .mark.over { stroke: var(--good) }
svg .mark-text { fill: var(--bad); font-weight: 600 } svg .mark-text.over { fill: var(--good) }
.key { display: inline-block; width: 1.4em; height: 0; margin: 0 .35em 0 .9em; vertical-align: middle; border-top: 2px solid var(--link) }
.key.second { border-top: 2px dashed var(--anomaly) } .key.normal-band { border: 0; height: .8em; background: var(--good); opacity: .35 }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem 2rem }
figure { margin: 0 } figcaption { color: var(--quiet); font-size: .9rem; margin-top: .2rem } figcaption strong { color: var(--text) }
details { margin: .6rem 0 } summary { color: var(--link); cursor: pointer }`,
}
