import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { cluster } from '../../src/kmedoids/cluster.ts'
import { cohesion } from '../../src/kmedoids/cohesion.ts'
import {
  chebyshev,
  cosine,
  type Distance,
  euclidean,
  manhattan,
} from '../../src/kmedoids/distances.ts'
import { fasterPam } from '../../src/kmedoids/faster-pam.ts'
import { KeptDistances } from '../../src/kmedoids/kept-distances.ts'
import { KernelBoard } from '../../src/kmedoids/kernel-board.ts'
import { kmedoidsPlusPlus } from '../../src/kmedoids/kmedoids-plus-plus.ts'
import { mergeMedoids } from '../../src/kmedoids/merge-medoids.ts'
import { type Points, selectPoints } from '../../src/kmedoids/points.ts'
import { warmStart } from '../../src/kmedoids/warm-start.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { lossOf } from '../oracle/pam.ts'
import { type Figure, median } from './figures.ts'
import { groupedPoints } from './kmedoids-problem.ts'
import { hasClusterCommand, millionRows } from './million-rows.ts'
import { threadCpuUs } from './thread-cpu.ts'

const SEED = 20_260

/** The figures of the clustering engine, by name; see docs/performance.md. */
export async function benchKmedoids(progress: (text: string) => void): Promise<Figure[]> {
  progress('k-medoids: against PAM ...')
  const figures = [lossOverPam(), mergeLossRatio()]
  progress('k-medoids: warm start ...')
  figures.push(...warmSpeedup())
  progress('k-medoids: 100,000 points ...')
  figures.push(...(await large('onebatch')))
  progress('k-medoids: 1,000,000 points ...')
  // Without the command, the same million points in memory.
  figures.push(...(hasClusterCommand() ? await millionRows() : await large('million')))
  return figures
}

/** 500 random problems, as `cluster` solves them by default and as PAM does. */
function lossOverPam(): Figure {
  const random = new SeededRandom(SEED)
  const distances: readonly Distance[] = [euclidean, manhattan, chebyshev, cosine]
  let excess = 0
  let worst = 0
  const count = 500
  for (let i = 0; i < count; i++) {
    const n = 20 + Math.floor(481 * random.next())
    const p = 2 + Math.floor(8 * random.next())
    const points = groupedPoints(n, p, 1 + Math.floor(20 * random.next()), SEED + i)
    const k = 2 + Math.floor(Math.min(20, n / 4) * random.next())
    const weights = Float64Array.from({ length: n }, () => (i % 2 === 0 ? 1 : 0.1 + random.next()))
    const distance = distances[i % distances.length] ?? euclidean
    const options = { k, distance, weights }
    const ours = cluster(points, { ...options, seed: i })
    const theirs = cluster(points, { ...options, method: 'pam' })
    if (i % 25 === 0) checkLoss(points, distance, weights, ours)
    const ratio = ours.loss / theirs.loss
    excess += ratio
    worst = Math.max(worst, ratio)
  }
  return {
    name: 'loss_over_pam',
    value: excess / count,
    what: `mean loss over PAM's (BUILD, best swaps), ${count} problems, n up to 500, 4 distances, half with weights; worst ${worst.toFixed(3)}`,
    bar: 'at most 1.005',
  }
}

/** Throws unless the loss reported is what the oracle makes of the medoids. */
function checkLoss(
  points: Points,
  distance: Distance,
  weights: Float64Array,
  found: { readonly loss: number; readonly medoids: Int32Array },
): void {
  const data = distance.of(points)
  const board = new KernelBoard(data, weights, 1)
  const all = Int32Array.from({ length: points.n }, (_, i) => i)
  const matrix = [...all].map((o) => [...board.row(all, o)])
  const loss = lossOf(matrix, [...weights], [...found.medoids])
  if (Math.abs(loss - found.loss) > 1e-6 * loss) {
    throw new Error(`Loss is said to be ${found.loss}, the oracle says ${loss}.`)
  }
}

/** 16 partitions find 3 k local medoids each; the merged ones against a fit of all points. */
function mergeLossRatio(): Figure {
  const points = groupedPoints(16_000, 16, 60, SEED)
  const k = 60
  const pooled = cluster(points, { k, distance: euclidean })
  const sites = Array.from({ length: 16 }, (_, site) => {
    const rows = Array.from({ length: 1000 }, (_, i) => 16 * i + site)
    const local = selectPoints(points, rows)
    const { medoids, support } = cluster(local, { k: 3 * k, distance: euclidean, seed: site })
    return { points: selectPoints(local, medoids), weights: support }
  })
  const merged = mergeMedoids(sites, { k, distance: euclidean })
  const medoids = [...merged.medoids].map((o) => {
    const local = merged.row[o]!
    return { site: merged.site[o]!, row: local }
  })
  const values = new Float32Array((points.n + k) * points.p)
  medoids.forEach(({ site, row }, slot) => {
    const from = sites[site]!.points.values.subarray(row * points.p, (row + 1) * points.p)
    values.set(from, slot * points.p)
  })
  values.set(points.values, k * points.p)
  const weights = new Float64Array(points.n + k).fill(1).fill(0, 0, k)
  const scored = cluster(
    { n: points.n + k, p: points.p, values },
    {
      ...{ k, distance: euclidean, weights, method: 'fasterpam', maxMemory: Infinity },
      ...{ init: medoids.map((_, slot) => slot), shouldStop: () => true },
    },
  )
  return {
    name: 'merge_loss_ratio',
    value: scored.loss / pooled.loss,
    what: '16 partitions of 1,000, 180 local medoids each, merged to 60, over the pooled fit',
    bar: 'at most 1.03',
  }
}

/** A tenth of 10,000 points replaced: kept distances and a warm start against doing it all again. */
function warmSpeedup(): Figure[] {
  const n = 10_000
  const k = 60
  const all = groupedPoints(11_000, 16, 60, SEED)
  const before = selectPoints(all, [...Array(n).keys()])
  const order = new SeededRandom(SEED)
  const changed = Int32Array.from(
    new Set(Array.from({ length: 1000 }, () => Math.floor(n * order.next()))),
  )
  const rows = [...Array(n).keys()]
  changed.forEach((o, i) => {
    rows[o] = n + i
  })
  const after = euclidean.of(selectPoints(all, rows))
  const weights = new Float64Array(n).fill(1)
  const fit = (data: KeptDistances, seed: number) => {
    const random = new SeededRandom(seed)
    const next = (): number => random.next()
    const medoids = kmedoidsPlusPlus(data, weights, k, next)
    return { medoids, ...fasterPam(data, weights, medoids, { random: next }) }
  }
  const speedups: number[] = []
  const losses: number[] = []
  for (let round = 0; round < 3; round++) {
    const kept = new KeptDistances(euclidean.of(before))
    const last = fit(kept, round)
    const means = cohesion(last).map(({ mean }) => mean)
    const random = new SeededRandom(round)
    let start = threadCpuUs()
    kept.replace(after, changed)
    const warm = warmStart(kept, weights, last.medoids, means, changed, {
      random: () => random.next(),
    })
    const warmUs = threadCpuUs() - start
    start = threadCpuUs()
    const cold = fit(new KeptDistances(after), round + 10)
    speedups.push((threadCpuUs() - start) / warmUs)
    losses.push(warm.loss / cold.loss)
  }
  return [
    {
      name: 'warm_speedup',
      value: median(speedups),
      what: 'n 10,000, p 16, k 60, a tenth replaced: cold over warm start with kept distances, processor time',
      bar: 'at least 3',
    },
    { name: 'warm_loss_ratio', value: median(losses), what: 'warm over cold loss', bar: '' },
  ]
}

/** In a process of its own, so that memory is its own. */
async function large(which: 'onebatch' | 'million'): Promise<Figure[]> {
  const script = new URL('./run-large-kmedoids.ts', import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [script, which])
  return JSON.parse(stdout)
}
