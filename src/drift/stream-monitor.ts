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

/** All that one stream remembers but its random numbers: plain data. */
export interface StreamState {
  state: DriftState
  /** Of the last window, in the statistic's own unit. */
  statistic: number
  /** In the same unit; 0 while learning. */
  threshold: number
  /** Blocks that were set aside. */
  setAside: number
  /** Oldest first; the last `windowBlocks` are the window, those before are the reference. */
  blocks: Uint32Array[]
  /** Blocks between the reference and the window, kept apart while the state is not stable. */
  frozen: number
  /** Evaluations in a row above the threshold, and below what ends a drift. */
  above: number
  below: number
  /** Evaluations since the threshold was drawn. */
  sinceDraw: number
  /** Bins of the running block's sample, of how many observations, and how many of those were told. */
  sample: Uint8Array
  seen: number
  told: number
  blockStartMs: number
}

export type StreamSnapshot = Readonly<StreamState> & {
  readonly random: ReturnType<SeededRandom['state']>
}

/**
 * Monitors one stream of one stratum: the last window of blocks against the blocks before it.
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
export class StreamMonitor {
  readonly stream: DriftStream
  now: StreamState
  readonly #settings: DriftSettings
  #random: SeededRandom

  constructor(stream: DriftStream, settings: DriftSettings, seed: number) {
    this.stream = stream
    this.#settings = settings
    this.now = emptyState(settings.blockObservations)
    this.#random = new SeededRandom(seed)
  }

  /**
   * Takes one observation's bin; `told`: it belongs to an open anomaly cluster.
   * @returns whether a block ended with it, so that state and statistic may have changed
   */
  observe(bin: number, timeMs: number, told = false): boolean {
    const { now } = this
    const { blockObservations, blockMs } = this.#settings
    // Long before its start: data time was set back.
    if (now.seen === 0 || now.blockStartMs - timeMs > blockMs) now.blockStartMs = timeMs
    // Algorithm R (Vitter 1985): each observation of the block is in its sample with equal chance.
    const slot =
      now.seen < blockObservations ? now.seen : Math.floor(this.#random.next() * (now.seen + 1))
    if (slot < blockObservations) now.sample[slot] = bin
    now.seen++
    if (told) now.told++
    if (now.seen < blockObservations || timeMs - now.blockStartMs < blockMs) return false
    const isTold = now.told > DRIFT_DETECTORS[this.stream].material * now.seen
    now.seen = now.told = 0
    if (isTold) now.setAside++
    else this.#endBlock()
    return !isTold
  }

  /** Forgets everything: what the bins mean has changed. */
  restart(): void {
    const { setAside } = this.now
    this.now = { ...emptyState(this.#settings.blockObservations), setAside }
  }

  #endBlock(): void {
    const { now } = this
    const { windowBlocks, leastReferenceBlocks } = this.#settings
    const block = new Uint32Array(DRIFT_DETECTORS[this.stream].bins)
    for (const bin of now.sample) block[bin]!++
    now.blocks.push(block)
    if (now.state === 'suspected' || now.state === 'drifting') now.frozen++
    else this.#trim()
    if (this.#referenceEnd() < leastReferenceBlocks || now.blocks.length < windowBlocks) return
    if (now.state === 'learning') now.state = 'stable'
    this.#evaluate()
  }

  #referenceEnd(): number {
    return this.now.blocks.length - this.#settings.windowBlocks - this.now.frozen
  }

  #trim(): void {
    const { referenceBlocks, windowBlocks } = this.#settings
    const most = referenceBlocks + windowBlocks
    if (this.now.blocks.length > most) this.now.blocks.splice(0, this.now.blocks.length - most)
  }

  #evaluate(): void {
    const { now } = this
    const { windowBlocks } = this.#settings
    const { bins, statistic } = DRIFT_DETECTORS[this.stream]
    const end = this.#referenceEnd()
    if (now.sinceDraw++ >= end / REDRAW_SHARE || now.threshold === 0) this.#draw(end)
    const reference = new Float64Array(bins)
    const window = new Float64Array(bins)
    for (let i = 0; i < end; i++) add(reference, now.blocks[i]!, 1)
    for (let i = now.blocks.length - windowBlocks; i < now.blocks.length; i++) {
      add(window, now.blocks[i]!, 1)
    }
    now.statistic = statistic(reference, window)
    this.#turn()
  }

  #draw(end: number): void {
    const { windowBlocks } = this.#settings
    const detector = DRIFT_DETECTORS[this.stream]
    const reference = this.now.blocks.slice(0, end)
    const random = (): number => this.#random.next()
    this.now.threshold = bootstrapThreshold(detector, reference, windowBlocks, random)
    this.now.sinceDraw = 0
  }

  #turn(): void {
    const { now } = this
    const { windowBlocks, adoptBlocks } = this.#settings
    now.above = now.statistic > now.threshold ? now.above + 1 : 0
    now.below = now.statistic < RETURN * now.threshold ? now.below + 1 : 0
    if (now.state === 'stable') {
      if (now.above > 0) now.state = 'suspected'
    } else if (now.state === 'suspected') {
      if (now.above > windowBlocks) now.state = 'drifting'
      else if (now.above === 0) this.#settle()
    } else if (now.below > windowBlocks) {
      this.#forgetChange()
      this.#settle()
    } else if (now.frozen >= adoptBlocks) {
      this.#adopt()
    }
  }

  #settle(): void {
    const { now } = this
    now.state = 'stable'
    now.frozen = 0
    this.#trim()
  }

  /** The change is over: it never becomes part of the reference. */
  #forgetChange(): void {
    const end = this.#referenceEnd()
    this.now.blocks.splice(end, this.now.frozen)
    this.now.frozen = 0
  }

  /** The change has stayed: what came since it began is the reference from now on. */
  #adopt(): void {
    const { now } = this
    now.blocks.splice(0, this.#referenceEnd())
    now.above = now.below = 0
    now.threshold = 0
    this.#settle()
    if (this.#referenceEnd() < this.#settings.leastReferenceBlocks) now.state = 'learning'
  }

  snapshot(): StreamSnapshot {
    return { ...structuredClone(this.now), random: this.#random.state() }
  }

  restore(saved: StreamSnapshot): void {
    const { random, ...now } = structuredClone(saved)
    this.now = now
    this.#random = new SeededRandom(random)
  }
}

function emptyState(blockObservations: number): StreamState {
  return {
    state: 'learning',
    statistic: 0,
    threshold: 0,
    setAside: 0,
    blocks: [],
    frozen: 0,
    above: 0,
    below: 0,
    sinceDraw: 0,
    sample: new Uint8Array(blockObservations),
    seen: 0,
    told: 0,
    blockStartMs: 0,
  }
}
