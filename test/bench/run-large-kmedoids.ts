import { readFileSync } from 'node:fs'
import { parallelBoards } from '../../src/io/kmedoids/parallel-boards.ts'
import { cluster } from '../../src/kmedoids/cluster.ts'
import { euclidean } from '../../src/kmedoids/distances.ts'
import { oneBatchPam } from '../../src/kmedoids/one-batch-pam.ts'
import { SeededRandom } from '../../src/stats/random.ts'
import type { Figure } from './figures.ts'
import { groupedPoints } from './kmedoids-problem.ts'

/** One large clustering in this process: prints its figures as JSON. `onebatch` or `million`. */
const sizes = {
  onebatch: { n: 100_000, p: 32, bars: ['under 8', 'under 1,000'] },
  million: { n: 1_000_000, p: 16, bars: ['under 60', 'under 2,000'] },
} as const
const which = process.argv[2] === 'million' ? 'million' : 'onebatch'
const { n, p, bars } = sizes[which]
const k = 60
const points = groupedPoints(n, p, k, 7)
const boards = parallelBoards(2)
const cpu = process.cpuUsage()
const start = performance.now()
const found = cluster(points, { k, distance: euclidean, makeBoard: boards.makeBoard })
const seconds = (performance.now() - start) / 1000
const { user, system } = process.cpuUsage(cpu)
boards.close()
const megabytes = mostResident()
const what = `n ${n}, p ${p}, k ${k}, ${found.method}, ${found.effort.swaps} swaps, points in memory, 2 threads`
const figures: Figure[] = [
  { name: `${which}_s`, value: seconds, what: `seconds, ${what}`, bar: bars[0] },
  { name: `${which}_cpu_s`, value: (user + system) / 1e6, what: 'processor time of both', bar: '' },
  { name: `${which}_mb`, value: megabytes, what: `MB resident at most, ${what}`, bar: bars[1] },
]
if (which === 'onebatch') {
  // FasterPAM itself would take n^2; with a batch of 10,000 its loss is estimated to about a percent.
  const random = new SeededRandom(1)
  const data = euclidean.of(points)
  const weights = new Float64Array(n).fill(1)
  const batchSize = process.argv.includes('--whole') ? n : 10_000
  const best = oneBatchPam(data, weights, { k, batchSize, random: () => random.next() })
  figures.push({
    name: 'onebatch_loss_ratio',
    value: found.loss / best.loss,
    what: `loss over that of FasterPAM, estimated by a batch of ${batchSize}`,
    bar: 'at most 1.04',
  })
}
console.log(JSON.stringify(figures))

/** MB resident at most. `maxRSS` would count what the parent held when it forked. */
function mostResident(): number {
  try {
    const [, kib] = readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+)/) ?? []
    if (kib !== undefined) return (Number(kib) * 1024) / 1e6
  } catch {
    // Not Linux.
  }
  return (process.resourceUsage().maxRSS * 1024) / 1e6
}
