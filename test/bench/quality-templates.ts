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
  if (!existsSync(LABELLED)) return []
  const [head = [], ...rows] = csvRows(gunzipSync(readFileSync(LABELLED)).toString())
  const contents = column(rows, head.indexOf('Content'))
  const truth = column(rows, head.indexOf('EventId'))
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
  const value = right / rows.length
  const what = `of ${rows.length} lines of BGL in ${groups.size} templates are grouped as people did`
  return [{ name: 'bgl_grouping_accuracy', value, what, bar: 'at least 0.96' }]
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

function column(rows: readonly (readonly string[])[], index: number): string[] {
  return rows.map((row) => row[index] ?? '')
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
