import { add, bootstrapThreshold } from '../stats/block-bootstrap.ts'
import { SeededRandom } from '../stats/random.ts'
import { DRIFT_DETECTORS, type DriftStream } from './drift-detectors.ts'
import type { DriftSettings } from './drift-settings.ts'

/** `learning` until the reference can be used. */
export type DriftState = 'learning' | 'stable' | 'suspected' | 'drifting'

/** Part of the threshold below which the statistic must fall for the drift to be over. */
const RETURN = 0.8
/** The threshold is drawn again when the reference has changed by this share. */
const REDRAW_SHARE = 8

/** Plain data. */
export interface StreamWatchState {
  readonly state: DriftState
  readonly statistic: number
  readonly threshold: number
  readonly blocks: readonly Uint32Array[]
  readonly frozen: number
  readonly above: number
  readonly below: number
  readonly sinceDraw: number
  readonly sample: Uint8Array
  readonly seen: number
  readonly told: number
  readonly setAside: number
  readonly blockStartMs: number
  readonly random: ReturnType<SeededRandom['state']>
}

/**
 * Watches one stream of one stratum: the last window of blocks against the blocks before it.
 *
 * Every block holds the same number of observations, sampled from as long a time as it takes, so the
 * noise of a window is the same at night and at noon. The state changes only when a whole window of
 * evaluations says so (hysteresis): one that exceeds the threshold is suspected, a window of them in a
 * row is drift, and a window of them below 0.8 of it is the end of it. Meanwhile the reference stands
 * still; a change that stays for long becomes the reference.
 *
 * A block of which more than the detector's `material` share is told already, by open anomaly
 * clusters, is set aside, and nothing changes with it: fewer could not move the statistic by what
 * matters. The whole block, since what is left without them is not the usual traffic either.
 */
export class StreamWatch {
  state: DriftState = 'learning'
  /** Of the last window, in the statistic's own unit. */
  statistic = 0
  /** In the same unit; 0 while learning. */
  threshold = 0
  /** Blocks that were set aside. */
  setAside = 0
  readonly stream: DriftStream
  readonly #settings: DriftSettings
  /** Oldest first; the last `windowBlocks` are the window, those before are the reference. */
  #blocks: Uint32Array[] = []
  /** Blocks between the reference and the window, kept apart while the state is not stable. */
  #frozen = 0
  #above = 0
  #below = 0
  #sinceDraw = 0
  readonly #sample: Uint8Array
  #seen = 0
  /** Of those seen. */
  #told = 0
  #blockStartMs = 0
  #random: SeededRandom

  constructor(stream: DriftStream, settings: DriftSettings, seed: number) {
    this.stream = stream
    this.#settings = settings
    this.#sample = new Uint8Array(settings.blockObservations)
    this.#random = new SeededRandom(seed)
  }

  /**
   * Takes one observation's bin; `told`: it belongs to an open anomaly cluster.
   * @returns whether a block ended with it, so that state and statistic may have changed
   */
  observe(bin: number, timeMs: number, told = false): boolean {
    const { blockObservations, blockMs } = this.#settings
    if (this.#seen === 0) this.#blockStartMs = timeMs
    // Algorithm R (Vitter 1985): each observation of the block is in its sample with equal chance.
    const slot =
      this.#seen < blockObservations
        ? this.#seen
        : Math.floor(this.#random.next() * (this.#seen + 1))
    if (slot < blockObservations) this.#sample[slot] = bin
    this.#seen++
    if (told) this.#told++
    if (this.#seen < blockObservations || timeMs - this.#blockStartMs < blockMs) return false
    const isTold = this.#told > DRIFT_DETECTORS[this.stream].material * this.#seen
    this.#seen = this.#told = 0
    if (isTold) this.setAside++
    else this.#endBlock()
    return !isTold
  }

  /** Forgets everything: what the bins mean has changed. */
  restart(): void {
    this.#blocks = []
    this.#frozen = 0
    this.#above = this.#below = this.#sinceDraw = this.#seen = this.#told = 0
    this.state = 'learning'
    this.statistic = this.threshold = 0
  }

  #endBlock(): void {
    const { windowBlocks, leastReferenceBlocks } = this.#settings
    const block = new Uint32Array(DRIFT_DETECTORS[this.stream].bins)
    for (const bin of this.#sample) block[bin]!++
    this.#blocks.push(block)
    if (this.state === 'suspected' || this.state === 'drifting') this.#frozen++
    else this.#trim()
    if (this.#referenceEnd() < leastReferenceBlocks || this.#blocks.length < windowBlocks) return
    if (this.state === 'learning') this.state = 'stable'
    this.#evaluate()
  }

  #referenceEnd(): number {
    return this.#blocks.length - this.#settings.windowBlocks - this.#frozen
  }

  #trim(): void {
    const { referenceBlocks, windowBlocks } = this.#settings
    const most = referenceBlocks + windowBlocks
    if (this.#blocks.length > most) this.#blocks.splice(0, this.#blocks.length - most)
  }

  #evaluate(): void {
    const { windowBlocks } = this.#settings
    const { bins, statistic } = DRIFT_DETECTORS[this.stream]
    const end = this.#referenceEnd()
    if (this.#sinceDraw++ >= end / REDRAW_SHARE || this.threshold === 0) this.#draw(end)
    const reference = new Float64Array(bins)
    const window = new Float64Array(bins)
    for (let i = 0; i < end; i++) add(reference, this.#blocks[i]!, 1)
    for (let i = this.#blocks.length - windowBlocks; i < this.#blocks.length; i++) {
      add(window, this.#blocks[i]!, 1)
    }
    this.statistic = statistic(reference, window)
    this.#turn()
  }

  #draw(end: number): void {
    const { windowBlocks } = this.#settings
    const detector = DRIFT_DETECTORS[this.stream]
    const reference = this.#blocks.slice(0, end)
    const random = (): number => this.#random.next()
    this.threshold = bootstrapThreshold(detector, reference, windowBlocks, random)
    this.#sinceDraw = 0
  }

  #turn(): void {
    const { windowBlocks, adoptBlocks } = this.#settings
    this.#above = this.statistic > this.threshold ? this.#above + 1 : 0
    this.#below = this.statistic < RETURN * this.threshold ? this.#below + 1 : 0
    if (this.state === 'stable') {
      if (this.#above > 0) this.state = 'suspected'
    } else if (this.state === 'suspected') {
      if (this.#above > windowBlocks) this.state = 'drifting'
      else if (this.#above === 0) this.#settle()
    } else if (this.#below > windowBlocks) {
      this.#forgetChange()
      this.#settle()
    } else if (this.#frozen >= adoptBlocks) {
      this.#adopt()
    }
  }

  #settle(): void {
    this.state = 'stable'
    this.#frozen = 0
    this.#trim()
  }

  /** The change is over: it never becomes part of the reference. */
  #forgetChange(): void {
    const end = this.#referenceEnd()
    this.#blocks.splice(end, this.#frozen)
    this.#frozen = 0
  }

  /** The change has stayed: what came since it began is the reference from now on. */
  #adopt(): void {
    this.#blocks.splice(0, this.#referenceEnd())
    this.#above = this.#below = 0
    this.threshold = 0
    this.#settle()
    if (this.#referenceEnd() < this.#settings.leastReferenceBlocks) this.state = 'learning'
  }

  snapshot(): StreamWatchState {
    return {
      state: this.state,
      statistic: this.statistic,
      threshold: this.threshold,
      blocks: this.#blocks.map((block) => block.slice()),
      frozen: this.#frozen,
      above: this.#above,
      below: this.#below,
      sinceDraw: this.#sinceDraw,
      sample: this.#sample.slice(),
      seen: this.#seen,
      told: this.#told,
      setAside: this.setAside,
      blockStartMs: this.#blockStartMs,
      random: this.#random.state(),
    }
  }

  restore(saved: StreamWatchState): void {
    this.state = saved.state
    this.statistic = saved.statistic
    this.threshold = saved.threshold
    this.#blocks = saved.blocks.map((block) => block.slice())
    this.#frozen = saved.frozen
    this.#above = saved.above
    this.#below = saved.below
    this.#sinceDraw = saved.sinceDraw
    this.#sample.set(saved.sample)
    this.#seen = saved.seen
    this.#told = saved.told
    this.setAside = saved.setAside
    this.#blockStartMs = saved.blockStartMs
    this.#random = new SeededRandom(saved.random)
  }
}
