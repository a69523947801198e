import { COUNT_BINS } from './count-bins.ts'
import type { PathCells } from './path-totals.ts'
import type { PlaceRecords } from './place-records.ts'

/**
 * The reference as the fit gets it: plain typed arrays. Place i has the records
 * [records[i], records[i + 1]), record j the values [valueOffsets[j], valueOffsets[j + 1]).
 */
export interface PlaceReferenceData extends PathCells {
  readonly bucketMs: number
  /** Place ids, ascending, the elements of each one and of its parent, and whom each one is about. */
  readonly places: Int32Array<ArrayBuffer>
  readonly element: Int32Array<ArrayBuffer>
  readonly parentElement: Int32Array<ArrayBuffer>
  readonly service: Int32Array<ArrayBuffer>
  /** 1 where the place is a call: its self time is network and queueing. */
  readonly isCall: Uint8Array<ArrayBuffer>
  /** Ids of places that were forgotten since a person accepted what they do: they are no news. */
  readonly accepted: Int32Array<ArrayBuffer>
  /** 1 where the parent is an entry. */
  readonly underEntry: Uint8Array<ArrayBuffer>
  readonly records: Int32Array<ArrayBuffer>
  /** Number of the bucket: its start / bucketMs. */
  readonly bucket: Int32Array<ArrayBuffer>
  readonly n: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
  readonly errors: Uint32Array<ArrayBuffer>
  readonly durationNs: Float32Array<ArrayBuffer>
  readonly valueOffsets: Int32Array<ArrayBuffer>
  /** Self times, ns, and the call path that each came by. */
  readonly values: Float32Array<ArrayBuffer>
  readonly valuePaths: Int32Array<ArrayBuffer>
  /** Decayed totals: runs of the place, occurrences of its parent since it was first seen. */
  readonly runTotal: Float64Array<ArrayBuffer>
  readonly parentTotal: Float64Array<ArrayBuffer>
  /** Decayed histogram of the size of its runs, `COUNT_BINS` a place. */
  readonly counts: Float64Array<ArrayBuffer>
  /** Stratum ids, ascending; stratum i has the buckets [strataRecords[i], strataRecords[i + 1]). */
  readonly strata: Int32Array<ArrayBuffer>
  readonly strataRecords: Int32Array<ArrayBuffer>
  readonly observations: Uint32Array<ArrayBuffer>
  /** ... of which structurally unusual. */
  readonly unusual: Uint32Array<ArrayBuffer>
}

export interface ReferenceSource {
  readonly bucketMs: number
  readonly places: readonly (PlaceRecords | null)[]
  readonly element: (place: number) => number
  readonly parentElement: (place: number) => number
  readonly accepted: readonly number[]
  /** Vocabulary id of the service whose doing the place is: of the callee, where it is a call. */
  readonly service: (place: number) => number
  readonly isCall: (place: number) => boolean
  readonly isEntry: (element: number) => boolean
  readonly runTotal: Float64Array
  readonly parentTotal: Float64Array
  readonly counts: Float32Array
  readonly strata: readonly (PlaceRecords | null)[]
  readonly byPath: (places: readonly number[]) => PathCells
}

export function packReference(source: ReferenceSource): PlaceReferenceData {
  const places = idsWithRecords(source.places)
  const strata = idsWithRecords(source.strata)
  const own = places.map((place) => source.places[place] as PlaceRecords)
  const ofStrata = strata.map((stratum) => source.strata[stratum] as PlaceRecords)
  const parents = places.map(source.parentElement)
  const counts = new Float64Array(places.length * COUNT_BINS)
  places.forEach((place, i) => {
    const from = place * COUNT_BINS
    counts.set(source.counts.subarray(from, from + COUNT_BINS), i * COUNT_BINS)
  })
  return {
    bucketMs: source.bucketMs,
    places: Int32Array.from(places),
    element: Int32Array.from(places, source.element),
    parentElement: Int32Array.from(parents),
    accepted: Int32Array.from(source.accepted),
    service: Int32Array.from(places, source.service),
    isCall: Uint8Array.from(places, (place) => (source.isCall(place) ? 1 : 0)),
    underEntry: Uint8Array.from(parents, (element) => (source.isEntry(element) ? 1 : 0)),
    ...packRecords(own),
    runTotal: Float64Array.from(places, (place) => source.runTotal[place] ?? 0),
    parentTotal: Float64Array.from(places, (place) => source.parentTotal[place] ?? 0),
    counts,
    ...source.byPath(places),
    strata: Int32Array.from(strata),
    strataRecords: offsets(ofStrata, ({ count }) => count),
    observations: Uint32Array.from(ofStrata.flatMap(({ n, count }) => [...n.subarray(0, count)])),
    unusual: Uint32Array.from(
      ofStrata.flatMap(({ errors, count }) => [...errors.subarray(0, count)]),
    ),
  }
}

function idsWithRecords(all: readonly (PlaceRecords | null)[]): number[] {
  const ids: number[] = []
  all.forEach((records, id) => {
    if (records && records.count > 0) ids.push(id)
  })
  return ids
}

function packRecords(
  own: readonly PlaceRecords[],
): Pick<
  PlaceReferenceData,
  | 'records'
  | 'bucket'
  | 'n'
  | 'runs'
  | 'parents'
  | 'errors'
  | 'durationNs'
  | 'valueOffsets'
  | 'values'
  | 'valuePaths'
> {
  const records = offsets(own, ({ count }) => count)
  const total = records[own.length]!
  const valueStarts = offsets(own, ({ used }) => used)
  const packed = {
    records,
    bucket: new Int32Array(total),
    n: new Uint32Array(total),
    runs: new Uint32Array(total),
    parents: new Uint32Array(total),
    errors: new Uint32Array(total),
    durationNs: new Float32Array(total),
    valueOffsets: new Int32Array(total + 1),
    values: new Float32Array(valueStarts[own.length]!),
    valuePaths: new Int32Array(valueStarts[own.length]!),
  }
  own.forEach((place, i) => {
    const { count, used } = place
    const at = records[i]!
    packed.bucket.set(place.bucket.subarray(0, count), at)
    packed.n.set(place.n.subarray(0, count), at)
    packed.runs.set(place.runs.subarray(0, count), at)
    packed.parents.set(place.parents.subarray(0, count), at)
    packed.errors.set(place.errors.subarray(0, count), at)
    packed.durationNs.set(place.durationNs.subarray(0, count), at)
    packed.values.set(place.values.subarray(0, used), valueStarts[i]!)
    packed.valuePaths.set(place.paths.subarray(0, used), valueStarts[i]!)
    let value = valueStarts[i]!
    for (let r = 0; r < count; r++) {
      value += place.length[r]!
      packed.valueOffsets[at + r + 1] = value
    }
  })
  return packed
}

function offsets(
  own: readonly PlaceRecords[],
  length: (records: PlaceRecords) => number,
): Int32Array<ArrayBuffer> {
  const starts = new Int32Array(own.length + 1)
  own.forEach((records, i) => {
    starts[i + 1] = starts[i]! + length(records)
  })
  return starts
}
