import { alternate } from './alternate.ts'
import { assign } from './assign.ts'
import { checkMedoids, checkWeights, supportOf, totalDeviation } from './assignment.ts'
import { build } from './build.ts'
import { CLARA_SAMPLES, checkK, clara } from './clara.ts'
import type { Clustering, Init, KQuality, Method, Position, Watch } from './clustering.ts'
import type { Dissimilarities } from './dissimilarities.ts'
import type { Distance } from './distances.ts'
import { subset } from './distances.ts'
import { dynMsc } from './dyn-msc.ts'
import { type FasterPamPosition, fasterPam } from './faster-pam.ts'
import type { BoardChoice } from './kernel-board.ts'
import { kmedoidsPlusPlus } from './kmedoids-plus-plus.ts'
import { lab } from './lab.ts'
import { oneBatchPam } from './one-batch-pam.ts'
import { pam } from './pam.ts'
import type { Points } from './points.ts'
import { randomMedoids } from './random-medoids.ts'
import { type Run, restartRandom, restartsOf, type Tell } from './restarts.ts'
import { checkStrata, stratifiedSample } from './stratified-sample.ts'

export interface ClusterOptions extends Watch, Pick<BoardChoice, 'makeBoard'> {
  /** How many medoids; or a range, of which the k with the best medoid silhouette is taken (DynMSC). */
  readonly k: number | { readonly from: number; readonly to: number }
  readonly distance: Distance
  /** Default `auto`: FasterPAM where its distances fit the memory limit, else OneBatchPAM. */
  readonly method?: Method
  /** Default `kmedoids++`; or medoids to start from (rows of the points), as many as k. */
  readonly init?: Init | readonly number[]
  /** Default 0. Low 32 bits count. */
  readonly seed?: number
  /** One for each point, at least 0. Default: all 1. */
  readonly weights?: Float64Array
  /** Group of each point, 0, 1, …: samples take some of each, however rare it is. */
  readonly strata?: Int32Array
  /** Runs from differently seeded starts, of which the best counts. Default 1. */
  readonly restarts?: number
  /** A swap must gain more than this share of the loss. Default 0. */
  readonly tau?: number
  /** Most bytes that the distances of a method may come to. Default 1 GiB. */
  readonly maxMemory?: number
  /** Goes on from where an earlier run with the same input and options was. */
  readonly resume?: Position
}

export interface ClusterResult extends Clustering {
  /** What ran, never `auto`. */
  readonly method: RealMethod
  /** What was decided for the user, in sentences: which method and why, what did not fit. */
  readonly notes: readonly string[]
  /** Where a range of k was asked for: what each k reached, ascending by k. */
  readonly curve: readonly KQuality[] | null
}

export type RealMethod = Exclude<Method, 'auto'>

const DEFAULT_MEMORY = 1024 ** 3
/** Leaves room for the rest in the 4 GiB that a kernel can address. */
const MOST_CACHE = 3 * 1024 ** 3
/** Points on which a range of k is tried; of more, so many are drawn. */
const MOST_FOR_RANGE = 4000

/**
 * Clusters points around k of their own: checks, chooses the method, runs it, assigns all points. The
 * same input, options and seed give the same medoids, on every machine.
 *
 * Where there are fewer than k points, all are medoids and a note says so. Throws RangeError on
 * malformed input, with the position, what was found and what is allowed.
 */
export function cluster(points: Points, options: ClusterOptions): ClusterResult {
  return clusterDissimilarities(options.distance.of(points), options)
}

/** `cluster` of anything that has dissimilarities, such as a precomputed matrix. */
export function clusterDissimilarities(
  data: Dissimilarities,
  options: Omit<ClusterOptions, 'distance'>,
): ClusterResult {
  const { n } = data
  const notes: string[] = []
  const weights = options.weights ?? new Float64Array(n).fill(1)
  checkWeights(weights, n)
  if (options.strata) checkStrata(options.strata, n)
  if (n === 0) throw new RangeError('There are no points to cluster; there must be at least one.')
  const chosen = typeof options.k === 'number' ? null : chooseK(data, weights, options, notes)
  const k = typeof options.k === 'number' ? atMost(options.k, n, notes) : (chosen?.k ?? 1)
  const start = chosen?.start ?? options.init ?? 'kmedoids++'
  const method = methodFor(n, k, options, notes)
  if (typeof start !== 'string') {
    checkGiven(start, n, k)
    if (method === 'clara') notes.push('CLARA draws its samples first: given medoids are not used.')
  }
  const job: Job = { data, weights, k, method, start, options }
  const { medoids, found } = restartsOf(options, (restart, tell, from) =>
    from ? finished(job, from) : run(job, restart, tell),
  )
  const { assignment, runnerUp, nearest, second, loss } = found
  const { swaps, passes, evaluations, ending } = found
  if (ending === 'told to stop') notes.push('Told to stop: these are the best medoids until then.')
  return {
    ...{ n, k, medoids, assignment, runnerUp, nearest, second, loss, method, notes },
    support: supportOf(assignment, weights, k),
    effort: { swaps, passes, evaluations, ending },
    curve: chosen?.curve ?? null,
  }
}

function checkRange({ from, to }: { readonly from: number; readonly to: number }): void {
  checkK(from, Infinity)
  checkK(to, Infinity)
  if (from > to) throw new RangeError(`The range of k is from ${from} to ${to}; turn it round.`)
}

function atMost(k: number, n: number, notes: string[]): number {
  if (k <= n) {
    checkK(k, n)
    return k
  }
  checkK(k, Infinity)
  notes.push(`There are only ${n} points for ${k} medoids: each is its own.`)
  return n
}

function checkGiven(start: readonly number[], n: number, k: number): void {
  checkMedoids(start, n)
  if (start.length !== k) {
    throw new RangeError(`Expected ${k} medoids to start from, got ${start.length}.`)
  }
}

/** The method asked for, or the one that fits; says why. */
function methodFor(
  n: number,
  k: number,
  { method = 'auto', maxMemory = DEFAULT_MEMORY }: Omit<ClusterOptions, 'distance'>,
  notes: string[],
): RealMethod {
  const bytes = 4 * n ** 2
  const fits = bytes <= maxMemory
  if (method === 'clara' || method === 'onebatch' || method === 'alternate') return method
  if (fits) return method === 'auto' ? 'fasterpam' : method
  const wanted = method === 'pam' ? 'PAM' : 'FasterPAM'
  notes.push(
    `The distances of ${n} points come to ${mebibytes(bytes)}, over the limit of ${mebibytes(maxMemory)}: ` +
      `OneBatchPAM for ${k} medoids instead of ${wanted}.`,
  )
  return 'onebatch'
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`
}

interface Job {
  readonly data: Dissimilarities
  readonly weights: Float64Array
  readonly k: number
  readonly method: RealMethod
  readonly start: Init | readonly number[]
  readonly options: Omit<ClusterOptions, 'distance'>
}

/** A restart of which only the medoids are known any more. */
function finished({ data, weights }: Job, from: readonly number[]): Run {
  const medoids = Int32Array.from(from)
  const state = assign(data, medoids)
  const loss = totalDeviation(state.nearest, weights)
  const effort = { swaps: 0, passes: 0, evaluations: data.n * from.length }
  return { medoids, found: { ...state, ...effort, loss, ending: 'converged' } }
}

/** One restart: from its start to the end, or from where it was. */
function run(job: Job, restart: number, tell: Tell): Run {
  const { data, weights, k, method, options } = job
  const random = restartRandom(options.seed ?? 0, restart)
  const resume = options.resume?.restart === restart ? options.resume : undefined
  const { shouldStop, strata } = options
  const stop = shouldStop ? { shouldStop } : {}
  const sampling = { k, random, ...stop, ...(strata ? { strata } : {}) }
  if (method === 'clara') {
    const init = typeof job.start === 'string' ? job.start : 'kmedoids++'
    const found = clara(data, weights, {
      ...sampling,
      start: (...sample) => initial(init, ...sample),
      onProgress: (swaps, loss) => {
        tell({ phase: 'swap', share: swaps / CLARA_SAMPLES, loss, swaps }, null)
      },
    })
    return { medoids: found.medoids, found }
  }
  tell({ phase: 'initialise', share: 0, loss: Infinity, swaps: 0 }, null)
  // The start is drawn even where it is known: what follows must draw the same numbers.
  const drawn = startOf(job, random)
  const medoids = resume ? Int32Array.from(resume.medoids) : drawn
  const swapping = {
    ...{ random, ...stop, tau: options.tau ?? 0 },
    ...(data.dear ? { cacheBytes: Math.min(MOST_CACHE, options.maxMemory ?? DEFAULT_MEMORY) } : {}),
    ...(resume ? { resume } : {}),
    ...(options.makeBoard ? { makeBoard: options.makeBoard } : {}),
    onProgress: (at: FasterPamPosition, loss: number, of: number) => {
      const share = of === 0 ? 1 : at.quiet / of
      tell({ phase: 'swap', share, loss, swaps: at.swaps }, { ...at, medoids: [...medoids] })
    },
  }
  if (method === 'onebatch') {
    const found = oneBatchPam(data, weights, { ...swapping, ...sampling, start: medoids })
    return { medoids: found.medoids, found }
  }
  const simple = {
    ...stop,
    onProgress: (swaps: number, loss: number) => {
      tell({ phase: 'swap', share: 0, loss, swaps }, null)
    },
  }
  if (method === 'pam') {
    const cacheBytes = data.dear ? Math.min(MOST_CACHE, options.maxMemory ?? DEFAULT_MEMORY) : 0
    return { medoids, found: pam(data, weights, medoids, { ...simple, cacheBytes }) }
  }
  if (method === 'alternate') return { medoids, found: alternate(data, weights, medoids, simple) }
  return { medoids, found: fasterPam(data, weights, medoids, swapping) }
}

function startOf(
  { data, weights, k, method, start, options }: Job,
  random: () => number,
): Int32Array {
  if (typeof start !== 'string') return Int32Array.from(start)
  if (method === 'pam' && options.init === undefined) return build(data, weights, k)
  if (method !== 'onebatch') return initial(start, data, weights, k, random)
  // All of a large set would be measured k times over; a sample as large as a batch does.
  const size = Math.max(k, Math.ceil(100 * Math.log(data.n * k)))
  const sample = stratifiedSample(data.n, size, weights, options.strata, 2, random)
  if (sample.points.length < k) return initial('random', data, weights, k, random)
  const { points } = sample
  const medoids = initial(start, subset(data, points), sample.weights, k, random)
  return medoids.map((o) => points[o]!)
}

/** k medoids to start from. */
export function initial(
  init: Init,
  data: Dissimilarities,
  weights: Float64Array,
  k: number,
  random: () => number,
): Int32Array {
  if (init === 'build') return build(data, weights, k)
  if (init === 'lab') return lab(data, weights, k, random)
  if (init === 'random') return randomMedoids(data.n, k, weights, random)
  return kmedoidsPlusPlus(data, weights, k, random)
}

/** Tries a range of k on all points or, where they are many, on a sample. */
function chooseK(
  data: Dissimilarities,
  weights: Float64Array,
  options: Omit<ClusterOptions, 'distance'>,
  notes: string[],
): { k: number; start: readonly number[]; curve: readonly KQuality[] } | null {
  if (typeof options.k === 'number') return null
  const { n } = data
  checkRange(options.k)
  const random = restartRandom(options.seed ?? 0, -1)
  const size = Math.min(n, MOST_FOR_RANGE)
  const sample =
    n > size
      ? stratifiedSample(n, size, weights, options.strata, 2, random)
      : { points: Int32Array.from({ length: n }, (_, i) => i), weights }
  const { points } = sample
  if (n > size) notes.push(`k was chosen on a sample of ${points.length} of ${n} points.`)
  const { from } = options.k
  const to = atMost(options.k.to, points.length, notes)
  const sampled = n > size ? subset(data, points) : data
  const init = typeof options.init === 'string' ? options.init : 'kmedoids++'
  const start = initial(init, sampled, sample.weights, to, random)
  const stop = options.shouldStop ? { shouldStop: options.shouldStop } : {}
  const { best, curve } = dynMsc(sampled, sample.weights, start, {
    ...{ from: Math.min(from, to), to, random, ...stop },
    onProgress: (k) => {
      const share = (to - k + 1) / (to - from + 1)
      options.onProgress?.({ phase: 'initialise', share, loss: NaN, swaps: 0, position: null })
    },
  })
  const whole = (medoids: Int32Array): Int32Array => medoids.map((o) => points[o]!)
  notes.push(
    `k = ${best.k} of ${from} to ${to} has the largest medoid silhouette, ${best.medoidSilhouette.toFixed(3)}.`,
  )
  return {
    k: best.k,
    start: [...whole(best.medoids)],
    curve: curve.map((one) => ({ ...one, medoids: whole(one.medoids) })),
  }
}
