import type { AnomalyCluster } from '../../src/detect/anomaly-cluster.ts'
import { Detector } from '../../src/detect/detector.ts'
import { emptyOutput } from '../../src/detect/step-output.ts'
import {
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  type Strength,
} from '../../src/simulate/faults.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'
import { type Figure, median } from './figures.ts'

const START = Date.UTC(2026, 10, 25, 7)
const LEARN_MS = 600_000
const FAULT_MS = 120_000
const QUIET_MS = 180_000
/** A cluster that opens so long after a fault still belongs to it: traces are judged when complete. */
const GRACE_MS = 20_000
const TRACES_PER_SECOND = 40
const STRENGTHS = ['weak', 'medium', 'strong'] as const

/** A service in which the kind of fault is one that the shop can have. */
const GUILTY: Readonly<Record<FaultKind, string>> = {
  slow_dependency: 'pricing',
  cpu_bound: 'recommendation',
  throttled: 'inventory',
  network_delay: 'cart',
  errors: 'payment',
  fail_fast: 'inventory',
  missing_call: 'frontend',
  retry_storm: 'search',
  unseen_path: 'reviews',
  lock_contention: 'orders',
  cache_gone: 'catalogue',
  slow_database: 'inventory',
}

/** What became of one fault. */
interface Outcome {
  readonly kind: FaultKind
  readonly strength: Strength
  /** From the beginning of the fault to the opening of its first cluster, s; null: none opened. */
  readonly delayS: number | null
  /** Whether its strongest cluster suspects the guilty service first. */
  readonly named: boolean
}

interface Opening {
  readonly timeMs: number
  /** As it was last published. */
  cluster: AnomalyCluster
}

/**
 * Every kind of fault at every strength, one after the other through one detector a seed; prints
 * the table by kind and strength.
 */
export function clusterFigures(seeds: readonly number[], print: (line: string) => void): Figure[] {
  const outcomes: Outcome[] = []
  let others = 0
  for (const seed of seeds) {
    const faults = faultsOf(seed)
    const openings = openingsOf(seed, faults)
    outcomes.push(...faults.map((fault) => outcome(fault, openings)))
    others += openings.filter(({ timeMs }) => !faults.some((one) => within(one, timeMs))).length
  }
  printTable(outcomes, print)
  const strong = outcomes.filter(({ strength }) => strength === 'strong')
  const hours = (seeds.length * lengthMs(FAULT_KINDS.length * STRENGTHS.length)) / 3_600_000
  return [
    {
      name: 'faults_strong_found',
      value: delaysOf(strong).length,
      what: 'simulated faults of the greatest strength in which an anomaly cluster opened',
      bar: 'all',
    },
    { name: 'faults_strong', value: strong.length, what: 'of so many', bar: '' },
    {
      name: 'delay_strong_s',
      value: median(delaysOf(strong)),
      what: 'median delay from their beginning, data time, s',
      bar: 'under 20',
    },
    {
      name: 'faults_strong_at1',
      value: strong.filter(({ named }) => named).length / strong.length,
      what: 'share of them in which the strongest cluster suspects the guilty service first',
      bar: '',
    },
    {
      name: 'faults_medium_found',
      value: delaysOf(outcomes.filter(({ strength }) => strength === 'medium')).length,
      what: `of ${strong.length} of medium strength`,
      bar: '',
    },
    {
      name: 'faults_weak_found',
      value: delaysOf(outcomes.filter(({ strength }) => strength === 'weak')).length,
      what: `of ${strong.length} weak ones`,
      bar: '',
    },
    {
      name: 'faults_other_clusters',
      value: others,
      what: `clusters opened outside of all faults, in ${hours.toFixed(1)} hours`,
      bar: '',
    },
  ]
}

/** Another order for each seed, so that no kind or strength is always the one learned from longest. */
function faultsOf(seed: number): Fault[] {
  const faults: Fault[] = []
  for (let s = 0; s < STRENGTHS.length; s++) {
    for (let k = 0; k < FAULT_KINDS.length; k++) {
      const strength = STRENGTHS[(s + seed) % STRENGTHS.length] ?? 'strong'
      const kind = FAULT_KINDS[(k + 5 * seed) % FAULT_KINDS.length] ?? 'errors'
      // At every second of the detector's buckets of 30 s: their phase must not decide the delay.
      const fromMs = lengthMs(faults.length) + ((7 * faults.length + 11 * seed) % 30) * 1000
      faults.push({ kind, strength, service: GUILTY[kind], fromMs, toMs: fromMs + FAULT_MS })
    }
  }
  return faults
}

/** Time until so many faults are over, with the quiet after each; before it, up to 30 s are cut off. */
function lengthMs(faults: number): number {
  return LEARN_MS + faults * (FAULT_MS + QUIET_MS)
}

/** Every opening of an anomaly cluster in a run with these faults. */
function openingsOf(seed: number, faults: readonly Fault[]): Opening[] {
  const detector = new Detector(detectorSettings())
  const openings: Opening[] = []
  const options = { seed, startMs: START, durationMs: lengthMs(faults.length), faults }
  let offset = 0n
  for (const record of simulate({ ...options, tracesPerSecond: TRACES_PER_SECOND })) {
    const output = emptyOutput()
    const taken = { partition: 'otlp_spans/0', offset: offset++, body: toOtlpProto(record) }
    runThrough(
      detector,
      [{ ...taken, encoding: 'otlp_proto', timestampMs: record.timeMs, keyed: true }],
      output,
    )
    for (const { change, timeMs, cluster } of output.clusterChanges) {
      if (change === 'opened') openings.push({ timeMs: timeMs - START, cluster })
      else {
        const last = openings.findLast((one) => one.cluster.id === cluster.id)
        if (last) last.cluster = cluster
      }
    }
  }
  return openings
}

function within({ fromMs, toMs }: Fault, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < toMs + GRACE_MS
}

function outcome(fault: Fault, openings: readonly Opening[]): Outcome {
  const { kind, strength, service, fromMs } = fault
  const own = openings.filter(({ timeMs }) => within(fault, timeMs))
  const strongest = own.reduce<Opening | undefined>(
    (best, one) => (best && best.cluster.eValue >= one.cluster.eValue ? best : one),
    undefined,
  )
  const first = own.length > 0 ? Math.min(...own.map(({ timeMs }) => timeMs)) : null
  return {
    kind,
    strength,
    delayS: first === null ? null : (first - fromMs) / 1000,
    named: strongest?.cluster.services[0] === service,
  }
}

function delaysOf(outcomes: readonly Outcome[]): number[] {
  return outcomes.flatMap(({ delayS }) => (delayS === null ? [] : [delayS]))
}

/** A line a kind; for each strength: found of all, median delay, in how many the guilty one is first. */
function printTable(outcomes: readonly Outcome[], print: (line: string) => void): void {
  const width = Math.max(...FAULT_KINDS.map((kind) => kind.length))
  print(`${''.padEnd(width)}  ${STRENGTHS.map((text) => text.padEnd(26)).join('')}`)
  for (const kind of FAULT_KINDS) {
    const cells = STRENGTHS.map((strength) => {
      const own = outcomes.filter((one) => one.kind === kind && one.strength === strength)
      const delays = delaysOf(own)
      const delay = delays.length > 0 ? `${median(delays).toFixed(1)} s` : '-'
      const first = own.filter(({ named }) => named).length
      return `${delays.length}/${own.length}  ${delay.padEnd(8)} first ${first}`.padEnd(26)
    })
    print(`${kind.padEnd(width)}  ${cells.join('')}`)
  }
}
