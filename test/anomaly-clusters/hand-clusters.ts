import {
  AnomalyClusters,
  type ObservationContext,
} from '../../src/anomaly-clusters/anomaly-clusters.ts'
import { PlaceReference } from '../../src/baseline/place-reference.ts'
import { keepTrace } from '../../src/profile/kept-trace.ts'
import { detectorSettings } from '../detector-settings.ts'
import type { HandTraces } from '../profile/traces.ts'

/** The scales of a model that has learned none. */
export const NO_SCALES = {
  paths: new Int32Array(0),
  knots: new Float64Array(0),
  supported: new Uint8Array(0),
  upperSelf: new Float64Array(0),
  medianSelfMs: new Float64Array(0),
  observations: new Uint32Array(0),
  failing: new Uint32Array(0),
  mostTimes: new Float64Array(0),
}

export function handReference({ tables }: HandTraces): PlaceReference {
  const { bucketMs } = detectorSettings().accumulate
  return new PlaceReference(tables.elements, { bucketMs, halfLifeMs: 3_600_000, seed: 1 })
}

/** Anomaly clusters for traces that a test makes by hand. */
export function handClusters({ tables }: HandTraces, reference: PlaceReference): AnomalyClusters {
  const { elements, evidence } = tables
  return new AnomalyClusters(detectorSettings().accumulate, elements, reference, evidence)
}

/** What is known of the trace that was read last: judged by nobody, unless `judged` says so. */
export function handContext(
  { elements, scratch, tables }: HandTraces,
  timeMs: number,
  judged: Partial<Pick<ObservationContext, 'flagged' | 'pStructure' | 'differingPath'>> = {},
): ObservationContext {
  return {
    timeMs,
    flagged: false,
    pStructure: null,
    differingPath: -1,
    categories: scratch.categories,
    keep: () => ({
      profile: scratch.keep(),
      trace: keepTrace(elements, tables.categorySlots),
      nearestNormal: null,
    }),
    ...judged,
  }
}
