import { type Html, html } from './html.ts'

/** A bar with its name, what it shows, and how it is written. */
export interface Bar {
  readonly name: string
  readonly value: number
  readonly text: string
  readonly title: string
}

interface CurvePoint {
  readonly x: number
  readonly y: number
}

export interface MapPoint extends CurvePoint {
  readonly cluster: number
  readonly isMedoid: boolean
  readonly title: string
}

const WIDTH = 640
const ROW = 18
const NAME_WIDTH = 90
const TEXT_WIDTH = 90
const PLOT = { left: 70, right: 16, top: 26, bottom: 40, height: 280 } as const

/**
 * Colours of clusters, chosen to differ in lightness as well as in hue; after ten they come again,
 * which is why every medoid also carries its number.
 */
const HUES = [210, 28, 140, 350, 265, 52, 185, 320, 95, 0] as const

/** One horizontal bar a cluster. */
export function barChart(label: string, bars: readonly Bar[]): Html {
  const most = Math.max(...bars.map(({ value }) => value), 0) || 1
  const height = bars.length * ROW
  const room = WIDTH - NAME_WIDTH - TEXT_WIDTH
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${bars.map(
    ({ name, value, text, title }, i) => {
      const width = number((Math.max(value, 0) / most) * room)
      const middle = i * ROW + ROW / 2
      return html`<g><title>${title}</title><text class="end" x="${NAME_WIDTH - 8}" y="${middle}">${name}</text><rect x="${NAME_WIDTH}" y="${i * ROW + 2}" width="${width}" height="${ROW - 4}" fill="${colour(i)}"/><text x="${number(NAME_WIDTH + Number(width) + 6)}" y="${middle}">${text}</text></g>`
    },
  )}</svg>`
}

/**
 * Silhouettes as Rousseeuw (1987) draws them: each point a line, sorted within its cluster, left of the
 * axis where the point is nearer to another cluster than to its own.
 * @param groups per cluster the values in [-1, 1], descending
 */
export function silhouetteChart(label: string, groups: readonly ArrayLike<number>[]): Html {
  const total = groups.reduce((sum, { length }) => sum + length, 0)
  const gap = 4
  const room = PLOT.height * 1.4
  const step = Math.min(3, room / Math.max(total, 1))
  const axis = NAME_WIDTH + (WIDTH - NAME_WIDTH) / 3
  const scale = ((WIDTH - NAME_WIDTH) * 2) / 3 - 10
  let y = 0
  const shapes = groups.map((values, cluster) => {
    const from = y
    let outline = `M${number(axis)} ${number(y)}`
    for (let i = 0; i < values.length; i++) {
      const x = axis + Math.max(-0.5, values[i] ?? 0) * scale
      outline += `H${number(x)}V${number(y + step)}`
      y += step
    }
    outline += `H${number(axis)}Z`
    const middle = (from + y) / 2
    y += gap
    return html`<path d="${outline}" fill="${colour(cluster)}"/>${
      values.length * step >= 9
        ? html`<text class="end" x="${NAME_WIDTH - 8}" y="${number(middle)}">${cluster}</text>`
        : null
    }`
  })
  const bottom = number(y)
  return html`<svg viewBox="0 0 ${WIDTH} ${number(y + 24)}" role="img" aria-label="${label}">${shapes}<line class="axis" x1="${number(axis)}" x2="${number(axis)}" y1="0" y2="${bottom}"/>${[
    -0.5, 0, 0.5, 1,
  ].map(
    (value) =>
      html`<text class="middle" x="${number(axis + value * scale)}" y="${number(y + 12)}">${value}</text>`,
  )}</svg>`
}

/** A curve over whole numbers, with one of them marked. */
export function curveChart(
  label: string,
  axes: { readonly x: string; readonly y: string },
  points: readonly CurvePoint[],
  marked: number | null,
): Html {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const low = Math.min(0, ...ys)
  const place = placer(Math.min(...xs), Math.max(...xs), low, Math.max(...ys))
  const line = points.map(({ x, y }) => `${number(place.x(x))},${number(place.y(y))}`).join(' ')
  const every = Math.max(1, Math.ceil(points.length / 12))
  return html`<svg viewBox="0 0 ${WIDTH} ${PLOT.height}" role="img" aria-label="${label}">${ticks(
    low,
    Math.max(...ys),
  ).map(
    (value) =>
      html`<line class="grid" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${number(place.y(value))}" y2="${number(place.y(value))}"/><text class="end" x="${PLOT.left - 6}" y="${number(place.y(value))}">${short(value)}</text>`,
  )}<polyline class="curve" points="${line}"/>${points.map(({ x, y }, i) => {
    const isMarked = x === marked
    return html`<circle class="${isMarked ? 'marked' : 'dot'}" cx="${number(place.x(x))}" cy="${number(place.y(y))}" r="${isMarked ? 6 : 3}"><title>${axes.x} ${x}: ${short(y)}</title></circle>${
      i % every === 0 || isMarked
        ? html`<text class="middle" x="${number(place.x(x))}" y="${PLOT.height - PLOT.bottom + 14}">${x}</text>`
        : null
    }`
  })}<text class="middle quiet" x="${WIDTH / 2}" y="${PLOT.height - 8}">${axes.x}</text><text class="quiet" x="0" y="8">${axes.y}</text></svg>`
}

/** Points on a plane; one unit is as long to the right as it is up. */
export function mapChart(label: string, points: readonly MapPoint[]): Html {
  const size = WIDTH
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const left = Math.min(...xs)
  const bottom = Math.min(...ys)
  const span = Math.max(Math.max(...xs) - left, Math.max(...ys) - bottom) || 1
  const margin = 16
  const scale = (size - 2 * margin) / span
  const height = number((Math.max(...ys) - bottom) * scale + 2 * margin)
  const top = Math.max(...ys)
  const draw = (point: MapPoint): Html => {
    const x = number(margin + (point.x - left) * scale)
    const y = number(margin + (top - point.y) * scale)
    if (!point.isMedoid) {
      return html`<circle cx="${x}" cy="${y}" r="2.5" fill="${colour(point.cluster)}" fill-opacity=".55"/>`
    }
    return html`<g><title>${point.title}</title><circle class="medoid" cx="${x}" cy="${y}" r="9" fill="${colour(point.cluster)}"/><text class="middle on" x="${x}" y="${y}">${point.cluster}</text></g>`
  }
  // Medoids last, so that nothing lies on them.
  const ordered = [
    ...points.filter((one) => !one.isMedoid),
    ...points.filter((one) => one.isMedoid),
  ]
  return html`<svg class="map" viewBox="0 0 ${size} ${height}" role="img" aria-label="${label}">${ordered.map(draw)}</svg>`
}

/** The styles the charts need, in a page's own colours. */
export const CHART_STYLE: Html = {
  markup: `svg { width: 100%; max-width: ${WIDTH}px; height: auto; display: block; font: 11px system-ui, sans-serif; overflow: visible }
svg text { fill: var(--text); dominant-baseline: central } svg .end { text-anchor: end } svg .middle { text-anchor: middle }
svg .quiet { fill: var(--quiet) } svg .on { fill: #fff; font-weight: 700; font-size: 9px }
svg .axis { stroke: var(--text) } svg .grid { stroke: var(--line) }
svg .curve { fill: none; stroke: var(--link); stroke-width: 2 } svg .dot { fill: var(--link) }
svg .marked { fill: var(--anomaly); stroke: var(--ground); stroke-width: 2 }
svg .medoid { stroke: var(--ground); stroke-width: 2 } svg.map { border: 1px solid var(--line); border-radius: 6px }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1rem 2.5rem }
figure { margin: 0 } figcaption { color: var(--quiet); max-width: 70ch; margin-bottom: .6rem }`,
}

function colour(cluster: number): string {
  const hue = HUES[cluster % HUES.length] ?? 0
  return `hsl(${hue} 62% ${cluster % 2 === 0 ? 42 : 50}%)`
}

interface Placer {
  x(value: number): number
  y(value: number): number
}

function placer(minX: number, maxX: number, minY: number, maxY: number): Placer {
  const width = WIDTH - PLOT.left - PLOT.right
  const height = PLOT.height - PLOT.top - PLOT.bottom
  return {
    x: (value) => PLOT.left + ((value - minX) / (maxX - minX || 1)) * width,
    y: (value) => PLOT.top + (1 - (value - minY) / (maxY - minY || 1)) * height,
  }
}

function ticks(low: number, high: number): number[] {
  const span = high - low
  if (!(span > 0)) return [high]
  const rough = span / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough
  const found: number[] = []
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) found.push(i * step)
  return found
}

/** Three useful digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}

/** A coordinate, to a tenth of a pixel: the file stays small. */
function number(value: number): string {
  return String(Number(value.toFixed(1)))
}
