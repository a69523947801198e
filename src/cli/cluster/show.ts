import type { TableColumn } from '../../io/tables/infer-columns.ts'
import type { LoadedTable } from '../../io/tables/load-table.ts'
import type { CommandWorld } from '../command.ts'
import { styler } from '../style.ts'
import type { Outcome } from './outcome.ts'

/** Everything a finished clustering says of itself. */
export interface Shown {
  readonly table: LoadedTable
  readonly columns: readonly TableColumn[]
  readonly outcome: Outcome
  readonly distance: string
  readonly seed: number
  readonly notes: readonly string[]
  /** The medoids' original rows, masked, and the names of their columns. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly names: readonly string[]
  readonly written: readonly string[]
  readonly seconds: number
}

const MAX_CELL = 24

/** The result as a person reads it on a terminal. */
export function resultText(shown: Shown, world: Pick<CommandWorld, 'stdout' | 'env'>): string {
  const style = styler(world.stdout, world.env)
  const { table, columns, outcome, names, rows, notes, written } = shown
  const { clusters, engine, meanDistance, medoidSilhouette, choice } = outcome
  const parts = [
    `${table.name}: ${table.count} rows, ${columns.length} columns`,
    columnLines(columns, outcome),
  ]
  if (choice.length > 1) parts.push('', choiceLines(choice, clusters.length))
  const quality = medoidSilhouette === null ? '' : `, medoid silhouette ${digits(medoidSilhouette)}`
  parts.push(
    '',
    style(
      'bold',
      `${clusters.length} medoids by ${engine.method} with ${shown.distance}: mean distance ${digits(meanDistance)}${quality}, seed ${shown.seed}`,
    ),
  )
  for (const note of notes) parts.push(`${style('yellow', 'note:')} ${note}`)
  const head = ['cluster', 'rows', 'share', 'mean', 'radius', 'silh.', 'row', ...names]
  const lines = clusters.map((one, i) => [
    String(i),
    String(one.size),
    percent(one.weight / outcome.weight),
    digits(one.meanDistance),
    digits(one.radius),
    one.silhouette === null ? '-' : digits(one.silhouette),
    String(one.medoid + 1),
    ...names.map((name) => cellText(rows[i]?.[name])),
  ])
  parts.push(aligned([head, ...lines], 7))
  if (written.length > 0) parts.push('', `written: ${written.join(', ')}`)
  return `${parts.join('\n')}\n`
}

/** The result for a program. */
export function resultJson(shown: Shown): unknown {
  const { table, columns, outcome, rows, written } = shown
  return {
    input: table.name,
    rows: table.count,
    columns: columns.map(({ name, kind, isUsed, missing, reason }) => ({
      name,
      kind,
      used: isUsed,
      missing,
      ...(reason === '' ? {} : { reason }),
      ...(outcome.explained.has(name) ? { explained: outcome.explained.get(name) } : {}),
    })),
    k: outcome.clusters.length,
    method: outcome.engine.method,
    distance: shown.distance,
    seed: shown.seed,
    loss: outcome.engine.loss,
    mean_distance: outcome.meanDistance,
    medoid_silhouette: outcome.medoidSilhouette,
    swaps: outcome.engine.effort.swaps,
    passes: outcome.engine.effort.passes,
    ending: outcome.engine.effort.ending,
    choice: outcome.choice.map(({ k, score, loss }) => ({
      k,
      medoid_silhouette: score,
      mean_distance: loss,
    })),
    notes: shown.notes,
    medoids: outcome.clusters.map((one, i) => ({
      cluster: i,
      row: one.medoid + 1,
      size: one.size,
      weight: one.weight,
      mean_distance: one.meanDistance,
      radius: one.radius,
      silhouette: one.silhouette,
      values: rows[i],
    })),
    written,
    seconds: shown.seconds,
  }
}

function columnLines(columns: readonly TableColumn[], { explained }: Outcome): string {
  const told = (name: string): string => {
    const share = explained.get(name)
    return share === undefined ? '' : `${percent(share)} explained`
  }
  return aligned(
    columns.map(({ name, kind, isUsed, missing, reason }) => [
      `  ${name}`,
      isUsed ? kind : 'left out',
      [told(name), missing > 0 ? `${missing} missing` : '', reason]
        .filter((one) => one !== '')
        .join('; '),
    ]),
    0,
  )
}

function choiceLines(choice: Outcome['choice'], k: number): string {
  return [
    'k by medoid silhouette:',
    aligned(
      choice.map((one) => [
        `  ${one.k}`,
        digits(one.score),
        '#'.repeat(Math.max(0, Math.round(one.score * 40))),
        one.k === k ? '<- chosen' : '',
      ]),
      0,
    ),
  ].join('\n')
}

/** Columns under each other, the first `numbers` of them to the right. */
export function aligned(lines: readonly (readonly string[])[], numbers: number): string {
  const widths: number[] = []
  for (const line of lines) {
    for (const [c, cell] of line.entries()) widths[c] = Math.max(widths[c] ?? 0, cell.length)
  }
  return lines
    .map((line) =>
      line
        .map((cell, c) =>
          c < numbers ? cell.padStart(widths[c] ?? 0) : cell.padEnd(widths[c] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A value in a cell; control characters would let a table's content draw on the terminal. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '-'
  const short = typeof value === 'number' ? Number(value.toPrecision(6)) : value
  const text = typeof short === 'string' ? short : JSON.stringify(short)
  const plain = text.replace(/\p{C}/gu, '·')
  return plain.length > MAX_CELL ? `${plain.slice(0, MAX_CELL - 1)}…` : plain
}

/** Three useful digits. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
