import { unusualCategory } from '../baseline/category-shares.ts'
import type { MixNull } from '../baseline/mix-null.ts'
import type { PlaceNull, StratumNullRow } from '../baseline/place-null.ts'
import type { SeriesNull } from '../baseline/series-draft.ts'
import {
  APPEARANCE,
  CATEGORY,
  COUNT,
  PLACE_KINDS,
  PRESENCE,
  SELF_FAR,
  SELF_HIGH,
  SELF_LOW,
  STRUCTURE,
} from '../baseline/series-kind.ts'
import { grownTo } from '../columns/grown-array.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { NO_PAIR, OTHER_PAIR } from '../profile/pair-table.ts'

export const NO_SERIES = -1

/** Values of `DeviationSeries.child`. */
export const EXPECTED = 1
export const OPTIONAL = 2

/** What is assumed of a stratum's structure before its share of unusual observations is known. */
const UNKNOWN_STRUCTURE: SeriesNull = {
  kind: STRUCTURE,
  level: 0,
  rate: 0.02,
  rho: 0.1,
  normal: 0,
}

/**
 * The series that are watched under one null, densely numbered, with look-up tables for the hot
 * loop: levels by place, expected children by element. Immutable but for strata that turn up later.
 */
export class DeviationSeries {
  count = 0
  /** Place id, or stratum id where the kind is STRUCTURE or CATEGORY. */
  subject = new Int32Array(64)
  kind = new Uint8Array(64)
  level = new Float64Array(64)
  rate = new Float64Array(64)
  rho = new Float64Array(64)
  normal = new Float64Array(64)
  /** By series, where its rate depends on the mix of requests. */
  readonly mixes = new Map<number, MixNull>()
  /** 1 for places, and for elements with children, by whose call paths such a series goes. */
  readonly mixed: Uint8Array<ArrayBuffer>
  readonly mixedParent: Uint8Array<ArrayBuffer>
  /** Element of the parent, for series of a place. */
  parent = new Int32Array(64)
  /** Series of (place, kind): place * PLACE_KINDS + kind; of a stratum. */
  readonly ofPlace: Int32Array<ArrayBuffer>
  #ofStratum: Int32Array<ArrayBuffer>
  /** By stratum: the series of its categories, and their usual values. */
  readonly #categories = new Map<number, { series: number; usual: StratumNullRow['usual'] }>()
  /** Levels by place, such that nothing deviates where there is no series. */
  readonly high: Float64Array<ArrayBuffer>
  readonly far: Float64Array<ArrayBuffer>
  readonly low: Float64Array<ArrayBuffer>
  readonly calls: Float64Array<ArrayBuffer>
  /** By place: EXPECTED, OPTIONAL, or 0 for a child of which nothing is said. */
  readonly child: Uint8Array<ArrayBuffer>
  /** By place: 1 where the reference knows it; ids beyond are unknown. */
  readonly known: Uint8Array<ArrayBuffer>
  /** Children of an element of which something is said: places in [start[e], start[e + 1]). */
  readonly childStart: Int32Array<ArrayBuffer>
  readonly children: Int32Array<ArrayBuffer>
  /** How many of them are expected; -1 where nothing is said of any. */
  readonly wanted: Int32Array<ArrayBuffer>
  /** Strata that turned up after the null was made, in order. */
  readonly lateStrata: number[] = []
  readonly #table: ElementTable

  constructor(placeNull: PlaceNull, table: ElementTable) {
    this.#table = table
    const places = 1 + Math.max(0, ...placeNull.places.map(({ place }) => place))
    this.ofPlace = new Int32Array(places * PLACE_KINDS).fill(NO_SERIES)
    this.#ofStratum = new Int32Array(64).fill(NO_SERIES)
    this.high = new Float64Array(places).fill(Number.POSITIVE_INFINITY)
    this.far = new Float64Array(places).fill(Number.POSITIVE_INFINITY)
    this.low = new Float64Array(places).fill(-1)
    this.calls = new Float64Array(places).fill(Number.POSITIVE_INFINITY)
    this.child = new Uint8Array(places)
    this.known = new Uint8Array(1 + Math.max(OTHER_PAIR, ...placeNull.known))
    for (const place of [NO_PAIR, OTHER_PAIR, ...placeNull.known]) this.known[place] = 1
    this.mixed = new Uint8Array(places)
    const children: [parent: number, place: number][] = []
    for (const { place, series } of placeNull.places) {
      for (const one of series) {
        const kind = this.#addOfPlace(place, one)
        if (kind === PRESENCE || kind === APPEARANCE)
          children.push([table.places.callerOf(place), place])
      }
    }
    for (const { stratum, series, usual } of placeNull.strata) {
      for (const one of series) {
        if (one.kind === STRUCTURE) this.#addOfStratum(stratum, one)
        else this.#categories.set(stratum, { series: this.#add(CATEGORY, stratum, one), usual })
      }
    }
    const elements = 1 + Math.max(0, ...children.map(([parent]) => parent))
    this.childStart = new Int32Array(elements + 1)
    this.wanted = new Int32Array(elements).fill(-1)
    this.mixedParent = new Uint8Array(elements)
    for (const series of this.mixes.keys()) this.#markMixed(series)
    for (const [parent, place] of children) {
      this.childStart[parent + 1]!++
      if (this.wanted[parent] === -1) this.wanted[parent] = 0
      if (this.child[place] === EXPECTED) this.wanted[parent]!++
    }
    for (let e = 0; e < elements; e++) this.childStart[e + 1]! += this.childStart[e]!
    children.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    this.children = Int32Array.from(children, ([, place]) => place)
  }

  /** Places that have a level: greater ids are unknown to this null. */
  get places(): number {
    return this.high.length
  }

  /** Elements of whose children something may be said. */
  get elements(): number {
    return this.wanted.length
  }

  find(kind: number, subject: number): number {
    if (kind === STRUCTURE) return this.#ofStratum[subject] ?? NO_SERIES
    if (kind === CATEGORY) return this.ofCategories(subject)
    return this.ofPlace[subject * PLACE_KINDS + kind] ?? NO_SERIES
  }

  /** Series of a stratum's structure; made now if the null did not know the stratum. */
  ofStratum(stratum: number): number {
    const known = this.#ofStratum[stratum] ?? NO_SERIES
    if (known !== NO_SERIES) return known
    this.lateStrata.push(stratum)
    return this.#addOfStratum(stratum, UNKNOWN_STRUCTURE)
  }

  /** Series of a stratum's categories, if something is usual there. */
  ofCategories(stratum: number): number {
    return this.#categories.get(stratum)?.series ?? NO_SERIES
  }

  /** Index of the first category of an observation whose value is unusual for its stratum, or -1. */
  unusualCategory(stratum: number, values: Int32Array): number {
    const known = this.#categories.get(stratum)
    return known ? unusualCategory(known.usual, values) : -1
  }

  /** Whether two places are the same call: same operation and kind, whoever answered. */
  isSameCall(place: number, other: number): boolean {
    const { places, elements } = this.#table
    const a = places.calleeOf(place)
    const b = places.calleeOf(other)
    return (
      elements.operationOf(a) === elements.operationOf(b) &&
      this.#table.kind(a) === this.#table.kind(b)
    )
  }

  #addOfPlace(place: number, one: SeriesNull): number {
    const { kind } = one
    this.ofPlace[place * PLACE_KINDS + kind] = this.#add(kind, place, one)
    if (kind === SELF_HIGH) this.high[place] = one.level
    if (kind === SELF_FAR) this.far[place] = one.level
    if (kind === SELF_LOW) this.low[place] = one.level
    if (kind === COUNT) this.calls[place] = one.level
    if (kind === PRESENCE) this.child[place] = EXPECTED
    if (kind === APPEARANCE) this.child[place] = OPTIONAL
    return kind
  }

  #markMixed(series: number): void {
    const kind = this.kind[series]!
    if (kind === PRESENCE || kind === APPEARANCE) this.mixedParent[this.parent[series]!] = 1
    else this.mixed[this.subject[series]!] = 1
  }

  #addOfStratum(stratum: number, one: SeriesNull): number {
    this.#ofStratum = grownTo(this.#ofStratum, stratum + 1, NO_SERIES)
    const series = this.#add(STRUCTURE, stratum, one)
    this.#ofStratum[stratum] = series
    return series
  }

  #add(kind: number, subject: number, one: SeriesNull): number {
    const least = this.count + 1
    this.subject = grownTo(this.subject, least)
    this.kind = grownTo(this.kind, least)
    this.level = grownTo(this.level, least)
    this.rate = grownTo(this.rate, least)
    this.rho = grownTo(this.rho, least)
    this.normal = grownTo(this.normal, least)
    this.parent = grownTo(this.parent, least)
    const series = this.count++
    this.kind[series] = kind
    this.subject[series] = subject
    this.level[series] = one.level
    this.rate[series] = one.rate
    this.rho[series] = one.rho
    this.normal[series] = one.normal
    if (one.mix) this.mixes.set(series, one.mix)
    this.parent[series] = kind >= PLACE_KINDS ? 0 : this.#table.places.callerOf(subject)
    return series
  }
}
