import { dispersionMoments, NO_MOMENTS } from '../stats/over-dispersion.ts'
import { upperShare } from '../stats/quantile-bound.ts'
import type { CategoryShare } from './category-shares.ts'
import { binEdge, COUNT_BINS } from './count-bins.ts'
import type { ByPath } from './mix-null.ts'
import type { NullOptions } from './null-options.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import { draftSelfTimes } from './self-time-draft.ts'
import type { SeriesDraft } from './series-draft.ts'
import { APPEARANCE, CATEGORY, COUNT, ERRORS, PRESENCE, STRUCTURE } from './series-kind.ts'
import type { StructureShare } from './structure-shares.ts'

/** More calls than normal are material beyond this multiple of the median. */
const MATERIAL_MORE = 1.5

/** The series of place i (an index into `data.places`) that its reference supports. */
export function draftPlace(
  data: PlaceReferenceData,
  i: number,
  options: NullOptions,
): SeriesDraft[] {
  return [
    ...draftSelfTimes(data, i, options),
    ...draftErrors(data, i, options),
    ...draftCount(data, i, options),
    ...draftPresence(data, i, options),
    ...draftAppearance(data, i, options),
  ]
}

function draftErrors(data: PlaceReferenceData, i: number, options: NullOptions): SeriesDraft[] {
  const from = data.records[i]!
  const to = data.records[i + 1]!
  const n = sum(data.n, from, to)
  if (n < options.leastReference) return []
  const errors = sum(data.errors, from, to)
  return [
    {
      kind: ERRORS,
      level: 0,
      rate: succession(errors, n),
      floor: options.rareFloor,
      normal: errors / n,
      reference: n,
      perBucket: n / (to - from),
      pool: 'errors',
      moments: dispersionMoments(data.n, data.errors, from, to),
      byPath: cellsOf(data, i, data.cellPath, (cell) => [
        data.cellN[cell]!,
        data.cellErrors[cell]!,
      ]),
    },
  ]
}

/** Calls per parent, where the parent makes at least one: retries and loops. */
function draftCount(data: PlaceReferenceData, i: number, options: NullOptions): SeriesDraft[] {
  const from = i * COUNT_BINS
  const runs = sum(data.counts, from, from + COUNT_BINS)
  if (runs < options.leastReference) return []
  const at = (share: number): number => {
    let below = 0
    for (let bin = 0; bin < COUNT_BINS; bin++) {
      below += data.counts[from + bin]!
      if (below >= share * runs * (1 - 1e-9)) return binEdge(bin)
    }
    return Number.POSITIVE_INFINITY
  }
  const median = at(0.5)
  const level = Math.max(
    at(upperShare(options.quantile, runs, options.deviations)),
    median * MATERIAL_MORE,
  )
  if (!Number.isFinite(level)) return []
  let beyond = 0
  for (let bin = 0; bin < COUNT_BINS; bin++) {
    if (binEdge(bin) > level) beyond += data.counts[from + bin]!
  }
  const more = (cell: number): number => {
    let runsBeyond = 0
    for (let bin = 0; bin < COUNT_BINS; bin++) {
      if (binEdge(bin) > level) runsBeyond += data.cellCounts[cell * COUNT_BINS + bin]!
    }
    return runsBeyond
  }
  return [
    {
      kind: COUNT,
      level,
      rate: beyond / runs,
      floor: options.countFloor,
      normal: median,
      reference: runs,
      perBucket: runs / (data.records[i + 1]! - data.records[i]!),
      pool: 'count',
      moments: NO_MOMENTS,
      byPath: cellsOf(data, i, data.cellPath, (cell) => [data.cellRuns[cell]!, more(cell)]),
    },
  ]
}

/** A child that (nearly) every occurrence of its parent has; missing is what deviates. */
function draftPresence(data: PlaceReferenceData, i: number, options: NullOptions): SeriesDraft[] {
  const parents = data.parentTotal[i]!
  if (data.parentElement[i] === 0 || parents < options.leastReference) return []
  const missing = Math.max(0, parents - data.runTotal[i]!)
  if (missing > options.presenceFloor * parents) return []
  const from = data.records[i]!
  const to = data.records[i + 1]!
  const absent = new Float64Array(to - from)
  for (let r = from; r < to; r++) absent[r - from] = Math.max(0, data.parents[r]! - data.runs[r]!)
  return [
    {
      kind: PRESENCE,
      level: 0,
      rate: succession(missing, parents),
      floor: options.presenceFloor,
      normal: 1 - missing / parents,
      reference: parents,
      perBucket: parents / (to - from),
      pool: 'presence',
      moments: dispersionMoments(data.parents.subarray(from, to), absent, 0, to - from),
      byPath: cellsOf(data, i, data.cellParent, (cell) => {
        const ofCell = data.cellParents[cell]!
        return [ofCell, Math.max(0, ofCell - data.cellRuns[cell]!)]
      }),
    },
  ]
}

/**
 * A child that some occurrences of its parent have, and far more may: the look-up that no cache spares
 * any more. Not below entries: there it is the mix of requests that decides.
 */
function draftAppearance(data: PlaceReferenceData, i: number, options: NullOptions): SeriesDraft[] {
  const parents = data.parentTotal[i]!
  const runs = data.runTotal[i]!
  const fixed = data.parentElement[i] === 0 || data.underEntry[i] === 1
  if (fixed || parents < options.leastReference || runs > options.optional * parents) return []
  const from = data.records[i]!
  const to = data.records[i + 1]!
  return [
    {
      kind: APPEARANCE,
      level: 0,
      rate: succession(runs, parents),
      floor: options.commonFloor,
      normal: runs / parents,
      reference: parents,
      perBucket: parents / (to - from),
      pool: 'presence',
      moments: dispersionMoments(
        data.parents.subarray(from, to),
        data.runs.subarray(from, to),
        0,
        to - from,
      ),
      byPath: cellsOf(data, i, data.cellParent, (cell) => {
        const ofCell = data.cellParents[cell]!
        return [ofCell, Math.min(ofCell, data.cellRuns[cell]!)]
      }),
    },
  ]
}

/**
 * Structurally unusual observations of a stratum. How many are normal follows from the calibration of
 * the new model; how they come in bursts from the buckets as the models before saw them.
 */
export function draftStratum(
  data: PlaceReferenceData,
  { stratum, observations, unusual }: StructureShare,
  options: NullOptions,
): SeriesDraft[] {
  if (observations < options.leastReference) return []
  const i = data.strata.indexOf(stratum)
  const from = i < 0 ? 0 : data.strataRecords[i]!
  const to = i < 0 ? 0 : data.strataRecords[i + 1]!
  const seen = sum(data.observations, from, to)
  return [
    {
      kind: STRUCTURE,
      level: 0,
      rate: succession(unusual, observations),
      floor: options.rareFloor,
      normal: unusual / observations,
      reference: observations,
      perBucket: to > from ? seen / (to - from) : 1,
      pool: 'structure',
      moments: dispersionMoments(data.observations, data.unusual, from, to),
      byPath: null,
    },
  ]
}

/** Observations of a stratum with an unusual value in a category of their entry. */
export function draftCategory(
  { observations, unusual }: CategoryShare,
  options: NullOptions,
): SeriesDraft[] {
  const rate = succession(unusual, observations)
  if (observations < options.leastReference || rate > options.mostUnusual) return []
  return [
    {
      kind: CATEGORY,
      level: 0,
      rate,
      floor: options.rareFloor,
      normal: unusual / observations,
      reference: observations,
      perBucket: 1,
      pool: 'structure',
      moments: NO_MOMENTS,
      byPath: null,
    },
  ]
}

/** The cells of place i as call paths, with what `count` says of each: occurrences, deviating ones. */
function cellsOf(
  data: PlaceReferenceData,
  i: number,
  path: Int32Array<ArrayBuffer>,
  count: (cell: number) => readonly [total: number, hits: number],
): ByPath {
  const from = data.cells[i]!
  const paths = path.slice(from, data.cells[i + 1])
  const totals = new Float64Array(paths.length)
  const hits = new Float64Array(paths.length)
  for (let k = 0; k < paths.length; k++) {
    const [total, hit] = count(from + k)
    totals[k] = total
    hits[k] = hit
  }
  return { paths, totals, hits }
}

/** Laplace's rule of succession: never 0, and careful where little was seen. */
function succession(hits: number, n: number): number {
  return (hits + 1) / (n + 2)
}

function sum(values: ArrayLike<number>, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += values[i]!
  return total
}
