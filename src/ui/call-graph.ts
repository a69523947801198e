import { Graph, layout } from '@dagrejs/dagre'
import { line } from 'd3-shape'
import type { Deviating } from '../contract/cluster-detail.ts'
import { coordinate } from './chart-axes.ts'
import { deviationWords } from './deviation-words.ts'
import { type Html, html } from './html.ts'
import { share } from './quantity.ts'
import { shortText } from './short-text.ts'

/** Services and calls that are drawn; the table has them all. */
const MOST_DRAWN = 24
const MOST_LETTERS = 28
/** Of the font, about. */
const LETTER = 7
const LINE = 16
const PADDING = 10

interface Node {
  /** Given by us: a service may be called like anything that an object has. */
  readonly id: string
  readonly service: string
  /** What deviates in the service itself. */
  readonly lines: readonly string[]
  readonly isSuspect: boolean
}

interface Edge {
  readonly from: string
  readonly to: string
  readonly lines: readonly string[]
}

/**
 * What deviates in a cluster as a small graph of who calls whom, the suspect marked. Nothing where it
 * would be a single box: the table beside it says as much.
 */
export function callGraph(deviating: readonly Deviating[], suspect: string): Html | null {
  const drawn = deviating.slice(0, MOST_DRAWN)
  const edges = edgesOf(drawn)
  if (edges.length === 0) return null
  const nodes = nodesOf(drawn, suspect)
  const ids = idsOf(nodes)
  const graph = laidOut(nodes, edges)
  const { width = 0, height = 0 } = graph.graph()
  return html`<div class="scroll" role="region" aria-label="Graph of the calls that deviate" tabindex="0"><svg class="calls" viewBox="0 0 ${coordinate(width)} ${coordinate(height)}" style="width:${coordinate(width)}px" role="img" aria-labelledby="calls-title calls-text"><title id="calls-title">Who calls whom, of what deviates</title><desc id="calls-text">${inWords(edges, suspect)}</desc>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>
${edges.map((edge) => drawnEdge(edge, ids, graph))}${nodes.map((node) => drawnNode(node, graph))}</svg></div>`
}

function edgesOf(deviating: readonly Deviating[]): Edge[] {
  const found = new Map<string, { from: string; to: string; lines: Set<string> }>()
  for (const one of deviating) {
    if (one.caller === '') continue
    const key = JSON.stringify([one.caller, one.service])
    const edge = found.get(key) ?? { from: one.caller, to: one.service, lines: new Set() }
    edge.lines.add(words(one))
    found.set(key, edge)
  }
  return [...found.values()].map((edge) => ({ ...edge, lines: fewLines([...edge.lines]) }))
}

function nodesOf(deviating: readonly Deviating[], suspect: string): Node[] {
  const lines = new Map<string, Set<string>>()
  for (const one of deviating) {
    for (const service of [one.caller, one.service]) {
      if (service !== '' && !lines.has(service)) lines.set(service, new Set())
    }
    if (one.caller === '') lines.get(one.service)?.add(words(one))
  }
  return [...lines].map(([service, own], i) => ({
    id: `n${i}`,
    service,
    lines: fewLines([...own]),
    isSuspect: service === suspect,
  }))
}

/** By service. */
type Ids = ReadonlyMap<string, string>

function idsOf(nodes: readonly Node[]): Ids {
  return new Map(nodes.map(({ service, id }) => [service, id]))
}

function words(one: Deviating): string {
  const deviates = one.occurrences > 0 ? ` ${share(one.observations / one.occurrences)}` : ''
  return `${deviationWords(one.term, one.direction)}${deviates}`
}

function fewLines(lines: readonly string[]): readonly string[] {
  return lines.length <= 3 ? lines : [...lines.slice(0, 2), `and ${lines.length - 2} more`]
}

type Drawing = ReturnType<typeof emptyGraph>

function emptyGraph() {
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 24, ranksep: 40, marginx: 8, marginy: 8 })
  graph.setDefaultEdgeLabel(() => ({}))
  return graph
}

function laidOut(nodes: readonly Node[], edges: readonly Edge[]): Drawing {
  const graph = emptyGraph()
  const ids = idsOf(nodes)
  for (const node of nodes) {
    const texts = [short(node.service), ...node.lines, ...(node.isSuspect ? [SUSPECT] : [])]
    graph.setNode(node.id, sizeOf(texts))
  }
  for (const { from, to, lines } of edges) {
    graph.setEdge(ids.get(from) ?? '', ids.get(to) ?? '', {
      ...sizeOf(lines),
      labelpos: 'c',
      minlen: 1,
    })
  }
  layout(graph)
  return graph
}

const SUSPECT = 'suspect'

function sizeOf(lines: readonly string[]): { width: number; height: number } {
  const longest = Math.max(...lines.map(({ length }) => length))
  return { width: longest * LETTER + 2 * PADDING, height: lines.length * LINE + PADDING }
}

function drawnNode({ id, service, lines, isSuspect }: Node, graph: Drawing): Html {
  const { x = 0, y = 0, width = 0, height = 0 } = graph.node(id)
  const texts = [short(service), ...lines, ...(isSuspect ? [SUSPECT] : [])]
  return html`<g class="service${isSuspect ? ' suspect' : ''}"><title>${service}</title><rect x="${coordinate(x - width / 2)}" y="${coordinate(y - height / 2)}" width="${coordinate(width)}" height="${coordinate(height)}" rx="6"/>${stacked(texts, x, y)}</g>`
}

function drawnEdge({ from, to, lines }: Edge, ids: Ids, graph: Drawing): Html {
  const { points = [], x = 0, y = 0 } = graph.edge(ids.get(from) ?? '', ids.get(to) ?? '')
  const path = line<{ x: number; y: number }>(
    (point) => point.x,
    (point) => point.y,
  ).digits(1)(points)
  return html`<g class="call"><path d="${path ?? ''}" marker-end="url(#arrow)"/>${stacked(lines, x, y)}</g>`
}

function stacked(lines: readonly string[], x: number, y: number): Html {
  const top = y - ((lines.length - 1) * LINE) / 2
  return html`${lines.map(
    (text, i) =>
      html`<text class="middle${i === 0 ? ' first' : ''}" x="${coordinate(x)}" y="${coordinate(top + i * LINE)}">${text}</text>`,
  )}`
}

function short(text: string): string {
  return shortText(text, MOST_LETTERS)
}

function inWords(edges: readonly Edge[], suspect: string): string {
  const calls = edges.map(({ from, to, lines }) => `${from} calls ${to}: ${lines.join(', ')}.`)
  return `${calls.join(' ')}${suspect === '' ? '' : ` The suspect is ${suspect}.`}`
}

/** The styles that the graph needs, in a page's own colours. */
export const GRAPH_STYLE: Html = {
  markup: `svg.calls { max-width: none; font-size: 12px } svg.calls .service rect { fill: var(--soft); stroke: var(--quiet) }
svg.calls .service .first { font-weight: 600 } svg.calls .suspect rect { fill: var(--place); stroke: var(--bad); stroke-width: 2.5 }
svg.calls .call path { fill: none; stroke: var(--quiet); stroke-width: 1.5 } svg.calls .head { fill: var(--quiet) }
svg.calls .call text { fill: var(--bad); paint-order: stroke; stroke: var(--ground); stroke-width: 5px }`,
}
