import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { TABLE_FORMATS, type TableFormat } from '../../io/tables/find-input.ts'
import { COLUMN_KINDS, type ColumnKind } from '../../io/tables/infer-columns.ts'
import { parseArguments } from '../arguments.ts'
import { UsageError } from '../command.ts'

export const DISTANCES = [
  ...['gower', 'euclidean', 'manhattan', 'cosine', 'chebyshev', 'jaccard', 'hamming'],
  'precomputed',
] as const
export type DistanceName = (typeof DISTANCES)[number]

export const METHODS = ['auto', 'pam', 'fasterpam', 'clara', 'onebatch', 'alternate'] as const
export type MethodName = (typeof METHODS)[number]

export const INITS = ['build', 'lab', 'kmedoids++', 'random'] as const
export type InitName = (typeof INITS)[number]

/** Where a table comes from. */
export interface TableOptions {
  /** Paths and globs; `-` alone is standard input. */
  readonly files: readonly string[]
  readonly sql: string | null
  readonly format: TableFormat | undefined
  readonly maxMemoryBytes: number
}

export interface ClusterOptions extends TableOptions {
  readonly kMin: number
  readonly kMax: number
  /** null: Gower where columns are mixed or not numbers, Manhattan's Gower form otherwise. */
  readonly distance: DistanceName | { readonly module: string }
  readonly method: MethodName
  readonly init: InitName | null
  readonly seed: number
  readonly restarts: number
  readonly weights: string | null
  readonly stratify: string | null
  readonly masked: ReadonlySet<string>
  readonly ignored: ReadonlySet<string>
  readonly kinds: ReadonlyMap<string, ColumnKind>
  readonly maxSeconds: number
  readonly checkpoint: string | null
  readonly showsProgress: boolean
  readonly isJson: boolean
  readonly isLocal: boolean
  readonly privacyFloor: number
  readonly out: string | null
  readonly model: string | null
  readonly report: string | null
  readonly snapshot: string | null
  readonly mlflow: string | null
}

export const TABLE_FLAGS = {
  sql: { type: 'string' },
  format: { type: 'string' },
  'max-memory': { type: 'string', default: '2GB' },
} as const

const FLAGS = {
  ...TABLE_FLAGS,
  k: { type: 'string' },
  distance: { type: 'string', default: 'gower' },
  method: { type: 'string', default: 'auto' },
  init: { type: 'string' },
  seed: { type: 'string', default: '1' },
  restarts: { type: 'string', default: '1' },
  weights: { type: 'string' },
  stratify: { type: 'string' },
  mask: { type: 'string', multiple: true },
  ignore: { type: 'string', multiple: true },
  type: { type: 'string', multiple: true },
  'max-seconds': { type: 'string' },
  checkpoint: { type: 'string' },
  progress: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  local: { type: 'boolean', default: false },
  'privacy-floor': { type: 'string', default: '1' },
  out: { type: 'string' },
  model: { type: 'string' },
  report: { type: 'string' },
  snapshot: { type: 'string' },
  mlflow: { type: 'string' },
} as const

export const CLUSTER_HELP = `usage: medoscope cluster FILE... --k N [options]
       medoscope cluster --sql QUERY --k N [options]
       ... | medoscope cluster - --k N [options]

Finds k medoids: real rows of a table that stand for all others. Reads CSV, JSON lines and Parquet, also
.gz and .zst, also globs, through DuckDB; several files are one table. Prints the medoids as the rows
they are. One file as input: which row belongs where goes to NAME.clusters.csv beside it, and the model
for \`medoscope assign\` and \`merge\` to NAME.model.json; other input: where --out and --model say.

      --k N | A..B        clusters; of a range the k with the best mean medoid silhouette is taken
      --distance NAME     ${DISTANCES.slice(0, 4).join(', ')},
                          ${DISTANCES.slice(4).join(', ')} (the table is the
                          matrix), or a module.js that exports distance(a, b) of two rows (gower)
      --method NAME       ${METHODS.join(', ')} (auto)
      --init NAME         ${INITS.join(', ')} (what suits the method)
      --seed N            the same seed gives the same medoids (1)
      --restarts N        takes the best of N starts (1)
      --sql QUERY         the table is what DuckDB answers; files are named in quotes in the query
      --format NAME       ${TABLE_FORMATS.join(', ')}, where the file's name does not tell

      --weights COLUMN    how much each row counts, a number of at least 0
      --stratify COLUMN   samples keep rows of each of its values, so that rare groups survive
      --ignore COLUMN     leave it out of the distance; repeatable
      --mask COLUMN       counts, but is never shown or written as it is; repeatable. With a secret in
                          MEDOSCOPE_MASK_KEY equal values stay equal (HMAC), without it they are ***
      --type COLUMN=KIND  ${COLUMN_KINDS.join(', ')}, where it is taken for something
                          else; repeatable

      --max-seconds S     stop improving after that long and say so
      --max-memory SIZE   such as 500MB or 4GB; over it a sampling method is taken, and said (2GB)
      --checkpoint FILE   write down how far it is; the same command again goes on from there
      --progress          tell how far it is from the start, also where it is not a terminal

      --out FILE          each row with its cluster and distance, .csv or .parquet
      --model FILE        the model, JSON
      --report FILE       an HTML page with sizes, radii, silhouettes, elbow curve and a map
      --snapshot DIR      features and result as Parquet in a folder of their own version
      --mlflow URI        parameters, metrics, medoids and report as a run of an MLflow server
      --json              the result as JSON on standard output
      --local             one line of JSON for \`medoscope merge\` and nothing else: for partitions
      --privacy-floor N   medoids of fewer rows are not written to the model (1)

exit codes: 0 done, 1 failed or bad input, 2 wrong usage, 130 interrupted`

/** @throws UsageError that says what is allowed */
export function clusterOptions(args: readonly string[]): ClusterOptions {
  const { values, positionals } = parseArguments(args, FLAGS)
  const table = tableOptions('cluster', positionals, values)
  if (values.k === undefined)
    throw new UsageError('--k is missing: a number, or a range such as 2..20')
  const [kMin, kMax] = range(values.k)
  const options: ClusterOptions = {
    ...table,
    kMin,
    kMax,
    distance: distanceOf(values.distance),
    method: oneOf('--method', values.method, METHODS),
    init: values.init === undefined ? null : oneOf('--init', values.init, INITS),
    seed: whole('--seed', values.seed, 0, 0xffffffff),
    restarts: whole('--restarts', values.restarts, 1, 1000),
    weights: values.weights ?? null,
    stratify: values.stratify ?? null,
    masked: new Set(values.mask),
    ignored: new Set(values.ignore),
    kinds: new Map(values.type?.map(columnKind)),
    maxSeconds: values['max-seconds'] === undefined ? Infinity : positive(values['max-seconds']),
    checkpoint: values.checkpoint ?? null,
    showsProgress: values.progress,
    isJson: values.json,
    isLocal: values.local,
    privacyFloor: whole('--privacy-floor', values['privacy-floor'], 1, 1e9),
    out: values.out ?? null,
    model: values.model ?? null,
    report: values.report ?? null,
    snapshot: values.snapshot ?? null,
    mlflow: values.mlflow ?? null,
  }
  checkTogether(options)
  return options
}

interface TableValues {
  readonly sql?: string | undefined
  readonly format?: string | undefined
  readonly 'max-memory': string
}

/** @throws UsageError unless exactly one source is named */
export function tableOptions(
  command: string,
  files: readonly string[],
  values: TableValues,
): TableOptions {
  const { sql, format } = values
  if (sql === undefined && files.length === 0) {
    throw new UsageError(`${command} needs a file, - for standard input, or --sql`)
  }
  if (sql !== undefined && files.length > 0) {
    throw new UsageError('--sql names its files in the query; no other file goes with it')
  }
  if (files.includes('-') && files.length > 1) {
    throw new UsageError('- is standard input and stands alone')
  }
  return {
    files,
    sql: sql ?? null,
    format: format === undefined ? undefined : oneOf('--format', format, TABLE_FORMATS),
    maxMemoryBytes: bytes('--max-memory', values['max-memory']),
  }
}

function checkTogether(options: ClusterOptions): void {
  const { isLocal, out, model, report, isJson, distance, mlflow, snapshot, kMin, kMax } = options
  if (isLocal) {
    const other = Object.entries({ out, model, report, mlflow, snapshot }).find(
      ([, value]) => value,
    )
    if (other !== undefined)
      throw new UsageError(`--local writes no ${other[0]}: it prints its model`)
    if (isJson) throw new UsageError('--local prints JSON already, its own; leave --json out')
  }
  checkTableFile('--out', out ?? undefined)
  for (const [flag, path] of Object.entries({ model, report, checkpoint: options.checkpoint })) {
    if (path !== null) checkFolder(`--${flag}`, path)
  }
  if (distance === 'precomputed' && options.stratify !== null) {
    throw new UsageError('a precomputed matrix has no column to stratify by')
  }
  if (options.checkpoint !== null && ['pam', 'clara', 'alternate'].includes(options.method)) {
    throw new UsageError(
      `--checkpoint goes with --method auto, fasterpam and onebatch, not with ${options.method}`,
    )
  }
  if (mlflow !== null && !/^https?:\/\/./.test(mlflow)) {
    throw new UsageError(`--mlflow wants the URI of a server, http://… or https://…, not ${mlflow}`)
  }
  if (kMin !== kMax && options.checkpoint !== null) {
    throw new UsageError('--checkpoint goes with one k, not with a range')
  }
}

/** @throws UsageError unless the file can be of a format that is written, in a folder that is there */
export function checkTableFile(flag: string, path: string | undefined): void {
  if (path === undefined) return
  if (!/\.(csv|parquet)$/i.test(path)) {
    throw new UsageError(`${flag} wants a name that ends in .csv or .parquet, not ${path}`)
  }
  checkFolder(flag, path)
}

/** Better now than after an hour of work. */
export function checkFolder(flag: string, path: string): void {
  if (!existsSync(dirname(path)))
    throw new UsageError(`${flag} ${path}: there is no folder ${dirname(path)}`)
}

function range(text: string): [number, number] {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text)
  const low = Number(match?.[1])
  const high = Number(match?.[2] ?? low)
  if (match === null || low < 1 || high < low || high > 100_000) {
    throw new UsageError(`--k wants a number from 1 on, or a range such as 2..20, not ${text}`)
  }
  if (low !== high && low < 2)
    throw new UsageError('a range of k begins at 2: one cluster has no silhouette')
  return [low, high]
}

function distanceOf(text: string): ClusterOptions['distance'] {
  if (/\.(js|mjs|ts)$/.test(text)) return { module: text }
  return oneOf('--distance', text, DISTANCES, ', or a module.js')
}

function columnKind(text: string): [string, ColumnKind] {
  const cut = text.lastIndexOf('=')
  if (cut < 1) throw new UsageError(`--type wants COLUMN=KIND, not ${text}`)
  return [text.slice(0, cut), oneOf('--type', text.slice(cut + 1), COLUMN_KINDS)]
}

export function oneOf<T extends string>(
  flag: string,
  text: string,
  allowed: readonly T[],
  more = '',
): T {
  const found = allowed.find((one) => one === text)
  if (found === undefined) {
    throw new UsageError(`${flag} wants one of ${allowed.join(', ')}${more}, not ${text}`)
  }
  return found
}

export function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError(`${flag} wants a whole number from ${least} to ${most}, not ${text}`)
}

function positive(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new UsageError(`--max-seconds wants a number above 0, not ${text}`)
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }
/** DuckDB and a matrix of some rows need that much. */
const LEAST_MEMORY = 64e6

function bytes(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text)
  const value = Number(match?.[1]) * (UNITS[match?.[2]?.toLowerCase() ?? ''] ?? 1)
  if (match === null || !(value >= LEAST_MEMORY)) {
    throw new UsageError(`${flag} wants a size of at least 64MB, such as 500MB or 4GB, not ${text}`)
  }
  return value
}
