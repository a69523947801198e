import { grownTo } from '../columns/grown-array.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { COUNT_BINS, countBin } from './count-bins.ts'

/** Call paths of one place that are told apart; those with the fewest occurrences are all others. */
export const MOST_CELLS = 64

/**
 * What every call path did while all was well: decayed totals by path, as those of places. The path
 * tells by which kind of request a place was reached. Bounded by the table of paths; what finds no
 * room there belongs to no path.
 */
export class PathTotals {
  readonly #table: ElementTable
  /** Place of each path; 0 while it was not seen. */
  #place = new Int32Array(0)
  // The running bucket, by path: occurrences, those that failed by themselves, runs (children of one
  // parent taken together), and occurrences in complete observations, where a missing child says something.
  #n = new Uint32Array(0)
  #errors = new Uint32Array(0)
  #runs = new Uint32Array(0)
  #complete = new Uint32Array(0)
  // Lasting, decayed.
  #nTotal = new Float32Array(0)
  #errorTotal = new Float32Array(0)
  #runTotal = new Float32Array(0)
  #completeTotal = new Float32Array(0)
  /** Complete occurrences of the path above, those left out while the place was frozen. */
  #parentTotal = new Float32Array(0)
  /** Decayed histograms of runs, where one of more than one span was seen. */
  readonly #sizes = new Map<number, Float32Array<ArrayBuffer>>()

  constructor(table: ElementTable) {
    this.#table = table
  }

  learn(elements: TraceElements, scan: OccurrenceScan, frozen: Uint8Array): void {
    const { path, place, count } = elements
    if (this.#table.paths.size > this.#n.length) this.#grow(this.#table.paths.size)
    for (let i = 0; i < count; i++) {
      const p = path[i]!
      const at = place[i]!
      if (p <= OTHER_PAIR || at <= OTHER_PAIR) continue
      if (scan.complete) this.#complete[p]!++
      if (frozen[at] === 1) continue
      this.#n[p]!++
      if (scan.ownError[i] === 1) this.#errors[p]!++
    }
    if (!scan.complete) return
    for (let run = 0; run < scan.runs; run++) {
      const p = path[scan.runFirst[run]!]!
      if (p <= OTHER_PAIR || frozen[scan.runPlace[run]!] === 1) continue
      this.#runs[p]!++
      if (scan.runCount[run]! > 1) this.#addSize(p, scan.runCount[run]!)
    }
  }

  /** Ends the running bucket; `factor`: what a total is worth at the beginning of the next. */
  endBucket(factor: number, frozen: Uint8Array): void {
    const { paths } = this.#table
    // A path comes after the one above it, whose totals of before the bucket are wanted.
    for (let p = Math.min(paths.size, this.#n.length) - 1; p > OTHER_PAIR; p--) {
      const above = paths.parentOf(p)
      if (this.#place[p] === 0) this.#begin(p, above)
      const parents = frozen[this.#place[p]!] === 1 ? 0 : this.#complete[above]!
      this.#parentTotal[p] = (this.#parentTotal[p]! + parents) * factor
      this.#nTotal[p] = (this.#nTotal[p]! + this.#n[p]!) * factor
      this.#errorTotal[p] = (this.#errorTotal[p]! + this.#errors[p]!) * factor
      this.#runTotal[p] = (this.#runTotal[p]! + this.#runs[p]!) * factor
      this.#completeTotal[p] = (this.#completeTotal[p]! + this.#complete[p]!) * factor
    }
    for (const sizes of this.#sizes.values()) {
      for (let bin = 0; bin < COUNT_BINS; bin++) sizes[bin]! *= factor
    }
    this.#n.fill(0)
    this.#errors.fill(0)
    this.#runs.fill(0)
    this.#complete.fill(0)
  }

  /** Forgets what the paths of a place did. */
  forgetPlace(place: number): void {
    for (let p = OTHER_PAIR + 1; p < this.#place.length; p++) {
      if (this.#place[p] !== place) continue
      this.#nTotal[p] = 0
      this.#errorTotal[p] = 0
      this.#runTotal[p] = 0
      this.#parentTotal[p] = 0
      this.#sizes.delete(p)
    }
  }

  /** What the fit needs to know of the given places; nothing is shared with this. */
  request(places: readonly number[]): PathCells {
    const ofPlace = this.#pathsByPlace()
    const parentsOf = this.#completeByElement()
    const rows = places.map((place) => this.#largest(ofPlace.get(place) ?? []))
    const cells = new Int32Array(places.length + 1)
    rows.forEach(({ length }, i) => {
      cells[i + 1] = cells[i]! + 1 + length
    })
    const count = cells[places.length]!
    const packed = {
      cells,
      cellPath: new Int32Array(count),
      cellParent: new Int32Array(count),
      cellN: new Float64Array(count),
      cellErrors: new Float64Array(count),
      cellRuns: new Float64Array(count),
      cellParents: new Float64Array(count),
      cellCounts: new Float64Array(count * COUNT_BINS),
    }
    places.forEach((place, i) => {
      const first = cells[i]!
      rows[i]!.forEach((path, k) => {
        packed.cellPath[first + 1 + k] = path
        packed.cellParent[first + 1 + k] = this.#table.paths.parentOf(path)
        this.#addTo(packed, first + 1 + k, path)
        packed.cellParents[first + 1 + k] = this.#parentTotal[path]!
      })
      // All others: paths beyond the largest, and parents that never had such a child.
      const told = new Set(rows[i])
      for (const path of ofPlace.get(place) ?? []) {
        if (!told.has(path)) this.#addTo(packed, first, path)
      }
      let parents = parentsOf.get(this.#table.places.callerOf(place)) ?? 0
      for (const path of told) parents -= this.#completeTotal[this.#table.paths.parentOf(path)]!
      packed.cellParents[first] = Math.max(0, parents)
    })
    return packed
  }

  #addTo(packed: PathCells, cell: number, path: number): void {
    packed.cellN[cell]! += this.#nTotal[path]!
    packed.cellErrors[cell]! += this.#errorTotal[path]!
    packed.cellRuns[cell]! += this.#runTotal[path]!
    const sizes = this.#sizes.get(path)
    let single = this.#runTotal[path]!
    for (let bin = 1; bin < COUNT_BINS && sizes; bin++) {
      packed.cellCounts[cell * COUNT_BINS + bin]! += sizes[bin]!
      single -= sizes[bin]!
    }
    packed.cellCounts[cell * COUNT_BINS]! += Math.max(0, single)
  }

  /** The paths of a place with the most occurrences, ascending. */
  #largest(paths: readonly number[]): number[] {
    const n = this.#nTotal
    const sorted = [...paths].sort((a, b) => n[b]! - n[a]! || a - b)
    return sorted.slice(0, MOST_CELLS).sort((a, b) => a - b)
  }

  #pathsByPlace(): Map<number, number[]> {
    const byPlace = new Map<number, number[]>()
    for (let p = OTHER_PAIR + 1; p < this.#place.length; p++) {
      const place = this.#place[p]!
      if (place <= OTHER_PAIR || this.#nTotal[p] === 0) continue
      const known = byPlace.get(place)
      if (known) known.push(p)
      else byPlace.set(place, [p])
    }
    return byPlace
  }

  #completeByElement(): Map<number, number> {
    const { paths } = this.#table
    const totals = new Map<number, number>()
    for (let p = OTHER_PAIR + 1; p < this.#place.length && p < paths.size; p++) {
      const element = paths.elementOf(p)
      totals.set(element, (totals.get(element) ?? 0) + this.#completeTotal[p]!)
    }
    return totals
  }

  /** A path that is new: until now it was not there whenever the one above it was. */
  #begin(path: number, above: number): void {
    if (this.#n[path] === 0 && this.#runs[path] === 0) return
    const { paths, places } = this.#table
    const parent = above <= OTHER_PAIR ? 0 : paths.elementOf(above)
    this.#place[path] = places.find(parent, paths.elementOf(path))
    this.#parentTotal[path] = this.#completeTotal[above]!
  }

  #addSize(path: number, size: number): void {
    let sizes = this.#sizes.get(path)
    if (!sizes) {
      sizes = new Float32Array(COUNT_BINS)
      this.#sizes.set(path, sizes)
    }
    sizes[countBin(size)]!++
  }

  #grow(size: number): void {
    this.#n = grownTo(this.#n, size)
    const { length } = this.#n
    this.#place = grownTo(this.#place, length)
    this.#errors = grownTo(this.#errors, length)
    this.#runs = grownTo(this.#runs, length)
    this.#complete = grownTo(this.#complete, length)
    this.#nTotal = grownTo(this.#nTotal, length)
    this.#errorTotal = grownTo(this.#errorTotal, length)
    this.#runTotal = grownTo(this.#runTotal, length)
    this.#completeTotal = grownTo(this.#completeTotal, length)
    this.#parentTotal = grownTo(this.#parentTotal, length)
  }

  state(): PathTotalsState {
    return {
      place: this.#place.slice(),
      n: this.#n.slice(),
      errors: this.#errors.slice(),
      runs: this.#runs.slice(),
      complete: this.#complete.slice(),
      nTotal: this.#nTotal.slice(),
      errorTotal: this.#errorTotal.slice(),
      runTotal: this.#runTotal.slice(),
      completeTotal: this.#completeTotal.slice(),
      parentTotal: this.#parentTotal.slice(),
      sizes: [...this.#sizes].map(([path, sizes]) => [path, sizes.slice()] as const),
    }
  }

  /** Takes over a state; only valid on fresh totals of the same table. */
  restore(state: PathTotalsState): void {
    this.#place = state.place.slice()
    this.#n = state.n.slice()
    this.#errors = state.errors.slice()
    this.#runs = state.runs.slice()
    this.#complete = state.complete.slice()
    this.#nTotal = state.nTotal.slice()
    this.#errorTotal = state.errorTotal.slice()
    this.#runTotal = state.runTotal.slice()
    this.#completeTotal = state.completeTotal.slice()
    this.#parentTotal = state.parentTotal.slice()
    for (const [path, sizes] of state.sizes) this.#sizes.set(path, sizes.slice())
  }
}

/**
 * The call paths of each place: place i has the cells [cells[i], cells[i + 1]), the first of which
 * holds all that the others leave out.
 */
export interface PathCells {
  readonly cells: Int32Array<ArrayBuffer>
  /** The path, and the one above it; 0 for all others. */
  readonly cellPath: Int32Array<ArrayBuffer>
  readonly cellParent: Int32Array<ArrayBuffer>
  readonly cellN: Float64Array<ArrayBuffer>
  readonly cellErrors: Float64Array<ArrayBuffer>
  readonly cellRuns: Float64Array<ArrayBuffer>
  /** Occurrences of the parent that may have had the child. */
  readonly cellParents: Float64Array<ArrayBuffer>
  /** Histogram of the size of its runs, `COUNT_BINS` a cell. */
  readonly cellCounts: Float64Array<ArrayBuffer>
}

export interface PathTotalsState {
  readonly place: Int32Array<ArrayBuffer>
  readonly n: Uint32Array<ArrayBuffer>
  readonly errors: Uint32Array<ArrayBuffer>
  readonly runs: Uint32Array<ArrayBuffer>
  readonly complete: Uint32Array<ArrayBuffer>
  readonly nTotal: Float32Array<ArrayBuffer>
  readonly errorTotal: Float32Array<ArrayBuffer>
  readonly runTotal: Float32Array<ArrayBuffer>
  readonly completeTotal: Float32Array<ArrayBuffer>
  readonly parentTotal: Float32Array<ArrayBuffer>
  readonly sizes: readonly (readonly [path: number, sizes: Float32Array<ArrayBuffer>])[]
}
