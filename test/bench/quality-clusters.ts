import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { FAULT_KINDS, type Strength } from '../../src/simulate/faults.ts'
import { type FaultRuns, type Outcome, STRENGTHS } from './fault-runs.ts'
import { type Figure, median } from './figures.ts'

const WORKER = new URL('./fault-worker.ts', import.meta.url)
/** Strong faults that take longer are listed one by one. */
const MOST_STRONG_S = 20

/**
 * Every kind of fault at every strength, for each seed; prints the table by kind and strength, and
 * what was missed, late, misnamed or false. Seeds run side by side in worker threads.
 */
export async function clusterFigures(
  seeds: readonly number[],
  print: (line: string) => void,
): Promise<Figure[]> {
  const runs = await runAll(seeds)
  const outcomes = runs.flatMap((run) => run.outcomes)
  printTable(outcomes, print)
  printExceptions(runs, print)
  const strong = outcomes.filter(isOf('strong'))
  const delays = delaysOf(strong)
  const found = (strength: Strength): number => delaysOf(outcomes.filter(isOf(strength))).length
  const hours = runs.reduce((sum, { healthyMs }) => sum + healthyMs, 0) / 3_600_000
  return [
    {
      name: 'faults_strong_found',
      value: delays.length,
      what: 'simulated faults of the greatest strength in which an anomaly cluster opened',
      bar: 'all',
    },
    { name: 'faults_strong', value: strong.length, what: 'of so many', bar: '' },
    {
      name: 'delay_strong_s',
      value: median(delays),
      what: 'median delay from their beginning, data time, s',
      bar: 'under 20',
    },
    {
      name: 'delay_strong_share_20s',
      value: delays.filter((delay) => delay < MOST_STRONG_S).length / strong.length,
      what: 'share of them found within less than 20 s',
      bar: '',
    },
    { name: 'delay_strong_most_s', value: Math.max(...delays), what: 'the slowest, s', bar: '' },
    {
      name: 'faults_strong_at1',
      value: strong.filter(({ named }) => named).length / strong.length,
      what: 'share of them in which the strongest cluster suspects the guilty service first',
      bar: '',
    },
    {
      name: 'faults_medium_found',
      value: found('medium'),
      what: `of ${strong.length} of medium strength`,
      bar: '',
    },
    {
      name: 'faults_weak_found',
      value: found('weak'),
      what: `of ${strong.length} weak ones`,
      bar: '',
    },
    {
      name: 'faults_false_clusters',
      value: runs.reduce((sum, { falseClusters }) => sum + falseClusters.length, 0),
      what: `clusters opened while all was well, in ${hours.toFixed(1)} hours`,
      bar: '',
    },
  ]
}

/** The runs of all seeds, in their order: as many at a time as there are cores. */
async function runAll(seeds: readonly number[]): Promise<FaultRuns[]> {
  const runs: FaultRuns[] = []
  const left = [...seeds.entries()]
  const lane = async (): Promise<void> => {
    for (let job = left.shift(); job; job = left.shift()) {
      const [at, workerData] = job
      const [result] = await once(new Worker(WORKER, { workerData }), 'message')
      runs[at] = result
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return runs
}

function isOf(strength: Strength): (outcome: Outcome) => boolean {
  return (outcome) => outcome.strength === strength
}

function delaysOf(outcomes: readonly Outcome[]): number[] {
  return outcomes.flatMap(({ delayS }) => (delayS === null ? [] : [delayS]))
}

/** A line a kind; for each strength: found of all, delays (median, slowest), guilty one first in. */
function printTable(outcomes: readonly Outcome[], print: (line: string) => void): void {
  const width = Math.max(...FAULT_KINDS.map((kind) => kind.length))
  print(`${''.padEnd(width)}  ${STRENGTHS.map((text) => text.padEnd(34)).join('')}`)
  for (const kind of FAULT_KINDS) {
    const cells = STRENGTHS.map((strength) => {
      const own = outcomes.filter((one) => one.kind === kind && one.strength === strength)
      const delays = delaysOf(own)
      const most = Math.max(...delays)
      const delay = delays.length > 0 ? `${median(delays).toFixed(1)}, ${most.toFixed(1)} s` : '-'
      const first = own.filter(({ named }) => named).length
      return `${delays.length}/${own.length}  ${delay.padEnd(16)} first ${first}`.padEnd(34)
    })
    print(`${kind.padEnd(width)}  ${cells.join('')}`)
  }
}

function printExceptions(runs: readonly FaultRuns[], print: (line: string) => void): void {
  for (const { outcomes, falseClusters } of runs) {
    for (const { seed, kind, strength, delayS, suspects, named, before } of outcomes) {
      const which = `seed ${seed}, ${strength} ${kind}`
      const late = delayS !== null && delayS >= MOST_STRONG_S
      if (delayS !== null && !named) print(`${which}: suspects ${suspects.slice(0, 3).join(', ')}`)
      if (strength === 'strong' && delayS === null) print(`${which}: missed`)
      if (before) print(`${which}: a cluster that suspects its service was open before`)
      if (strength === 'strong' && late) print(`${which}: ${delayS.toFixed(1)} s`)
    }
    for (const said of falseClusters) print(`false: ${said}`)
  }
}
