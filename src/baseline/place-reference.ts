import { grownTo } from '../columns/grown-array.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { decayKey, decayPerMs } from '../sample/decay-key.ts'
import { hashWords } from '../stats/random.ts'
import { COUNT_BINS, countBin } from './count-bins.ts'
import { PathTotals } from './path-totals.ts'
import { PlaceRecords, VALUES_PER_BUCKET } from './place-records.ts'
import { type PlaceReferenceState, restoreAll } from './place-reference-state.ts'
import type { PlaceReferenceData } from './reference-data.ts'
import { packReference } from './reference-data.ts'

export interface PlaceReferenceOptions {
  readonly bucketMs: number
  /** Age at which a bucket's weight in the reference has halved. */
  readonly halfLifeMs: number
  readonly seed: number
}

/** Neighbouring buckets that are kept or dropped together. */
const BLOCK = 4

const NO_VALUES = new Float32Array(0)
const NO_PATHS = new Int32Array(0)

/**
 * Bounded, decayed sample of how every place and stratum behaves while all is well. Occurrences are
 * counted in the running bucket of data time, in flat arrays by place; when it ends, each place that
 * was touched keeps or drops it as a whole.
 */
export class PlaceReference {
  /** What was read of the last trace; shared with the evidence, so that it is read once. */
  readonly scan = new OccurrenceScan()
  /** Places whose occurrences are not learned: a cluster is open there. By place id. */
  frozen = new Uint8Array(0)
  /** Likewise by stratum id, for structure. */
  frozenStrata = new Uint8Array(0)
  readonly #table: ElementTable
  readonly #options: PlaceReferenceOptions
  readonly #decay: number
  #bucket = -1
  #draw = 0
  // The running bucket, by place.
  #n = new Uint32Array(0)
  #errors = new Uint32Array(0)
  #runs = new Uint32Array(0)
  #duration = new Float32Array(0)
  #values = new Float32Array(0)
  /** Call path that each value came by. */
  #valuePaths = new Int32Array(0)
  #places: Int32Array<ArrayBuffer> = new Int32Array(64)
  #touched = 0
  // ... by element, and by stratum.
  #parents = new Uint32Array(0)
  #observations = new Uint32Array(0)
  #unusual = new Uint32Array(0)
  // Lasting, by place and by stratum.
  readonly #records: (PlaceRecords | null)[] = []
  #runTotal = new Float64Array(0)
  #parentTotal = new Float64Array(0)
  #counts = new Float32Array(0)
  readonly #strata: (PlaceRecords | null)[] = []
  readonly #byPath: PathTotals
  /** Places that were forgotten. */
  readonly #accepted = new Set<number>()

  constructor(table: ElementTable, options: PlaceReferenceOptions) {
    this.#table = table
    this.#byPath = new PathTotals(table)
    this.#options = options
    this.#decay = decayPerMs(options.halfLifeMs)
    this.#draw = hashWords(options.seed, 0, 0, 0, 0x9d1c) | 1
  }

  /**
   * Takes in an observation that was neither flagged nor part of an open cluster; allocates nothing
   * where its places are known.
   */
  learn(elements: TraceElements, timeMs: number): void {
    const { scan } = this
    scan.read(elements)
    this.#begin(timeMs)
    const { place, path, selfNs, count, trace } = elements
    const duration = trace.durationNs[0]!
    for (let i = 0; i < count; i++) {
      const at = place[i]!
      if (at <= OTHER_PAIR || this.frozen[at] === 1) continue
      const n = ++this.#n[at]!
      if (n === 1) this.#touch(at, duration)
      if (scan.ownError[i] === 1) this.#errors[at]!++
      const slot = n <= VALUES_PER_BUCKET ? n - 1 : this.#random() % n
      if (slot >= VALUES_PER_BUCKET) continue
      this.#values[at * VALUES_PER_BUCKET + slot] = selfNs[i]!
      this.#valuePaths[at * VALUES_PER_BUCKET + slot] = path[i]!
    }
    this.#byPath.learn(elements, scan, this.frozen)
    if (!scan.complete) return
    for (let i = 0; i < count; i++) this.#parents[elements.element[i]!]!++
    for (let run = 0; run < scan.runs; run++) {
      const at = scan.runPlace[run]!
      if (this.frozen[at] === 1) continue
      this.#runs[at]!++
      this.#counts[at * COUNT_BINS + countBin(scan.runCount[run]!)]!++
    }
  }

  /** Takes in whether an observation, flagged or not, was structurally unusual for its stratum. */
  learnStructure(stratum: number, unusual: boolean, timeMs: number): void {
    this.#begin(timeMs)
    if (stratum <= OTHER_PAIR || this.frozenStrata[stratum] === 1) return
    this.#observations[stratum]!++
    if (unusual) this.#unusual[stratum]!++
  }

  /** Learns no more of a place, or again: an alarm is open there, or is no more. */
  freezePlace(place: number, on: boolean): void {
    this.frozen[place] = on ? 1 : 0
  }

  /** ... of an entry's sets of calls. */
  freezeStratum(stratum: number, on: boolean): void {
    this.frozenStrata[stratum] = on ? 1 : 0
  }

  /** Takes back what a place did since then, in whole buckets: it led to an anomaly cluster. */
  dropPlaceSince(place: number, timeMs: number): void {
    this.#records[place]?.dropSince(this.#bucketOf(timeMs))
    this.#n[place] = 0
    this.#errors[place] = 0
    this.#runs[place] = 0
  }

  dropStratumSince(stratum: number, timeMs: number): void {
    this.#strata[stratum]?.dropSince(this.#bucketOf(timeMs))
    this.#observations[stratum] = 0
    this.#unusual[stratum] = 0
  }

  /** Forgets a place, so that what it does now becomes its normal. */
  forgetPlace(place: number): void {
    this.#records[place]?.clear()
    this.#runTotal[place] = 0
    this.#parentTotal[place] = 0
    this.#counts.fill(0, place * COUNT_BINS, (place + 1) * COUNT_BINS)
    this.#byPath.forgetPlace(place)
    this.#accepted.add(place)
  }

  forgetStratum(stratum: number): void {
    this.#strata[stratum]?.clear()
  }

  /** Everything the fit needs, as plain typed arrays; nothing is shared with this. */
  request(): PlaceReferenceData {
    return packReference({
      bucketMs: this.#options.bucketMs,
      places: this.#records,
      element: (place) => this.#table.places.calleeOf(place),
      parentElement: (place) => this.#table.places.callerOf(place),
      accepted: [...this.#accepted],
      service: (place) => serviceOf(this.#table, place),
      isCall: (place) => this.#table.callee(this.#table.places.calleeOf(place)) !== 0,
      isEntry: (element) => this.#table.places.find(0, element) > OTHER_PAIR,
      runTotal: this.#runTotal,
      parentTotal: this.#parentTotal,
      counts: this.#counts,
      strata: this.#strata,
      byPath: (places) => this.#byPath.request(places),
    })
  }

  #touch(place: number, durationNs: number): void {
    this.#places = grownTo(this.#places, this.#touched + 1)
    this.#places[this.#touched++] = place
    this.#duration[place] = durationNs
  }

  #bucketOf(timeMs: number): number {
    return Math.floor(timeMs / this.#options.bucketMs)
  }

  /** Ends the running bucket if `timeMs` lies beyond it; makes room for ids that are new. */
  #begin(timeMs: number): void {
    const bucket = this.#bucketOf(timeMs)
    if (bucket > this.#bucket) {
      if (this.#bucket >= 0) this.#endBucket(bucket - this.#bucket)
      this.#bucket = bucket
    }
    const { places, elements, strata } = this.#table
    if (places.size > this.#n.length) this.#growPlaces(places.size)
    if (elements.size > this.#parents.length) this.#growElements(elements.size)
    if (strata.size > this.#observations.length) this.#growStrata(strata.size)
  }

  #endBucket(passed: number): void {
    const timeMs = this.#bucket * this.#options.bucketMs
    for (let t = 0; t < this.#touched; t++) this.#keep(this.#places[t]!, timeMs)
    this.#touched = 0
    for (let s = 0; s < this.#observations.length; s++) this.#keepStratum(s, timeMs)
    // Totals decay as a whole; what happened in the bucket counts fully.
    const factor = Math.exp(-this.#decay * this.#options.bucketMs * passed)
    const { places } = this.#table
    for (let p = OTHER_PAIR + 1; p < places.size && p < this.#runTotal.length; p++) {
      const parents = this.frozen[p] === 1 ? 0 : this.#parents[places.callerOf(p)]!
      this.#parentTotal[p] = (this.#parentTotal[p]! + parents) * factor
      this.#runTotal[p] = (this.#runTotal[p]! + this.#runs[p]!) * factor
      this.#runs[p] = 0
    }
    this.#parents.fill(0)
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! *= factor
    this.#byPath.endBucket(factor, this.frozen)
  }

  #keep(place: number, timeMs: number): void {
    const n = this.#n[place]!
    // Taken back meanwhile.
    if (n === 0) return
    const records = this.#records[place] ?? new PlaceRecords()
    this.#records[place] = records
    const record = {
      bucket: this.#bucket,
      n,
      runs: this.#runs[place]!,
      parents: this.#parents[this.#table.places.callerOf(place)] ?? 0,
      errors: this.#errors[place]!,
      durationNs: this.#duration[place]!,
    }
    const length = Math.min(n, VALUES_PER_BUCKET)
    const from = place * VALUES_PER_BUCKET
    const key = this.#key(place, timeMs)
    records.add(record, key, this.#values, this.#valuePaths, from, length)
    this.#n[place] = 0
    this.#errors[place] = 0
  }

  #keepStratum(stratum: number, timeMs: number): void {
    const n = this.#observations[stratum]!
    if (n === 0) return
    const records = this.#strata[stratum] ?? new PlaceRecords()
    this.#strata[stratum] = records
    const errors = this.#unusual[stratum]!
    const record = { bucket: this.#bucket, n, runs: n, parents: n, errors, durationNs: 0 }
    records.add(record, this.#key(-1 - stratum, timeMs), NO_VALUES, NO_PATHS, 0, 0)
    this.#observations[stratum] = 0
    this.#unusual[stratum] = 0
  }

  /**
   * Sampling key of the running bucket for one place: independent between places, but the same for
   * `BLOCK` neighbouring buckets, so that how long bursts last can be seen in what is kept.
   */
  #key(subject: number, timeMs: number): number {
    const block = Math.floor(this.#bucket / BLOCK)
    const hash = hashWords(subject, block, this.#options.seed, 0, 0x51f3)
    return decayKey(timeMs, (hash + 0.5) / 4294967296, this.#decay)
  }

  /** Marsaglia's xorshift: which values of a full bucket stay needs no more. */
  #random(): number {
    let x = this.#draw
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#draw = x
    return x >>> 0
  }

  #growPlaces(size: number): void {
    this.#n = grownTo(this.#n, size)
    const length = this.#n.length
    this.frozen = grownTo(this.frozen, length)
    this.#errors = grownTo(this.#errors, length)
    this.#runs = grownTo(this.#runs, length)
    this.#duration = grownTo(this.#duration, length)
    this.#values = grownTo(this.#values, length * VALUES_PER_BUCKET)
    this.#valuePaths = grownTo(this.#valuePaths, length * VALUES_PER_BUCKET)
    this.#runTotal = grownTo(this.#runTotal, length)
    this.#parentTotal = grownTo(this.#parentTotal, length)
    this.#counts = grownTo(this.#counts, length * COUNT_BINS)
    while (this.#records.length < length) this.#records.push(null)
  }

  #growElements(size: number): void {
    this.#parents = grownTo(this.#parents, size)
  }

  #growStrata(size: number): void {
    this.#observations = grownTo(this.#observations, size)
    this.#unusual = grownTo(this.#unusual, this.#observations.length)
    this.frozenStrata = grownTo(this.frozenStrata, this.#observations.length)
    while (this.#strata.length < this.#observations.length) this.#strata.push(null)
  }

  state(): PlaceReferenceState {
    const used = this.#places.slice(0, this.#touched)
    return {
      bucket: this.#bucket,
      draw: this.#draw,
      frozen: this.frozen.slice(),
      frozenStrata: this.frozenStrata.slice(),
      n: this.#n.slice(),
      errors: this.#errors.slice(),
      runs: this.#runs.slice(),
      duration: this.#duration.slice(),
      values: this.#values.slice(),
      valuePaths: this.#valuePaths.slice(),
      touched: used,
      parents: this.#parents.slice(),
      observations: this.#observations.slice(),
      unusual: this.#unusual.slice(),
      records: this.#records.map((records) => records?.state() ?? null),
      runTotal: this.#runTotal.slice(),
      parentTotal: this.#parentTotal.slice(),
      counts: this.#counts.slice(),
      strata: this.#strata.map((records) => records?.state() ?? null),
      byPath: this.#byPath.state(),
      accepted: [...this.#accepted],
    }
  }

  /** Takes over a state; only valid on a fresh reference with the same options. */
  restore(state: PlaceReferenceState): void {
    this.#bucket = state.bucket
    for (const place of state.accepted) this.#accepted.add(place)
    this.#draw = state.draw
    this.frozen = state.frozen.slice()
    this.frozenStrata = state.frozenStrata.slice()
    this.#n = state.n.slice()
    this.#errors = state.errors.slice()
    this.#runs = state.runs.slice()
    this.#duration = state.duration.slice()
    this.#values = state.values.slice()
    this.#valuePaths = state.valuePaths.slice()
    this.#places = grownTo(new Int32Array(64), state.touched.length)
    this.#places.set(state.touched)
    this.#touched = state.touched.length
    this.#parents = state.parents.slice()
    this.#observations = state.observations.slice()
    this.#unusual = state.unusual.slice()
    restoreAll(this.#records, state.records)
    this.#runTotal = state.runTotal.slice()
    this.#parentTotal = state.parentTotal.slice()
    this.#counts = state.counts.slice()
    restoreAll(this.#strata, state.strata)
    this.#byPath.restore(state.byPath)
  }
}

/** Whose doing a place is: the callee's, where it is a call. */
function serviceOf(table: ElementTable, place: number): number {
  const element = table.places.calleeOf(place)
  return table.callee(element) || table.service(element)
}
