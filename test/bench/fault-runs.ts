import type { AnomalyCluster } from '../../src/contract/anomaly-cluster.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import {
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  type SpanFaultKind,
  type Strength,
} from '../../src/simulate/faults.ts'
import { type SimulationOptions, simulate } from '../../src/simulate/simulate.ts'
import { type SimulatedRecord, toOtlpProto } from '../../src/simulate/simulated-record.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'

const START_MS = Date.UTC(2026, 10, 25, 7)
const LEARN_MS = 600_000
const FAULT_MS = 120_000
/** Healthy traffic between the beginning of one fault and that of the next. */
const APART_MS = 90_000
/** A cluster that opens so long after a fault still belongs to it: traces are judged when complete. */
const GRACE_MS = 20_000
const TRACES_PER_SECOND = 40

export const STRENGTHS = ['weak', 'medium', 'strong'] as const satisfies readonly Strength[]

/** A service in which the kind of fault is one that the shop can have. */
const GUILTY: Readonly<Record<SpanFaultKind, string>> = {
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
export interface Outcome {
  readonly seed: number
  readonly kind: FaultKind
  readonly strength: Strength
  /** From the beginning of the fault to the opening of its first cluster, s; null: none opened. */
  readonly delayS: number | null
  /** Services that its strongest cluster suspects, the most suspect first. */
  readonly suspects: readonly string[]
  /** Whether that is the guilty one. */
  readonly named: boolean
  /** Whether it was suspected (falsely) when the fault began: then nothing opens, the fault joins. */
  readonly before: boolean
}

/** All faults of one seed, and what opened while there was none. */
export interface FaultRuns {
  readonly outcomes: readonly Outcome[]
  readonly healthyMs: number
  /** What each anomaly cluster said that opened while all was well. */
  readonly falseClusters: readonly string[]
}

/**
 * A healthy shop, learned from for 10 minutes and watched for another 54; meanwhile, every 90 s, the
 * detector is copied, and the copy lives through one fault instead: 12 kinds at 3 strengths. So each
 * fault meets a detector that has seen no other, and none has to wait until the one before has ended.
 */
export function runFaults(seed: number, strengths: readonly Strength[] = STRENGTHS): FaultRuns {
  const faults = faultsOf(seed)
  const healthyMs = LEARN_MS + faults.length * APART_MS
  const detector = new Detector(detectorSettings())
  const outcomes: Outcome[] = []
  const traffic = { seed, startMs: START_MS, tracesPerSecond: TRACES_PER_SECOND }
  const run = new Run(detector)
  let next = 0
  for (const record of simulate({ ...traffic, durationMs: healthyMs })) {
    for (; next < faults.length && record.timeMs - START_MS > faults[next]!.fromMs; next++) {
      const fault = faults[next]!
      if (!strengths.includes(fault.strength)) continue
      const suspected = detector.openClusters().map(({ services }) => services[0])
      const before = suspected.includes(fault.service)
      outcomes.push(outcomeOf({ seed, fault, before }, openingsOf(traffic, fault, run)))
    }
    run.take(record)
  }
  const falseClusters = run.openings.map(({ timeMs, cluster }) => {
    return `seed ${seed}, minute ${(timeMs / 60_000).toFixed(1)}: ${cluster.sentence}`
  })
  return { outcomes, healthyMs, falseClusters }
}

/**
 * In an order that differs by seed, so that no kind or strength is always the one learned from
 * longest; they begin at every second of the detector's buckets of 30 s, as their phase decides
 * much of the delay.
 */
function faultsOf(seed: number): Fault[] {
  const faults: Fault[] = []
  for (let s = 0; s < STRENGTHS.length; s++) {
    for (let k = 0; k < FAULT_KINDS.length; k++) {
      const strength = STRENGTHS[(s + seed) % STRENGTHS.length]!
      const kind = FAULT_KINDS[(k + 5 * seed) % FAULT_KINDS.length]!
      const phaseMs = ((7 * faults.length + 11 * seed) % 30) * 1000
      const fromMs = LEARN_MS + faults.length * APART_MS + phaseMs
      faults.push({ kind, strength, service: GUILTY[kind], fromMs, toMs: fromMs + FAULT_MS })
    }
  }
  return faults
}

interface Opening {
  readonly timeMs: number
  /** As it was last published. */
  cluster: AnomalyCluster
}

/** A detector that is given records, one a time, and the anomaly clusters that it opens. */
class Run {
  readonly openings: Opening[] = []
  readonly #detector: Detector
  #offset: bigint

  constructor(detector: Detector, offset = 0n) {
    this.#detector = detector
    this.#offset = offset
  }

  /** The same at this moment, to go on by itself. */
  copy(): Run {
    const state = structuredClone(this.#detector.snapshot())
    return new Run(Detector.restore(state, detectorSettings()), this.#offset)
  }

  take(record: SimulatedRecord): void {
    const output = emptyOutput()
    const partition = 'otlp_spans/0'
    const taken = { partition, offset: this.#offset++, body: toOtlpProto(record), keyed: true }
    const { timeMs: timestampMs } = record
    runThrough(this.#detector, [{ ...taken, encoding: 'otlp_proto', timestampMs }], output)
    for (const { change, timeMs, cluster } of output.clusterChanges) {
      if (change === 'opened') this.openings.push({ timeMs: timeMs - START_MS, cluster })
      else {
        const last = this.openings.findLast((one) => one.cluster.id === cluster.id)
        if (last) last.cluster = cluster
      }
    }
  }
}

/** What opens in a copy of the healthy run during a fault that begins now. */
function openingsOf(
  traffic: Omit<SimulationOptions, 'durationMs'>,
  fault: Fault,
  healthy: Run,
): readonly Opening[] {
  const run = healthy.copy()
  const endMs = fault.toMs + GRACE_MS
  const options = { ...traffic, durationMs: endMs, faults: [fault], resumeMs: fault.fromMs }
  for (const record of simulate(options)) {
    if (record.timeMs - START_MS > endMs) break
    run.take(record)
  }
  return run.openings
}

function outcomeOf(
  { seed, fault, before }: { seed: number; fault: Fault; before: boolean },
  openings: readonly Opening[],
): Outcome {
  const { kind, strength, service, fromMs } = fault
  const strongest = openings.reduce<Opening | undefined>(
    (best, one) => (best && best.cluster.eValue >= one.cluster.eValue ? best : one),
    undefined,
  )
  const first = openings.length > 0 ? Math.min(...openings.map(({ timeMs }) => timeMs)) : null
  const suspects = strongest?.cluster.services ?? []
  return {
    seed,
    kind,
    strength,
    delayS: first === null ? null : (first - fromMs) / 1000,
    suspects,
    named: suspects[0] === service,
    before,
  }
}
