import { rankIntraclassCorrelation } from '../stats/intraclass-correlation.ts'
import {
  type DispersionMoments,
  dispersionMoments,
  independentOf,
  NO_MOMENTS,
} from '../stats/over-dispersion.ts'
import { lowerShare, upperShare, weightedQuantile } from '../stats/quantile-bound.ts'
import type { Constants } from './constants.ts'
import { binEdge, COUNT_BINS } from './count-bins.ts'
import type { CategoryShare, StructureShare } from './entry-shares.ts'
import type { ByPath } from './mix-null.ts'
import type { PackedRecords, PlaceReferenceData } from './reference-data.ts'
import { type SeriesSignal, SIGNALS } from './signals.ts'

/** What the reference shows of one series, before over-dispersion is shared between series. */
export interface RawEstimate {
  readonly signal: SeriesSignal
  readonly level: number
  /** Share of occurrences that deviates in the reference. */
  readonly baseRate: number
  readonly normal: number
  /** Occurrences behind it, and how many of them come from one bucket on average. */
  readonly reference: number
  readonly perBucket: number
  readonly moments: DispersionMoments
  /** Whether the occurrences of a bucket are hardly more than one, many times: the items of a batch. */
  readonly batched?: boolean
  /** Least over-dispersion, whatever was measured, where more is known of it than of its pool. */
  readonly leastRho?: number
  /** By the call paths that lead to it; null where a series has none. */
  readonly byPath: ByPath | null
}

/** Below a microsecond there is nothing left to be faster than, ns. */
const LEAST_LOW_NS = 1000

/**
 * The series of place i (an index into `data.places`) that its reference supports.
 * @param age buckets that the reference has
 */
export function placeEstimates(
  data: PlaceReferenceData,
  i: number,
  unseen: ReadonlyMap<number, UnseenShare>,
  age: number,
  constants: Constants,
): RawEstimate[] {
  if (data.isLog[i] === 1) return [...countOf(data, i, constants), ...childOf(data, i, constants)]
  return [
    ...selfTimeTails(data, i, age, constants),
    ...errorsOf(data, i, constants),
    ...countOf(data, i, constants),
    ...childOf(data, i, constants),
    ...unseenOf(data, i, unseen, constants),
    ...waitTail(data, i, age, constants),
  ]
}

/** The buckets of place i, as indices of records. */
function recordsOf(data: PackedRecords, i: number): { from: number; to: number } {
  return { from: data.records[i]!, to: data.records[i + 1]! }
}

/** Self times of one place, or waits, ascending, each with the record it is from and the calls it stands for. */
interface SortedTimes {
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly record: Int32Array
  readonly path: Int32Array
}

function sortedTimes(data: PackedRecords, i: number): SortedTimes {
  const { from, to } = recordsOf(data, i)
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
  const path = new Int32Array(count)
  for (let k = 0; k < count; k++) {
    const at = order[k]!
    const r = owner[at]!
    values[k] = data.values[first + at]!
    weights[k] = data.n[r]! / (data.valueOffsets[r + 1]! - data.valueOffsets[r]!)
    record[k] = r
    path[k] = data.valuePaths[first + at]!
  }
  return { values, weights, record, path }
}

/** A tail of the self times of a place, or of its waits. */
interface Tail {
  readonly signal: 'selfTimeP90' | 'selfTimeP99' | 'selfTimeP10' | 'wait'
  readonly level: number
  /** Where its bursts are measured: the quantile itself, as little lies beyond a level moved far out. */
  readonly bare: number
}

function selfTimeTails(
  data: PlaceReferenceData,
  i: number,
  age: number,
  constants: Constants,
): RawEstimate[] {
  const times = sortedTimes(data, i)
  if (!isEnough(data, i, times, age, constants)) return []
  const { quantile, farQuantile, deviations, half } = constants
  const { at, median, least, above } = quantilesOf(data, i, times, constants)
  const low = Math.min(
    at(lowerShare(1 - quantile, times.values.length, deviations)),
    median - least,
    half * median,
  )
  const tails: Tail[] = [
    { signal: 'selfTimeP90', level: above(quantile), bare: at(quantile) },
    { signal: 'selfTimeP99', level: above(farQuantile), bare: at(farQuantile) },
  ]
  if (low > LEAST_LOW_NS) tails.push({ signal: 'selfTimeP10', level: low, bare: at(1 - quantile) })
  const batched = isBatched(data, i, times, constants)
  const paths = data.cellPath.slice(data.cells[i]!, data.cells[i + 1])
  return tails.map((tail) => tailOf(data, i, times, median, tail, batched, paths))
}

/**
 * Of an entry, which has no other call path. Messages that wait at the same time wait together, and are taken
 * one after the other: how alike they are is seen between two looks, and there are no more that say something of
 * their own there than normal waits have room in it. Those of a consumer that works now and then, the oldest
 * first, are one.
 */
function waitTail(
  { waits, bucketMs }: PlaceReferenceData,
  i: number,
  age: number,
  constants: Constants,
): RawEstimate[] {
  const times = sortedTimes(waits, i)
  if (!isEnough(waits, i, times, age, constants)) return []
  const { quantile, half, looks } = constants
  const count = times.values.length
  const { from, to } = recordsOf(waits, i)
  const { at, median, above } = quantilesOf(waits, i, times, constants)
  const bare = at(quantile)
  const leastRho = Math.min(half, (bare * looks) / (bucketMs * 1e6))
  const independent = independentOf(count, count / (to - from), leastRho)
  const tail: Tail = { signal: 'wait', level: above(quantile, independent), bare }
  const batched = isBatched(waits, i, times, constants)
  const raw = tailOf(waits, i, times, median, tail, batched, ANY_PATH)
  return [{ ...raw, byPath: null, leastRho }]
}

const ANY_PATH = new Int32Array(1)

/** Times of two buckets may be those of two batches, unless the reference has no more than two. */
function isEnough(
  data: PackedRecords,
  i: number,
  { values }: SortedTimes,
  age: number,
  { several, enough }: Constants,
): boolean {
  const { from, to } = recordsOf(data, i)
  return values.length >= enough && to - from >= Math.max(2, Math.min(several, age))
}

/** Whether the times of a bucket are rather those of one batch than of many calls. */
function isBatched(
  data: PackedRecords,
  i: number,
  { record }: SortedTimes,
  { half }: Constants,
): boolean {
  const { from, to } = recordsOf(data, i)
  return rankIntraclassCorrelation(record, from, to) >= half
}

/** Quantiles of some times; by how much others must differ at `least`; and from where on they are beyond one. */
function quantilesOf(
  data: PackedRecords,
  i: number,
  { values, weights }: SortedTimes,
  { deviations, few }: Constants,
) {
  const { from, to } = recordsOf(data, i)
  const at = (share: number): number => weightedQuantile(values, weights, share)
  const median = at(0.5)
  const durations = data.durationNs.slice(from, to).sort()
  const least = few * durations[durations.length >> 1]!
  const above = (share: number, count = values.length): number =>
    Math.max(at(upperShare(share, count, deviations)), median + least)
  return { at, median, least, above }
}

/** `paths`: of the place, the first for all others. */
function tailOf(
  data: PackedRecords,
  i: number,
  times: SortedTimes,
  normal: number,
  { signal, level, bare }: Tail,
  batched: boolean,
  paths: Int32Array<ArrayBuffer>,
): RawEstimate {
  const { values, weights, record, path } = times
  const { from, to } = recordsOf(data, i)
  const isLow = SIGNALS[signal].direction === 'low'
  const isBeyond = (value: number, bound: number): boolean =>
    isLow ? value < bound : value > bound
  const cellOf = new Map(Array.from(paths, (one, k) => [one, k]))
  const totals = new Float64Array(paths.length)
  const hits = new Float64Array(paths.length)
  const sampled = new Float64Array(to - from)
  const beyond = new Float64Array(to - from)
  let total = 0
  let deviating = 0
  for (let k = 0; k < values.length; k++) {
    const cell = cellOf.get(path[k]!) ?? 0
    total += weights[k]!
    totals[cell]! += weights[k]!
    sampled[record[k]! - from]! += 1
    if (isBeyond(values[k]!, bare)) beyond[record[k]! - from]! += 1
    if (!isBeyond(values[k]!, level)) continue
    deviating += weights[k]!
    hits[cell]! += weights[k]!
  }
  const share = deviating / total
  return {
    signal,
    level,
    // Beyond the greatest value ever seen lies 1 in n + 1 of the next ones, or of the next batches.
    baseRate:
      signal === 'selfTimeP99'
        ? Math.max(share, 1 / ((batched ? to - from : values.length) + 1))
        : share,
    normal,
    reference: values.length,
    perBucket: values.length / sampled.length,
    moments: dispersionMoments(sampled, beyond, 0, sampled.length),
    batched,
    byPath: { paths, totals, hits },
  }
}

function errorsOf(data: PlaceReferenceData, i: number, constants: Constants): RawEstimate[] {
  const { from, to } = recordsOf(data, i)
  const n = sum(data.n, from, to)
  if (n < constants.enough) return []
  const errors = sum(data.errors, from, to)
  const failing: RawEstimate = {
    signal: 'errors',
    level: 0,
    baseRate: succession(errors, n),
    normal: errors / n,
    reference: n,
    perBucket: n / (to - from),
    moments: dispersionMoments(data.n, data.errors, from, to),
    byPath: cellsOf(data, i, data.cellPath, (cell) => [data.cellN[cell]!, data.cellErrors[cell]!]),
  }
  // Calls that fail for want of an answer are among those that fail, so no more of them are normal.
  return data.expectsAnswer[i] === 1 ? [failing, { ...failing, signal: 'noAnswer' }] : [failing]
}

function countOf(data: PlaceReferenceData, i: number, constants: Constants): RawEstimate[] {
  const first = i * COUNT_BINS
  const runs = sum(data.counts, first, first + COUNT_BINS)
  if (runs < constants.enough) return []
  const at = (share: number): number => {
    let below = 0
    for (let bin = 0; bin < COUNT_BINS; bin++) {
      below += data.counts[first + bin]!
      if (below >= share * runs * (1 - 1e-9)) return binEdge(bin)
    }
    return Number.POSITIVE_INFINITY
  }
  const median = at(0.5)
  const level = Math.max(
    at(upperShare(constants.quantile, runs, constants.deviations)),
    median * constants.plainly,
  )
  if (!Number.isFinite(level)) return []
  const beyond = (counts: Float64Array, from: number): number => {
    let runsBeyond = 0
    for (let bin = 0; bin < COUNT_BINS; bin++) {
      if (binEdge(bin) > level) runsBeyond += counts[from + bin]!
    }
    return runsBeyond
  }
  const { from, to } = recordsOf(data, i)
  return [
    {
      signal: 'count',
      level,
      baseRate: beyond(data.counts, first) / runs,
      normal: median,
      reference: runs,
      perBucket: runs / (to - from),
      moments: NO_MOMENTS,
      byPath: cellsOf(data, i, data.cellPath, (cell) => [
        data.cellRuns[cell]!,
        beyond(data.cellCounts, cell * COUNT_BINS),
      ]),
    },
  ]
}

/**
 * A child given its parent. One that (nearly) every parent has may be missing; one that some have may
 * be there far more often: the look-up that no cache spares any more. The latter not below entries,
 * where the mix of requests decides.
 */
function childOf(data: PlaceReferenceData, i: number, constants: Constants): RawEstimate[] {
  const parents = data.parentTotal[i]!
  const runs = data.runTotal[i]!
  if (data.parentElement[i] === 0 || parents < constants.enough) return []
  const { from, to } = recordsOf(data, i)
  const estimate = (
    signal: 'presence' | 'appearance',
    normal: number,
    deviating: (ofParents: number, ofRuns: number) => number,
  ): RawEstimate => ({
    signal,
    level: 0,
    baseRate: succession(deviating(parents, runs), parents),
    normal,
    reference: parents,
    perBucket: parents / (to - from),
    moments: dispersionMoments(
      data.parents.subarray(from, to),
      Array.from({ length: to - from }, (_, r) =>
        deviating(data.parents[from + r]!, data.runs[from + r]!),
      ),
      0,
      to - from,
    ),
    byPath: cellsOf(data, i, data.cellParent, (cell) => {
      const ofCell = data.cellParents[cell]!
      return [ofCell, deviating(ofCell, data.cellRuns[cell]!)]
    }),
  })
  const missing = Math.max(0, parents - runs)
  const estimates: RawEstimate[] = []
  if (missing <= constants.rare * parents) {
    estimates.push(
      estimate('presence', 1 - missing / parents, (all, had) => Math.max(0, all - had)),
    )
  }
  if (data.underEntry[i] !== 1 && runs <= constants.half * parents) {
    estimates.push(estimate('appearance', runs / parents, Math.min))
  }
  return estimates
}

/** Occurrences of one element in the reference, and those with a child in a place hardly ever seen. */
export interface UnseenShare {
  n: number
  unseen: number
}

/**
 * Ids of the places that are known, ascending: seen in `several` buckets or more, or accepted by
 * a person. One bucket would do for a place to look known, and a fault that begins is learned from
 * until it is found.
 */
export function knownPlaces(data: PlaceReferenceData, { several }: Constants): number[] {
  const known = new Set<number>(data.accepted)
  data.places.forEach((place, i) => {
    const { from, to } = recordsOf(data, i)
    if (to - from >= several) known.add(place)
  })
  return [...known].sort((a, b) => a - b)
}

/**
 * By element: how often the reference itself has what the same rule calls unseen. It is the share that
 * Good and Turing expect of things never met, counted in buckets instead of single occurrences since
 * they come in bursts.
 */
export function unseenShares(
  data: PlaceReferenceData,
  known: readonly number[],
): ReadonlyMap<number, UnseenShare> {
  const isKnown = new Set(known)
  const shares = new Map<number, UnseenShare>()
  const of = (element: number): UnseenShare => {
    const share = shares.get(element) ?? { n: 0, unseen: 0 }
    shares.set(element, share)
    return share
  }
  data.places.forEach((place, i) => {
    const { from, to } = recordsOf(data, i)
    of(data.element[i]!).n += sum(data.n, from, to)
    const above = of(data.parentElement[i]!)
    if (!isKnown.has(place)) above.unseen += sum(data.runs, from, to)
  })
  return shares
}

/** Occurrences of place i with an unseen child. Not of calls: what is below them is who answers. */
function unseenOf(
  data: PlaceReferenceData,
  i: number,
  shares: ReadonlyMap<number, UnseenShare>,
  constants: Constants,
): RawEstimate[] {
  const share = shares.get(data.element[i]!)
  const { from, to } = recordsOf(data, i)
  if (!share || data.isCall[i] === 1 || to - from < constants.several) return []
  const reference = sum(data.n, from, to)
  if (reference < constants.enough) return []
  const unseen = Math.min(share.n, share.unseen)
  return [
    {
      signal: 'unseen',
      level: 0,
      baseRate: succession(unseen, share.n),
      normal: unseen / share.n,
      reference,
      perBucket: reference / (to - from),
      moments: NO_MOMENTS,
      byPath: null,
    },
  ]
}

/**
 * Structurally unusual observations of a stratum. How many are normal follows from the calibration of
 * the new model; how they come in bursts from the buckets as the models before saw them.
 */
export function structureOf(
  data: PlaceReferenceData,
  { stratum, observations, unusual }: StructureShare,
  constants: Constants,
): RawEstimate[] {
  if (observations < constants.enough) return []
  const i = data.strata.indexOf(stratum)
  const from = i < 0 ? 0 : data.strataRecords[i]!
  const to = i < 0 ? 0 : data.strataRecords[i + 1]!
  const seen = sum(data.observations, from, to)
  return [
    {
      signal: 'structure',
      level: 0,
      baseRate: succession(unusual, observations),
      normal: unusual / observations,
      reference: observations,
      perBucket: to > from ? seen / (to - from) : 1,
      moments: dispersionMoments(data.observations, data.unusual, from, to),
      byPath: null,
    },
  ]
}

/** Requests of an entry operation that nothing is known of: as many fail as of those that are known. */
export function failuresOf(
  { requests: { n, failed } }: PlaceReferenceData,
  constants: Constants,
): RawEstimate[] {
  if (n < constants.enough) return []
  return [
    {
      signal: 'failures',
      level: 0,
      baseRate: succession(failed, n),
      normal: failed / n,
      reference: n,
      perBucket: 1,
      moments: NO_MOMENTS,
      byPath: null,
    },
  ]
}

/** Observations of a stratum with an unusual value in a category of their entry. */
export function categoryOf(
  { observations, unusual }: CategoryShare,
  constants: Constants,
): RawEstimate[] {
  const baseRate = succession(unusual, observations)
  if (observations < constants.enough || 1 - baseRate < constants.most) return []
  return [
    {
      signal: 'category',
      level: 0,
      baseRate,
      normal: unusual / observations,
      reference: observations,
      perBucket: 1,
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
  const counted = Array.from(paths, (_, k) => count(from + k))
  return {
    paths,
    totals: Float64Array.from(counted, ([total]) => total),
    hits: Float64Array.from(counted, ([, hits]) => hits),
  }
}

/** Laplace's rule of succession: never 0, and careful where little was seen. */
export function succession(hits: number, n: number): number {
  return (hits + 1) / (n + 2)
}

function sum(values: ArrayLike<number>, from: number, to: number): number {
  let total = 0
  for (let i = from; i < to; i++) total += values[i]!
  return total
}
