import type {
  AnomalyCluster,
  AnomalyClusterChange,
  ClusterChangeKind,
} from '../contract/anomaly-cluster.ts'

export interface ClusterStoreLimits {
  /** Clusters that are over and still served. */
  readonly maxPast: number
  /** Spans of the examples of past clusters; beyond it the oldest lose their examples. */
  readonly maxPastSpans: number
}

export const CLUSTER_STORE_LIMITS: ClusterStoreLimits = { maxPast: 500, maxPastSpans: 200_000 }

/**
 * The anomaly clusters as people ask for them: the open ones, bounded by the detector, and the most
 * recent of those that are over, with their pairs of traces, so that a link still opens when the trace
 * store has forgotten them. Fed with every change the detector makes; taking one twice does no harm
 * but for the counts.
 */
export class ClusterStore {
  /** Changes by kind since the start. */
  readonly changes: Record<ClusterChangeKind, number> = {
    opened: 0,
    updated: 0,
    closed: 0,
    merged: 0,
    split: 0,
    accepted: 0,
  }
  /** Times that people were told of a cluster: one that opened, came back, or outgrew what is known. */
  told = 0
  /** Past clusters that were dropped, and those that lost their pair of traces, for want of room. */
  droppedPast = 0
  droppedExamples = 0
  readonly #limits: ClusterStoreLimits
  readonly #open = new Map<string, AnomalyCluster>()
  /** In the order of closing, the oldest first. */
  readonly #past = new Map<string, AnomalyCluster>()
  #pastSpans = 0

  constructor(limits: ClusterStoreLimits = CLUSTER_STORE_LIMITS) {
    this.#limits = limits
  }

  /** Takes over the clusters that a restored detector knows, open and past; counts nothing. */
  seed(clusters: readonly AnomalyCluster[]): void {
    for (const cluster of clusters) this.#put(cluster)
  }

  take(change: AnomalyClusterChange): void {
    this.changes[change.change]++
    const { cluster } = change
    if (cluster.alerts && cluster.state === 'open' && !this.#open.get(cluster.id)?.alerts)
      this.told++
    // A cluster that was merged into an older one is gone under its own id.
    for (const id of cluster.mergedFrom) this.#open.delete(id)
    this.#put(cluster)
  }

  /** Open clusters, the strongest evidence first. */
  open(): AnomalyCluster[] {
    return [...this.#open.values()].sort((a, b) => b.eValue - a.eValue || compare(a.id, b.id))
  }

  /** Clusters that are over, the last one first. */
  past(): AnomalyCluster[] {
    return [...this.#past.values()].reverse()
  }

  /** The cluster of this id, or the one that it was merged into. */
  get(id: string): AnomalyCluster | null {
    const own = this.#open.get(id) ?? this.#past.get(id)
    if (own) return own
    for (const clusters of [this.#open, this.#past]) {
      for (const cluster of clusters.values()) if (cluster.mergedFrom.includes(id)) return cluster
    }
    return null
  }

  #put(cluster: AnomalyCluster): void {
    const { id } = cluster
    const before = this.#past.get(id)
    if (before) {
      // Reopened, or told again.
      this.#past.delete(id)
      this.#pastSpans -= spans(before)
    }
    if (cluster.state === 'open') {
      this.#open.set(id, cluster)
      return
    }
    this.#open.delete(id)
    this.#past.set(id, cluster)
    this.#pastSpans += spans(cluster)
    this.#trim()
  }

  #trim(): void {
    for (const [id, cluster] of this.#past) {
      if (this.#past.size > this.#limits.maxPast) {
        this.#past.delete(id)
        this.#pastSpans -= spans(cluster)
        this.droppedPast++
      } else if (this.#pastSpans > this.#limits.maxPastSpans && spans(cluster) > 0) {
        this.#past.set(id, { ...cluster, representative: null, nearestNormal: null })
        this.#pastSpans -= spans(cluster)
        this.droppedExamples++
      } else if (this.#pastSpans <= this.#limits.maxPastSpans) {
        return
      }
    }
  }
}

function spans(cluster: AnomalyCluster): number {
  return (cluster.representative?.spans.length ?? 0) + (cluster.nearestNormal?.spans.length ?? 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
