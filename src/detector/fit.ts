import { categoryShares, structureShares } from '../baseline/entry-shares.ts'
import { entryTails } from '../baseline/entry-tails.ts'
import { fitPlaceNull, type PlaceNull } from '../baseline/place-null.ts'
import type { PlaceReferenceData } from '../baseline/reference-data.ts'
import { fitModel } from '../model/fit.ts'
import type { FittedModel, ModelRequest } from '../model/fit-request.ts'

/**
 * Everything a fit needs: the samples that the model is made of, and what places did lately. Plain data
 * that can be sent to a worker thread or kept in a checkpoint; the same request gives the same result
 * everywhere.
 */
export interface FitRequest extends ModelRequest {
  /** null: nothing is known of places, and none is watched. */
  readonly places: PlaceReferenceData | null
}

/** A model, and what places do while all is well. */
export interface FitResult extends FittedModel {
  readonly places: PlaceNull | null
}

/** Fits the model, and with what it finds unusual the baseline of places. Pure. */
export function fit(request: FitRequest): FitResult {
  const { model, scored } = fitModel(request)
  const { places } = request
  if (places === null) return { ...model, places }
  const structure = structureShares(model.calibration, scored)
  const categories = categoryShares(request)
  const tails = entryTails(request)
  return { ...model, places: fitPlaceNull(places, { structure, categories, tails }) }
}
