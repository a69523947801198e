import type { InstalledModel } from '../contract/installed-model.ts'
import type { Model } from '../model/model.ts'
import { hexWords } from '../profile/kept-trace.ts'

/** What people and metrics see of a model. */
export function installedModel(model: Model): InstalledModel {
  const { id, version, fittedMs, installedMs, churn, strata, calibration } = model
  const clusters = strata
    .flatMap((stratum) => stratum.clusters)
    .sort((a, b) => b.weight - a.weight || a.index - b.index)
    .map(({ id: cluster, members, weight }) => ({
      id: cluster,
      // The medoid is its first member.
      medoidTraceId: hexWords(members[0]!.id),
      weight,
    }))
  return {
    ...{ id, version, fittedMs, installedMs, churn },
    strata: strata.length,
    calibrated: calibration.count,
    clusters,
  }
}
