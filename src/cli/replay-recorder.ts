import type { Reason } from '../contract/anomaly.ts'
import type { AnomalyCluster } from '../contract/anomaly-cluster.ts'
import type { NewError } from '../contract/new-error.ts'
import type { StepOutput } from '../contract/step-output.ts'
import { clusterLine, type ShownContributions, verdictLine } from '../io/files/json-lines.ts'
import type { LineFile } from './line-file.ts'

/** Clusters kept until their last state is known; beyond it the oldest are written as they stand. */
const MAX_CLUSTERS = 20_000

/** What a replay writes, and counts for its summary. */
export class ReplayRecorder {
  readonly reasons: Record<Reason, number> = {
    normal: 0,
    time: 0,
    shape: 0,
    learning: 0,
    incomplete: 0,
  }
  flagged = 0
  sessions = 0
  readonly newErrors: NewError[] = []
  models = 0
  clustersWritten = 0
  readonly #verdicts: LineFile | null
  readonly #clusters: LineFile | null
  readonly #shown: ShownContributions
  /** Last state by id, in the order of opening; without the traces. */
  readonly #states = new Map<string, AnomalyCluster>()

  constructor(
    verdicts: LineFile | null,
    clusters: LineFile | null,
    shown: ShownContributions = 'largest',
  ) {
    this.#verdicts = verdicts
    this.#clusters = clusters
    this.#shown = shown
  }

  get observations(): number {
    return Object.values(this.reasons).reduce((sum, count) => sum + count, 0)
  }

  /** Clusters that are not part of another, as they stand, in the order of opening. */
  get clusters(): AnomalyCluster[] {
    return [...this.#states.values()]
  }

  async take(output: StepOutput): Promise<void> {
    this.newErrors.push(...output.newErrors)
    for (const verdict of output.verdicts) {
      this.reasons[verdict.reason]++
      if (verdict.anomalous) this.flagged++
      if (verdict.kind === 'session') this.sessions++
      this.#verdicts?.add(verdictLine(verdict, this.#shown))
    }
    this.models += output.installed.length
    for (const { cluster } of output.clusterChanges) {
      for (const id of cluster.mergedFrom) this.#states.delete(id)
      this.#states.set(cluster.id, slim(cluster))
    }
    while (this.#states.size > MAX_CLUSTERS) this.#writeOldest()
    await this.#verdicts?.settle()
    await this.#clusters?.settle()
  }

  async end(): Promise<void> {
    for (const cluster of this.#states.values()) this.#write(cluster)
    await this.#verdicts?.end()
    await this.#clusters?.end()
  }

  #writeOldest(): void {
    for (const [id, cluster] of this.#states) {
      this.#write(cluster)
      this.#states.delete(id)
      return
    }
  }

  #write(cluster: AnomalyCluster): void {
    this.clustersWritten++
    this.#clusters?.add(clusterLine(cluster))
  }
}

/** Without the spans of its traces: a line names them only. */
function slim(cluster: AnomalyCluster): AnomalyCluster {
  const { representative, nearestNormal } = cluster
  return {
    ...cluster,
    representative: representative && { ...representative, spans: [] },
    nearestNormal: nearestNormal && { ...nearestNormal, spans: [] },
  }
}
