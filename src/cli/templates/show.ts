import type { Template } from '../../templates/template.ts'
import type { CommandWorld } from '../command.ts'
import { styler } from '../style.ts'
import type { ServiceTemplates } from './catalogue.ts'

/** Everything a finished catalogue says. */
export interface ShownCatalogue {
  readonly lines: number
  /** Whether first and last are times; else numbers of lines. */
  readonly hasTimes: boolean
  readonly services: readonly ServiceTemplates[]
  /** What was not read, and why. */
  readonly unread: readonly string[]
}

/** The catalogue for a program. */
export function catalogueJson({ lines, hasTimes, services, unread }: ShownCatalogue): unknown {
  return {
    lines,
    unread,
    services: services.map(({ service, quality, templates }) => ({
      service,
      lines: quality.lines,
      single_use_share: quality.singleUseShare,
      rare_share: quality.rareShare,
      dead_share: quality.deadShare,
      alone_share: quality.aloneShare,
      warning: quality.warning,
      templates: templates.map(({ id, text, count, firstMs, lastMs, example }) => ({
        id,
        template: text,
        count,
        share: count / quality.lines,
        ...(hasTimes
          ? { first_seen: isoTime(firstMs), last_seen: isoTime(lastMs) }
          : { first_line: firstMs, last_line: lastMs }),
        example,
      })),
    })),
  }
}

/** The catalogue as a person reads it on a terminal; of each service the first `top` templates. */
export function catalogueText(
  { lines, hasTimes, services, unread }: ShownCatalogue,
  top: number,
  world: Pick<CommandWorld, 'stdout' | 'env'>,
): string {
  const style = styler(world.stdout, world.env)
  const parts = [many(lines, 'line')]
  const when = (value: number): string => (hasTimes ? (isoTime(value) ?? '-') : `line ${value}`)
  for (const { service, quality, templates } of services) {
    parts.push('')
    const name = service === '' ? '' : `${service}: `
    parts.push(
      style(
        'bold',
        `${name}${many(templates.length, 'template')} of ${many(quality.lines, 'line')}`,
      ),
    )
    if (quality.warning !== '') {
      parts.push(`${style('yellow', 'note:')} ${service || 'this source'} ${quality.warning}`)
    }
    const columns = templates.slice(0, top).map((one) => rowOf(one, quality.lines, when))
    const widths = HEAD.map((head, i) =>
      Math.max(...columns.map((row) => row[i]?.length ?? 0), head.length),
    )
    const aligned = (row: readonly string[]): string =>
      row
        .map((cell, i) => (i < 2 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
    parts.push(style('dim', aligned(HEAD).trimEnd()))
    columns.forEach((row, i) => {
      parts.push(aligned(row).trimEnd())
      const { example, text } = templates[i] ?? { example: '', text: '' }
      if (example !== text) parts.push(style('dim', `  e.g. ${example}`))
    })
    if (templates.length > top)
      parts.push(`... and ${templates.length - top} more: --top shows them`)
  }
  for (const what of unread) parts.push(`${style('yellow', 'not read:')} ${what}`)
  return `${parts.join('\n')}\n`
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

const HEAD = ['count', 'share', 'first seen', 'last seen', 'template']

function rowOf(
  { text, count, firstMs, lastMs }: Template,
  lines: number,
  when: (value: number) => string,
): string[] {
  return [
    String(count),
    `${((100 * count) / lines).toFixed(2)} %`,
    when(firstMs),
    when(lastMs),
    text,
  ]
}

/** ISO 8601 with ms; null where there is none, or none that a calendar has. */
function isoTime(ms: number): string | null {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}
