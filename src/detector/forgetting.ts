import { IdSets } from '../columns/marks.ts'
import type { Judge } from './judge.ts'
import type { Learner } from './learner.ts'
import type { Tables } from './tables.ts'

/** A turn: data time after which what was not seen in it is older by one. */
const TURN_MS = 600_000
/** Most turns after which what is old is forgotten, though there is room enough. */
const MOST_TURNS = 36
/** Age at which templates, and what is watched for drift, make room where it is short. */
const OLD_TURNS = 36

/** Whatever holds open observations. */
interface Holder {
  use(used: IdSets): void
}

export interface ForgettingState {
  readonly turnedMs: number
  readonly turns: number
  readonly isDue: boolean
}

/**
 * The dead give their room back to the living. What was not seen for `forgetAfterMs` of data time in which
 * data came, and where room is short what was not seen the longest, is forgotten, unless something refers to
 * it: what is open, the model, its sample, anomaly clusters and what is remembered of them. What the sample
 * and the baseline hold of it goes first.
 */
export class Forgetting {
  readonly #after: number
  readonly #tables: Tables
  readonly #learner: Learner
  readonly #judge: Judge
  #turnedMs = 0
  #turns = 0
  #isDue = false

  constructor(forgetAfterMs: number, tables: Tables, learner: Learner, judge: Judge) {
    this.#after = Math.max(2, Math.ceil(forgetAfterMs / TURN_MS))
    this.#tables = tables
    this.#learner = learner
    this.#judge = judge
  }

  /** Data time has come into another window. A leap is one turn, however far it goes. */
  turn(clockMs: number): void {
    if (Math.abs(clockMs - this.#turnedMs) < TURN_MS) return
    this.#turnedMs = clockMs
    this.#turns++
    this.#tables.endTurn()
    const every = Math.min(MOST_TURNS, this.#after >> 1)
    if (this.#turns % every === 0 || this.#tables.isShort) this.#isDue = true
  }

  /** Forgets, where it is time to; only while no fit is on its way. Null: nothing. */
  forget(holders: Iterable<Holder>, clockMs: number): IdSets | null {
    if (!this.#isDue) return null
    this.#isDue = false
    const tables = this.#tables
    const used = new IdSets()
    for (const holder of [this.#judge, ...holders]) holder.use(used)
    const idle = tables.idle(this.#after, used)
    this.#learner.giveUp(idle)
    const { ids } = tables.elements.strata
    for (const stratum of idle.strata) ids.giveUp(stratum)
    const old = { after: OLD_TURNS, limit: Number.POSITIVE_INFINITY }
    this.#judge.giveUp(idle.strata)
    if (this.#judge.drift.isFull) this.#judge.giveUp(ids.idle(old))
    this.#learner.use(used)
    this.#judge.useFitted(used)
    const turns = tables.names.isShort ? Math.min(OLD_TURNS, this.#after) : this.#after
    const gone = tables.forget(idle, used, clockMs - turns * TURN_MS)
    this.#learner.forget(gone)
    this.#judge.forget(gone)
    return gone
  }

  state(): ForgettingState {
    return { turnedMs: this.#turnedMs, turns: this.#turns, isDue: this.#isDue }
  }

  restore({ turnedMs, turns, isDue }: ForgettingState): void {
    this.#turnedMs = turnedMs
    this.#turns = turns
    this.#isDue = isDue
  }
}
