import { dispersionMoments } from '../stats/over-dispersion.ts'
import { lowerShare, upperShare, weightedQuantile } from '../stats/quantile-bound.ts'
import type { ByPath } from './mix-null.ts'
import type { NullOptions } from './null-options.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import type { Pool, SeriesDraft } from './series-draft.ts'
import { SELF_FAR, SELF_HIGH, SELF_LOW } from './series-kind.ts'

/** Faster than normal is material below this share of the median. */
const MATERIAL_FASTER = 0.5
/** Below a microsecond there is nothing left to be faster than, ns. */
const LEAST_LOW_NS = 1000

/** Self times of one place, ascending, each with the record it is from and the calls it stands for. */
interface SortedTimes {
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly record: Int32Array
  readonly path: Int32Array
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

/** The self time of place i: above, far above and below normal. */
export function draftSelfTimes(
  data: PlaceReferenceData,
  i: number,
  options: NullOptions,
): SeriesDraft[] {
  const times = sortedTimes(data, i)
  const count = times.values.length
  if (count < options.leastReference) return []
  const { values, weights } = times
  const { quantile, farQuantile, deviations, material } = options
  const at = (share: number): number => weightedQuantile(values, weights, share)
  const median = at(0.5)
  const durations = data.durationNs.slice(data.records[i]!, data.records[i + 1]!).sort()
  const least = material * durations[durations.length >> 1]!
  const high = Math.max(at(upperShare(quantile, count, deviations)), median + least)
  const far = Math.max(at(upperShare(farQuantile, count, deviations)), median + least)
  const low = Math.min(
    at(lowerShare(1 - quantile, count, deviations)),
    median - least,
    median * MATERIAL_FASTER,
  )
  const { commonFloor, farFloor } = options
  const draft = draftOf.bind(null, data, i, times, median)
  const drafts = [
    draft({ kind: SELF_HIGH, level: high, bare: at(quantile), floor: commonFloor }),
    draft({ kind: SELF_FAR, level: far, bare: at(farQuantile), floor: farFloor }),
  ]
  if (low > LEAST_LOW_NS) {
    drafts.push(draft({ kind: SELF_LOW, level: low, bare: at(1 - quantile), floor: commonFloor }))
  }
  return drafts
}

/** `bare`: the quantile itself, where bursts are measured: beyond a far level there is little to count. */
interface Bound {
  readonly kind: number
  readonly level: number
  readonly bare: number
  readonly floor: number
}

function draftOf(
  data: PlaceReferenceData,
  i: number,
  times: SortedTimes,
  normal: number,
  { kind, level, bare, floor }: Bound,
): SeriesDraft {
  const { values, weights } = times
  let total = 0
  let deviating = 0
  for (let k = 0; k < values.length; k++) {
    total += weights[k]!
    if (kind === SELF_LOW ? values[k]! < level : values[k]! > level) deviating += weights[k]!
  }
  const { sampled, beyond } = beyondByBucket(data, i, times, kind, bare)
  const pool: Pool = kind === SELF_FAR ? 'far' : 'selfTime'
  const share = deviating / total
  return {
    kind,
    level,
    // Beyond the greatest value ever seen lies 1 in n + 1 of the next ones.
    rate: kind === SELF_FAR ? Math.max(share, 1 / (values.length + 1)) : share,
    floor,
    normal,
    reference: values.length,
    perBucket: values.length / sampled.length,
    pool,
    moments: dispersionMoments(sampled, beyond, 0, sampled.length),
    byPath: beyondByPath(data, i, times, kind, level),
  }
}

/** Calls of place i by the path they came by, and how many of them lie beyond `level`. */
function beyondByPath(
  data: PlaceReferenceData,
  i: number,
  { values, weights, path }: SortedTimes,
  kind: number,
  level: number,
): ByPath {
  const paths = data.cellPath.slice(data.cells[i]!, data.cells[i + 1])
  const totals = new Float64Array(paths.length)
  const hits = new Float64Array(paths.length)
  const cellOf = new Map(Array.from(paths, (one, k) => [one, k]))
  for (let k = 0; k < values.length; k++) {
    const cell = cellOf.get(path[k]!) ?? 0
    totals[cell]! += weights[k]!
    if (kind === SELF_LOW ? values[k]! < level : values[k]! > level) hits[cell]! += weights[k]!
  }
  return { paths, totals, hits }
}

/** Sampled values of each bucket of place i, and how many of them lie beyond `level`. */
function beyondByBucket(
  data: PlaceReferenceData,
  i: number,
  { values, record }: SortedTimes,
  kind: number,
  level: number,
): { sampled: Float64Array; beyond: Float64Array } {
  const from = data.records[i]!
  const buckets = data.records[i + 1]! - from
  const sampled = new Float64Array(buckets)
  const beyond = new Float64Array(buckets)
  for (let k = 0; k < values.length; k++) {
    sampled[record[k]! - from]! += 1
    if (kind === SELF_LOW ? values[k]! < level : values[k]! > level) beyond[record[k]! - from]! += 1
  }
  return { sampled, beyond }
}
