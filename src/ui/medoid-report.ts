import { type Html, html } from './html.ts'
import {
  type Bar,
  barChart,
  CHART_STYLE,
  curveChart,
  type MapPoint,
  mapChart,
  silhouetteChart,
} from './medoid-charts.ts'
import { page } from './page.ts'
import { share } from './quantity.ts'

/** What a report of a clustering shows; everything masked is masked already. */
export interface MedoidReport {
  readonly title: string
  /** Such as method, loss and seed, in words. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** What the reader has to know, such as a method that fell back. */
  readonly notes: readonly string[]
  readonly clusters: readonly ReportedCluster[]
  /** Names of the medoids' values. */
  readonly valueNames: readonly string[]
  readonly columns: readonly ReportedColumn[]
  /** Per cluster the silhouettes of (a sample of) its points, descending; null where there are none. */
  readonly silhouettes: readonly ArrayLike<number>[] | null
  /** Mean distance to the medoids for each k that was tried. */
  readonly elbow: readonly { readonly k: number; readonly loss: number }[]
  /** Mean medoid silhouette for each k that was tried, where k was to be chosen. */
  readonly choice: readonly { readonly k: number; readonly score: number }[]
  readonly k: number
  readonly map: { readonly points: readonly MapPoint[]; readonly kept: number } | null
  /** The command that makes it again. */
  readonly command: string
}

interface ReportedCluster {
  readonly size: number
  readonly share: number
  /** Mean and largest distance of its rows to the medoid. */
  readonly meanDistance: number
  readonly radius: number
  readonly silhouette: number | null
  /** The medoid's position in the input, from 1; null where it came from another site. */
  readonly row: number | null
  readonly values: readonly string[]
}

interface ReportedColumn {
  readonly name: string
  readonly kind: string
  readonly isUsed: boolean
  readonly missing: number
  readonly reason: string
  /** Share of the column's spread that the clusters explain; null where not measured. */
  readonly explained: number | null
}

/** Clusters drawn at the most; the table has them all. */
const MAX_DRAWN = 60

/** One page that needs nothing but itself: no script, no network. */
export function medoidReportPage(report: MedoidReport): string {
  const body = html`<style>${CHART_STYLE}</style>
<h1>${report.title}</h1>
${report.notes.map((note) => html`<p class="state">${note}</p>`)}
<dl>${report.facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<h2>Medoids: real rows that stand for the others</h2>
${medoidTable(report)}
<div class="charts">${charts(report)}</div>
<h2>Columns</h2>
${columnTable(report)}
<h2>How to make it again</h2>
<pre>${report.command}</pre>`
  return page(report.title, body, null)
}

function medoidTable({ clusters, valueNames }: MedoidReport): Html {
  return html`<div class="scroll"><table><thead><tr><th>cluster</th><th>rows</th><th>share</th><th>mean distance</th><th>radius</th><th>silhouette</th><th>row</th>${valueNames.map(
    (name) => html`<th>${name}</th>`,
  )}</tr></thead><tbody>${clusters.map(
    (one, i) =>
      html`<tr><th>${i}</th><td class="number">${one.size}</td><td class="number">${share(one.share)}</td><td class="number">${digits(one.meanDistance)}</td><td class="number">${digits(one.radius)}</td><td class="number">${one.silhouette === null ? '–' : digits(one.silhouette)}</td><td class="number">${one.row ?? '–'}</td>${one.values.map(
        (value) => html`<td>${value}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`
}

function columnTable({ columns }: MedoidReport): Html {
  const measured = columns.some(({ explained }) => explained !== null)
  return html`<div class="scroll"><table><thead><tr><th>column</th><th>taken as</th><th>missing</th>${
    measured ? html`<th>explained by the clusters</th>` : null
  }<th>note</th></tr></thead><tbody>${columns.map(
    ({ name, kind, isUsed, missing, reason, explained }) =>
      html`<tr><th>${name}</th><td>${isUsed ? kind : 'left out'}</td><td class="number">${missing}</td>${
        measured
          ? html`<td class="number">${explained === null ? '–' : share(explained)}</td>`
          : null
      }<td>${reason}</td></tr>`,
  )}</tbody></table></div>`
}

function charts(report: MedoidReport): Html[] {
  const { clusters, silhouettes, elbow, choice, k, map } = report
  const drawn = clusters.slice(0, MAX_DRAWN)
  const limited = drawn.length < clusters.length ? ` The largest ${MAX_DRAWN} are drawn.` : ''
  const bar = (i: number, value: number, text: string): Bar => ({
    name: String(i),
    value,
    text,
    title: `cluster ${i}: ${text}`,
  })
  const figures = [
    figure(
      'Size',
      `Rows of each cluster.${limited}`,
      barChart(
        'rows of each cluster',
        drawn.map((one, i) => bar(i, one.size, `${one.size} (${share(one.share)})`)),
      ),
    ),
    figure(
      'Radius',
      `Largest distance of a row to its medoid; a wide cluster is a loose one.${limited}`,
      barChart(
        'radius of each cluster',
        drawn.map((one, i) => bar(i, one.radius, digits(one.radius))),
      ),
    ),
  ]
  if (silhouettes !== null) {
    const caption = `How much nearer each row is to its own cluster than to the next; left of the axis it would fit better there.${limited}`
    const groups = silhouettes.slice(0, MAX_DRAWN)
    figures.push(figure('Silhouette', caption, silhouetteChart('silhouette of each row', groups)))
  }
  if (elbow.length > 1) {
    const points = elbow.map(({ k: x, loss: y }) => ({ x, y }))
    const caption = 'Mean distance of the rows to their medoid, by number of clusters.'
    const axes = { x: 'k', y: 'mean distance' }
    figures.push(figure('Elbow', caption, curveChart('elbow curve', axes, points, k)))
  }
  if (choice.length > 1) {
    const points = choice.map(({ k: x, score: y }) => ({ x, y }))
    const caption = `k was chosen where the mean medoid silhouette is highest: ${k}.`
    const axes = { x: 'k', y: 'medoid silhouette' }
    figures.push(figure('Choice of k', caption, curveChart('choice of k', axes, points, k)))
  }
  if (map !== null) {
    const caption = `Rows by their distances to each other, pressed into two dimensions that hold ${share(map.kept)} of the spread: what lies together here may still differ.`
    figures.push(figure('Map', caption, mapChart('map of the rows', map.points)))
  }
  return figures
}

function figure(title: string, caption: string, chart: Html): Html {
  return html`<figure><h2>${title}</h2><figcaption>${caption}</figcaption>${chart}</figure>`
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}
