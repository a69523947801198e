import type { Anomaly, Contribution, EvidenceSpan } from '../contract/anomaly.ts'
import { quantity } from '../detector/explanation.ts'
import { KIND_LOG } from '../otlp/span-columns.ts'
import { type AlignedCall, alignTraces, hasFailed, MATERIAL_SHARE } from '../ui/align-traces.ts'

type Style = (format: 'bold' | 'red' | 'yellow' | 'green' | 'dim', text: string) => string

const MOST_CALLS = 28
const MOST_CONTRIBUTIONS = 6

/**
 * An anomaly beside its nearest real normal trace, as text: the two call trees laid over each other
 * with their differences, then the contributions that sum to the score.
 */
export function contrastText(anomaly: Anomaly, style: Style): string {
  const { trace, nearestNormal, verdict } = anomaly
  const aligned = alignTraces(nearestNormal, trace, MOST_CALLS)
  const names = aligned.calls.map(nameOf)
  const width = Math.max(...names.map((name) => name.length), 12)
  const lines = [
    `${style('bold', 'anomaly')}  trace ${trace.traceId}`,
    `${style('bold', 'normal')}   trace ${nearestNormal?.traceId ?? 'none'}${
      verdict.cluster ? `  (medoid of normal cluster ${verdict.cluster})` : ''
    }`,
    '',
    style('dim', `${''.padEnd(width + 2)}${'anomaly'.padStart(12)}${'normal'.padStart(12)}`),
    ...aligned.calls.map((call, i) =>
      callLine(call, (names[i] ?? '').padEnd(width), aligned.spanMs, style),
    ),
  ]
  if (aligned.hidden > 0) lines.push(style('dim', `  ... and ${aligned.hidden} more lines`))
  return [...lines, '', ...contributionLines(verdict.contributions, style)].join('\n')
}

function nameOf({ depth, service, operation, folded }: AlignedCall): string {
  const times = folded > 0 ? ` (x ${folded + 1})` : ''
  return `${'  '.repeat(depth)}${service} ${operation}${times}`
}

function callLine(call: AlignedCall, name: string, spanMs: number, style: Style): string {
  const { normal, anomaly, difference } = call
  const times = [anomaly, normal].map((span) => (span ? timeOf(span) : '-').padStart(12))
  const mark = { missing: '-', extra: '+' }[difference as string] ?? ' '
  const line = `${mark} ${name}${times.join('')}`
  if (difference === 'missing') return style('yellow', `${line}  missing`)
  if (difference === 'extra') return style('red', `${line}  new`)
  if (difference === 'status') return style('red', `${line}  ${statusOf(call)}`)
  const gap = (anomaly?.selfMs ?? 0) - (normal?.selfMs ?? 0)
  if (difference === 'slower' && gap >= MATERIAL_SHARE * spanMs) {
    return style('red', `${line}  +${time(gap)} of its own`)
  }
  return difference === 'same' || difference === 'faster' ? line : `${line}  ${difference}`
}

/** A line of a log takes no time. */
function timeOf({ kind, durationMs }: EvidenceSpan): string {
  return kind === KIND_LOG ? 'logged' : time(durationMs)
}

function statusOf({ normal, anomaly }: AlignedCall): string {
  const name = (span: AlignedCall['normal']): string => (hasFailed(span) ? 'error' : 'ok')
  return `status ${name(anomaly)}, normally ${name(normal)}`
}

function contributionLines(contributions: readonly Contribution[], style: Style): string[] {
  const total = contributions.reduce((sum, { contribution }) => sum + contribution, 0)
  const shown = contributions.slice(0, MOST_CONTRIBUTIONS)
  const lines = shown.map((part) => {
    const last = part.element.split(' > ').at(-1) ?? part.element
    const values = `${quantity(part.measure, part.value)} / ${quantity(part.measure, part.medoid)}`
    const bar = '#'.repeat(Math.round((20 * part.contribution) / Math.max(total, 1e-12)))
    const what = `${part.term} ${part.measure.replace('_', ' ')}`
    return `  ${part.contribution.toFixed(4)} ${bar.padEnd(20)} ${last}: ${what} ${values}`
  })
  const rest = contributions.slice(MOST_CONTRIBUTIONS)
  if (rest.length > 0) {
    const sum = rest.reduce((all, { contribution }) => all + contribution, 0)
    lines.push(`  ${sum.toFixed(4)} ${''.padEnd(20)} ${rest.length} smaller ones`)
  }
  const head = `score ${total.toFixed(4)} = the sum of its contributions (anomaly / normal)`
  return [style('bold', head), ...lines]
}

function time(ms: number): string {
  return quantity('duration', ms)
}
