import { fasterPamOfMatrix } from '../../src/kmedoids/faster-pam.ts'
import { fitMedoids } from '../../src/kmedoids/fit-medoids.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import type { Instance } from '../kmedoids/instances.ts'
import { blobs, instanceOf, pick } from '../kmedoids/instances.ts'
import { pam } from '../oracle/pam.ts'
import { threadCpuUs } from './thread-cpu.ts'

export interface ClusterTiming {
  readonly name: string
  readonly n: number
  readonly k: number
  /** Processor time of this thread, best of the repetitions, ms: the machine may have other work. */
  readonly ms: number
  /** Nanoseconds per pair of points, to compare sizes by. */
  readonly nsPerPair: number
  readonly swaps: number
  readonly passes: number
  readonly loss: number
}

export interface ClusterBench {
  readonly timings: readonly ClusterTiming[]
  /** How many times longer the oracle PAM takes where it is feasible, and its loss over FasterPAM's. */
  readonly oracleTimes: number
  readonly oracleLossRatio: number
  /** Cold start over warm start (a fifth of the points replaced), as time. */
  readonly coldOverWarm: number
}

const SEED = 20_260
const REPEATS = 5
const BATCH_MS = 100

/** 60 true clusters in 8 dimensions, L1. */
function problem(n: number, random: () => number): Instance {
  return instanceOf(blobs(n, 60, 8, random))
}

/** Processor time of this thread so far. */
function cpuMs(): number {
  return threadCpuUs() / 1000
}

/** Runs in batches long enough for the clock. */
function time<T>(run: () => T): { ms: number; result: T } {
  let result = run()
  const batch = (count: number): number => {
    const start = cpuMs()
    for (let i = 0; i < count; i++) result = run()
    return cpuMs() - start
  }
  let count = 1
  let best = batch(count)
  while (best < BATCH_MS) {
    count *= 2
    best = batch(count)
  }
  for (let i = 1; i < REPEATS; i++) best = Math.min(best, batch(count))
  return { ms: best / count, result }
}

function timeFasterPam({ n, distances, weights }: Instance, k: number): ClusterTiming {
  const { ms, result } = time(() => {
    const random = new SeededRandom(SEED)
    const next = (): number => random.next()
    return fasterPamOfMatrix(distances, n, weights, pick(n, k, next), { random: next })
  })
  const { swaps, passes, loss } = result
  return { name: 'FasterPAM', n, k, ms, nsPerPair: (1e6 * ms) / n ** 2, swaps, passes, loss }
}

function timeFit(
  instance: Instance,
  start: readonly number[],
  name: string,
): ClusterTiming & { medoids: number[] } {
  const { n, distances, weights } = instance
  const { ms, result } = time(() => {
    const random = new SeededRandom(SEED)
    return fitMedoids(distances, n, weights, {
      start,
      kMax: 80,
      minSupport: 5,
      addGain: 0.5,
      removeLoss: 0.25,
      random: () => random.next(),
    })
  })
  const { swaps, passes } = result.effort
  const k = result.medoids.length
  const nsPerPair = (1e6 * ms) / n ** 2
  return {
    name,
    n,
    k,
    ms,
    nsPerPair,
    swaps,
    passes,
    loss: result.loss,
    medoids: [...result.medoids],
  }
}

/** Times FasterPAM from random medoids, the oracle beside it, and whole fits, cold and warm. */
export function benchCluster(): ClusterBench {
  const random = new SeededRandom(SEED)
  const next = (): number => random.next()
  const small = problem(120, next)
  const fast = timeFasterPam(small, 6)
  const { ms: oracleMs, result: oracle } = time(() => pam(small.matrix, small.weightList, 6))
  const timings = [fast]
  for (const n of [1000, 2000]) {
    const instance = problem(n, next)
    for (const k of [10, 50]) timings.push(timeFasterPam(instance, k))
  }
  const points = blobs(1200, 60, 8, next)
  const cold = timeFit(instanceOf(points.slice(0, 1000)), [], 'fit, cold')
  const turned = instanceOf(
    points,
    points.map((_, o) => (o < 200 ? 0 : 1)),
  )
  const coldAgain = timeFit(turned, [], 'fit, cold, 20 % new')
  const warm = timeFit(turned, cold.medoids, 'fit, warm, 20 % new')
  timings.push(cold, coldAgain, warm)
  return {
    timings,
    oracleTimes: oracleMs / fast.ms,
    oracleLossRatio: oracle.loss / fast.loss,
    coldOverWarm: coldAgain.ms / warm.ms,
  }
}

if (import.meta.main) {
  const { timings, ...ratios } = benchCluster()
  for (const { name, n, k, ms, nsPerPair, swaps, passes } of timings) {
    console.info(
      `${name.padEnd(20)} n ${n}  k ${k}  ${ms.toFixed(1)} ms  ${nsPerPair.toFixed(1)} ns/pair  ${swaps} swaps  ${passes} passes`,
    )
  }
  console.info(ratios)
}
