import { Columns, type SavedColumns } from '../columns/columns.ts'
import type { IdSets } from '../columns/marks.ts'
import { type SavedTouchedRows, TouchedRows } from '../columns/touched-rows.ts'
import type { ElementTable } from '../profile/element-table.ts'
import type { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import type { SelfTimeSample, WaitSample } from './self-time-sample.ts'
import type { Denominator } from './signals.ts'

/**
 * By place: occurrences, those that failed by themselves, runs (children of one parent taken together),
 * messages that it took of which it is known how long they waited, and the duration of the first
 * observation that contains it, ns.
 */
const PLACE = {
  occurrences: 'u32',
  errors: 'u32',
  runs: 'u32',
  waits: 'u32',
  durationNs: 'f32',
} as const

/** By call path; `parents`: its occurrences in complete observations, where a missing child says something. */
const PATH = { occurrences: 'u32', errors: 'u32', runs: 'u32', parents: 'u32' } as const

/** By element: its occurrences in complete observations. */
const ELEMENT = { parents: 'u32' } as const

/** By stratum: observations whose set of calls is judged, the unusual ones, and all requests. */
const STRATUM = { observations: 'u32', unusual: 'u32', requests: 'u32' } as const

const FROZEN = { frozen: 'u8' } as const

/**
 * What happened in the running bucket of data time: flat counters by place, call path, element and
 * stratum. There are two: of all observations, whose deviations are held against them, and of those
 * that are learned from, which leave out what is frozen.
 */
export class BucketCounts {
  readonly places = new TouchedRows(PLACE)
  readonly paths = new TouchedRows(PATH)
  readonly elements = new TouchedRows(ELEMENT)
  readonly strata = new TouchedRows(STRATUM)
  readonly #frozenPlaces = new Columns(FROZEN)
  readonly #frozenStrata = new Columns(FROZEN)
  readonly #table: ElementTable
  readonly #sample: SelfTimeSample | null
  readonly #waits: WaitSample | null

  /** `sample`, `waits`: take in self times, and waits, as they are counted. */
  constructor(
    table: ElementTable,
    sample: SelfTimeSample | null = null,
    waits: WaitSample | null = null,
  ) {
    this.#table = table
    this.#sample = sample
    this.#waits = waits
  }

  /** Makes room for all ids that there are. */
  grow(): void {
    const { places, paths, elements, strata } = this.#table
    this.places.rows.grow(places.size)
    this.#frozenPlaces.grow(places.size)
    this.#sample?.grow(places.size)
    this.#waits?.grow(places.size)
    this.paths.rows.grow(paths.size)
    this.elements.rows.grow(elements.size)
    this.strata.rows.grow(strata.size)
    this.#frozenStrata.grow(strata.size)
  }

  count(elements: TraceElements, scan: OccurrenceScan): void {
    this.grow()
    this.#countOccurrences(elements, scan)
    if (elements.trace.waitNs >= 0) this.#countWait(elements)
    if (!scan.complete) return
    this.#countParents(elements)
    this.#countRuns(elements, scan)
  }

  countObservation(stratum: number, unusual: boolean): void {
    this.grow()
    if (this.#frozenStrata.of.frozen[stratum] === 1) return
    const { observations, unusual: ofUnusual, requests } = this.strata.of
    if (observations[stratum]!++ === 0 && requests[stratum] === 0) this.strata.touch(stratum)
    if (unusual) ofUnusual[stratum]!++
  }

  /** A request of an entry operation, whether its set of calls is judged or not; after `count`, which makes room. */
  countRequest(stratum: number): void {
    const { observations, requests } = this.strata.of
    if (requests[stratum]!++ === 0 && observations[stratum] === 0) this.strata.touch(stratum)
  }

  #countOccurrences(elements: TraceElements, scan: OccurrenceScan): void {
    const { place, path, element, selfNs, count, trace } = elements
    const { ownError } = scan
    const { frozen } = this.#frozenPlaces.of
    const { places, paths } = this
    const { occurrences, errors, durationNs } = places.of
    const ofPath = paths.of
    const sample = this.#sample
    for (let i = 0; i < count; i++) {
      const at = place[i]!
      if (at <= OTHER_PAIR || frozen[at] === 1) continue
      const p = path[i]!
      const n = ++occurrences[at]!
      if (n === 1) {
        places.touch(at)
        durationNs[at] = trace.durationNs[0]!
      }
      if (p > OTHER_PAIR) {
        if (ofPath.occurrences[p]!++ === 0 && ofPath.parents[p] === 0) paths.touch(p)
        if (ownError[i] === 1) ofPath.errors[p]!++
      }
      if (ownError[i] === 1) errors[at]!++
      // Lines of a log take no time, and no draw from those that do.
      if (sample && !this.#table.isLog(element[i]!)) sample.offer(at, n, selfNs[i]!, p)
    }
  }

  /** Of the message that the entry takes, which is an occurrence of its place. */
  #countWait({ place, path, trace }: TraceElements): void {
    const at = place[0]!
    if (at <= OTHER_PAIR || this.isFrozen(at)) return
    this.places.of.waits[at]!++
    this.#waits?.offer(at, trace.waitNs, path[0]!)
  }

  /** Not left out where frozen: a child that is learned from may hang below. */
  #countParents({ element, place, path, count }: TraceElements): void {
    const { elements, paths } = this
    const ofElement = elements.of.parents
    const { occurrences, parents } = paths.of
    for (let i = 0; i < count; i++) {
      const e = element[i]!
      const p = path[i]!
      if (ofElement[e]!++ === 0) elements.touch(e)
      if (p <= OTHER_PAIR || place[i]! <= OTHER_PAIR) continue
      if (parents[p]!++ === 0 && occurrences[p] === 0) paths.touch(p)
    }
  }

  #countRuns({ path }: TraceElements, scan: OccurrenceScan): void {
    const { runPlace, runFirst, runs } = scan
    const { frozen } = this.#frozenPlaces.of
    const ofPlace = this.places.of.runs
    const ofPath = this.paths.of.runs
    for (let run = 0; run < runs; run++) {
      const at = runPlace[run]!
      if (at <= OTHER_PAIR || frozen[at] === 1) continue
      const p = path[runFirst[run]!]!
      ofPlace[at]!++
      if (p > OTHER_PAIR) ofPath[p]!++
    }
  }

  /** Against what the deviations of a signal count, by place, element or stratum. */
  denominator(of: Denominator): Uint32Array<ArrayBuffer> {
    if (of === 'parents') return this.elements.of.parents
    return of === 'observations' || of === 'requests' ? this.strata.of[of] : this.places.of[of]
  }

  /** The same by call path. */
  denominatorByPath(of: Denominator): Uint32Array<ArrayBuffer> {
    return this.paths.of[of === 'runs' || of === 'parents' ? of : 'occurrences']
  }

  isFrozen(place: number): boolean {
    return this.#frozenPlaces.of.frozen[place] === 1
  }

  freezePlace(place: number, frozen: boolean): void {
    this.#frozenPlaces.grow(place + 1)
    this.#frozenPlaces.of.frozen[place] = frozen ? 1 : 0
  }

  freezeStratum(stratum: number, frozen: boolean): void {
    this.#frozenStrata.grow(stratum + 1)
    this.#frozenStrata.of.frozen[stratum] = frozen ? 1 : 0
  }

  /** Forgets what a place did so far in this bucket. */
  takeBackPlace(place: number): void {
    this.places.rows.clear(place)
    this.#waits?.takeBack(place)
  }

  takeBackStratum(stratum: number): void {
    this.strata.rows.clear(stratum)
  }

  /** Ids will be those of other things. */
  forget(gone: IdSets): void {
    for (const table of ['places', 'paths', 'elements', 'strata'] as const) {
      const { rows } = this[table]
      for (const id of gone[table]) if (id < rows.rows) rows.clear(id)
    }
    for (const id of gone.places) {
      this.freezePlace(id, false)
      this.#waits?.takeBack(id)
    }
    for (const id of gone.strata) this.freezeStratum(id, false)
  }

  /** Begins the next bucket. */
  clear(): void {
    this.places.clear()
    this.paths.clear()
    this.elements.clear()
    this.strata.clear()
  }

  state(): BucketCountsState {
    return {
      places: this.places.save(),
      paths: this.paths.save(),
      elements: this.elements.save(),
      strata: this.strata.save(),
      frozenPlaces: this.#frozenPlaces.save(),
      frozenStrata: this.#frozenStrata.save(),
    }
  }

  restore(state: BucketCountsState): void {
    this.places.restore(state.places)
    this.paths.restore(state.paths)
    this.elements.restore(state.elements)
    this.strata.restore(state.strata)
    this.#frozenPlaces.restore(state.frozenPlaces)
    this.#frozenStrata.restore(state.frozenStrata)
  }
}

export interface BucketCountsState {
  readonly places: SavedTouchedRows<typeof PLACE>
  readonly paths: SavedTouchedRows<typeof PATH>
  readonly elements: SavedTouchedRows<typeof ELEMENT>
  readonly strata: SavedTouchedRows<typeof STRATUM>
  readonly frozenPlaces: SavedColumns<typeof FROZEN>
  readonly frozenStrata: SavedColumns<typeof FROZEN>
}
