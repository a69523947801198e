import type { IdSets } from '../columns/marks.ts'
import { useProfile, useTrace } from '../profile/ids-in-use.ts'
import type { Model } from './model.ts'

/** Takes note of the ids that a model refers to. */
export function useModel(used: IdSets, { scales, strata, pooled }: Model): void {
  used.paths.addAll(scales.paths)
  used.strata.addAll(pooled)
  for (const { stratum, clusters, shapes } of strata) {
    used.strata.add(stratum)
    used.paths.addAll(shapes.pathSets.paths)
    used.paths.addAll(shapes.pathSets.known)
    for (const { values } of shapes.categories) used.values.addAll(values)
    for (const { medoid, members } of clusters) {
      useProfile(used, medoid)
      for (const member of members) useTrace(used, member)
    }
  }
}
