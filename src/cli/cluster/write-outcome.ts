import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { systemClock } from '../../io/clock.ts'
import { sendMlflowRun } from '../../io/http/mlflow-run.ts'
import { sqlName } from '../../io/tables/database.ts'
import { InputError } from '../../io/tables/input-error.ts'
import { addResult, writeTable, writeText } from '../../io/tables/write-table.ts'
import { medoidReportPage } from '../../ui/medoid-report.ts'
import type { CommandWorld } from '../command.ts'
import type { Mask } from './mask.ts'
import { type ModelFile, modelText } from './model-file.ts'
import type { OpenTable } from './open-table.ts'
import type { ClusterOptions } from './options.ts'
import type { PreparedTable } from './prepare.ts'
import { reportOf } from './report.ts'
import { resultJson, type Shown } from './show.ts'

export interface Finished {
  readonly opened: OpenTable
  readonly prepared: PreparedTable
  readonly model: ModelFile
  readonly shown: Shown
  readonly options: ClusterOptions
  readonly mask: Mask
  readonly args: readonly string[]
  readonly world: CommandWorld
  readonly startedMs: number
}

/** Writes what the options ask for, each file whole. @returns where it is */
export async function writeOutcome(finished: Finished): Promise<string[]> {
  const { opened, model, shown, options } = finished
  const targets = targetsOf(opened, options)
  const written: string[] = []
  if (targets.out !== null || options.snapshot !== null) await joinResult(finished)
  if (targets.out !== null) {
    await writeTable(opened.database, assignmentColumns(finished), targets.out)
    written.push(targets.out)
  }
  if (targets.model !== null) {
    writeText(targets.model, modelText(model))
    written.push(targets.model)
  }
  const report =
    shown.outcome.pictures === null ? null : medoidReportPage(reportOf(shown, commandOf(finished)))
  if (options.report !== null && report !== null) {
    writeText(options.report, report)
    written.push(options.report)
  }
  if (options.snapshot !== null) written.push(await writeSnapshot(finished, options.snapshot))
  if (options.mlflow !== null) {
    written.push(await sendRun(finished, options.mlflow, report ?? ''))
  }
  return written
}

interface Targets {
  readonly out: string | null
  readonly model: string | null
}

/** One file as input has its results beside it; never over an input. */
function targetsOf({ paths, table }: OpenTable, { out, model, files }: ClusterOptions): Targets {
  const [only] = paths
  const isOne = paths.length === 1 && only !== undefined && files.length === 1
  const stem = isOne ? only.replace(/\.(gz|zst)$/i, '').replace(/\.[^./\\]+$/, '') : null
  const targets = {
    out: out ?? (stem === null ? null : `${stem}.clusters.csv`),
    model: model ?? (stem === null ? null : `${stem}.model.json`),
  }
  for (const target of Object.values(targets)) {
    if (target === null || !paths.some((path) => resolve(path) === resolve(target))) continue
    throw new InputError(
      `${target}: it is the input of ${table.name}; name another file with --out or --model`,
    )
  }
  return targets
}

function joinResult({ opened, shown }: Finished): Promise<void> {
  const { outcome, table } = shown
  return addResult(
    opened.database,
    [
      { name: '__cluster', sqlType: 'INTEGER', values: outcome.cluster },
      { name: '__distance', sqlType: 'DOUBLE', values: outcome.distance },
    ],
    table.count,
  )
}

/** The original columns, masked where told, then cluster and distance under names that are free. */
function assignmentColumns({ shown, options, mask }: Finished): string {
  const taken = new Set(shown.table.columns.map(({ name }) => name.toLowerCase()))
  const free = (name: string): string => (taken.has(name) ? `medoscope_${name}` : name)
  const own = shown.names.map((name) =>
    options.masked.has(name) ? `${mask.sql(name)} AS ${sqlName(name)}` : sqlName(name),
  )
  return [
    ...own,
    `__cluster AS ${sqlName(free('cluster'))}`,
    `__distance::FLOAT AS ${sqlName(free('distance'))}`,
  ].join(', ')
}

/**
 * DIR/VERSION with features.parquet, result.parquet, medoids.json and run.json. The version is a digest of
 * features, options and result: the same job twice is the same folder.
 */
async function writeSnapshot(finished: Finished, folder: string): Promise<string> {
  const { opened, shown, model, options, mask } = finished
  const run = {
    command: commandOf(finished),
    input: shown.table.name,
    rows: shown.table.count,
    model: model.id,
    mean_distance: shown.outcome.meanDistance,
  }
  const hash = createHash('sha256').update(JSON.stringify(run))
  for (const array of [shown.outcome.cluster, shown.outcome.distance]) {
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  }
  const version = hash.digest('hex').slice(0, 12)
  const target = join(folder, version)
  if (existsSync(target)) return target
  const partial = join(folder, `.${version}.part`)
  rmSync(partial, { recursive: true, force: true })
  try {
    mkdirSync(partial, { recursive: true })
    const features = shown.columns.map(({ name, kind, isUsed, sql }) => {
      if (options.masked.has(name)) return `${mask.sql(name)} AS ${sqlName(name)}`
      // Typed as it was taken, so that it is taken so again.
      if (!isUsed || !shown.table.isText || kind === 'category') return sqlName(name)
      if (kind === 'time') return `TRY_CAST(${sqlName(name)} AS TIMESTAMP) AS ${sqlName(name)}`
      return `${kind === 'boolean' ? `${sql}::BOOLEAN` : sql} AS ${sqlName(name)}`
    })
    const { database } = opened
    await writeTable(
      database,
      features.join(', ') || '__cluster',
      join(partial, 'features.parquet'),
    )
    await writeTable(
      database,
      `input_rows.rowid + 1 AS "row", __cluster AS "cluster", __distance AS "distance"`,
      join(partial, 'result.parquet'),
    )
    writeText(join(partial, 'model.json'), modelText(model))
    writeText(join(partial, 'run.json'), `${JSON.stringify({ version, ...run }, null, 2)}\n`)
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw error
  }
  return target
}

async function sendRun(finished: Finished, uri: string, report: string): Promise<string> {
  const { shown, model, options, world, startedMs } = finished
  const { outcome } = shown
  const { distance } = options
  const id = await sendMlflowRun(uri, {
    experiment: 'medoscope',
    name: `${basename(shown.table.name)} k=${outcome.clusters.length}`,
    startedMs,
    endedMs: systemClock.wall(),
    parameters: {
      input: shown.table.name,
      rows: String(shown.table.count),
      columns: shown.columns
        .filter(({ isUsed }) => isUsed)
        .map(({ name }) => name)
        .join(', '),
      k: String(outcome.clusters.length),
      distance: typeof distance === 'string' ? distance : distance.module,
      method: outcome.engine.method,
      init: options.init ?? 'default',
      seed: String(options.seed),
      restarts: String(options.restarts),
    },
    metrics: {
      loss: outcome.engine.loss,
      mean_distance: outcome.meanDistance,
      medoid_silhouette: outcome.medoidSilhouette ?? Number.NaN,
      swaps: outcome.engine.effort.swaps,
    },
    tags: { 'medoscope.version': world.version, 'medoscope.model': model.id },
    files: {
      'report.html': report,
      'model.json': modelText(model),
      'medoids.json': `${JSON.stringify(resultJson(shown), null, 2)}\n`,
    },
  })
  return `MLflow run ${id}`
}

/** The command line, quoted for a shell, without what would leave this machine. */
function commandOf({ args }: Finished): string {
  const shown = args.map((one) => one.replace(/\/\/[^/@\s]+@/, '//***@'))
  const quoted = shown.map((one) =>
    /^[\w./:=,@+-]+$/.test(one) ? one : `'${one.replaceAll("'", `'\\''`)}'`,
  )
  return `medoscope cluster ${quoted.join(' ')}`
}
