import { createInterface } from 'node:readline'
import { InputError } from '../io/tables/input-error.ts'
import { writeText } from '../io/tables/write-table.ts'
import { parseArguments } from './arguments.ts'
import { withActivity } from './cluster/activity.ts'
import { featuresLike, specLike } from './cluster/against-model.ts'
import { maskOf } from './cluster/mask.ts'
import {
  againstMerged,
  globalMedoid,
  type LocalMedoid,
  type MergedSites,
  mergeSites,
  type NamedModel,
} from './cluster/merge-models.ts'
import {
  type ModelFile,
  type ModelValue,
  modelFile,
  modelText,
  parseModel,
  readModel,
} from './cluster/model-file.ts'
import { openTable } from './cluster/open-table.ts'
import { checkFolder, TABLE_FLAGS, tableOptions, whole } from './cluster/options.ts'
import { aligned, cellText, digits, percent } from './cluster/show.ts'
import { startAssign, startJob } from './cluster/start-job.ts'
import { type Command, type CommandWorld, EXIT, UsageError } from './command.ts'

const HELP = `usage: medoscope merge MODEL... --k N [options]
       ... | medoscope merge - --k N [options]

Makes k global medoids of the local ones of several models: sites that keep their rows, devices,
partitions of a large table. Each local medoid counts as much as the rows it stands for. The models come
from \`medoscope cluster\`, or, one a line on standard input, from \`medoscope cluster --local\`.

      --k N               global medoids
      --seed N            the same seed gives the same medoids (1)
      --restarts N        takes the best of N starts (1)
      --privacy-floor N   local medoids that stand for fewer rows are left out (1)
      --pooled FILE       all rows, where they are at hand: the loss of the merged medoids on them, and
                          against that of clustering them in one piece
      --format NAME       csv, jsonl, parquet, where the name of that file does not tell
      --max-memory SIZE   such as 500MB or 4GB (2GB)
      --model FILE        the global model, JSON
      --json              the result as JSON on standard output

exit codes: 0 done, 1 failed or bad input, 2 wrong usage, 130 interrupted`

export const merge: Command = {
  summary: 'make global medoids of the local ones of several models',
  help: HELP,
  async run(args, world) {
    const { values, positionals } = parseArguments(args, {
      k: { type: 'string' },
      seed: { type: 'string', default: '1' },
      restarts: { type: 'string', default: '1' },
      'privacy-floor': { type: 'string', default: '1' },
      pooled: { type: 'string' },
      model: { type: 'string' },
      json: { type: 'boolean', default: false },
      format: TABLE_FLAGS.format,
      'max-memory': TABLE_FLAGS['max-memory'],
    })
    if (positionals.length === 0)
      throw new UsageError('merge needs models, or - for standard input')
    if (values.k === undefined) throw new UsageError('--k is missing: the number of global medoids')
    if (values.model !== undefined) checkFolder('--model', values.model)
    const fit = {
      k: whole('--k', values.k, 1, 100_000),
      seed: whole('--seed', values.seed, 0, 0xffffffff),
      restarts: whole('--restarts', values.restarts, 1, 1000),
    }
    const floor = whole('--privacy-floor', values['privacy-floor'], 1, 1e9)
    const sites = await readSites(positionals, world)
    const merged = await mergeSites(sites, floor)
    const result = await fitMerged(merged, fit, world)
    const pooled =
      values.pooled === undefined
        ? null
        : await pooledLoss(
            merged,
            result.chosen,
            fit,
            tableOptions('merge', [values.pooled], values),
            world,
          )
    if (world.signal.aborted) return EXIT.interrupted
    const written: string[] = []
    if (values.model !== undefined) {
      writeText(values.model, modelText(result.model))
      written.push(values.model)
    }
    const shown = { sites: sites.length, merged, result, pooled, written }
    world.stdout.write(values.json ? `${JSON.stringify(mergedJson(shown))}\n` : mergedText(shown))
    return EXIT.ok
  },
}

async function readSites(paths: readonly string[], world: CommandWorld): Promise<NamedModel[]> {
  if (!paths.includes('-')) return paths.map((name) => ({ name, model: readModel(name) }))
  if (paths.length > 1) throw new UsageError('- is standard input and stands alone')
  const sites: NamedModel[] = []
  for await (const line of createInterface({ input: world.stdin })) {
    if (line.trim() === '') continue
    const name = `line ${sites.length + 1} of standard input`
    sites.push({ name, model: parseModel(line, name) })
  }
  return sites
}

interface Fit {
  readonly k: number
  readonly seed: number
  readonly restarts: number
}

interface MergeResult {
  readonly model: ModelFile
  /** Of each global medoid the local one that it is. */
  readonly chosen: readonly LocalMedoid[]
  readonly notes: readonly string[]
}

async function fitMerged(merged: MergedSites, fit: Fit, world: CommandWorld): Promise<MergeResult> {
  const { locals, spec, weights, columns, withheld } = merged
  if (fit.k > locals.length) {
    throw new InputError(
      `--k ${fit.k}: found ${locals.length} local medoids; allowed is at most that many`,
    )
  }
  const job = { spec, options: { ...fit, weights }, withPictures: false }
  const { clustering } = await withActivity(
    'merging',
    world,
    startJob(job, { onProgress: () => undefined, signal: world.signal }),
  )
  const slots = Array.from(clustering.medoids, (local, slot) => {
    const own = locals[local]
    if (own === undefined) throw new Error(`Medoid ${local} is none of ${locals.length}.`)
    return { own, medoid: globalMedoid(merged, clustering, slot, own.values) }
  }).sort((a, b) => b.medoid.weight - a.medoid.weight)
  const weight = slots.reduce((sum, { medoid }) => sum + medoid.weight, 0)
  const distance = slots.reduce((sum, { medoid }) => sum + medoid.weight * medoid.mean_distance, 0)
  return {
    model: modelFile({
      distance: merged.distance,
      rows: merged.rows,
      weight,
      loss: weight > 0 ? distance / weight : 0,
      method: `merge by ${clustering.method}`,
      seed: fit.seed,
      withheld,
      columns: [...columns],
      medoids: slots.map(({ medoid }) => medoid),
    }),
    chosen: slots.map(({ own }) => own),
    notes: [...merged.notes, ...clustering.notes],
  }
}

interface PooledLoss {
  readonly rows: number
  /** Mean distance of the pooled rows to the merged medoids, and to those of one fit on all of them. */
  readonly merged: number
  readonly pooled: number
  readonly ratio: number
}

async function pooledLoss(
  merged: MergedSites,
  chosen: readonly LocalMedoid[],
  fit: Fit,
  options: Parameters<typeof openTable>[0],
  world: CommandWorld,
): Promise<PooledLoss> {
  const opened = await withActivity('reading', world, openTable(options, world))
  try {
    const { count, name } = opened.table
    const mask = maskOf(world.env['MEDOSCOPE_MASK_KEY'])
    const features = await featuresLike(merged.columns, opened, mask)
    const spec = await againstMerged(merged, chosen, features, count, name)
    const medoids = Int32Array.from(chosen, (_, i) => i)
    const { nearest } = await withActivity(
      'assigning',
      world,
      startAssign({ spec, medoids }, world.signal),
    )
    let loss = 0
    for (const d of nearest.subarray(chosen.length)) loss += d
    const own = await specLike(merged, features, count, name)
    const { clustering } = await withActivity(
      'clustering the pooled rows',
      world,
      startJob(
        {
          spec: own,
          options: { ...fit, maxMemory: Math.floor(options.maxMemoryBytes / 2) },
          withPictures: false,
        },
        { onProgress: () => undefined, signal: world.signal },
      ),
    )
    return {
      rows: count,
      merged: loss / count,
      pooled: clustering.loss / count,
      ratio: clustering.loss > 0 ? loss / clustering.loss : 1,
    }
  } finally {
    opened.close()
  }
}

interface ShownMerge {
  readonly sites: number
  readonly merged: MergedSites
  readonly result: MergeResult
  readonly pooled: PooledLoss | null
  readonly written: readonly string[]
}

function mergedJson({ sites, merged, result, pooled, written }: ShownMerge): unknown {
  const { model, chosen, notes } = result
  return {
    sites,
    local_medoids: merged.locals.length,
    withheld: merged.withheld,
    notes,
    mean_distance_at_most: model.loss,
    ...(pooled === null
      ? {}
      : {
          pooled_rows: pooled.rows,
          merged_mean_distance: pooled.merged,
          pooled_mean_distance: pooled.pooled,
          merge_loss_ratio: pooled.ratio,
        }),
    written,
    medoids: model.medoids.map((medoid, i) => ({
      cluster: i,
      site: chosen[i]?.site,
      site_row: chosen[i]?.medoid.row,
      size: medoid.size,
      weight: medoid.weight,
      values: Object.fromEntries(model.columns.map(({ name }, c) => [name, medoid.values[c]])),
    })),
    model,
  }
}

/** Times travel in seconds; a person reads dates. */
function readable(value: ModelValue, kind: string | undefined): ModelValue {
  if (kind !== 'time' || typeof value !== 'number') return value
  const date = new Date(value * 1000)
  if (Number.isNaN(date.getTime())) return value
  return date.toISOString().replace('.000Z', '').replace('T00:00:00', '')
}

function mergedText({ sites, merged, result, pooled, written }: ShownMerge): string {
  const { model, chosen, notes } = result
  const { withheld, locals } = merged
  const names = model.columns.map(({ name }) => name)
  const head = ['cluster', 'rows', 'share', 'row', 'site', ...names]
  const lines = model.medoids.map((medoid, i) => [
    String(i),
    String(medoid.size),
    percent(medoid.weight / model.weight),
    String(chosen[i]?.medoid.row ?? '-'),
    cellText(chosen[i]?.site),
    ...medoid.values.map((value, c) => cellText(readable(value, model.columns[c]?.kind))),
  ])
  return [
    `${model.medoids.length} global medoids of ${locals.length} local ones of ${sites} sites, ${merged.rows} rows`,
    ...(withheld.medoids > 0
      ? [
          `kept back by a privacy floor: ${withheld.medoids} medoids that stand for ${withheld.rows} rows`,
        ]
      : []),
    ...notes.map((note) => `note: ${note}`),
    pooled === null
      ? `mean distance at most ${digits(model.loss)} (--pooled tells it exactly)`
      : `mean distance ${digits(pooled.merged)} over ${pooled.rows} pooled rows; ${digits(pooled.pooled)} where they are clustered in one piece: ratio ${pooled.ratio.toFixed(4)}`,
    aligned([head, ...lines], 4),
    ...(written.length > 0 ? ['', `written: ${written.join(', ')}`] : []),
    '',
  ].join('\n')
}
