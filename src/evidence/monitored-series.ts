import { unusualCategory } from '../baseline/entry-shares.ts'
import type { MixNull } from '../baseline/mix-null.ts'
import type { PlaceNull, SeriesNull, StratumNullRow } from '../baseline/place-null.ts'
import { SIGNAL_LIST, SIGNALS, type Signal, signalOf } from '../baseline/signals.ts'
import { Columns } from '../columns/columns.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { NO_PAIR, OTHER_PAIR } from '../profile/pair-table.ts'

export const NO_SERIES = -1

/** Series of a subject lie this far apart from those of the next: one slot for each signal. */
export const SIGNAL_STRIDE = SIGNAL_LIST.length

/** What is said of a child, given its parent: `MonitoredSeries.ofPlace.child`; 0 = nothing. */
export const EXPECTED = 1
export const OPTIONAL = 2

/** What is assumed of a stratum's structure before its share of unusual observations is known. */
const UNKNOWN_STRUCTURE: SeriesNull = {
  signal: 'structure',
  level: 0,
  baseRate: 0.02,
  rho: 0.1,
  normal: 0,
}

/** A series of a stratum by the number of its signal. */
export type LateSeries = readonly [signal: number, stratum: number]

const SERIES = {
  signal: 'u8',
  /** Id of the place or stratum. */
  subject: 'i32',
  /** Where its occurrences are counted: the element of the parent for a child, else the subject. */
  counted: 'i32',
  level: 'f64',
  baseRate: 'f64',
  rho: 'f64',
  normal: 'f64',
} as const

const INFINITE = { type: 'f64', fill: Number.POSITIVE_INFINITY } as const

/** Levels such that nothing deviates where there is no series; the child, and whether it is the answer to a call. */
const PLACE = {
  p90: INFINITE,
  p99: INFINITE,
  p10: { type: 'f64', fill: -1 },
  calls: INFINITE,
  wait: INFINITE,
  child: 'u8',
  answer: 'u8',
} as const

/**
 * The series that are monitored under one null, densely numbered, with look-up tables for the hot
 * loop: levels by place, expected children by element. Immutable but for strata that turn up later.
 */
export class MonitoredSeries {
  count = 0
  readonly rows = new Columns(SERIES, 64)
  /** By series, where its base rate depends on the mix of requests. */
  readonly mixes = new Map<number, MixNull>()
  /** Places that have a level: greater ids are unknown to this null. */
  readonly places: number
  readonly ofPlace: Columns<typeof PLACE>
  /** Series of (place, signal): place * SIGNAL_STRIDE + number of the signal. */
  readonly byPlace: Int32Array<ArrayBuffer>
  /** By place: 1 where the baseline knows it; ids beyond are unknown. */
  readonly known: Uint8Array<ArrayBuffer>
  /** Elements of whose children something may be said. */
  readonly elements: number
  /** Children of an element that are answers, or of which something is said: places in [start[e], start[e + 1]). */
  readonly childStart: Int32Array<ArrayBuffer>
  readonly children: Int32Array<ArrayBuffer>
  /** How many of them are expected; -1 where nothing is said of any. */
  readonly wanted: Int32Array<ArrayBuffer>
  /** Series that turned up after the null was made, in order. */
  readonly late: LateSeries[] = []
  readonly #byStratum = new Columns(
    { series: { type: 'i32', fill: NO_SERIES, width: SIGNAL_STRIDE } },
    64,
  )
  /** By stratum: usual values of each category. */
  readonly #usual = new Map<number, StratumNullRow['usual']>()
  readonly #tails = new Map<number, number>()
  readonly #unknownEntry: SeriesNull | null
  readonly #table: ElementTable

  constructor(placeNull: PlaceNull, table: ElementTable) {
    this.#table = table
    this.#unknownEntry = placeNull.unknownEntry
    this.places = 1 + Math.max(0, ...placeNull.places.map(({ place }) => place))
    this.ofPlace = new Columns(PLACE, this.places)
    this.byPlace = new Int32Array(this.places * SIGNAL_STRIDE).fill(NO_SERIES)
    this.known = new Uint8Array(1 + Math.max(OTHER_PAIR, ...placeNull.known))
    for (const place of [NO_PAIR, OTHER_PAIR, ...placeNull.known]) this.known[place] = 1
    for (const { place, series } of placeNull.places) {
      for (const one of series) this.#addOfPlace(place, one)
    }
    for (const { stratum, series, usual, tailNs } of placeNull.strata) {
      this.#usual.set(stratum, usual)
      if (tailNs !== null) this.#tails.set(stratum, tailNs)
      for (const one of series) this.#addOfStratum(stratum, one)
    }
    const children = this.#pairsOfChildren()
    this.elements = 1 + Math.max(0, ...children.map(([parent]) => parent))
    this.childStart = new Int32Array(this.elements + 1)
    this.wanted = new Int32Array(this.elements).fill(-1)
    for (const [parent, place] of children) {
      this.childStart[parent + 1]!++
      if (this.wanted[parent] === -1) this.wanted[parent] = 0
      if (this.ofPlace.of.child[place] === EXPECTED) this.wanted[parent]!++
    }
    for (let e = 0; e < this.elements; e++) this.childStart[e + 1]! += this.childStart[e]!
    this.children = Int32Array.from(children, ([, place]) => place)
  }

  signal(series: number): Signal {
    return signalOf(this.rows.of.signal[series]!)
  }

  /** Series of a signal, given by number, in a place or stratum; negative where there is none. */
  find(signal: number, subject: number): number {
    const at = subject * SIGNAL_STRIDE + signal
    const by = signalOf(signal).subject === 'place' ? this.byPlace : this.#byStratum.of.series
    return by[at] ?? NO_SERIES
  }

  /** Series of a stratum's structure; made now if the null did not know the stratum. */
  structureOf(stratum: number): number {
    return this.lateSeries(SIGNALS.structure.number, stratum)
  }

  /**
   * Series of a stratum's failures, made now; negative where the null knows its entry, or has nothing to
   * assume.
   */
  failuresOf(stratum: number): number {
    const { number } = SIGNALS.failures
    return this.knowsFailures(stratum)
      ? this.find(number, stratum)
      : this.lateSeries(number, stratum)
  }

  /** Whether the null knows a stratum's entry: how often it fails, or that it comes too seldom to tell. */
  knowsFailures(stratum: number): boolean {
    const place = this.#table.entryPlace(stratum)
    return this.known[place] === 1 || this.find(SIGNALS.errors.number, place) !== NO_SERIES
  }

  /** Series of a stratum by what is assumed where the null says nothing; negative where nothing is. */
  lateSeries(signal: number, stratum: number): number {
    const known = this.find(signal, stratum)
    const assumed = signal === SIGNALS.structure.number ? UNKNOWN_STRUCTURE : this.#unknownEntry
    if (known !== NO_SERIES || assumed === null) return known
    this.late.push([signal, stratum])
    return this.#addOfStratum(stratum, assumed)
  }

  /** Index of the first category of an observation whose value is unusual for its stratum, or -1. */
  unusualCategory(stratum: number, values: Int32Array): number {
    if (this.find(SIGNALS.category.number, stratum) < 0) return -1
    return unusualCategory(this.#usual.get(stratum) ?? [], values)
  }

  /** Duration beyond which hardly any request of a stratum is, ns; Infinity where that is not known. */
  tailNs(stratum: number): number {
    return this.#tails.get(stratum) ?? Number.POSITIVE_INFINITY
  }

  /** Whether nothing has come of a stratum for so long that all else of it is forgotten. */
  isGivenUp(stratum: number): boolean {
    return this.#table.strata.ids.isGivenUp(stratum)
  }

  /** Whether two places are the same call: same operation and kind, whoever answered. */
  isSameCall(place: number, other: number): boolean {
    const { places, elements } = this.#table
    const a = places.calleeOf(place)
    const b = places.calleeOf(other)
    return (
      elements.operationOf(a) === elements.operationOf(b) &&
      elements.kindOf(a) === elements.kindOf(b)
    )
  }

  /**
   * Whether a call normally has the answer in `place`: one that it seldom has is said to be optional, but
   * below an entry, of whose children nothing is said.
   */
  isUsualAnswer(place: number): boolean {
    const { child, answer } = this.ofPlace.of
    if (answer[place] !== 1 || child[place] === OPTIONAL) return false
    const { places } = this.#table
    return child[place] === EXPECTED || places.find(0, places.callerOf(place)) <= OTHER_PAIR
  }

  /** Answers, and children of which something is said, with the elements of their parents, by parent and place. */
  #pairsOfChildren(): [parent: number, place: number][] {
    const { child, answer } = this.ofPlace.of
    const pairs: [number, number][] = []
    for (let place = 0; place < this.places; place++) {
      if (child[place] === 0 && answer[place] === 0) continue
      pairs.push([this.#table.places.callerOf(place), place])
    }
    return pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  }

  #addOfPlace(place: number, one: SeriesNull): void {
    const { p90, p99, p10, calls, wait, child, answer } = this.ofPlace.of
    const series = this.#add(place, one)
    answer[place] = this.#table.isAnswer(place) ? 1 : 0
    this.byPlace[place * SIGNAL_STRIDE + SIGNALS[one.signal].number] = series
    if (one.signal === 'selfTimeP90') p90[place] = one.level
    if (one.signal === 'selfTimeP99') p99[place] = one.level
    if (one.signal === 'selfTimeP10') p10[place] = one.level
    if (one.signal === 'count') calls[place] = one.level
    if (one.signal === 'wait') wait[place] = one.level
    if (one.signal === 'presence') child[place] = EXPECTED
    if (one.signal === 'appearance') child[place] = OPTIONAL
  }

  #addOfStratum(stratum: number, one: SeriesNull): number {
    this.#byStratum.grow(stratum + 1)
    const series = this.#add(stratum, one)
    this.#byStratum.of.series[stratum * SIGNAL_STRIDE + SIGNALS[one.signal].number] = series
    return series
  }

  #add(of: number, one: SeriesNull): number {
    const { number, denominator } = SIGNALS[one.signal]
    const series = this.count++
    this.rows.grow(this.count)
    const { signal, subject, counted, level, baseRate, rho, normal } = this.rows.of
    signal[series] = number
    subject[series] = of
    counted[series] = denominator === 'parents' ? this.#table.places.callerOf(of) : of
    level[series] = one.level
    baseRate[series] = one.baseRate
    rho[series] = one.rho
    normal[series] = one.normal
    if (one.mix) this.mixes.set(series, one.mix)
    return series
  }
}
