import { binEdge, COUNT_BINS } from './count-bins.ts'
import type { NullOptions } from './null-options.ts'
import { dispersionMoments } from './over-dispersion.ts'
import { lowerShare, upperShare, weightedQuantile } from './quantile-bound.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import type { SeriesDraft } from './series-draft.ts'
import type { StructureShare } from './structure-shares.ts'

const NO_MOMENTS = { excess: 0, pairs: 0 }
/** Faster than normal is material below this share of the median. */
const MATERIAL_FASTER = 0.5
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
  ]
}

/** Self times of one place, ascending, each with the record it is from and the calls it stands for. */
interface SortedTimes {
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly record: Int32Array
}

function sortedTimes(data: PlaceReferenceData, i: number): SortedTimes {
  const from = data.records[i]!
  const to = data.records[i + 1]!
  const first = data.valueOffsets[from]!
  const count = data.valueOffsets[to]! - first
  const owner = new Int32Array(count)
  for (let r = from; r < to; r++) {
    owner.fill(r, data.valueOffsets[r]! - first, data.valueOffsets[r + 1]! - first)
  }
  const order = Uint32Array.from(owner.keys())
  order.sort((a, b) => data.values[first + a]! - data.values[first + b]! || a - b)
  const values = new Float64Array(count)
  const weights = new Float64Array(count)
  const record = new Int32Array(count)
  for (let k = 0; k < count; k++) {
    const at = order[k]!
    const r = owner[at]!
    values[k] = data.values[first + at]!
    weights[k] = data.n[r]! / (data.valueOffsets[r + 1]! - data.valueOffsets[r]!)
    record[k] = r
  }
  return { values, weights, record }
}

function draftSelfTimes(data: PlaceReferenceData, i: number, options: NullOptions): SeriesDraft[] {
  const times = sortedTimes(data, i)
  const count = times.values.length
  if (count < options.leastReference) return []
  const { values, weights } = times
  const { quantile, deviations, material } = options
  const median = weightedQuantile(values, weights, 0.5)
  const durations = data.durationNs.slice(data.records[i]!, data.records[i + 1]!).sort()
  const least = material * durations[durations.length >> 1]!
  const upper = weightedQuantile(values, weights, upperShare(quantile, count, deviations))
  const lower = weightedQuantile(values, weights, lowerShare(1 - quantile, count, deviations))
  const high = Math.max(upper, median + least)
  const low = Math.min(lower, median - least, median * MATERIAL_FASTER)
  const drafts = [selfTimeDraft(data, i, times, 'high', high, median, options)]
  // Below a microsecond there is nothing left to be faster than.
  if (low > 1000) drafts.push(selfTimeDraft(data, i, times, 'low', low, median, options))
  return drafts
}

function selfTimeDraft(
  data: PlaceReferenceData,
  i: number,
  { values, weights, record }: SortedTimes,
  direction: 'high' | 'low',
  level: number,
  normal: number,
  options: NullOptions,
): SeriesDraft {
  const from = data.records[i]!
  const to = data.records[i + 1]!
  const deviating = new Float64Array(to - from)
  const sampled = new Float64Array(to - from)
  let total = 0
  let beyond = 0
  for (let k = 0; k < values.length; k++) {
    const deviates = direction === 'high' ? values[k]! > level : values[k]! < level
    sampled[record[k]! - from]! += 1
    total += weights[k]!
    if (!deviates) continue
    deviating[record[k]! - from]! += 1
    beyond += weights[k]!
  }
  return {
    term: 'self_time',
    direction,
    level,
    rate: beyond / total,
    floor: options.commonFloor,
    normal,
    reference: values.length,
    perBucket: values.length / (to - from),
    pool: 'selfTime',
    moments: dispersionMoments(sampled, deviating, 0, to - from),
  }
}

function draftErrors(data: PlaceReferenceData, i: number, options: NullOptions): SeriesDraft[] {
  const from = data.records[i]!
  const to = data.records[i + 1]!
  const n = sum(data.n, from, to)
  if (n < options.leastReference) return []
  const errors = sum(data.errors, from, to)
  return [
    {
      term: 'errors',
      direction: 'high',
      level: 0,
      rate: succession(errors, n),
      floor: options.rareFloor,
      normal: errors / n,
      reference: n,
      perBucket: n / (to - from),
      pool: 'errors',
      moments: dispersionMoments(data.n, data.errors, from, to),
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
  return [
    {
      term: 'count',
      direction: 'high',
      level,
      rate: beyond / runs,
      floor: options.commonFloor,
      normal: median,
      reference: runs,
      perBucket: runs / (data.records[i + 1]! - data.records[i]!),
      pool: 'selfTime',
      moments: NO_MOMENTS,
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
      term: 'presence',
      direction: 'low',
      level: 0,
      rate: succession(missing, parents),
      floor: options.presenceFloor,
      normal: 1 - missing / parents,
      reference: parents,
      perBucket: parents / (to - from),
      pool: 'presence',
      moments: dispersionMoments(data.parents.subarray(from, to), absent, 0, to - from),
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
      term: 'structure',
      direction: 'high',
      level: 0,
      rate: succession(unusual, observations),
      floor: options.rareFloor,
      normal: unusual / observations,
      reference: observations,
      perBucket: to > from ? seen / (to - from) : 1,
      pool: 'structure',
      moments: dispersionMoments(data.observations, data.unusual, from, to),
    },
  ]
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
