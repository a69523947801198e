import type { LineRanking } from '../../lines/line-ranking.ts'
import type { RankedLine } from '../../lines/rank-lines.ts'
import type { CommandWorld } from '../command.ts'
import { styler } from '../style.ts'

/** Everything that is told of plain logs. */
export interface LineReport {
  readonly files: readonly string[]
  readonly warmup: readonly string[]
  readonly ranking: LineRanking
  readonly top: number
  /** What was not read, and why. */
  readonly unread: readonly string[]
}

/** Normal lines that did not come, as a person is told them. */
const MOST_MISSING = 5

/** The report for a program. */
export function lineReportJson({ files, ranking, top, unread }: LineReport): unknown {
  const missing = ranking.missing()
  return {
    lines: ranking.lines,
    new_lines: ranking.newLines,
    known_lines: ranking.knownLines,
    unranked: ranking.unranked,
    unread,
    ranked: ranking.ranked(top).map(({ file, number, lines, count, text, why, normal, score }) => ({
      ...{ file: files[file] ?? '', line: number, lines, count, text, why },
      nearest_normal: normal === '' ? null : normal,
      score,
    })),
    missing: missing.slice(0, top),
    missing_count: missing.length,
  }
}

/** The report as a person reads it on a terminal. */
export function lineReportText(
  { files, warmup, ranking, top, unread }: LineReport,
  world: Pick<CommandWorld, 'stdout' | 'env'>,
): string {
  const style = styler(world.stdout, world.env)
  const { lines, newLines, knownLines, unranked } = ranking
  const rows = ranking.ranked(top)
  const beside =
    warmup.length === 0
      ? 'nothing to compare with: give a log of when all was well with --warmup'
      : `${newLines} are like none of ${knownLines} kinds of normal lines`
  const parts = [style('bold', `${lines} lines, ${beside}`)]
  const places = rows.map(
    ({ file, number }) => `${files.length > 1 ? `${files[file] ?? ''}:` : ''}${number}`,
  )
  const width = Math.max(0, ...places.map(({ length }) => length))
  rows.forEach((row, i) => {
    parts.push(...rowText(row, (places[i] ?? '').padStart(width), style))
  })
  if (rows.length === 0) parts.push(style('green', 'No line is unlike those of when all was well.'))
  const missing = warmup.length === 0 ? [] : ranking.missing()
  if (missing.length > 0) {
    parts.push('', `${missing.length} kinds of normal lines did not come, first:`)
    for (const text of missing.slice(0, MOST_MISSING)) parts.push(style('dim', `  ${text}`))
  }
  if (unranked > 0) parts.push(`${unranked} new lines found no room and were not ranked`)
  for (const what of unread) parts.push(`${style('yellow', 'not read:')} ${what}`)
  return `${parts.join('\n')}\n`
}

function rowText(
  { lines, text, why, normal }: RankedLine,
  place: string,
  style: ReturnType<typeof styler>,
): string[] {
  const trace = lines > 1 ? ` and ${lines - 1} lines of stack trace` : ''
  const indent = ''.padStart(place.length)
  const rows = [`${style('yellow', place)}  ${text}`, style('dim', `${indent}  ${why}${trace}`)]
  if (normal !== '' && normal !== text) rows.push(style('dim', `${indent}  normally: ${normal}`))
  return rows
}
