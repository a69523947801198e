import type { PathTotalsState } from './path-totals.ts'
import { PlaceRecords, type PlaceRecordsState } from './place-records.ts'

/** A place reference as plain data. */
export interface PlaceReferenceState {
  readonly bucket: number
  readonly draw: number
  readonly frozen: Uint8Array<ArrayBuffer>
  readonly frozenStrata: Uint8Array<ArrayBuffer>
  readonly n: Uint32Array<ArrayBuffer>
  readonly errors: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly duration: Float32Array<ArrayBuffer>
  readonly values: Float32Array<ArrayBuffer>
  readonly valuePaths: Int32Array<ArrayBuffer>
  readonly touched: Int32Array<ArrayBuffer>
  readonly parents: Uint32Array<ArrayBuffer>
  readonly observations: Uint32Array<ArrayBuffer>
  readonly unusual: Uint32Array<ArrayBuffer>
  readonly records: readonly (PlaceRecordsState | null)[]
  readonly runTotal: Float64Array<ArrayBuffer>
  readonly parentTotal: Float64Array<ArrayBuffer>
  readonly counts: Float32Array<ArrayBuffer>
  readonly strata: readonly (PlaceRecordsState | null)[]
  readonly byPath: PathTotalsState
  readonly accepted: readonly number[]
}

export function restoreAll(
  all: (PlaceRecords | null)[],
  states: readonly (PlaceRecordsState | null)[],
): void {
  for (const state of states) {
    const records = state && new PlaceRecords()
    if (state) records?.restore(state)
    all.push(records)
  }
}
