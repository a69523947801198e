import { basename } from 'node:path'
import { systemClock } from '../io/clock.ts'
import { sqlName } from '../io/tables/database.ts'
import { InputError } from '../io/tables/input-error.ts'
import type { ClusterOptions as EngineOptions } from '../kmedoids/cluster.ts'
import { QUIET_MS, withActivity } from './cluster/activity.ts'
import { buildModel } from './cluster/build-model.ts'
import { Checkpoint } from './cluster/checkpoint.ts'
import type { ClusterJob, JobProgress, JobResult } from './cluster/job.ts'
import { type Mask, maskOf } from './cluster/mask.ts'
import { type OpenTable, openTable } from './cluster/open-table.ts'
import { CLUSTER_HELP, type ClusterOptions, clusterOptions } from './cluster/options.ts'
import { type Outcome, outcomeOf } from './cluster/outcome.ts'
import { originalRows, type PreparedTable, prepareTable } from './cluster/prepare.ts'
import { resultJson, resultText, type Shown } from './cluster/show.ts'
import { startJob } from './cluster/start-job.ts'
import { writeOutcome } from './cluster/write-outcome.ts'
import { type Command, type CommandWorld, EXIT } from './command.ts'
import { Progress } from './progress.ts'

export const cluster: Command = {
  summary: 'find the rows of a table that stand for all others',
  help: CLUSTER_HELP,
  async run(args, world) {
    const options = clusterOptions(args)
    const startedMs = systemClock.wall()
    const opened = await withActivity('reading', world, openTable(options, world))
    try {
      const prepared = await withActivity('reading', world, prepareTable(opened, options))
      checkK(options, opened.table.count)
      const job = jobOf(prepared, options, opened.table.count)
      const result = await runWatched(job, options, world)
      if (world.signal.aborted) {
        world.stderr.write('interrupted: nothing is written\n')
        return EXIT.interrupted
      }
      const outcome = outcomeOf(result, job.options, prepared.features)
      const mask = maskOf(world.env['MEDOSCOPE_MASK_KEY'])
      const model = buildModel(prepared, outcome, options, mask)
      if (options.isLocal) {
        world.stdout.write(`${JSON.stringify(model)}\n`)
        return EXIT.ok
      }
      const shown = await shownOf(opened, prepared, outcome, options, mask)
      const written = await writeOutcome({
        opened,
        prepared,
        model,
        shown,
        options,
        mask,
        args,
        world,
        startedMs,
      })
      const seconds = (systemClock.wall() - startedMs) / 1000
      const whole = { ...shown, written, seconds }
      world.stdout.write(
        options.isJson ? `${JSON.stringify(resultJson(whole))}\n` : resultText(whole, world),
      )
      return EXIT.ok
    } finally {
      opened.close()
    }
  },
}

function checkK({ kMin, isLocal }: ClusterOptions, n: number): void {
  if (kMin <= n || isLocal) return
  throw new InputError(`--k ${kMin}: found ${n} rows; allowed is at most one cluster a row`)
}

function jobOf(prepared: PreparedTable, options: ClusterOptions, n: number): ClusterJob {
  const { kMin, kMax, seed, restarts, method, init, maxMemoryBytes, isLocal } = options
  const { spec, weights, strata } = prepared
  const k: EngineOptions['k'] =
    kMin === kMax ? (isLocal ? Math.min(kMin, n) : kMin) : { from: kMin, to: Math.min(kMax, n) }
  return {
    spec,
    options: {
      k,
      seed,
      restarts,
      method,
      // The rest is what the table and its features take.
      maxMemory: Math.floor(maxMemoryBytes * ENGINE_SHARE),
      ...(init === null ? {} : { init }),
      ...(weights === null ? {} : { weights }),
      ...(strata === null ? {} : { strata }),
    },
    withPictures: options.report !== null || options.mlflow !== null,
  }
}

/** Of the memory that is allowed, what distances may take. */
const ENGINE_SHARE = 0.5

/** Runs the job with all that watches it: progress, time limit, signals, checkpoint. */
async function runWatched(
  job: ClusterJob,
  options: ClusterOptions,
  { stderr, signal }: CommandWorld,
): Promise<JobResult> {
  const checkpoint =
    options.checkpoint === null ? null : new Checkpoint(options.checkpoint, job, systemClock.now)
  const resume = checkpoint?.read() ?? null
  if (resume !== null) stderr.write(`going on from ${options.checkpoint}\n`)
  const progress = new Progress(
    stderr,
    systemClock.now,
    options.showsProgress ? EAGER_MS : undefined,
  )
  const startMs = systemClock.now()
  const onProgress = (report: JobProgress): void => {
    if (report.position !== null) checkpoint?.keep(report.position)
    if (!options.showsProgress && systemClock.now() - startMs < QUIET_MS) return
    progress.update(() => progressText(report))
  }
  const limit = Number.isFinite(options.maxSeconds)
    ? AbortSignal.timeout(Math.ceil(options.maxSeconds * 1000))
    : null
  const signals = limit === null ? [signal] : [signal, limit]
  try {
    const ready = resume === null ? job : { ...job, options: { ...job.options, resume } }
    const result = await startJob(ready, { onProgress, signal: AbortSignal.any(signals) })
    if (!signal.aborted) checkpoint?.done()
    if (limit?.aborted !== true) return result
    // What came out may be a finished start of several, which says nothing of the others.
    const note = `Stopped after --max-seconds ${options.maxSeconds}: more time may find better medoids.`
    const notes = [
      ...result.clustering.notes.filter((one) => !one.startsWith('Told to stop')),
      note,
    ]
    return { ...result, clustering: { ...result.clustering, notes } }
  } finally {
    progress.end()
  }
}

/** Of a column's spread what medoids tell by chance. */
const NOISE = 0.05

/** With --progress, also where there is no terminal. */
const EAGER_MS = 1000

function progressText({ phase, share, loss, swaps }: JobProgress): string {
  const percent = Math.floor(share * 100)
  if (phase !== 'swap') return `${phase}: ${percent} %`
  return `swap: ${swaps} swaps, loss ${Number(loss.toPrecision(6))}, ${percent} % of a round without one`
}

/** The result with the medoids' own rows. */
async function shownOf(
  opened: OpenTable,
  { columns, spec }: PreparedTable,
  outcome: Outcome,
  options: ClusterOptions,
  mask: Mask,
): Promise<Shown> {
  const names = spec.distance.name === 'precomputed' ? [] : columns.map(({ name }) => name)
  const select = names.map((name) =>
    options.masked.has(name) ? `${mask.sql(name)} AS ${sqlName(name)}` : sqlName(name),
  )
  const rows =
    names.length === 0
      ? outcome.clusters.map(() => ({}))
      : await originalRows(
          opened,
          select,
          outcome.clusters.map(({ medoid }) => medoid),
        )
  const notes = [...outcome.engine.notes]
  const noise = [...outcome.explained].filter(([, share]) => share <= NOISE).map(([name]) => name)
  if (noise.length > 0 && noise.length < outcome.explained.size) {
    notes.push(
      `The medoids tell nothing of ${noise.join(', ')}: --ignore may make the clusters clearer.`,
    )
  }
  const { distance } = options
  return {
    table: opened.table,
    columns,
    outcome,
    distance: typeof distance === 'string' ? distance : basename(distance.module),
    seed: options.seed,
    notes,
    rows,
    names,
    written: [],
    seconds: 0,
  }
}
