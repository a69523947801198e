/** A model that took effect, as people and metrics see it. */
export interface InstalledModel {
  /** Hash of the content: the same normal gives the same id. */
  readonly id: string
  readonly version: number
  /** Data time at which it was fitted, and from which it judges, ms. */
  readonly fittedMs: number
  readonly installedMs: number
  readonly churn: Churn
  /** Entry operations that it judges. */
  readonly strata: number
  /** Observations that it was calibrated on. */
  readonly calibrated: number
  /** The heaviest first. */
  readonly clusters: readonly InstalledCluster[]
}

/** A normal cluster of a model that took effect. */
export interface InstalledCluster {
  readonly id: string
  readonly medoidTraceId: string
  /** Sampled observations nearest to its medoid. */
  readonly weight: number
}

/** How the clusters changed since the version before (MONIC's transitions, Spiliopoulou 2006). */
export interface Churn {
  /** Share of the previous clusters whose medoid stayed the very same observation. */
  readonly retention: number
  readonly births: number
  readonly deaths: number
  /** Share of the sample's weight that changed its cluster. */
  readonly moved: number
}
