import { hashWords, unitFromTraceId } from '../stats/random.ts'
import { decayKey, decayPerMs } from './decay-key.ts'
import { DecayedReservoir, type ReservoirState } from './decayed-reservoir.ts'
import { strataQuotas } from './quotas.ts'
import type { SampleSettings } from './sample-settings.ts'

/** The two disjoint samples: one to fit a model from, one to calibrate its scores on. */
export type SampleName = 'fit' | 'calibration'

/** An item of the calibration sample, which mixes the strata. */
export interface CalibrationItem<T> {
  readonly stratum: number
  readonly item: T
}

interface StratumState<T> {
  readonly stratum: number
  readonly weight: number
  readonly timeMs: number
  readonly reservoir: ReservoirState<T>
}

/** Plain data, apart from the items. */
export interface StrataSampleState<T> {
  readonly nowMs: number | null
  readonly evicted: number
  readonly refused: number
  readonly strata: readonly StratumState<T>[]
  readonly calibration: ReservoirState<CalibrationItem<T>>
}

interface Stratum<T> {
  /** Decayed number of observations, as of `timeMs`. */
  weight: number
  timeMs: number
  reservoir: DecayedReservoir<T>
}

/** Salts that make the hashes of one id independent of each other. */
const TIE_SALT = 0x5bd1e995
const SPLIT_SALT = 0x2545f491

/**
 * Recent normal observations, by stratum, bounded and time-decayed. Half of all ids, by a hash of the
 * id alone, may go to the fit sample, the others to the calibration sample, so no observation is ever
 * in both, whatever the order, the shard or the restart.
 *
 * The *fit sample* is one reservoir per stratum, sized by `strataQuotas`: rare strata are kept in far
 * more than their share, and `weightOf` says how much each kept observation stands for. The
 * *calibration sample* is one reservoir over all strata with the plain keys, so it is proportional to
 * the (decayed) traffic and needs no weights.
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
  readonly #settings: SampleSettings
  readonly #maxStrata: number
  readonly #seed: number
  readonly #perMs: number
  readonly #strata: (Stratum<T> | undefined)[] = []
  readonly #calibration: DecayedReservoir<CalibrationItem<T>>
  #capacity = 0
  #nowMs = -Infinity

  /** Throws RangeError on a half-life or sizes that make no sense. */
  constructor(
    settings: SampleSettings,
    maxStrata: number,
    seed: number,
    state?: StrataSampleState<T>,
  ) {
    this.#settings = settings
    this.#maxStrata = maxStrata
    this.#seed = seed
    this.#perMs = decayPerMs(settings.halfLifeMs)
    this.#calibration = state
      ? DecayedReservoir.restore(state.calibration)
      : new DecayedReservoir(settings.calibrationSize)
    if (!state) return
    this.#nowMs = state.nowMs ?? -Infinity
    this.refused = state.refused
    this.evicted = state.evicted + this.#calibration.resize(settings.calibrationSize).length
    for (const { stratum, weight, timeMs, reservoir } of state.strata) {
      this.#check(stratum)
      this.#strata[stratum] = { weight, timeMs, reservoir: DecayedReservoir.restore(reservoir) }
      this.#capacity += reservoir.capacity
    }
  }

  /**
   * Counts an observation and tells which sample would take it now, if any. `words[offset … +3]` is its
   * trace id, or a hash that names it; `timeMs` its data time. Throws RangeError on a stratum that is not
   * a whole number below the limit, and on a time that is not finite.
   */
  admit(words: Uint32Array, timeMs: number, stratum: number, offset = 0): SampleName | null {
    if (!Number.isFinite(timeMs)) throw new RangeError(`Time of observation is ${timeMs}.`)
    const home = this.#stratum(stratum, timeMs)
    const a = words[offset]!
    const b = words[offset + 1]!
    const c = words[offset + 2]!
    const d = words[offset + 3]!
    this.#count(home, timeMs)
    this.key = decayKey(timeMs, unitFromTraceId(words, offset, this.#seed), this.#perMs)
    this.tie = hashWords(a, b, c, d, this.#seed ^ TIE_SALT)
    if ((hashWords(a, b, c, d, this.#seed ^ SPLIT_SALT) & 1) === 0) {
      return home.reservoir.wouldEnter(this.key, this.tie) ? 'fit' : null
    }
    return this.#calibration.wouldEnter(this.key, this.tie) ? 'calibration' : null
  }

  /**
   * Puts an item where `admit` said. Returns whether it is in: not if it is there already, or if its
   * place was taken meanwhile. Throws RangeError on a stratum that `admit` never saw.
   */
  put(sample: SampleName, key: number, tie: number, stratum: number, item: T): boolean {
    const home = this.#strata[stratum]
    if (!home) throw new RangeError(`Stratum ${stratum} has had no observation admitted.`)
    const entry = { stratum, item }
    const left =
      sample === 'fit'
        ? home.reservoir.offer(key, tie, item)
        : this.#calibration.offer(key, tie, entry)
    const refused = left === item || left === entry
    if (refused) this.refused++
    else if (left !== null) this.evicted++
    return !refused
  }

  /**
   * Shares `settings.size` out anew by the rates as they are now. Between two calls a new stratum gets
   * what is still free, up to the cap, and at least the floor, so the size can be exceeded by that much.
   * Rates move slowly against the half-life, so quotas do; growing a reservoir is inexact only then (see
   * `DecayedReservoir.resize`). Returns the number of items that had to go. O(strata).
   */
  rebalance(): number {
    const { size, stratumFloor, stratumCap } = this.#settings
    const rates = Float64Array.from({ length: this.#strata.length }, (_, s) => this.rateOf(s))
    const quotas = strataQuotas(rates, size, stratumFloor, stratumCap)
    let gone = 0
    this.#capacity = 0
    for (let s = 0; s < quotas.length; s++) {
      const stratum = this.#strata[s]
      if (!stratum) continue
      gone += stratum.reservoir.resize(quotas[s]!).length
      this.#capacity += quotas[s]!
    }
    this.evicted += gone
    return gone
  }

  /** Strata seen so far, ascending. */
  strata(): number[] {
    return [...this.#strata.keys()].filter((s) => this.#strata[s] !== undefined)
  }

  /** Observations of a stratum, decayed to the latest time seen: what its sample stands for. */
  rateOf(stratum: number): number {
    const home = this.#strata[stratum]
    return home ? home.weight * Math.exp(-this.#perMs * (this.#nowMs - home.timeMs)) : 0
  }

  /** Observations (decayed) that each kept one of a stratum stands for: its weight in a common fit. */
  weightOf(stratum: number): number {
    const kept = this.keptOf(stratum)
    return kept === 0 ? 0 : this.rateOf(stratum) / kept
  }

  /** Observations kept of a stratum, to fit from. */
  keptOf(stratum: number): number {
    return this.#strata[stratum]?.reservoir.size ?? 0
  }

  /** The fit sample of a stratum, most lasting first, in an order that depends on nothing else. */
  fitItems(stratum: number): T[] {
    return this.#strata[stratum]?.reservoir.items() ?? []
  }

  /** The calibration sample, in an order that depends on nothing else. */
  calibrationItems(): CalibrationItem<T>[] {
    return this.#calibration.items()
  }

  /** Size of the fit sample. */
  get fitSize(): number {
    return this.#strata.reduce((sum, stratum) => sum + (stratum?.reservoir.size ?? 0), 0)
  }

  get calibrationSize(): number {
    return this.#calibration.size
  }

  /** All there is to know; the constructor takes it. The same for the same observations. */
  state(): StrataSampleState<T> {
    return {
      nowMs: this.#nowMs === -Infinity ? null : this.#nowMs,
      evicted: this.evicted,
      refused: this.refused,
      strata: this.strata().map((stratum) => {
        const { weight, timeMs, reservoir } = this.#strata[stratum]!
        return { stratum, weight, timeMs, reservoir: reservoir.state() }
      }),
      calibration: this.#calibration.state(),
    }
  }

  #stratum(stratum: number, timeMs: number): Stratum<T> {
    const known = this.#strata[stratum]
    if (known) return known
    this.#check(stratum)
    const { size, stratumFloor, stratumCap } = this.#settings
    const capacity = Math.min(stratumCap, Math.max(stratumFloor, size - this.#capacity))
    this.#capacity += capacity
    const made = { weight: 0, timeMs, reservoir: new DecayedReservoir<T>(capacity) }
    this.#strata[stratum] = made
    return made
  }

  /** Adds 1 as of `timeMs`; whichever of the two times is earlier is decayed to the other. */
  #count(home: Stratum<T>, timeMs: number): void {
    if (timeMs > this.#nowMs) this.#nowMs = timeMs
    const age = timeMs - home.timeMs
    if (age > 0) {
      home.weight = home.weight * Math.exp(-this.#perMs * age) + 1
      home.timeMs = timeMs
    } else {
      home.weight += Math.exp(this.#perMs * age)
    }
  }

  #check(stratum: number): void {
    if (Number.isInteger(stratum) && stratum >= 0 && stratum < this.#maxStrata) return
    throw new RangeError(`Stratum ${stratum} is not one of ${this.#maxStrata}.`)
  }
}
