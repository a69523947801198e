import { parser } from '@prometheus-io/lezer-promql'

type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

/** One use of a metric in a query. */
export interface MetricUse {
  readonly name: string
  /** Labels that its matchers name. */
  readonly labels: readonly string[]
  /** Whether it is read over a range, as `rate` and `increase` do. */
  readonly range: boolean
}

export interface PromqlUse {
  readonly metrics: readonly MetricUse[]
  /** Labels in by, without, on, ignoring, group_left and group_right. */
  readonly groupedBy: readonly string[]
}

/** Grafana's variables as values that Prometheus understands. */
export function withoutVariables(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '1h')
    .replaceAll('$__interval', '15s')
    .replace(/\$([a-z_]\w*)/g, '.*')
}

/** What a query reads. Throws where it does not parse. */
export function promqlUse(expr: string): PromqlUse {
  const metrics: MetricUse[] = []
  const groupedBy: string[] = []
  const text = (node: SyntaxNode): string => expr.slice(node.from, node.to)
  parser.parse(expr).iterate({
    enter: ({ node, type }) => {
      if (type.isError) throw new Error(`does not parse at ${node.from}: ${expr}`)
      if (type.name === 'VectorSelector') {
        const name = node.getChild('Identifier')
        if (!name) throw new Error(`a selector without a metric: ${expr}`)
        const matchers: string[] = []
        node.cursor().iterate(({ node: inner, type: innerType }) => {
          if (innerType.name === 'LabelName') matchers.push(text(inner))
        })
        const range = inRange(node)
        metrics.push({ name: text(name), labels: matchers, range })
        return
      }
      if (type.name === 'GroupingLabels') {
        for (const label of node.getChildren('LabelName')) groupedBy.push(text(label))
      }
    },
  })
  return { metrics, groupedBy }
}

/** A range or a subquery stands around the selector before any function does. */
function inRange(node: SyntaxNode): boolean {
  for (let up = node.parent; up; up = up.parent) {
    if (up.name === 'MatrixSelector') return true
    if (up.name === 'FunctionCall') return false
  }
  return false
}
