import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { TemplateMiner } from '../../src/templates/template-miner.ts'
import type { Figure } from './figures.ts'

const LABELLED = join(
  import.meta.dirname,
  '../../../shared/data/loghub-bgl-2k/BGL_2k.log_structured.csv.gz',
)

/**
 * How well lines are grouped, by lines whose templates people have told; nothing where those are not at hand (they are
 * not part of the project). A line counts where its group holds the same lines as the group that people gave it.
 */
export function groupingFigures(): Figure[] {
  const lines = labelledLines()
  if (lines === null) return []
  const contents = lines.map(({ content }) => content)
  const truth = lines.map(({ event }) => event)
  const miner = new TemplateMiner()
  const encoder = new TextEncoder()
  const shapes = contents.map((line) => {
    const bytes = encoder.encode(line)
    return miner.add(bytes, 0, bytes.length, Number.NaN)
  })
  const mined = shapes.map((shape, i) => shape?.family.id ?? `line ${i}`)
  const groups = groupsBy(mined)
  let right = 0
  for (const [, members] of groupsBy(truth)) {
    const group = groups.get(mined[members[0] ?? 0] ?? '')
    if (group?.join() === members.join()) right += members.length
  }
  const value = right / lines.length
  const what = `of ${lines.length} lines of BGL in ${groups.size} templates are grouped as people did`
  return [{ name: 'bgl_grouping_accuracy', value, what, bar: 'at least 0.96' }]
}

/** A line of BGL with what people said of it. */
export interface LabelledLine {
  readonly content: string
  /** Its template, as people see it. */
  readonly event: string
  readonly node: string
  readonly timeMs: number
  /** Whether it is an alert. */
  readonly isAlert: boolean
}

/** The lines, by time; null where they are not at hand. */
export function labelledLines(): LabelledLine[] | null {
  if (!existsSync(LABELLED)) return null
  const [head = [], ...rows] = csvRows(gunzipSync(readFileSync(LABELLED)).toString())
  const cell = (row: readonly string[], name: string): string => row[head.indexOf(name)] ?? ''
  const lines = rows.map((row) => ({
    content: cell(row, 'Content'),
    event: cell(row, 'EventId'),
    node: cell(row, 'Node'),
    timeMs: Number(cell(row, 'Timestamp')) * 1000,
    isAlert: cell(row, 'Label') !== '-',
  }))
  return lines.sort((a, b) => a.timeMs - b.timeMs)
}

function groupsBy(keys: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  keys.forEach((key, i) => {
    const group = groups.get(key)
    if (group) group.push(i)
    else groups.set(key, [i])
  })
  return groups
}

/** Rows of a table whose cells may be quoted, without line breaks in them. */
function csvRows(text: string): string[][] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      [...line.trim().matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) =>
        cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
      ),
    )
}
