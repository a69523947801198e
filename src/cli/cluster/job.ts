import { assign } from '../../kmedoids/assign.ts'
import {
  type ClusterResult,
  clusterDissimilarities,
  type ClusterOptions as EngineOptions,
} from '../../kmedoids/cluster.ts'
import type { Position, Progress, Watch } from '../../kmedoids/clustering.ts'
import type { Dissimilarities } from '../../kmedoids/dissimilarities.ts'
import { subset } from '../../kmedoids/distances.ts'
import type { LossOfK } from '../../kmedoids/elbow.ts'
import { selectPoints } from '../../kmedoids/points.ts'
import { representativeness } from '../../kmedoids/representativeness.ts'
import { silhouette } from '../../kmedoids/silhouette.ts'
import { classicalScaling, type PlaneMap } from '../../stats/classical-scaling.ts'
import { SeededRandom } from '../../stats/random.ts'
import { distanceOf, type PointsSpec } from './points.ts'

/** What a thread is asked for; it can be sent as a message. */
export interface ClusterJob {
  readonly spec: PointsSpec
  readonly options: Omit<EngineOptions, 'distance' | 'onProgress' | 'shouldStop'>
  /** Whether elbow, silhouettes and map are wanted, too. */
  readonly withPictures: boolean
}

export interface JobResult {
  readonly clustering: ClusterResult
  /** Of each column of the points the share of its spread that the medoids tell; null where unknown. */
  readonly explained: readonly (number | null)[] | null
  readonly pictures: Pictures | null
}

export interface Pictures {
  readonly elbow: readonly LossOfK[]
  /** Rows that the silhouettes and the map show. */
  readonly sample: Int32Array
  readonly silhouettes: Float32Array
  readonly map: PlaneMap
}

/** Rows of a picture: enough to see shapes, few enough for all their distances to each other. */
const PICTURE_ROWS = 600
/** Values of k that the elbow curve tries, and rows it tries them on. */
const ELBOW_STEPS = 12
const ELBOW_ROWS = 2000
/** Rows from which it is told what the medoids say of each column. */
const EXPLAINED_ROWS = 10_000

/** Runs a job. The same job gives the same result. */
export async function runJob(
  job: ClusterJob,
  watch: Watch & Pick<EngineOptions, 'makeBoard'>,
): Promise<JobResult> {
  const { spec, options, withPictures } = job
  const distance = await distanceOf(spec)
  const data = distance.of(spec.points)
  const clustering = clusterDissimilarities(data, { ...options, ...watch })
  const random = new SeededRandom((options.seed ?? 0) ^ 0x5eed)
  return {
    clustering,
    explained: explainedOf(spec, clustering, options.weights, random),
    pictures: withPictures ? drawFrom(data, options, clustering, random, watch) : null,
  }
}

/** Only where a column of the points is a column of the table. */
function explainedOf(
  { points, distance }: PointsSpec,
  { medoids, assignment }: ClusterResult,
  weights: Float64Array | undefined,
  random: SeededRandom,
): (number | null)[] | null {
  if (['jaccard', 'module', 'precomputed'].includes(distance.name)) return null
  const rows = sampleWith(medoids, points.n, EXPLAINED_ROWS, random)
  const position = new Map(Array.from(rows, (row, i) => [row, i]))
  const isNominal = (column: number): boolean =>
    distance.name === 'hamming' ||
    (distance.name === 'gower' && distance.kinds[column] === 'nominal')
  const columns = Array.from({ length: points.p }, (_, column) => column)
  return representativeness(
    selectPoints(points, rows),
    {
      medoids: medoids.map((row) => position.get(row) ?? 0),
      assignment: rows.map((row) => assignment[row] ?? 0),
    },
    new Set(columns.filter(isNominal)),
    weights && Float64Array.from(rows, (row) => weights[row] ?? 0),
  ).map(({ explained }) => explained)
}

function drawFrom(
  data: Dissimilarities,
  options: ClusterJob['options'],
  { medoids, assignment, k }: ClusterResult,
  random: SeededRandom,
  watch: Watch,
): Pictures {
  const sample = sampleWith(medoids, data.n, PICTURE_ROWS, random)
  const shown = subset(data, sample)
  const matrix = new Float32Array(sample.length ** 2)
  for (let i = 0; i < sample.length; i++) {
    matrix.set(assign(shown, Int32Array.of(i)).nearest, i * sample.length)
  }
  const slots = sample.map((row) => assignment[row] ?? 0)
  return {
    elbow: elbowOf(data, options, k, random, watch),
    sample,
    silhouettes: silhouette(shown, slots, k).each,
    map: classicalScaling(matrix, sample.length),
  }
}

/** These rows and others at random, ascending. */
function sampleWith(rows: Int32Array, n: number, size: number, random: SeededRandom): Int32Array {
  if (n <= size) return Int32Array.from({ length: n }, (_, i) => i)
  const chosen = new Set<number>(rows)
  while (chosen.size < size) chosen.add(Math.floor(random.next() * n))
  return Int32Array.from(chosen).sort()
}

/** Mean distance to the medoids for some k around the chosen one, on a sample where there is much. */
function elbowOf(
  data: Dissimilarities,
  { weights, seed = 0 }: ClusterJob['options'],
  chosen: number,
  random: SeededRandom,
  { shouldStop }: Watch,
): LossOfK[] {
  const rows = sampleWith(new Int32Array(), data.n, ELBOW_ROWS, random)
  const part = subset(data, rows)
  const own = weights && Float64Array.from(rows, (row) => weights[row] ?? 0)
  const total = own?.reduce((sum, one) => sum + one, 0) ?? rows.length
  if (!(total > 0)) return []
  const most = Math.min(rows.length, Math.max(2 * chosen, 10))
  const steps = new Set<number>([1, Math.min(chosen, rows.length)])
  for (let i = 1; i < ELBOW_STEPS; i++) {
    steps.add(Math.max(1, Math.round((i * most) / (ELBOW_STEPS - 1))))
  }
  const found: LossOfK[] = []
  for (const k of [...steps].sort((a, b) => a - b)) {
    if (shouldStop?.()) break
    const { loss } = clusterDissimilarities(part, {
      ...{ k, seed },
      ...(own ? { weights: own } : {}),
      ...(shouldStop ? { shouldStop } : {}),
    })
    found.push({ k, loss: loss / total })
  }
  return found
}

/** Rows to be assigned to medoids, which are rows of the same points. */
export interface AssignJob {
  readonly spec: PointsSpec
  readonly medoids: Int32Array
}

export interface Assigned {
  readonly assignment: Int32Array
  readonly nearest: Float32Array
}

/** Assigns all points; exact. */
export async function runAssign({ spec, medoids }: AssignJob): Promise<Assigned> {
  const distance = await distanceOf(spec)
  const { assignment, nearest } = assign(distance.of(spec.points), medoids)
  return { assignment, nearest }
}

/** What a thread says while it works and when it is done. */
export type JobMessage =
  | { readonly kind: 'progress'; readonly progress: JobProgress }
  | { readonly kind: 'done'; readonly result: JobResult | Assigned }
  | { readonly kind: 'failed'; readonly message: string; readonly isInput: boolean }

export interface JobProgress extends Omit<Progress, 'position'> {
  readonly position: Position | null
}
