import type { DetectorSettings } from '../src/detector/settings.ts'
import { DRIFT_DEFAULTS } from '../src/drift/drift-settings.ts'

/** Settings for tests and benches: the defaults of config.ts in base units, parts replaced. */
export function detectorSettings(changes: Partial<DetectorSettings> = {}): DetectorSettings {
  return {
    seed: 1,
    alpha: 0.001,
    explainAll: false,
    assemble: {
      quietMs: 5_000,
      maxWaitMs: 60_000,
      maxSpansPerTrace: 5_000,
      maxOpenTraces: 50_000,
      maxOpenSpans: 1_000_000,
      closedIds: 200_000,
      maxJumpMs: 600_000,
    },
    features: {
      categories: ['http.request.method', 'http.response.status_code', 'rpc.status_code'],
      ignoreServices: ['medoscope'],
      maxTexts: 65_536,
      maxPaths: 131_072,
      maxPlaces: 8_192,
      maxStrata: 512,
    },
    sample: {
      halfLifeMs: 6 * 3_600_000,
      size: 6_000,
      stratumFloor: 40,
      stratumCap: 400,
      calibrationSize: 16_384,
    },
    model: {
      windowMs: 30_000,
      refreshMs: 600_000,
      minObservations: 30,
      minCalibration: 100,
      maxClustersPerStratum: 24,
      minSupport: 3,
    },
    accumulate: {
      falseClustersPerWeek: 1,
      bucketMs: 30_000,
      silentMs: 600_000,
      reopenMs: 120_000,
      askAfterMs: 900_000,
      maxOpenClusters: 200,
    },
    drift: { ...DRIFT_DEFAULTS, seed: 1 },
    ...changes,
  }
}
