import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sqlName } from '../io/tables/database.ts'
import { addResult, RESULT, writeTable } from '../io/tables/write-table.ts'
import { parseArguments } from './arguments.ts'
import { withActivity } from './cluster/activity.ts'
import { againstModel } from './cluster/against-model.ts'
import { maskOf } from './cluster/mask.ts'
import { readModel } from './cluster/model-file.ts'
import { checkFits, type OpenTable, openTable } from './cluster/open-table.ts'
import { checkTableFile, TABLE_FLAGS, tableOptions } from './cluster/options.ts'
import { aligned, digits, percent } from './cluster/show.ts'
import { startAssign } from './cluster/start-job.ts'
import { type Command, type CommandWorld, EXIT, UsageError } from './command.ts'

const HELP = `usage: medoscope assign MODEL FILE... [options]
       medoscope assign MODEL --sql QUERY [options]

Gives each row of a table its nearest medoid of a model and the distance to it. The table needs the
model's columns; others are passed on. Without --out and --json the rows come as CSV on standard output.
Where the model holds masked values, MEDOSCOPE_MASK_KEY must be the key it was made with.

      --out FILE          .csv or .parquet
      --json              sizes and mean distances as JSON on standard output, rows only to --out
      --sql QUERY         the table is what DuckDB answers
      --format NAME       csv, jsonl, parquet, where the file's name does not tell
      --max-memory SIZE   such as 500MB or 4GB (2GB)

exit codes: 0 done, 1 failed or bad input, 2 wrong usage, 130 interrupted`

export const assign: Command = {
  summary: 'give each row of a table its nearest medoid',
  help: HELP,
  async run(args, world) {
    const { values, positionals } = parseArguments(args, {
      ...TABLE_FLAGS,
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
    })
    const [path, ...files] = positionals
    if (path === undefined) throw new UsageError('assign needs a model and a table')
    const options = tableOptions('assign', files, values)
    checkTableFile('--out', values.out)
    const model = readModel(path)
    const mask = maskOf(world.env['MEDOSCOPE_MASK_KEY'])
    const opened = await withActivity('reading', world, openTable(options, world))
    try {
      checkFits(opened.table, model.columns.length, options)
      const { spec, medoids, notes } = await againstModel(model, opened, mask, path)
      const found = await withActivity(
        'assigning',
        world,
        startAssign({ spec, medoids }, world.signal),
      )
      if (world.signal.aborted) return EXIT.interrupted
      for (const note of notes) world.stderr.write(`note: ${note}\n`)
      const cluster = found.assignment.subarray(medoids.length)
      const distance = found.nearest.subarray(medoids.length)
      if (values.out !== undefined || !values.json) {
        await writeRows(opened, { cluster, distance }, values.out, world)
      }
      const summary = summaryOf(cluster, distance, medoids.length)
      if (values.json) {
        const { out } = values
        const written = out === undefined ? [] : [out]
        world.stdout.write(`${JSON.stringify({ model: model.id, ...summary, notes, written })}\n`)
      } else if (values.out !== undefined) {
        world.stdout.write(`${summaryText(summary)}\nwritten: ${values.out}\n`)
      }
      return EXIT.ok
    } finally {
      opened.close()
    }
  },
}

interface Summary {
  readonly rows: number
  readonly loss: number
  readonly mean_distance: number
  readonly clusters: readonly {
    readonly cluster: number
    readonly size: number
    readonly mean_distance: number
  }[]
}

function summaryOf(cluster: Int32Array, distance: Float32Array, k: number): Summary {
  const sizes = new Int32Array(k)
  const sums = new Float64Array(k)
  for (const [o, own] of cluster.entries()) {
    sizes[own] = (sizes[own] ?? 0) + 1
    sums[own] = (sums[own] ?? 0) + (distance[o] ?? 0)
  }
  const loss = sums.reduce((sum, one) => sum + one, 0)
  return {
    rows: cluster.length,
    loss,
    mean_distance: loss / cluster.length,
    clusters: Array.from(sizes, (size, i) => ({
      cluster: i,
      size,
      mean_distance: size > 0 ? (sums[i] ?? 0) / size : 0,
    })),
  }
}

function summaryText({ rows, mean_distance: mean, clusters }: Summary): string {
  const lines = clusters.map((one) => [
    String(one.cluster),
    String(one.size),
    percent(one.size / rows),
    digits(one.mean_distance),
  ])
  return `${rows} rows, mean distance ${digits(mean)}\n${aligned([['cluster', 'rows', 'share', 'mean'], ...lines], 4)}`
}

/** To the file, or as CSV to standard output. */
async function writeRows(
  { database, table, folder }: OpenTable,
  { cluster, distance }: { cluster: Int32Array; distance: Float32Array },
  out: string | undefined,
  { stdout }: CommandWorld,
): Promise<void> {
  const columns = [
    { name: '__cluster', sqlType: 'INTEGER', values: cluster },
    { name: '__distance', sqlType: 'DOUBLE', values: distance },
  ] as const
  await addResult(database, columns, table.count)
  const taken = new Set(table.columns.map(({ name }) => name.toLowerCase()))
  const free = (name: string): string => (taken.has(name) ? `medoscope_${name}` : name)
  const select = [
    ...table.columns.map(({ name }) => sqlName(name)),
    `${RESULT}.__cluster AS ${free('cluster')}`,
    `${RESULT}.__distance::FLOAT AS ${free('distance')}`,
  ].join(', ')
  const path = out ?? join(folder, 'assigned.csv')
  await writeTable(database, select, path)
  if (out === undefined) await pipeline(createReadStream(path), stdout, { end: false })
}
