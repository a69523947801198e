import type { DetectorSettings } from '../detector/settings.ts'
import type { Config } from './schema.ts'

/** What the pure core needs of a configuration; `explainAll` names the differences of every trace (replay). */
export function detectorSettings(config: Config, explainAll = false): DetectorSettings {
  const { traces, features, sample, model, accumulate, drift } = config
  return {
    seed: config.seed,
    alpha: config.alpha,
    explainAll,
    assemble: {
      quietMs: traces.quiet,
      maxWaitMs: traces.max_wait,
      maxSpansPerTrace: traces.max_spans_per_trace,
      maxOpenTraces: traces.max_open_traces,
      maxOpenSpans: traces.max_open_spans,
      closedIds: traces.closed_ids,
      maxJumpMs: traces.max_jump,
    },
    features: {
      categories: features.categories,
      ignoreServices: features.ignore_services,
      maxTexts: features.max_texts,
      maxPaths: features.max_paths,
      maxPlaces: features.max_places,
      maxStrata: features.max_strata,
    },
    sample: {
      halfLifeMs: sample.half_life,
      size: sample.size,
      stratumFloor: sample.stratum_floor,
      stratumCap: sample.stratum_cap,
      calibrationSize: sample.calibration_size,
    },
    model: {
      windowMs: model.window,
      refreshMs: model.refresh,
      minObservations: model.min_observations,
      minCalibration: model.min_calibration,
      maxClustersPerStratum: model.max_clusters_per_stratum,
      minSupport: model.min_support,
    },
    accumulate: {
      falseClustersPerWeek: accumulate.false_clusters_per_week,
      bucketMs: accumulate.bucket,
      silentMs: accumulate.silent,
      reopenMs: accumulate.reopen,
      askAfterMs: accumulate.ask_after,
      maxOpenClusters: accumulate.max_open_clusters,
    },
    drift: {
      blockMs: drift.block,
      blockObservations: drift.block_observations,
      windowBlocks: drift.window_blocks,
      referenceBlocks: drift.reference_blocks,
      leastReferenceBlocks: drift.least_reference_blocks,
      adoptBlocks: drift.adopt_blocks,
      maxStrata: drift.max_strata,
      seed: config.seed,
    },
  }
}
