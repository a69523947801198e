import type { KeptTrace } from '../profile/kept-trace.ts'
import type { FitRequest, FitResult } from './fit.ts'
import type { ModelSettings } from './settings.ts'

/** A fit on its way: asked for at one boundary, in effect from a later one. */
interface PendingFit {
  readonly request: FitRequest
  /** The trace behind each entry of the request's sample. */
  readonly traces: readonly KeptTrace[]
  /** Number of the boundary at which it was asked for. */
  readonly askedAt: number
}

/** What the schedule asks of the learner. */
export interface LearningProgress {
  /** Observations learned from, ever. */
  readonly learned: number
  readonly calibrationSize: number
  /** Entry operations that a fit would let be judged by themselves, and the share of recent traffic unjudged. */
  readonly awaited: number
  readonly unjudgedShare: number
}

/** Share of unjudged traffic from which entry operations that became known are not kept waiting. */
const MOST_UNJUDGED = 0.02

/** The second fit comes at twice the observations of the first, and so on until time takes over. */
const GROWTH = 2

/**
 * When models are asked for and when they take effect, in data time only: boundaries are multiples
 * of `windowMs`; a model asked for at one takes effect at the next. So the position of every model in
 * the log is a function of the log, however long a fit takes.
 */
export class FitSchedule {
  nextVersion = 1
  readonly #settings: ModelSettings
  #boundary = -1
  #fittedMs = 0
  #learnedThen = 0
  #pending: PendingFit | null = null
  #result: FitResult | null = null
  #unclaimed: FitRequest | null = null

  constructor(settings: ModelSettings) {
    this.#settings = settings
  }

  /** Whether data time has come into another window (a clock set back in its first records too). */
  atBoundary(clockMs: number): boolean {
    return this.#number(clockMs) !== this.#boundary
  }

  mustWait(clockMs: number): boolean {
    return this.#pending !== null && this.#result === null && this.#isNext(clockMs)
  }

  /** Whether a fit is on its way. */
  get isPending(): boolean {
    return this.#pending !== null
  }

  /** Turns to the current window; gives the fit that takes effect with it. */
  turn(clockMs: number): (PendingFit & { result: FitResult }) | null {
    const arrived = this.#isNext(clockMs) && this.#pending && this.#result
    this.#boundary = this.#number(clockMs)
    if (!arrived) return null
    const due = { ...this.#pending!, result: this.#result! }
    this.#pending = null
    this.#result = null
    return due
  }

  /** Whether a fit should be asked for now. */
  isDue(clockMs: number, progress: LearningProgress): boolean {
    if (this.#pending) return false
    const { learned, calibrationSize, awaited, unjudgedShare } = progress
    if (calibrationSize < this.#settings.minCalibration) return false
    if (this.#learnedThen === 0) return true
    if (learned >= GROWTH * this.#learnedThen) return true
    if (awaited > 0 && unjudgedShare > MOST_UNJUDGED) return true
    return clockMs - this.#fittedMs >= this.#settings.refreshMs && learned > this.#learnedThen
  }

  ask(request: FitRequest, traces: readonly KeptTrace[], clockMs: number, learned: number): void {
    this.#pending = { request, traces, askedAt: this.#boundary }
    this.#unclaimed = request
    this.#result = null
    this.skipTo(clockMs, learned)
  }

  /** Takes note of a fit at this moment, wherever it is done. */
  skipTo(clockMs: number, learned: number): void {
    this.#fittedMs = clockMs
    this.#learnedThen = learned
    this.nextVersion++
  }

  /** Data time was wrong and was set back: the next fit does not wait until that time comes. */
  turnBack(clockMs: number): void {
    this.#fittedMs = Math.min(this.#fittedMs, clockMs)
    const askedAt = Math.min(this.#pending?.askedAt ?? 0, this.#number(clockMs))
    if (this.#pending) this.#pending = { ...this.#pending, askedAt }
  }

  takeRequest(): FitRequest | null {
    const request = this.#unclaimed
    this.#unclaimed = null
    return request
  }

  deliver(result: FitResult): void {
    const wanted = this.#pending?.request.version
    if (result.version !== wanted) {
      throw new Error(`Got the fit of model ${result.version}, but asked for ${wanted ?? 'none'}`)
    }
    this.#result = result
  }

  /** A fit that has come but is not in effect is left out: restored, it is asked for again. */
  state(): FitScheduleState {
    return {
      nextVersion: this.nextVersion,
      boundary: this.#boundary,
      fittedMs: this.#fittedMs,
      learnedThen: this.#learnedThen,
      pending: this.#pending,
    }
  }

  restore(state: FitScheduleState): void {
    this.nextVersion = state.nextVersion
    this.#boundary = state.boundary
    this.#fittedMs = state.fittedMs
    this.#learnedThen = state.learnedThen
    this.#pending = state.pending
    this.#unclaimed = state.pending?.request ?? null
  }

  #number(clockMs: number): number {
    return Math.floor(clockMs / this.#settings.windowMs)
  }

  #isNext(clockMs: number): boolean {
    return this.#pending !== null && this.#number(clockMs) > this.#pending.askedAt
  }
}

export interface FitScheduleState {
  readonly nextVersion: number
  readonly boundary: number
  readonly fittedMs: number
  readonly learnedThen: number
  readonly pending: PendingFit | null
}
