import { Columns, type SavedColumns } from '../columns/columns.ts'
import type { IdSets } from '../columns/marks.ts'
import type { ElementTable } from '../profile/element-table.ts'
import { OccurrenceScan } from '../profile/occurrence-scan.ts'
import { OTHER_PAIR } from '../profile/pair-table.ts'
import type { TraceElements } from '../profile/trace-elements.ts'
import { decayKey, decayPerMs } from '../sample/decay-key.ts'
import { hashWords } from '../stats/random.ts'
import { BucketCounts, type BucketCountsState } from './bucket-counts.ts'
import { CONSTANTS } from './constants.ts'
import { COUNT_BINS, countBin } from './count-bins.ts'
import { PathTotals, type PathTotalsState } from './path-totals.ts'
import { bucketsEach, PlaceRecords, type PlaceRecordsState } from './place-records.ts'
import { type PlaceReferenceData, packReference, type RequestTotals } from './reference-data.ts'
import {
  SelfTimeSample,
  type SelfTimeSampleState,
  VALUES_PER_BUCKET,
  WaitSample,
  type WaitSampleState,
} from './self-time-sample.ts'

export interface PlaceReferenceOptions {
  readonly bucketMs: number
  /** Age at which a bucket's weight in the reference has halved. */
  readonly halfLifeMs: number
  readonly seed: number
}

/** Neighbouring buckets that are kept or dropped together. */
const BLOCK = 4

/** Decayed totals by place: its runs, occurrences of its parent, and a histogram of the size of its runs. */
const TOTALS = { runs: 'f64', parents: 'f64', counts: { type: 'f32', width: COUNT_BINS } } as const

/**
 * Bounded, decayed sample of how every place and stratum behaves while all is well. Occurrences are
 * counted in the running bucket of data time; when it ends, each place that was touched keeps or drops
 * it as a whole.
 */
export class PlaceReference {
  /** What was read of the last trace; shared with the evidence, so that it is read once. */
  readonly scan = new OccurrenceScan()
  readonly #table: ElementTable
  readonly #options: PlaceReferenceOptions
  readonly #decay: number
  readonly #lookMs: number
  #bucket = -1
  /** Number of the running stretch between two looks. */
  #look = -1
  readonly #sample: SelfTimeSample
  readonly #waitSample: WaitSample
  readonly #counts: BucketCounts
  readonly #totals = new Columns(TOTALS)
  readonly #byPath: PathTotals
  /** Decayed totals of all entry operations together: requests, and those that failed. */
  readonly #requests = { n: 0, failed: 0 }
  readonly #places = new Map<number, PlaceRecords>()
  /** Of places that take messages: how long those waited, between two looks at a time. */
  readonly #waits = new Map<number, PlaceRecords>()
  readonly #strata = new Map<number, PlaceRecords>()
  /** Places that were forgotten. */
  readonly #accepted = new Set<number>()

  constructor(table: ElementTable, options: PlaceReferenceOptions) {
    this.#table = table
    this.#sample = new SelfTimeSample(options.seed)
    this.#waitSample = new WaitSample(options.seed)
    this.#counts = new BucketCounts(table, this.#sample, this.#waitSample)
    this.#byPath = new PathTotals(table)
    this.#options = options
    this.#lookMs = options.bucketMs / CONSTANTS.looks
    this.#decay = decayPerMs(options.halfLifeMs)
  }

  /**
   * Takes in an observation that was neither flagged nor part of an open cluster; allocates nothing
   * where its places are known.
   */
  learn(elements: TraceElements, timeMs: number): void {
    const { scan } = this
    scan.read(elements)
    this.#begin(timeMs)
    this.#counts.count(elements, scan)
    if (elements.isRequest) {
      this.#requests.n++
      this.#requests.failed += elements.failed[0]!
    }
    if (!scan.complete) return
    const { counts } = this.#totals.of
    for (let run = 0; run < scan.runs; run++) {
      const at = scan.runPlace[run]!
      if (this.#counts.isFrozen(at)) continue
      counts[at * COUNT_BINS + countBin(scan.runCount[run]!)]!++
    }
    this.#byPath.learnRuns(elements, scan, this.#counts)
  }

  /** Takes in whether an observation, flagged or not, was structurally unusual for its stratum. */
  learnStructure(stratum: number, unusual: boolean, timeMs: number): void {
    this.#begin(timeMs)
    if (stratum > OTHER_PAIR) this.#counts.countObservation(stratum, unusual)
  }

  /** Learns no more of a place, or again: an alarm is open there, or is no more. */
  freezePlace(place: number, frozen: boolean): void {
    this.#counts.freezePlace(place, frozen)
  }

  /** ... of an entry's sets of calls. */
  freezeStratum(stratum: number, frozen: boolean): void {
    this.#counts.freezeStratum(stratum, frozen)
  }

  /** Takes back what a place did since then, in whole buckets: it led to an anomaly cluster. */
  dropPlaceSince(place: number, timeMs: number): void {
    this.#places.get(place)?.dropSince(this.#bucketOf(timeMs))
    this.#waits.get(place)?.dropSince(this.#bucketOf(timeMs))
    this.#counts.takeBackPlace(place)
  }

  dropStratumSince(stratum: number, timeMs: number): void {
    this.#strata.get(stratum)?.dropSince(this.#bucketOf(timeMs))
    this.#counts.takeBackStratum(stratum)
  }

  /** Forgets a place, so that what it does now becomes its normal. */
  forgetPlace(place: number): void {
    this.#places.get(place)?.clear()
    this.#waits.get(place)?.clear()
    this.#totals.clear(place)
    this.#byPath.forgetPlaces((one) => one === place)
    this.#accepted.add(place)
  }

  forgetStratum(stratum: number): void {
    this.#strata.get(stratum)?.clear()
  }

  /** Of these places and strata nothing has come for long: learns them anew, if they come again. */
  giveUp({ places, strata }: IdSets): void {
    for (const place of places) {
      this.#places.delete(place)
      this.#waits.delete(place)
      this.#accepted.delete(place)
      if (place < this.#totals.rows) this.#totals.clear(place)
    }
    this.#byPath.forgetPlaces((place) => places.has(place))
    for (const stratum of strata) this.#strata.delete(stratum)
  }

  /** Ids will be those of other things. */
  forget(gone: IdSets): void {
    this.#counts.forget(gone)
    this.#byPath.forget(gone)
    for (const records of this.#places.values()) records.forgetPaths(gone.paths)
    for (const records of this.#waits.values()) records.forgetPaths(gone.paths)
  }

  /** Everything the fit needs, as plain typed arrays; nothing is shared with this. */
  request(): PlaceReferenceData {
    return packReference({
      bucketMs: this.#options.bucketMs,
      table: this.#table,
      places: this.#places,
      waits: this.#waits,
      strata: this.#strata,
      accepted: this.#accepted,
      totals: this.#totals.of,
      requests: { ...this.#requests },
      byPath: (places) => this.#byPath.request(places),
    })
  }

  /** Data time was wrong and was set back: forgets what was learned of buckets that are still to come. */
  turnBack(timeMs: number): void {
    const bucket = this.#bucketOf(timeMs)
    if (bucket >= this.#bucket) return
    this.#bucket = bucket
    this.#look = Math.floor(timeMs / this.#lookMs)
    for (const records of this.#places.values()) records.dropSince(bucket + 1)
    for (const records of this.#waits.values()) records.dropSince(bucket + 1)
    for (const records of this.#strata.values()) records.dropSince(bucket + 1)
  }

  #bucketOf(timeMs: number): number {
    return Math.floor(timeMs / this.#options.bucketMs)
  }

  /** Ends the running bucket if `timeMs` lies beyond it; makes room for ids that are new. */
  #begin(timeMs: number): void {
    const look = Math.floor(timeMs / this.#lookMs)
    if (look > this.#look) {
      if (this.#look >= 0) this.#endLook()
      this.#look = look
    }
    const bucket = this.#bucketOf(timeMs)
    if (bucket > this.#bucket) {
      if (this.#bucket >= 0) this.#endBucket(bucket - this.#bucket)
      this.#bucket = bucket
    }
    this.#totals.grow(this.#table.places.size)
  }

  #endBucket(passed: number): void {
    const { places, strata } = this.#counts
    for (let t = 0; t < places.count; t++) this.#keepPlace(places.ids[t]!)
    for (let t = 0; t < strata.count; t++) this.#keepStratum(strata.ids[t]!)
    // Totals decay as a whole; what happened in the bucket counts fully.
    const factor = Math.exp(-this.#decay * this.#options.bucketMs * passed)
    const { runs, parents, counts } = this.#totals.of
    const ofElement = this.#counts.elements.of.parents
    const { size } = this.#table.places
    for (let p = OTHER_PAIR + 1; p < size && p < places.rows.rows; p++) {
      const above = this.#counts.isFrozen(p) ? 0 : ofElement[this.#table.places.callerOf(p)]!
      parents[p] = (parents[p]! + above) * factor
      runs[p] = (runs[p]! + places.of.runs[p]!) * factor
    }
    for (let i = 0; i < counts.length; i++) counts[i]! *= factor
    this.#byPath.endBucket(this.#counts, factor)
    this.#requests.n *= factor
    this.#requests.failed *= factor
    this.#counts.clear()
  }

  /** Keeps how long messages waited that were taken since the look before, for each place that took any. */
  #endLook(): void {
    const { values, taken } = this.#waitSample
    const most = bucketsEach(this.#places.size)
    for (let t = 0; t < taken.count; t++) {
      const place = taken.ids[t]!
      const n = this.#waitSample.countOf(place)
      // Taken back meanwhile.
      if (n === 0) continue
      const record = {
        bucket: this.#bucket,
        ...{ n, runs: n, parents: n, errors: 0 },
        durationNs: this.#counts.places.of.durationNs[place]!,
        length: Math.min(n, VALUES_PER_BUCKET),
        key: this.#key(place, this.#look, this.#lookMs),
      }
      recordsOf(this.#waits, place).add(record, values, this.#waitSample.rowOf(place), most)
    }
    this.#waitSample.clear()
  }

  #keepPlace(place: number): void {
    const { occurrences, runs, errors, durationNs } = this.#counts.places.of
    const n = occurrences[place]!
    // Taken back meanwhile, or kept already.
    if (n === 0) return
    const isLog = this.#table.isLog(this.#table.places.calleeOf(place))
    const record = {
      bucket: this.#bucket,
      n,
      runs: runs[place]!,
      parents: this.#counts.elements.of.parents[this.#table.places.callerOf(place)] ?? 0,
      errors: errors[place]!,
      durationNs: durationNs[place]!,
      length: isLog ? 0 : Math.min(n, VALUES_PER_BUCKET),
      key: this.#key(place),
    }
    const records = recordsOf(this.#places, place)
    const most = bucketsEach(this.#places.size)
    records.add(record, this.#sample.values, place * VALUES_PER_BUCKET, most)
    occurrences[place] = 0
  }

  #keepStratum(stratum: number): void {
    const { observations, unusual } = this.#counts.strata.of
    const n = observations[stratum]!
    if (n === 0) return
    const all = { bucket: this.#bucket, n, runs: n, parents: n, errors: unusual[stratum]! }
    const record = { ...all, durationNs: 0, length: 0, key: this.#key(-1 - stratum) }
    recordsOf(this.#strata, stratum).add(record, this.#sample.values, 0)
    observations[stratum] = 0
  }

  /**
   * Sampling key of the running bucket, or look, for one place: independent between places, but the same for
   * `BLOCK` neighbouring ones, so that how long bursts last can be seen in what is kept.
   */
  #key(subject: number, number = this.#bucket, lengthMs = this.#options.bucketMs): number {
    const block = Math.floor(number / BLOCK)
    const hash = hashWords(subject, block, this.#options.seed, 0, 0x51f3)
    const timeMs = number * lengthMs
    return decayKey(timeMs, (hash + 0.5) / 4294967296, this.#decay)
  }

  state(): PlaceReferenceState {
    return {
      bucket: this.#bucket,
      look: this.#look,
      sample: this.#sample.state(),
      waitSample: this.#waitSample.state(),
      counts: this.#counts.state(),
      totals: this.#totals.save(),
      byPath: this.#byPath.state(),
      requests: { ...this.#requests },
      places: statesOf(this.#places),
      waits: statesOf(this.#waits),
      strata: statesOf(this.#strata),
      accepted: [...this.#accepted],
    }
  }

  /** Takes over a state; only valid on a fresh reference with the same options. */
  restore(state: PlaceReferenceState): void {
    this.#bucket = state.bucket
    this.#look = state.look
    this.#sample.restore(state.sample)
    this.#waitSample.restore(state.waitSample)
    this.#counts.restore(state.counts)
    this.#totals.restore(state.totals)
    this.#byPath.restore(state.byPath)
    Object.assign(this.#requests, state.requests)
    for (const [place, records] of state.places) recordsOf(this.#places, place).restore(records)
    for (const [place, records] of state.waits) recordsOf(this.#waits, place).restore(records)
    for (const [stratum, one] of state.strata) recordsOf(this.#strata, stratum).restore(one)
    for (const place of state.accepted) this.#accepted.add(place)
  }
}

type KeptRecords = readonly (readonly [id: number, records: PlaceRecordsState])[]

export interface PlaceReferenceState {
  readonly bucket: number
  readonly look: number
  readonly sample: SelfTimeSampleState
  readonly waitSample: WaitSampleState
  readonly counts: BucketCountsState
  readonly totals: SavedColumns<typeof TOTALS>
  readonly byPath: PathTotalsState
  readonly requests: RequestTotals
  readonly places: KeptRecords
  readonly waits: KeptRecords
  readonly strata: KeptRecords
  readonly accepted: readonly number[]
}

function recordsOf(all: Map<number, PlaceRecords>, id: number): PlaceRecords {
  const records = all.get(id) ?? new PlaceRecords()
  all.set(id, records)
  return records
}

function statesOf(all: ReadonlyMap<number, PlaceRecords>): KeptRecords {
  return [...all].map(([id, records]) => [id, records.state()])
}
