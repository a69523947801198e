import { COUNT_BINS } from '../../src/baseline/count-bins.ts'
import type { PackedRecords, PlaceReferenceData } from '../../src/baseline/reference-data.ts'

/** One bucket of one place. */
export interface HandRecord {
  readonly n?: number
  readonly runs?: number
  readonly parents?: number
  readonly errors?: number
  readonly durationNs?: number
  /** Self times, ns, each with the path it came by. */
  readonly values?: readonly (readonly [selfNs: number, path: number])[]
}

/** A call path of one place; `counts` by bin. */
export interface HandCell {
  readonly path: number
  readonly parent?: number
  readonly n?: number
  readonly errors?: number
  readonly runs?: number
  readonly parents?: number
  readonly counts?: readonly number[]
}

export interface HandPlace {
  readonly place?: number
  readonly element?: number
  readonly parentElement?: number
  readonly service?: number
  readonly isCall?: boolean
  readonly isLog?: boolean
  readonly expectsAnswer?: boolean
  readonly underEntry?: boolean
  readonly records?: readonly HandRecord[]
  /** The same of the messages that it took: `values` are waits. */
  readonly waits?: readonly HandRecord[]
  readonly runTotal?: number
  readonly parentTotal?: number
  readonly counts?: readonly number[]
  readonly cells?: readonly HandCell[]
}

/** A stratum with its buckets: observations, and the unusual ones. */
export type HandStratum = readonly [
  stratum: number,
  buckets: readonly (readonly [observations: number, unusual: number])[],
]

/** What the fit gets, written down by hand. */
export function handReferenceData(
  places: readonly HandPlace[],
  strata: readonly HandStratum[] = [],
  accepted: readonly number[] = [],
  requests: PlaceReferenceData['requests'] = { n: 0, failed: 0 },
): PlaceReferenceData {
  const cells = places.map((place) => [{ path: 0 }, ...(place.cells ?? [])] as HandCell[])
  const allCells = cells.flat()
  const buckets = strata.map(([, ofStratum]) => ofStratum)
  const counts = (bins: readonly number[] = []): number[] =>
    Array.from({ length: COUNT_BINS }, (_, bin) => bins[bin] ?? 0)
  return {
    bucketMs: 30_000,
    requests,
    places: ints(places.map(({ place }, i) => place ?? 10 + i)),
    element: ints(places.map(({ element }, i) => element ?? 20 + i)),
    parentElement: ints(places.map(({ parentElement }) => parentElement ?? 0)),
    service: ints(places.map(({ service }) => service ?? 3)),
    isCall: Uint8Array.from(places, ({ isCall }) => Number(isCall ?? false)),
    isLog: Uint8Array.from(places, ({ isLog }) => Number(isLog ?? false)),
    expectsAnswer: Uint8Array.from(places, ({ expectsAnswer }) => Number(expectsAnswer ?? false)),
    underEntry: Uint8Array.from(places, ({ underEntry }) => Number(underEntry ?? false)),
    accepted: ints(accepted),
    ...packed(places.map((place) => place.records ?? [])),
    waits: packed(places.map((place) => place.waits ?? [])),
    runTotal: Float64Array.from(places, ({ runTotal }) => runTotal ?? 0),
    parentTotal: Float64Array.from(places, ({ parentTotal }) => parentTotal ?? 0),
    counts: Float64Array.from(places.flatMap((place) => counts(place.counts))),
    cells: offsets(cells),
    cellPath: ints(allCells.map(({ path }) => path)),
    cellParent: ints(allCells.map(({ parent }) => parent ?? 0)),
    cellN: Float64Array.from(allCells, ({ n }) => n ?? 0),
    cellErrors: Float64Array.from(allCells, ({ errors }) => errors ?? 0),
    cellRuns: Float64Array.from(allCells, ({ runs }) => runs ?? 0),
    cellParents: Float64Array.from(allCells, ({ parents }) => parents ?? 0),
    cellCounts: Float64Array.from(allCells.flatMap((cell) => counts(cell.counts))),
    strata: ints(strata.map(([stratum]) => stratum)),
    strataRecords: offsets(buckets),
    observations: Uint32Array.from(buckets.flat(), ([observations]) => observations),
    unusual: Uint32Array.from(buckets.flat(), ([, unusual]) => unusual),
  }
}

function ints(numbers: readonly number[]): Int32Array<ArrayBuffer> {
  return Int32Array.from(numbers)
}

function packed(records: readonly (readonly HandRecord[])[]): PackedRecords {
  const all = records.flat()
  const values = all.map((record) => record.values ?? [])
  return {
    records: offsets(records),
    bucket: ints(all.map((_, i) => i)),
    n: Uint32Array.from(all, ({ n, values: own }) => n ?? own?.length ?? 0),
    runs: Uint32Array.from(all, ({ runs }) => runs ?? 0),
    parents: Uint32Array.from(all, ({ parents }) => parents ?? 0),
    errors: Uint32Array.from(all, ({ errors }) => errors ?? 0),
    durationNs: Float32Array.from(all, ({ durationNs }) => durationNs ?? 0),
    valueOffsets: offsets(values),
    values: Float32Array.from(values.flat(), ([selfNs]) => selfNs),
    valuePaths: ints(values.flat().map(([, path]) => path)),
  }
}

function offsets(groups: readonly (readonly unknown[])[]): Int32Array<ArrayBuffer> {
  const starts = new Int32Array(groups.length + 1)
  groups.forEach(({ length }, i) => {
    starts[i + 1] = (starts[i] ?? 0) + length
  })
  return starts
}
