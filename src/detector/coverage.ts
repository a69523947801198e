import { Columns, type SavedColumns } from '../columns/columns.ts'
import type { Reason } from '../contract/anomaly.ts'

/** What became of the observations of an entry operation in one window. */
const WINDOW = { judged: 'u32', pooled: 'u32', learning: 'u32', incomplete: 'u32' } as const

/** Data time over which coverage is told: the running window and the one before. */
const WINDOW_MS = 300_000

/** How much of an entry operation's recent traffic was judged, and how. */
export interface StratumCoverage {
  readonly stratum: number
  /** Observations in the last 5 to 10 minutes of data time. */
  readonly seen: number
  /** ... judged by normal clusters of its own, */
  readonly judged: number
  /** ... judged together with other rare entry operations, */
  readonly pooled: number
  /** ... not judged, since too little is known of it, */
  readonly learning: number
  /** ... or since spans of it were dropped. */
  readonly incomplete: number
}

/** How much of the recent traffic is judged, by entry operation, over two windows of data time. */
export class Coverage {
  #window = -1
  #running = new Columns(WINDOW)
  #before = new Columns(WINDOW)
  /** Observations and unjudged ones of both windows. */
  #seen = [0, 0]
  #unjudged = [0, 0]

  /** Takes note of what became of an observation. */
  add(stratum: number, timeMs: number, reason: Reason, pooled: boolean): void {
    this.#begin(timeMs)
    this.#running.grow(stratum + 1)
    const { of } = this.#running
    const unjudged = reason === 'learning' || reason === 'incomplete'
    const column = unjudged ? of[reason] : pooled ? of.pooled : of.judged
    column[stratum]!++
    this.#seen[0]!++
    if (unjudged) this.#unjudged[0]!++
  }

  /** Observations of both windows. */
  get seen(): number {
    return this.#seen[0]! + this.#seen[1]!
  }

  /** Share of the recent observations that were not judged; 0 without any. */
  get unjudgedShare(): number {
    const unjudged = this.#unjudged[0]! + this.#unjudged[1]!
    return this.seen === 0 ? 0 : unjudged / this.seen
  }

  /** Entry operations with recent traffic, by the most unjudged observations first. */
  strata(): StratumCoverage[] {
    const found: StratumCoverage[] = []
    const rows = Math.max(this.#running.rows, this.#before.rows)
    for (let stratum = 0; stratum < rows; stratum++) {
      const judged = this.#sum('judged', stratum)
      const pooled = this.#sum('pooled', stratum)
      const learning = this.#sum('learning', stratum)
      const incomplete = this.#sum('incomplete', stratum)
      const seen = judged + pooled + learning + incomplete
      if (seen > 0) found.push({ stratum, seen, judged, pooled, learning, incomplete })
    }
    const unjudged = (one: StratumCoverage): number => one.learning + one.incomplete
    return found.sort(
      (a, b) => unjudged(b) - unjudged(a) || b.seen - a.seen || a.stratum - b.stratum,
    )
  }

  /** Forgets what was, since a first model changes everything. */
  restart(): void {
    this.#running.clear()
    this.#before.clear()
    this.#seen = [0, 0]
    this.#unjudged = [0, 0]
  }

  /** These strata will be other ones. */
  forget(strata: Iterable<number>): void {
    for (const stratum of strata) {
      if (stratum < this.#running.rows) this.#running.clear(stratum)
      if (stratum < this.#before.rows) this.#before.clear(stratum)
    }
  }

  #sum(name: keyof typeof WINDOW, stratum: number): number {
    return (this.#running.of[name][stratum] ?? 0) + (this.#before.of[name][stratum] ?? 0)
  }

  #begin(timeMs: number): void {
    const window = Math.floor(timeMs / WINDOW_MS)
    if (window <= this.#window) return
    const isNext = window === this.#window + 1
    const spare = this.#before
    this.#before = this.#running
    this.#running = spare
    this.#running.clear()
    this.#seen = [0, isNext ? this.#seen[0]! : 0]
    this.#unjudged = [0, isNext ? this.#unjudged[0]! : 0]
    if (!isNext) this.#before.clear()
    this.#window = window
  }

  state(): CoverageState {
    return {
      window: this.#window,
      running: this.#running.save(),
      before: this.#before.save(),
      seen: [...this.#seen],
      unjudged: [...this.#unjudged],
    }
  }

  /** Takes over a state; only valid on a fresh instance. */
  restore(state: CoverageState): void {
    this.#window = state.window
    this.#running.restore(state.running)
    this.#before.restore(state.before)
    this.#seen = [...state.seen]
    this.#unjudged = [...state.unjudged]
  }
}

export interface CoverageState {
  readonly window: number
  readonly running: SavedColumns<typeof WINDOW>
  readonly before: SavedColumns<typeof WINDOW>
  readonly seen: readonly number[]
  readonly unjudged: readonly number[]
}
