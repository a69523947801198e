import type { DriftView } from '../../detector/drift-view.ts'
import type { Metrics } from './metrics.ts'
import { LISTED_STRATA } from './metrics-table-clusters.ts'

const LEVEL: DriftView['changes'] = {
  learning: 0,
  stable: 0,
  suspected: 1,
  drifting: 2,
}

/** State, statistic and threshold of the busiest strata; called at a scrape. */
export function feedDrift(metrics: Metrics, { status, changes, setAside }: DriftView): void {
  metrics.clear('medoscope_drift_state')
  metrics.clear('medoscope_drift_statistic')
  metrics.clear('medoscope_drift_threshold')
  const strata = new Set<string | null>()
  let unlisted = 0
  for (const { stratum, stream, state, ratio, threshold } of status) {
    const known = strata.has(stratum)
    // The one for all strata comes on top.
    if (!known && strata.size > LISTED_STRATA) {
      if (stream === 'distance') unlisted++
      continue
    }
    strata.add(stratum)
    const labels = { stratum: stratum === null ? '(all)' : stratum.slice(0, 200), stream }
    metrics.set('medoscope_drift_state', LEVEL[state], labels)
    metrics.set('medoscope_drift_statistic', ratio, labels)
    metrics.set('medoscope_drift_threshold', threshold, labels)
  }
  metrics.set('medoscope_drift_strata_unlisted', unlisted)
  for (const [state, count] of Object.entries(changes)) {
    metrics.raise('medoscope_drift_changes_total', count, { state })
  }
  metrics.raise('medoscope_drift_blocks_set_aside_total', setAside)
}
