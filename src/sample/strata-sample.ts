import { Columns, type SavedColumns } from '../columns/columns.ts'
import { hashWords, unitFromTraceId } from '../stats/random.ts'
import { decayKey, decayPerMs } from './decay-key.ts'
import type { SampleSettings } from './sample-settings.ts'
import { StratifiedReservoir, type StratifiedState } from './stratified-reservoir.ts'

/** The two disjoint samples: one to fit a model from, one to calibrate its scores on. */
export type SampleName = 'fit' | 'calibration'

/** An observation of the calibration sample, with its stratum. */
export interface CalibrationItem<T> {
  readonly stratum: number
  readonly item: T
}

/** Decayed number of observations of a stratum, as of `timeMs`. */
const RATE = { weight: 'f64', timeMs: 'f64' } as const

/** Plain data, apart from the items. */
export interface StrataSampleState<T> {
  readonly nowMs: number | null
  readonly evicted: number
  readonly refused: number
  readonly rates: SavedColumns<typeof RATE>
  readonly fit: StratifiedState<T>
  readonly calibration: StratifiedState<CalibrationItem<T>>
}

/** Salts that make the hashes of one id independent of each other. */
const TIE_SALT = 0x5bd1e995
const SPLIT_SALT = 0x2545f491

/**
 * Recent normal observations, by stratum, bounded and time-decayed. Half of all ids, by a hash of the
 * id alone, may go to the fit sample, the others to the calibration sample, so no observation is ever
 * in both, whatever the order, the shard or the restart.
 *
 * Each sample is stratified: no stratum, however busy, can crowd out the others (see
 * `StratifiedReservoir`), and `weightOf` says how much each one kept to fit from stands for.
 *
 * Use: `admit` once for each observation that may be learned from; where it names a sample, `put` the
 * item there with the `key` and `tie` it left. `rebalance` now and then, at positions of the log that do
 * not depend on batching.
 */
export class StrataSample<T> {
  /** Key and tie of the observation that `admit` saw last. */
  key = 0
  tie = 0
  /** Items that had to go for a better one or a smaller quota. */
  evicted = 0
  /** Items that `put` did not take. */
  refused = 0
  readonly #maxStrata: number
  readonly #seed: number
  readonly #perMs: number
  readonly #rates: Columns<typeof RATE>
  readonly #fit: StratifiedReservoir<T>
  readonly #calibration: StratifiedReservoir<CalibrationItem<T>>
  #nowMs = -Infinity

  /** Throws RangeError on a half-life or sizes that make no sense. */
  constructor(
    settings: SampleSettings,
    maxStrata: number,
    seed: number,
    state?: StrataSampleState<T>,
  ) {
    const { size, sizeMost, stratumFloor: floor, stratumCap: cap, calibrationSize } = settings
    this.#maxStrata = maxStrata
    this.#seed = seed
    this.#perMs = decayPerMs(settings.halfLifeMs)
    this.#rates = new Columns(RATE)
    this.#fit = new StratifiedReservoir({ size, sizeMost, floor, cap }, state?.fit)
    const whole = { size: calibrationSize, sizeMost: calibrationSize, cap: calibrationSize }
    this.#calibration = new StratifiedReservoir(
      { ...whole, floor: Math.min(floor, calibrationSize) },
      state?.calibration,
    )
    if (!state) return
    this.#nowMs = state.nowMs ?? -Infinity
    this.refused = state.refused
    this.evicted = state.evicted
    this.#rates.restore(state.rates)
  }

  /**
   * Counts an observation and tells which sample would take it now, if any. `words[offset … +3]` is its
   * trace id, or a hash that names it; `timeMs` its data time. Throws RangeError on a stratum that is not
   * a whole number below the limit, and on a time that is not finite.
   */
  admit(words: Uint32Array, timeMs: number, stratum: number, offset = 0): SampleName | null {
    if (!Number.isFinite(timeMs)) throw new RangeError(`Time of observation is ${timeMs}.`)
    this.#check(stratum)
    const a = words[offset]!
    const b = words[offset + 1]!
    const c = words[offset + 2]!
    const d = words[offset + 3]!
    this.#count(stratum, timeMs)
    this.key = decayKey(timeMs, unitFromTraceId(words, offset, this.#seed), this.#perMs)
    this.tie = hashWords(a, b, c, d, this.#seed ^ TIE_SALT)
    const isFit = (hashWords(a, b, c, d, this.#seed ^ SPLIT_SALT) & 1) === 0
    const reservoir = isFit ? this.#fit.of(stratum) : this.#calibration.of(stratum)
    if (!reservoir.wouldEnter(this.key, this.tie)) return null
    return isFit ? 'fit' : 'calibration'
  }

  /**
   * Puts an item where `admit` said. Returns whether it is in: not if it is there already, or if its
   * place was taken meanwhile. Throws RangeError on a stratum that `admit` never saw.
   */
  put(sample: SampleName, key: number, tie: number, stratum: number, item: T): boolean {
    if (this.rateOf(stratum) === 0) {
      throw new RangeError(`Stratum ${stratum} has had no observation admitted.`)
    }
    const entry = { stratum, item }
    const left =
      sample === 'fit'
        ? this.#fit.of(stratum).offer(key, tie, item)
        : this.#calibration.of(stratum).offer(key, tie, entry)
    const refused = left === item || left === entry
    if (refused) this.refused++
    else if (left !== null) this.evicted++
    return !refused
  }

  /** Shares the room of both samples out anew by the rates as they are now; returns how many items had to go. */
  rebalance(): number {
    const rates = Float64Array.from({ length: this.#rates.rows }, (_, s) => this.rateOf(s))
    const gone = this.#fit.rebalance(rates) + this.#calibration.rebalance(rates)
    this.evicted += gone
    return gone
  }

  /** Strata seen so far, ascending. */
  strata(): number[] {
    const { weight } = this.#rates.of
    return Array.from(weight.keys()).filter((s) => weight[s]! > 0)
  }

  /** Observations of a stratum, decayed to the latest time seen: what its sample stands for. */
  rateOf(stratum: number): number {
    const { weight, timeMs } = this.#rates.of
    const seen = weight[stratum] ?? 0
    return seen === 0 ? 0 : seen * Math.exp(-this.#perMs * (this.#nowMs - timeMs[stratum]!))
  }

  /** Observations (decayed) that each kept one of a stratum stands for: its weight in a common fit. */
  weightOf(stratum: number): number {
    const kept = this.keptOf(stratum)
    return kept === 0 ? 0 : this.rateOf(stratum) / kept
  }

  /** Observations kept of a stratum by itself, to fit from. */
  keptOf(stratum: number): number {
    return this.#fit.kept(stratum)
  }

  /** The fit sample of a stratum, most lasting first, in an order that depends on nothing else. */
  fitItems(stratum: number): T[] {
    return this.#fit.items(stratum)
  }

  /** ... of the strata without room of their own; likewise. */
  poolItems(): T[] {
    return this.#fit.poolItems()
  }

  /** The calibration sample by stratum, in an order that depends on nothing else. */
  calibrationItems(): CalibrationItem<T>[] {
    const own = this.strata().flatMap((stratum) => this.#calibration.items(stratum))
    return [...own, ...this.#calibration.poolItems()]
  }

  /** Everything kept to fit from, and to calibrate from. */
  everything(): { readonly fit: Iterable<T>; readonly calibration: Iterable<CalibrationItem<T>> } {
    return { fit: this.#fit.all(), calibration: this.#calibration.all() }
  }

  /** Forgets strata of which nothing has come for long; what was pooled to fit from stays while it lasts. */
  forget(strata: ReadonlySet<number>): void {
    this.#fit.forget(strata, () => false)
    this.#calibration.forget(strata, ({ stratum }) => strata.has(stratum))
    for (const stratum of strata) if (stratum < this.#rates.rows) this.#rates.clear(stratum)
  }

  /** Size of the fit sample. */
  get fitSize(): number {
    return this.#fit.count
  }

  get calibrationSize(): number {
    return this.#calibration.count
  }

  /** All there is to know; the constructor takes it. The same for the same observations. */
  state(): StrataSampleState<T> {
    return {
      nowMs: this.#nowMs === -Infinity ? null : this.#nowMs,
      evicted: this.evicted,
      refused: this.refused,
      rates: this.#rates.save(),
      fit: this.#fit.state(),
      calibration: this.#calibration.state(),
    }
  }

  /** Adds 1 as of `timeMs`; whichever of the two times is earlier is decayed to the other. */
  #count(stratum: number, timeMs: number): void {
    if (timeMs > this.#nowMs) this.#nowMs = timeMs
    this.#rates.grow(stratum + 1)
    const { of } = this.#rates
    if (of.weight[stratum] === 0) of.timeMs[stratum] = timeMs
    const age = timeMs - of.timeMs[stratum]!
    if (age > 0) {
      of.weight[stratum] = of.weight[stratum]! * Math.exp(-this.#perMs * age) + 1
      of.timeMs[stratum] = timeMs
    } else {
      of.weight[stratum]! += Math.exp(this.#perMs * age)
    }
  }

  #check(stratum: number): void {
    if (Number.isInteger(stratum) && stratum >= 0 && stratum < this.#maxStrata) return
    throw new RangeError(`Stratum ${stratum} is not one of ${this.#maxStrata}.`)
  }
}
