import type { Anomaly, Verdict } from '../contract/anomaly.ts'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { StepOutput } from '../contract/step-output.ts'
import type { DemoScenario } from '../simulate/demo-scenario.ts'
import type { Fault } from '../simulate/faults.ts'

/** A cluster opened this long after a fault still belongs to it: what it did is judged later. */
const GRACE_MS = 20_000
/** Flagged traces that a fault really changed, from which it counts as found without a cluster. */
const ENOUGH = 3

/** One line of the demo's last table. Times: data time, seconds after the fault's begin. */
export interface FaultRow {
  readonly kind: string
  readonly service: string
  /** Traces that the fault really changed, and how many of them were flagged. */
  readonly affected: number
  readonly anomalies: number
  readonly firstAnomalyS: number | null
  readonly clusters: number
  readonly openedS: number | null
  /** After the end of the fault; null while open. */
  readonly closedS: number | null
  /** Whom medoscope suspects: the first service of the strongest cluster, else of most anomalies. */
  readonly named: string | null
  readonly found: boolean
}

export interface DemoResult {
  readonly faults: readonly FaultRow[]
  readonly falseClusters: number
  /** Judged traces that no fault changed, and how many of them were flagged. */
  readonly normal: number
  readonly flagged: number
}

/** Keeps count of what the demo's detector says, against what the simulation knows. */
export class DemoTally {
  readonly #scenario: DemoScenario
  readonly #startMs: number
  /** Faults that changed a trace, by trace id. */
  readonly #affected = new Map<string, readonly number[]>()
  readonly #flagged: { fault: number; timeMs: number; service: string }[] = []
  readonly #clusters = new Map<string, AnomalyCluster>()
  #normal = 0
  #normalFlagged = 0

  constructor(scenario: DemoScenario, startMs: number) {
    this.#scenario = scenario
    this.#startMs = startMs
  }

  /** The simulation says what it did to a trace. */
  label(traceId: string, affected: readonly number[]): void {
    if (affected.length > 0) this.#affected.set(traceId, affected)
  }

  take({ verdicts, clusterChanges }: StepOutput): void {
    for (const verdict of verdicts) this.#count(verdict)
    for (const { cluster } of clusterChanges) {
      for (const merged of cluster.mergedFrom) this.#clusters.delete(merged)
      this.#clusters.set(cluster.id, cluster)
    }
  }

  /** Index of the fault that changed this trace, or -1. */
  faultOf({ verdict }: Anomaly): number {
    return this.#affected.get(verdict.id.slice(0, 32))?.[0] ?? -1
  }

  result(): DemoResult {
    const faults = this.#scenario.faults.map((fault, i) => this.#row(fault, i))
    const claimed = this.#scenario.faults.flatMap((fault) => this.#clustersOf(fault))
    return {
      faults,
      falseClusters: [...this.#clusters.values()].filter((one) => !claimed.includes(one)).length,
      normal: this.#normal,
      flagged: this.#normalFlagged,
    }
  }

  #count({ id, p, anomalous, timeMs, services }: Verdict): void {
    const faults = this.#affected.get(id)
    if (!faults && p !== null) {
      this.#normal++
      if (anomalous) this.#normalFlagged++
    }
    if (!faults || !anomalous) return
    for (const fault of faults) this.#flagged.push({ fault, timeMs, service: services[0] ?? '' })
  }

  /** Clusters that opened in a fault's time and tell of it. */
  #clustersOf(fault: Fault): AnomalyCluster[] {
    const from = this.#startMs + fault.fromMs
    const to = this.#startMs + fault.toMs + GRACE_MS
    return [...this.#clusters.values()].filter(
      (cluster) => cluster.openedMs >= from && cluster.openedMs <= to && tellsOf(cluster, fault),
    )
  }

  #row(fault: Fault, index: number): FaultRow {
    const beganMs = this.#startMs + fault.fromMs
    const flagged = this.#flagged.filter((one) => one.fault === index)
    const clusters = this.#clustersOf(fault).sort((a, b) => b.eValue - a.eValue)
    const strongest = clusters[0]
    const openedMs = Math.min(...clusters.map((one) => one.openedMs))
    const seconds = (ms: number): number => Math.round((ms - beganMs) / 100) / 10
    const closedMs = strongest?.closedMs ?? null
    return {
      kind: fault.kind,
      service: fault.service,
      affected: [...this.#affected.values()].filter((faults) => faults.includes(index)).length,
      anomalies: flagged.length,
      firstAnomalyS: flagged[0] ? seconds(flagged[0].timeMs) : null,
      clusters: clusters.length,
      openedS: clusters.length > 0 ? seconds(openedMs) : null,
      closedS: closedMs === null ? null : seconds(closedMs - (fault.toMs - fault.fromMs)),
      named: strongest?.services[0] ?? mostFrequent(flagged.map(({ service }) => service)),
      found: clusters.length > 0 || flagged.length >= ENOUGH,
    }
  }
}

/** Whether a cluster's story is the fault's: it suspects the service, or is about a call of it or by it. */
function tellsOf({ suspect, services, place }: AnomalyCluster, { service }: Fault): boolean {
  return suspect === service || services[0] === service || place.split(/[\s>→:]+/).includes(service)
}

function mostFrequent(texts: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  let best: string | null = null
  let most = 0
  for (const [text, count] of counts) {
    if (count <= most) continue
    best = text
    most = count
  }
  return best
}
