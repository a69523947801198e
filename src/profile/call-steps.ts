import { hashPair, NO_PAIR, OTHER_PAIR } from './pair-table.ts'

/** Steps that are remembered: a power of two. */
const STEPS = 8192
/** Above all ids. */
const NONE = -1

// A row: what is asked with, and what it leads to.
const ABOVE = 0
const OPERATION = 1
const CALL = 2
const ELEMENT = 3
const PATH = 4
const PLACE = 5
const ROW = 8

/** The element, call path and place of a span. */
export interface CallStep {
  readonly element: number
  readonly path: number
  readonly place: number
}

/**
 * Steps from a call path to one below it, as they were taken lately: each stands for three look-ups in tables of pairs.
 * Exact, as a step follows from those tables alone and a row names all that was asked with; but a look-up also
 * notes that something was seen, and counts what found no room. So all is forgotten when a turn ends or ids may
 * stand for other things, and what found no room is not remembered.
 */
export class CallSteps implements CallStep {
  element = NO_PAIR
  path = NO_PAIR
  place = NO_PAIR
  readonly #rows = new Int32Array(STEPS * ROW).fill(NONE)

  /** Whether this step is remembered; then it is what `element`, `path` and `place` say. `call`: callee and kind. */
  find(above: number, operation: number, call: number): boolean {
    const rows = this.#rows
    const at = rowOf(above, operation, call)
    if (rows[at + ABOVE] !== above) return false
    if (rows[at + OPERATION] !== operation || rows[at + CALL] !== call) return false
    this.element = rows[at + ELEMENT]!
    this.path = rows[at + PATH]!
    this.place = rows[at + PLACE]!
    return true
  }

  /** Remembers a step that was looked up, unless part of it found no room. */
  keep(above: number, operation: number, call: number, step: CallStep): void {
    this.element = step.element
    this.path = step.path
    this.place = step.place
    if (step.element <= OTHER_PAIR || step.path <= OTHER_PAIR || step.place <= OTHER_PAIR) return
    const rows = this.#rows
    const at = rowOf(above, operation, call)
    rows[at + ABOVE] = above
    rows[at + OPERATION] = operation
    rows[at + CALL] = call
    rows[at + ELEMENT] = step.element
    rows[at + PATH] = step.path
    rows[at + PLACE] = step.place
  }

  clear(): void {
    this.#rows.fill(NONE)
  }
}

function rowOf(above: number, operation: number, call: number): number {
  return (hashPair(hashPair(above, operation), call) & (STEPS - 1)) * ROW
}
