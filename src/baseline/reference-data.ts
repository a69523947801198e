import { Columns } from '../columns/columns.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import { COUNT_BINS } from './count-bins.ts'
import type { PathCells } from './path-totals.ts'
import { PlaceRecords, RECORD } from './place-records.ts'
import { sampledValues } from './self-time-sample.ts'

/**
 * The buckets of several places one after another: place i has the records [records[i], records[i + 1]),
 * record j the values [valueOffsets[j], valueOffsets[j + 1]). Columns: see place-records.ts.
 */
export interface PackedRecords {
  readonly records: Int32Array<ArrayBuffer>
  readonly bucket: Int32Array<ArrayBuffer>
  readonly n: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
  readonly errors: Uint32Array<ArrayBuffer>
  readonly durationNs: Float32Array<ArrayBuffer>
  readonly valueOffsets: Int32Array<ArrayBuffer>
  /** Self times (or waits), ns, and the call path that each came by. */
  readonly values: Float32Array<ArrayBuffer>
  readonly valuePaths: Int32Array<ArrayBuffer>
}

/** Requests of all entry operations together, decayed, and those that failed. */
export interface RequestTotals {
  readonly n: number
  readonly failed: number
}

/** The reference as the fit gets it: plain typed arrays. */
export interface PlaceReferenceData extends PathCells, PackedRecords {
  readonly bucketMs: number
  /** Place ids, ascending, the elements of each one and of its parent. */
  readonly places: Int32Array<ArrayBuffer>
  readonly element: Int32Array<ArrayBuffer>
  readonly parentElement: Int32Array<ArrayBuffer>
  /** Vocabulary id of the service whose doing the place is: of the callee, where it is a call. */
  readonly service: Int32Array<ArrayBuffer>
  /** 1 where the place is a call: its self time is network and queueing. */
  readonly isCall: Uint8Array<ArrayBuffer>
  /** 1 where the place is a line of a log, which takes no time and fails nobody. */
  readonly isLog: Uint8Array<ArrayBuffer>
  /** 1 where somebody is called and may not answer. */
  readonly expectsAnswer: Uint8Array<ArrayBuffer>
  /** Ids of places that were forgotten since a person accepted what they do: they are no news. */
  readonly accepted: Int32Array<ArrayBuffer>
  /** 1 where the parent is an entry. */
  readonly underEntry: Uint8Array<ArrayBuffer>
  readonly requests: RequestTotals
  /** The same places' waits, a record for each stretch between two looks: `n` is of messages. */
  readonly waits: PackedRecords
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
  readonly table: ElementTable
  readonly places: ReadonlyMap<number, PlaceRecords>
  readonly waits: ReadonlyMap<number, PlaceRecords>
  readonly strata: ReadonlyMap<number, PlaceRecords>
  readonly accepted: Iterable<number>
  readonly totals: Readonly<Record<'runs' | 'parents', Float64Array>> & {
    readonly counts: Float32Array
  }
  readonly requests: RequestTotals
  readonly byPath: (places: readonly number[]) => PathCells
}

const NO_RECORDS = new PlaceRecords()

export function packReference(source: ReferenceSource): PlaceReferenceData {
  const { table, totals } = source
  const places = idsWithRecords(source.places)
  const strata = idsWithRecords(source.strata)
  const element = places.map((place) => table.places.calleeOf(place))
  const parents = places.map((place) => table.places.callerOf(place))
  const calls = element.map((one) => table.callee(one) !== 0)
  const isEntry = (one: number): boolean => table.places.find(0, one) > OTHER_PAIR
  const ofStrata = packRecords(strata.map((stratum) => source.strata.get(stratum) as PlaceRecords))
  return {
    bucketMs: source.bucketMs,
    requests: source.requests,
    places: Int32Array.from(places),
    element: Int32Array.from(element),
    parentElement: Int32Array.from(parents),
    accepted: Int32Array.from(source.accepted),
    service: Int32Array.from(element, (one) => table.callee(one) || table.service(one)),
    isCall: Uint8Array.from(calls, Number),
    isLog: Uint8Array.from(element, (one) => Number(table.isLog(one))),
    expectsAnswer: Uint8Array.from(element, (one, i) =>
      Number(calls[i] && table.awaitsAnswer(one)),
    ),
    underEntry: Uint8Array.from(parents, (one) => Number(isEntry(one))),
    ...packRecords(places.map((place) => source.places.get(place) as PlaceRecords)),
    waits: packRecords(places.map((place) => source.waits.get(place) ?? NO_RECORDS)),
    runTotal: Float64Array.from(places, (place) => totals.runs[place] ?? 0),
    parentTotal: Float64Array.from(places, (place) => totals.parents[place] ?? 0),
    counts: Float64Array.from(
      places.flatMap((place) => [
        ...totals.counts.subarray(place * COUNT_BINS, (place + 1) * COUNT_BINS),
      ]),
    ),
    ...source.byPath(places),
    strata: Int32Array.from(strata),
    strataRecords: ofStrata.records,
    observations: ofStrata.n,
    unusual: ofStrata.errors,
  }
}

/** Ascending. */
function idsWithRecords(all: ReadonlyMap<number, PlaceRecords>): number[] {
  const ids = [...all].filter(([, { count }]) => count > 0).map(([id]) => id)
  return ids.sort((a, b) => a - b)
}

function packRecords(own: readonly PlaceRecords[]): PackedRecords {
  const records = new Int32Array(own.length + 1)
  own.forEach(({ count }, i) => {
    records[i + 1] = records[i]! + count
  })
  const total = records[own.length]!
  const packed = new Columns(RECORD, total)
  const values = sampledValues(own.reduce((sum, { used }) => sum + used, 0))
  const valueOffsets = new Int32Array(total + 1)
  let value = 0
  own.forEach((place, i) => {
    packed.copy(records[i]!, place.records, 0, place.count)
    values.copy(value, place.values, 0, place.used)
    for (let r = records[i]!; r < records[i + 1]!; r++) {
      value += packed.of.length[r]!
      valueOffsets[r + 1] = value
    }
  })
  const { bucket, n, runs, parents, errors, durationNs } = packed.of
  const { value: selfNs, path: valuePaths } = values.of
  const columns = { bucket, n, runs, parents, errors, durationNs }
  return { records, ...columns, valueOffsets, values: selfNs, valuePaths }
}
