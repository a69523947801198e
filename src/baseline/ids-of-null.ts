import type { IdSets } from '../columns/marks.ts'
import type { PlaceNull } from './place-null.ts'

/** Takes note of the ids that a null refers to. */
export function useNull(used: IdSets, { known, places, strata }: PlaceNull): void {
  used.places.addAll(known)
  for (const { place, series } of places) {
    used.places.add(place)
    for (const { mix } of series) if (mix) used.paths.addAll(mix.paths)
  }
  for (const { stratum, usual } of strata) {
    used.strata.add(stratum)
    for (const values of usual) used.values.addAll(values)
  }
}
