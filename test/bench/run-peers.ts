import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { cluster } from '../../src/kmedoids/cluster.ts'
import { DISTANCES, type Distance, precomputed } from '../../src/kmedoids/distances.ts'
import { fasterPam } from '../../src/kmedoids/faster-pam.ts'
import { KeptDistances } from '../../src/kmedoids/kept-distances.ts'
import type { Points } from '../../src/kmedoids/points.ts'
import { randomMedoids } from '../../src/kmedoids/random-medoids.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import { type Figure, median, printFigures } from './figures.ts'
import { groupedPoints } from './kmedoids-problem.ts'
import { type Installed, installPeers } from './peers/install-peers.ts'
import { templateFigures } from './peers-templates.ts'
import { verdictPeerFigures } from './peers-verdicts.ts'
import { threadCpuUs } from './thread-cpu.ts'

/**
 * Our k-medoids beside others on this machine, turn about on the same points; see docs/performance.md.
 * All times are processor time of one thread, so that other work on the machine weighs less.
 */
const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: '.cache/peers' },
    metric: { type: 'string', default: 'euclidean' },
    only: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const { metric } = options
if (metric !== 'euclidean' && metric !== 'manhattan') {
  throw new Error(`--metric is ${metric}; it must be euclidean or manhattan.`)
}
const distance: Distance = DISTANCES[metric]
const progress = (text: string): void => console.error(text)
const DIMENSIONS = 16
const MOST_SECONDS = 300
const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }

interface PeerRun {
  readonly distances_s: number
  readonly search_s: number
  readonly loss: number
}

async function runPeer(
  { command }: { readonly command: readonly string[] },
  file: string,
  { n, p }: Points,
  k: number,
  seed: number,
): Promise<PeerRun> {
  const [program = '', ...first] = command
  const { stdout } = await promisify(execFile)(
    program,
    [...first, file, String(n), String(p), String(k), String(seed), metric],
    { timeout: 1000 * MOST_SECONDS, env: { ...process.env, ...ONE_THREAD } },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

function cpuSeconds<T>(run: () => T): { seconds: number; result: T } {
  const start = threadCpuUs()
  const result = run()
  return { seconds: (threadCpuUs() - start) / 1e6, result }
}

/** FasterPAM from random medoids: distances measured on the way, or read from a matrix. */
function ours(
  points: Points,
  k: number,
  seed: number,
  matrix: Float32Array | null,
): { seconds: number; loss: number } {
  const weights = new Float64Array(points.n).fill(1)
  const atHand = matrix && precomputed(matrix, points.n)
  const { seconds, result } = cpuSeconds(() => {
    const random = new SeededRandom(seed)
    const next = (): number => random.next()
    const data = atHand ?? distance.of(points)
    return fasterPam(data, weights, randomMedoids(points.n, k, weights, next), { random: next })
  })
  return { seconds, loss: result.loss }
}

/** Both in turn, `rounds` times. */
async function againstRust(rust: { readonly command: readonly string[] }): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const n of [5000, 10_000]) {
    const points = groupedPoints(n, DIMENSIONS, 60, 1)
    await withFile(points, async (file) => {
      for (const k of [10, 60, 200]) {
        progress(`n ${n}, k ${k} ...`)
        figures.push(...(await oneSize(rust, points, file, k)))
      }
    })
  }
  return figures
}

async function oneSize(
  rust: { readonly command: readonly string[] },
  points: Points,
  file: string,
  k: number,
): Promise<Figure[]> {
  const { matrix } = new KeptDistances(distance.of(points))
  const whole: number[] = []
  const swap: number[] = []
  const losses: number[] = []
  const shown: string[] = []
  for (let round = 0; round < rounds; round++) {
    const theirs = await runPeer(rust, file, points, k, round)
    const measured = ours(points, k, round, null)
    const atHand = ours(points, k, round, matrix)
    whole.push(measured.seconds / (theirs.distances_s + theirs.search_s))
    swap.push(atHand.seconds / theirs.search_s)
    losses.push(measured.loss / theirs.loss)
    const seconds = [measured.seconds, theirs.distances_s + theirs.search_s]
    shown.push(seconds.map((one) => one.toFixed(2)).join(':'))
  }
  const size = `${points.n}_${k}`
  return [
    {
      name: `pam_vs_rust_${size}`,
      value: median(whole),
      what: `distances and FasterPAM, s ours:theirs ${shown.join(' ')}`,
      bar: 'at most 0.40, aim 0.30',
    },
    {
      name: `swap_vs_rust_${size}`,
      value: median(swap),
      what: 'FasterPAM on a float32 matrix at hand',
      bar: 'at most 0.50, aim 0.35',
    },
    {
      name: `loss_vs_rust_${size}`,
      value: median(losses),
      what: 'loss, ours over theirs',
      bar: '',
    },
  ]
}

/** The rest, once each on smaller problems: how many times our time and loss. */
async function others(peers: ReadonlyMap<string, Installed>): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [n, k] of [
    [500, 5],
    [2000, 10],
    [5000, 10],
  ] as const) {
    const points = groupedPoints(n, DIMENSIONS, 20, 2)
    const mine = cpuSeconds(() => cluster(points, { k, distance }))
    await withFile(points, async (file) => {
      for (const [peer, installed] of peers) {
        if (peer === 'npm k-medoids' && n > 500) continue
        if ('missing' in installed) continue
        progress(`${peer}, n ${n} ...`)
        const name = `${peer.replaceAll(/[^a-zA-Z]+/g, '_')}_${n}_${k}`
        try {
          const theirs = await runPeer(installed, file, points, k, 0)
          const seconds = theirs.distances_s + theirs.search_s
          figures.push({
            name: `time_of_${name}`,
            value: seconds / mine.seconds,
            what: `times ours: ${seconds.toFixed(3)} s against ${mine.seconds.toFixed(3)} s; loss ${(theirs.loss / mine.result.loss).toFixed(4)} times ours`,
            bar: '',
          })
        } catch (error) {
          progress(`${peer}: ${error instanceof Error ? error.message.split('\n').at(-2) : error}`)
        }
      }
    })
  }
  return figures
}

async function withFile(points: Points, use: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'peers-'))
  try {
    const file = join(folder, 'points.f32')
    await writeFile(file, new Uint8Array(points.values.buffer))
    await use(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function kmedoidsFigures(): Promise<Figure[]> {
  const peers = await installPeers(options.folder, progress)
  for (const [peer, installed] of peers) {
    if ('missing' in installed) progress(`${peer} is not here: ${installed.missing}`)
  }
  const rust = peers.get('kmedoids')
  const beside = rust && 'command' in rust ? await againstRust(rust) : []
  return [...beside, ...(await others(peers))]
}

/** What can be asked for by itself with `--only`. */
const PARTS = {
  kmedoids: kmedoidsFigures,
  templates: () => templateFigures(options.folder, rounds, progress),
  verdicts: () => verdictPeerFigures(options.folder, progress),
} as const satisfies Record<string, () => Promise<Figure[]>>

const { only } = options
if (only !== undefined && !Object.hasOwn(PARTS, only)) {
  throw new Error(`--only is ${only}; it must be one of ${Object.keys(PARTS).join(', ')}.`)
}
const figures: Figure[] = []
for (const [part, measure] of Object.entries(PARTS)) {
  if (only === undefined || only === part) figures.push(...(await measure()))
}
printFigures(figures, options.json)
