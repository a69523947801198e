// Provisional, by the lead, until the sample engineer's own version lands: replace freely.
import { decayKey, decayPerMs } from './decay-key.ts'
import { DecayedReservoir, type ReservoirState } from './decayed-reservoir.ts'
import { hashWords, unitFromTraceId } from './random.ts'

export interface SampleOptions {
  readonly halfLifeMs: number
  readonly size: number
  readonly stratumFloor: number
  readonly stratumCap: number
  readonly calibrationSize: number
  readonly seed: number
}
export interface SampleState<F, C> {
  readonly fit: readonly (readonly [number, ReservoirState<F>])[]
  readonly calibration: ReservoirState<C>
}
export class StrataSample<F, C> {
  readonly #o: SampleOptions
  readonly #perMs: number
  #fit = new Map<number, DecayedReservoir<F>>()
  #calibration: DecayedReservoir<C>
  #key = 0
  #tie = 0
  constructor(options: SampleOptions) {
    this.#o = options
    this.#perMs = decayPerMs(options.halfLifeMs)
    this.#calibration = new DecayedReservoir<C>(options.calibrationSize)
  }
  get calibrationCount(): number {
    return this.#calibration.size
  }
  get fitCount(): number {
    let n = 0
    for (const r of this.#fit.values()) n += r.size
    return n
  }
  fitCountOf(stratum: number): number {
    return this.#fit.get(stratum)?.size ?? 0
  }
  place(words: Uint32Array, timeMs: number, stratum: number): 'fit' | 'calibration' | null {
    const h = hashWords(words[0]!, words[1]!, words[2]!, words[3]!, this.#o.seed ^ 0x5bd1e995)
    this.#key = decayKey(timeMs, unitFromTraceId(words, 0, this.#o.seed), this.#perMs)
    this.#tie = h
    if (h & 1) return this.#calibration.wouldEnter(this.#key, this.#tie) ? 'calibration' : null
    let r = this.#fit.get(stratum)
    if (!r) {
      r = new DecayedReservoir<F>(this.#o.stratumCap)
      this.#fit.set(stratum, r)
    }
    return r.wouldEnter(this.#key, this.#tie) ? 'fit' : null
  }
  putCalibration(_w: Uint32Array, _t: number, item: C): void {
    this.#calibration.offer(this.#key, this.#tie, item)
  }
  putFit(_w: Uint32Array, _t: number, stratum: number, item: F): void {
    this.#fit.get(stratum)!.offer(this.#key, this.#tie, item)
  }
  rebalance(): void {}
  fitItems(): F[] {
    return [...this.#fit.keys()].sort((a, b) => a - b).flatMap((k) => [...this.#fit.get(k)!.items()])
  }
  calibrationItems(): C[] {
    return [...this.#calibration.items()]
  }
  state(): SampleState<F, C> {
    return {
      fit: [...this.#fit].map(([k, r]) => [k, r.state()] as const),
      calibration: this.#calibration.state(),
    }
  }
  restore(s: SampleState<F, C>): void {
    this.#fit = new Map(s.fit.map(([k, r]) => [k, DecayedReservoir.restore(r)]))
    this.#calibration = DecayedReservoir.restore(s.calibration)
  }
}
