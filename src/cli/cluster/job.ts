import { assign } from '../../kmedoids/assign.ts'
import {
  type ClusterResult,
  cluster,
  type ClusterOptions as EngineOptions,
} from '../../kmedoids/cluster.ts'
import type { Position, Progress, Watch } from '../../kmedoids/clustering.ts'
import type { Distance } from '../../kmedoids/distances.ts'
import { type Points, selectPoints } from '../../kmedoids/points.ts'
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
  readonly pictures: Pictures | null
}

export interface Pictures {
  readonly elbow: readonly { readonly k: number; readonly loss: number }[]
  /** Rows that the silhouettes and the map show. */
  readonly sample: Int32Array
  readonly silhouettes: Float64Array
  readonly map: PlaneMap
}

/** Rows of a picture: enough to see shapes, few enough for all their distances to each other. */
const PICTURE_ROWS = 600
/** Values of k that the elbow curve tries, and rows it tries them on. */
const ELBOW_STEPS = 12
const ELBOW_ROWS = 2000

/** Runs a job. The same job gives the same result. */
export async function runJob(job: ClusterJob, watch: Watch): Promise<JobResult> {
  const { spec, options } = job
  const distance = await distanceOf(spec)
  const clustering = cluster(spec.points, { ...options, distance, ...watch })
  if (!job.withPictures) return { clustering, pictures: null }
  return { clustering, pictures: drawFrom(job, distance, clustering, watch) }
}

function drawFrom(
  { spec: { points, distance: spec }, options }: ClusterJob,
  distance: Distance,
  { medoids, assignment, k, loss }: ClusterResult,
  watch: Watch,
): Pictures {
  const random = new SeededRandom((options.seed ?? 0) ^ 0x5eed)
  // A matrix belongs to its rows: a part of it is no matrix of a part of them.
  const isWhole = spec.name === 'precomputed'
  const limit = isWhole ? points.n : PICTURE_ROWS
  const sample = sampleWith(medoids, points.n, limit, random)
  const shown = isWhole ? points : selectPoints(points, sample)
  const matrix = matrixOf(shown, distance)
  const rows = isWhole ? points.n : sample.length
  const slots = Int32Array.from(sample, (row) => assignment[row] ?? -1)
  return {
    elbow: elbowOf(points, distance, options, { k, loss }, random, isWhole, watch),
    sample,
    silhouettes: silhouettesOf(matrix, rows, slots, k),
    map: classicalScaling(matrix, rows),
  }
}

/** The medoids, then other rows at random, ascending. */
function sampleWith(
  medoids: Int32Array,
  n: number,
  size: number,
  random: SeededRandom,
): Int32Array {
  const chosen = new Set<number>(medoids)
  if (n <= size) return Int32Array.from({ length: n }, (_, i) => i)
  while (chosen.size < size) chosen.add(Math.floor(random.next() * n))
  return Int32Array.from(chosen).sort()
}

function matrixOf(points: Points, distance: Distance): Float32Array {
  const { n } = points
  const data = distance.of(points)
  const matrix = new Float32Array(n * n)
  for (let i = 0; i < n; i++) matrix.set(assign(data, Int32Array.of(i)).nearest, i * n)
  return matrix
}

/** Mean distance to the medoids for some k around the chosen one. */
function elbowOf(
  points: Points,
  distance: Distance,
  options: ClusterJob['options'],
  chosen: { readonly k: number; readonly loss: number },
  random: SeededRandom,
  isWhole: boolean,
  watch: Watch,
): { k: number; loss: number }[] {
  const rows = isWhole
    ? Int32Array.from({ length: points.n }, (_, i) => i)
    : sampleWith(new Int32Array(), points.n, ELBOW_ROWS, random)
  const part = isWhole ? points : selectPoints(points, rows)
  const { weights } = options
  const ownWeights = weights && Float64Array.from(rows, (row) => weights[row] ?? 0)
  const total = ownWeights ? ownWeights.reduce((sum, one) => sum + one, 0) : part.n
  const most = Math.min(part.n, Math.max(2 * chosen.k, 10))
  const steps = new Set<number>([1, Math.min(chosen.k, part.n)])
  for (let i = 1; i < ELBOW_STEPS; i++)
    steps.add(Math.max(1, Math.round((i * most) / (ELBOW_STEPS - 1))))
  const found: { k: number; loss: number }[] = []
  for (const k of [...steps].sort((a, b) => a - b)) {
    if (watch.shouldStop?.()) break
    const { loss } = cluster(part, {
      k,
      distance,
      seed: options.seed ?? 0,
      ...(ownWeights ? { weights: ownWeights } : {}),
      ...(watch.shouldStop ? { shouldStop: watch.shouldStop } : {}),
    })
    found.push({ k, loss: total > 0 ? loss / total : 0 })
  }
  return found
}

/**
 * Silhouettes (Rousseeuw 1987) within the sample: (b - a) / max(a, b) with a the mean distance to the
 * others of the own cluster and b the least mean distance to another one's; 0 for a cluster's only row.
 */
function silhouettesOf(
  matrix: Float32Array,
  n: number,
  slots: Int32Array,
  k: number,
): Float64Array {
  const sizes = new Int32Array(k)
  for (const slot of slots) if (slot >= 0) sizes[slot] = (sizes[slot] ?? 0) + 1
  const sums = new Float64Array(k)
  return Float64Array.from({ length: n }, (_, i) => {
    sums.fill(0)
    for (let j = 0; j < n; j++) {
      const slot = slots[j] ?? -1
      if (slot >= 0) sums[slot] = (sums[slot] ?? 0) + (matrix[i * n + j] ?? 0)
    }
    const own = slots[i] ?? -1
    const others = (sizes[own] ?? 0) - 1
    if (others < 1) return 0
    const a = (sums[own] ?? 0) / others
    let b = Infinity
    for (let slot = 0; slot < k; slot++) {
      const size = sizes[slot] ?? 0
      if (slot !== own && size > 0) b = Math.min(b, (sums[slot] ?? 0) / size)
    }
    if (b === Infinity) return 0
    return a === b ? 0 : (b - a) / Math.max(a, b)
  })
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
