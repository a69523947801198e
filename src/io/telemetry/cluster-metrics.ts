import type { AnomalyCluster, DeviationTerm } from '../../contract/anomaly-cluster.ts'
import type { InstalledModel } from '../../contract/installed-model.ts'
import type { StepOutput } from '../../contract/step-output.ts'
import { shortText } from '../../ui/short-text.ts'
import type { ClusterStore } from '../cluster-store.ts'
import type { GaugeName, Metrics } from './metrics.ts'
import {
  LISTED_ANOMALY_CLUSTERS,
  LISTED_ENTRIES,
  LISTED_NORMAL_CLUSTERS,
} from './metrics-table-clusters.ts'

export interface ClusterMetricsSettings {
  readonly alpha: number
  readonly refreshMs: number
  readonly falseClustersPerWeek: number
}

/** Longest text that becomes a label; places are names of operations and rarely come near. */
const LABEL_LENGTH = 200

/** The cluster for normal clusters that have no series of their own. */
const OTHER = '(other)'
const NEAREST = 'medoscope_normal_cluster_observations_total'

/** Gauges of one open anomaly cluster each: cleared and set anew at every scrape. */
const PER_CLUSTER = [
  'medoscope_anomaly_cluster_info',
  'medoscope_anomaly_cluster_traces_info',
  'medoscope_anomaly_cluster_impact_ratio',
  'medoscope_anomaly_cluster_rate_ratio',
  'medoscope_anomaly_cluster_normal_rate_ratio',
  'medoscope_anomaly_cluster_observations',
  'medoscope_anomaly_cluster_strength',
  'medoscope_anomaly_cluster_typical_seconds',
  'medoscope_anomaly_cluster_normal_seconds',
  'medoscope_anomaly_cluster_typical_calls',
  'medoscope_anomaly_cluster_normal_calls',
  'medoscope_anomaly_cluster_first_timestamp_seconds',
  'medoscope_anomaly_cluster_last_timestamp_seconds',
] as const satisfies readonly GaugeName[]

/**
 * Anomaly clusters, normal clusters and changes of the model as metrics; everything that names a cluster is bounded by the numbers of the table.
 */
export class ClusterMetrics {
  readonly #metrics: Metrics
  readonly #settings: ClusterMetricsSettings
  readonly #store: ClusterStore
  #model: InstalledModel | null = null
  /** Observations and stratum by nearest normal cluster: those with a series of their own. */
  readonly #nearest = new Map<string, { count: number; readonly stratum: string }>()
  #nearestOther = 0
  #births = 0
  #deaths = 0

  constructor(metrics: Metrics, settings: ClusterMetricsSettings, store: ClusterStore) {
    this.#metrics = metrics
    this.#settings = settings
    this.#store = store
    metrics.onCollect(() => this.#collect())
  }

  /** The model that a restored detector judges with. */
  use(model: InstalledModel | null): void {
    this.#model = model
  }

  /** Counts what one turn of the loop brought; anomaly clusters are read from the store at a scrape. */
  count(output: StepOutput): void {
    for (const { cluster, stratum } of output.verdicts) {
      if (cluster !== null) this.#countNearest(cluster, stratum)
    }
    for (const { verdict } of output.anomalies) {
      if (verdict.score === null) continue
      // An exemplar names a trace, also where a part of it was judged.
      const traceId = verdict.id.slice(0, 32)
      this.#metrics.observe('medoscope_anomaly_score', verdict.score, traceId)
    }
    for (const model of output.installed) {
      // The first model is all births, which is no churn.
      if (this.#model !== null) {
        this.#births += model.churn.births
        this.#deaths += model.churn.deaths
      }
      this.#model = model
      this.#forgetAllBut(model)
    }
  }

  #countNearest(cluster: string, stratum: string): void {
    const known = this.#nearest.get(cluster)
    if (known) known.count++
    else if (this.#nearest.size < LISTED_NORMAL_CLUSTERS) {
      this.#nearest.set(cluster, { count: 1, stratum })
    } else this.#nearestOther++
  }

  /** Normal clusters that a new model no longer has give their series to those that it has. */
  #forgetAllBut(model: InstalledModel): void {
    const kept = new Set(model.clusters.map(({ id }) => id))
    for (const cluster of this.#nearest.keys()) {
      if (kept.has(cluster)) continue
      this.#nearest.delete(cluster)
      this.#metrics.forget(NEAREST, { cluster })
    }
  }

  #collect(): void {
    const metrics = this.#metrics
    metrics.set('medoscope_target_flag_ratio', this.#settings.alpha)
    metrics.set(
      'medoscope_target_false_anomaly_clusters_per_week',
      this.#settings.falseClustersPerWeek,
    )
    metrics.set('medoscope_model_refresh_interval_seconds', this.#settings.refreshMs / 1000)
    metrics.raise('medoscope_model_cluster_births_total', this.#births)
    metrics.raise('medoscope_model_cluster_deaths_total', this.#deaths)
    for (const [cluster, { count }] of this.#nearest) metrics.raise(NEAREST, count, { cluster })
    metrics.raise(NEAREST, this.#nearestOther, { cluster: OTHER })
    this.#collectAnomalyClusters()
    this.#collectModel()
  }

  #collectAnomalyClusters(): void {
    const metrics = this.#metrics
    const store = this.#store
    for (const [change, count] of Object.entries(store.changes)) {
      metrics.raise('medoscope_anomaly_cluster_changes_total', count, { change })
    }
    metrics.raise('medoscope_anomaly_clusters_told_total', store.told)
    const forgotten = 'medoscope_anomaly_clusters_forgotten_total'
    metrics.raise(forgotten, store.droppedPast, { what: 'cluster' })
    metrics.raise(forgotten, store.droppedExamples, { what: 'example' })
    const open = store.open()
    metrics.set('medoscope_anomaly_clusters', open.length)
    const unlisted = Math.max(0, open.length - LISTED_ANOMALY_CLUSTERS)
    metrics.set('medoscope_anomaly_clusters_unlisted', unlisted)
    for (const name of PER_CLUSTER) metrics.clear(name)
    for (const cluster of open.slice(0, LISTED_ANOMALY_CLUSTERS)) this.#collectCluster(cluster)
  }

  #collectCluster(cluster: AnomalyCluster): void {
    const metrics = this.#metrics
    const { id, term, direction, typical, normal } = cluster
    metrics.set('medoscope_anomaly_cluster_info', 1, {
      cluster: id,
      service: label(cluster.suspect || 'unknown'),
      term,
      direction,
      words: wordsOf(cluster),
      severity: cluster.alerts ? cluster.severity : 'information',
      place: label(cluster.place),
    })
    metrics.set('medoscope_anomaly_cluster_traces_info', 1, {
      cluster: id,
      trace_id: cluster.representative?.traceId ?? '',
      normal_trace_id: cluster.nearestNormal?.traceId ?? '',
    })
    for (const { entry, share } of cluster.impact.slice(0, LISTED_ENTRIES)) {
      metrics.set('medoscope_anomaly_cluster_impact_ratio', share, {
        cluster: id,
        entry: label(entry),
      })
    }
    const own = { cluster: id }
    const set = (name: GaugeName, value: number | null): void => {
      if (value !== null) metrics.set(name, value, own)
    }
    set('medoscope_anomaly_cluster_rate_ratio', cluster.rate)
    set('medoscope_anomaly_cluster_normal_rate_ratio', cluster.normalRate)
    set('medoscope_anomaly_cluster_observations', cluster.observations)
    set('medoscope_anomaly_cluster_strength', Math.log10(Math.max(1, cluster.eValue)))
    set('medoscope_anomaly_cluster_first_timestamp_seconds', cluster.firstMs / 1000)
    set('medoscope_anomaly_cluster_last_timestamp_seconds', cluster.lastMs / 1000)
    if (term === 'count') {
      set('medoscope_anomaly_cluster_typical_calls', typical)
      set('medoscope_anomaly_cluster_normal_calls', normal)
    } else {
      set('medoscope_anomaly_cluster_typical_seconds', typical && typical / 1000)
      set('medoscope_anomaly_cluster_normal_seconds', normal && normal / 1000)
    }
  }

  #collectModel(): void {
    const metrics = this.#metrics
    metrics.clear('medoscope_normal_cluster_info')
    metrics.clear('medoscope_normal_cluster_weight_ratio')
    const model = this.#model
    const clusters = model?.clusters ?? []
    metrics.set('medoscope_normal_clusters', clusters.length)
    if (!model) return
    metrics.set('medoscope_model_retention_ratio', model.churn.retention)
    metrics.set('medoscope_model_churn_ratio', model.churn.moved)
    const total = clusters.reduce((sum, { weight }) => sum + weight, 0)
    for (const cluster of clusters.slice(0, LISTED_NORMAL_CLUSTERS)) {
      metrics.set('medoscope_normal_cluster_info', 1, {
        cluster: cluster.id,
        stratum: label(this.#nearest.get(cluster.id)?.stratum ?? ''),
        medoid: cluster.medoidTraceId,
      })
      const weight = total > 0 ? cluster.weight / total : 0
      metrics.set('medoscope_normal_cluster_weight_ratio', weight, { cluster: cluster.id })
    }
  }
}

/** What a suspect does, in words; by direction up and down. */
const WORDS: Readonly<Record<DeviationTerm, readonly [high: string, low: string]>> = {
  errors: ['fails', 'fails less'],
  no_answer: ['does not answer', 'answers'],
  self_time: ['is slower', 'is faster'],
  count: ['is called more often', 'is called less often'],
  presence: ['is called more often', 'is missing'],
  structure: ['makes unusual calls', 'makes unusual calls'],
  category: ['gets unusual requests', 'gets unusual requests'],
  wait: ['takes messages later', 'takes messages sooner'],
  like: ['has requests that are strange in the same way', 'has fewer strange requests'],
}

function wordsOf({ term, direction }: AnomalyCluster): string {
  return WORDS[term][direction === 'high' ? 0 : 1]
}

function label(text: string): string {
  return shortText(text, LABEL_LENGTH)
}
