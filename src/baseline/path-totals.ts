import { Columns, type SavedColumns } from '../columns/columns.ts'
import type { IdSets } from '../columns/marks.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { NO_PAIR, OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import type { BucketCounts } from './bucket-counts.ts'
import { COUNT_BINS, countBin } from './count-bins.ts'

/** Call paths of one place that are told apart; those with the fewest occurrences are all others. */
export const MOST_CELLS = 64

const TOTALS = {
  /** Place of the path; 0 while it was not seen. */
  place: 'i32',
  occurrences: 'f32',
  errors: 'f32',
  runs: 'f32',
  /** Its occurrences in complete observations. */
  complete: 'f32',
  /** Those of the path above, but for those while the place was frozen. */
  parents: 'f32',
} as const

/**
 * What every call path did while all was well: decayed totals by path, as those of places. The path
 * tells by which kind of request a place was reached. Bounded by the table of paths; what finds no
 * room there belongs to no path.
 */
export class PathTotals {
  readonly #table: ElementTable
  readonly #totals = new Columns(TOTALS)
  /** Decayed histograms of runs, where one of more than one span was seen. */
  readonly #sizes = new Map<number, Float32Array<ArrayBuffer>>()

  constructor(table: ElementTable) {
    this.#table = table
  }

  /** Takes in how long the runs of an observation are, which `bucket` has counted. */
  learnRuns({ path }: TraceElements, scan: OccurrenceScan, bucket: BucketCounts): void {
    for (let run = 0; run < scan.runs; run++) {
      const p = path[scan.runFirst[run]!]!
      if (scan.runCount[run] === 1 || p <= OTHER_PAIR || bucket.isFrozen(scan.runPlace[run]!)) {
        continue
      }
      const sizes = this.#sizes.get(p) ?? new Float32Array(COUNT_BINS)
      this.#sizes.set(p, sizes)
      sizes[countBin(scan.runCount[run]!)]!++
    }
  }

  /** Adds a bucket that ends; `factor`: what a total is worth at the beginning of the next. */
  endBucket(bucket: BucketCounts, factor: number): void {
    const { paths } = this.#table
    this.#totals.grow(paths.size)
    const totals = this.#totals.of
    const counted = bucket.paths.of
    const end = Math.min(paths.size, bucket.paths.rows.rows)
    // The totals of before the bucket are wanted of the path above a new one.
    for (let p = OTHER_PAIR + 1; p < end; p++) {
      if (totals.place[p] === 0 && !paths.ids.isFree(p)) this.#begin(p, paths.parentOf(p), bucket)
    }
    for (let p = OTHER_PAIR + 1; p < end; p++) {
      if (paths.ids.isFree(p)) continue
      const above = paths.parentOf(p)
      const parents = bucket.isFrozen(totals.place[p]!) ? 0 : counted.parents[above]!
      totals.parents[p] = (totals.parents[p]! + parents) * factor
      totals.occurrences[p] = (totals.occurrences[p]! + counted.occurrences[p]!) * factor
      totals.errors[p] = (totals.errors[p]! + counted.errors[p]!) * factor
      totals.runs[p] = (totals.runs[p]! + counted.runs[p]!) * factor
      totals.complete[p] = (totals.complete[p]! + counted.parents[p]!) * factor
    }
    for (const sizes of this.#sizes.values()) {
      for (let bin = 0; bin < COUNT_BINS; bin++) sizes[bin]! *= factor
    }
  }

  /** Forgets what the paths of some places did. */
  forgetPlaces(isForgotten: (place: number) => boolean): void {
    const { place, occurrences, errors, runs, parents } = this.#totals.of
    for (let p = OTHER_PAIR + 1; p < place.length; p++) {
      if (!isForgotten(place[p]!)) continue
      occurrences[p] = 0
      errors[p] = 0
      runs[p] = 0
      parents[p] = 0
      this.#sizes.delete(p)
    }
  }

  /** Ids will be those of other things. */
  forget({ paths, places }: Pick<IdSets, 'paths' | 'places'>): void {
    for (const p of paths) {
      if (p < this.#totals.rows) this.#totals.clear(p)
      this.#sizes.delete(p)
    }
    const { place } = this.#totals.of
    for (let p = 0; p < place.length; p++) if (places.has(place[p]!)) place[p] = NO_PAIR
  }

  /** What the fit needs to know of the given places; nothing is shared with this. */
  request(places: readonly number[]): PathCells {
    const { parents, complete } = this.#totals.of
    const { paths } = this.#table
    const ofPlace = this.#pathsByPlace()
    const parentsOf = this.#completeByElement()
    const rows = places.map((place) => this.#largest(ofPlace.get(place) ?? []))
    const cells = new Int32Array(places.length + 1)
    rows.forEach(({ length }, i) => {
      cells[i + 1] = cells[i]! + 1 + length
    })
    const packed = new Columns(CELLS, cells[places.length])
    places.forEach((place, i) => {
      const first = cells[i]!
      rows[i]!.forEach((path, k) => {
        const cell = first + 1 + k
        packed.of.cellPath[cell] = path
        packed.of.cellParent[cell] = paths.parentOf(path)
        packed.of.cellParents[cell] = parents[path]!
        this.#addTo(packed, cell, path)
      })
      // All others: paths beyond the largest, and parents that never had such a child.
      const told = new Set(rows[i])
      for (const path of ofPlace.get(place) ?? []) {
        if (!told.has(path)) this.#addTo(packed, first, path)
      }
      let others = parentsOf.get(this.#table.places.callerOf(place)) ?? 0
      for (const path of told) others -= complete[paths.parentOf(path)]!
      packed.of.cellParents[first] = Math.max(0, others)
    })
    return { cells, ...packed.of }
  }

  #addTo(packed: Columns<typeof CELLS>, cell: number, path: number): void {
    const { cellN, cellErrors, cellRuns, cellCounts } = packed.of
    const { occurrences, errors, runs } = this.#totals.of
    cellN[cell]! += occurrences[path]!
    cellErrors[cell]! += errors[path]!
    cellRuns[cell]! += runs[path]!
    const sizes = this.#sizes.get(path)
    let single = runs[path]!
    for (let bin = 1; bin < COUNT_BINS && sizes; bin++) {
      cellCounts[cell * COUNT_BINS + bin]! += sizes[bin]!
      single -= sizes[bin]!
    }
    cellCounts[cell * COUNT_BINS]! += Math.max(0, single)
  }

  /** The paths of a place with the most occurrences, ascending. */
  #largest(paths: readonly number[]): number[] {
    const { occurrences } = this.#totals.of
    const sorted = [...paths].sort((a, b) => occurrences[b]! - occurrences[a]! || a - b)
    return sorted.slice(0, MOST_CELLS).sort((a, b) => a - b)
  }

  #pathsByPlace(): Map<number, number[]> {
    const { place, occurrences } = this.#totals.of
    const seen = [...place.keys()].filter((p) => place[p]! > OTHER_PAIR && occurrences[p] !== 0)
    return Map.groupBy(seen, (p) => place[p]!)
  }

  #completeByElement(): Map<number, number> {
    const { paths } = this.#table
    const { complete } = this.#totals.of
    const totals = new Map<number, number>()
    for (let p = OTHER_PAIR + 1; p < complete.length && p < paths.size; p++) {
      const element = paths.elementOf(p)
      totals.set(element, (totals.get(element) ?? 0) + complete[p]!)
    }
    return totals
  }

  /** A path that is new: until now it was not there whenever the one above it was. */
  #begin(path: number, above: number, bucket: BucketCounts): void {
    const counted = bucket.paths.of
    if (counted.occurrences[path] === 0 && counted.runs[path] === 0) return
    const { place, parents, complete } = this.#totals.of
    place[path] = this.#table.placeOfPath(path)
    parents[path] = complete[above]!
  }

  state(): PathTotalsState {
    return {
      totals: this.#totals.save(),
      sizes: [...this.#sizes].map(([path, sizes]) => [path, sizes.slice()] as const),
    }
  }

  /** Takes over a state; only valid on fresh totals of the same table. */
  restore({ totals, sizes }: PathTotalsState): void {
    this.#totals.restore(totals)
    for (const [path, ofPath] of sizes) this.#sizes.set(path, ofPath.slice())
  }
}

const CELLS = {
  /** The path, and the one above it; 0 for all others. */
  cellPath: 'i32',
  cellParent: 'i32',
  cellN: 'f64',
  cellErrors: 'f64',
  cellRuns: 'f64',
  /** Occurrences of the parent that may have had the child. */
  cellParents: 'f64',
  /** Histogram of the size of its runs, `COUNT_BINS` a cell. */
  cellCounts: { type: 'f64', width: COUNT_BINS },
} as const

/**
 * The call paths of each place: place i has the cells [cells[i], cells[i + 1]), the first of which
 * holds all that the others leave out.
 */
export interface PathCells extends SavedColumns<typeof CELLS> {
  readonly cells: Int32Array<ArrayBuffer>
}

export interface PathTotalsState {
  readonly totals: SavedColumns<typeof TOTALS>
  readonly sizes: readonly (readonly [path: number, sizes: Float32Array<ArrayBuffer>])[]
}
