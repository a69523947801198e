import { Columns } from '../columns/columns.ts'
import { KIND_CLIENT, KIND_CONSUMER, KIND_PRODUCER, KIND_SERVER } from '../otlp/span-columns.ts'
import { sortByStart, startsBefore } from './span-order.ts'

const NONE = -1

/** Why a span hangs where it does: under its own parent, or under the entry for one of three reasons. */
export const CHILD = 0
const ROOT = 1
export const ORPHAN = 2
const CUT = 3

const ROWS = {
  // By span.
  start: 'f64', // for the caller to fill in before `arrange`; any unit, Infinity comes last
  hangs: 'u8', // why it hangs where it does
  idHi: 'u32',
  idLo: 'u32',
  parentHi: 'u32',
  parentLo: 'u32',
  kind: 'u8',
  service: 'i32',
  twin: 'i32', // the other side of a call that has the same span id, or -1
  parent: 'i32', // of a CHILD; else -1 until the entry is known
  firstChild: 'i32',
  nextSibling: 'i32',
  position: 'i32',
  // Results, by position in pre-order: the span there, and the position of its parent or -1.
  order: 'i32',
  parentAt: 'i32',
  // By rank: spans in order of start.
  ranked: 'i32',
  scratch: 'i32',
  // Span ids to spans: open addressing, at most half full, only as long as this trace needs.
  table: { type: 'i32', width: 2 },
} as const

/**
 * The tree of one trace, in depth-first pre-order: `reset`, `add` every span, fill `start`, `arrange`.
 * Spans are numbered as they are added, but the result does not depend on that order. Works on flat
 * arrays that are reused and only ever grow; nothing is recursive, so depth is no matter.
 */
export class SpanTree {
  /** Spans added, repetitions left out. */
  count = 0
  readonly #rows = new Columns(ROWS, 64)
  /** The arrays; they stay the same until the next `reset`. */
  readonly of = this.#rows.of
  /** Spans without parent id. */
  roots = 0
  /** Spans besides the entry whose parent is not there. */
  orphans = 0
  /** Cycles of parents that were cut. */
  cycles = 0
  #mask = 127
  #entry = NONE

  /** Empties the tree and makes room. */
  reset(spans: number): void {
    this.#rows.grow(spans)
    let cells = 16
    while (cells < spans * 2) cells *= 2
    this.#mask = cells - 1
    this.of.table.fill(NONE, 0, cells)
    this.count = 0
  }

  /**
   * Adds a span, ids as words, parent 0,0 = root; false if it is in already. Both sides of a call may have
   * the same span id, as Zipkin's have: then the one that answers hangs under the one that calls.
   */
  add(
    idHi: number,
    idLo: number,
    parentHi: number,
    parentLo: number,
    kind: number,
    service: number,
  ): boolean {
    const { of } = this
    const cell = this.#cellOf(idHi, idLo)
    const first = of.table[cell]!
    if (first !== NONE) {
      const before = of.kind[first]!
      const areTwins = answererOf(before) === kind || answererOf(kind) === before
      if (!areTwins || of.twin[first] !== NONE) return false
    }
    const span = this.count++
    of.twin[span] = first
    if (first === NONE) of.table[cell] = span
    else of.twin[first] = span
    of.kind[span] = kind
    of.service[span] = service
    of.idHi[span] = idHi
    of.idLo[span] = idLo
    of.parentHi[span] = parentHi
    of.parentLo[span] = parentLo
    return true
  }

  /** Computes the results, for at least one span. O(n log n). */
  arrange(): void {
    this.cycles = 0
    this.#linkParents()
    this.#chooseEntry()
    const { ranked, scratch, start, idHi, idLo, hangs } = this.of
    for (let span = 0; span < this.count; span++) ranked[span] = span
    sortByStart(ranked, scratch, this.count, start, idHi, idLo)
    this.#linkChildren()
    if (this.#walk() < this.count) {
      // What the walk did not reach hangs on cycles.
      this.#cutCycles()
      this.#chooseEntry()
      this.#linkChildren()
      this.#walk()
    }
    if (hangs[this.#entry] === ORPHAN) this.orphans--
  }

  /** Cell that holds the span id, or the free one where it belongs. */
  #cellOf(hi: number, lo: number): number {
    const { table, idHi, idLo } = this.of
    const mask = this.#mask
    let hash = Math.imul(hi, 0xcc9e2d51)
    hash = Math.imul((hash ^ (hash >>> 15)) + lo, 0x1b873593)
    let cell = (hash ^ (hash >>> 15)) & mask
    for (let span = table[cell]!; span !== NONE; span = table[cell]!) {
      if (idLo[span] === lo && idHi[span] === hi) break
      cell = (cell + 1) & mask
    }
    return cell
  }

  /** Of two spans with one id the one that `span` belongs under: of its own service, else the one that answers. */
  #sideOf(found: number, span: number): number {
    const { kind, service, twin } = this.of
    const other = found === NONE ? NONE : twin[found]!
    if (other === NONE) return found
    const answers = answererOf(kind[other]!) === kind[found] ? found : other
    const calls = answers === found ? other : found
    return service[span] === service[calls] && service[span] !== service[answers] ? calls : answers
  }

  #linkParents(): void {
    const { parentHi, parentLo, parent, hangs, table, kind, twin } = this.of
    this.roots = this.orphans = 0
    for (let span = 0; span < this.count; span++) {
      const other = twin[span]!
      if (other !== NONE && answererOf(kind[other]!) === kind[span]) {
        parent[span] = other
        hangs[span] = CHILD
        continue
      }
      const hi = parentHi[span]!
      const lo = parentLo[span]!
      if (hi === 0 && lo === 0) {
        parent[span] = NONE
        hangs[span] = ROOT
        this.roots++
        continue
      }
      const found = this.#sideOf(table[this.#cellOf(hi, lo)]!, span)
      parent[span] = found
      hangs[span] = found === NONE ? ORPHAN : CHILD
      if (found === NONE) this.orphans++
    }
  }

  /** The earliest root, or else the earliest span without a parent here; none if all are on cycles. */
  #chooseEntry(): void {
    let entry = NONE
    let rooted = false
    for (let span = 0; span < this.count; span++) {
      const hangs = this.of.hangs[span]!
      if (hangs === CHILD || (rooted && hangs !== ROOT)) continue
      const isFirstRoot = hangs === ROOT && !rooted
      if (entry === NONE || isFirstRoot || this.#isBefore(span, entry)) {
        entry = span
        rooted = hangs === ROOT
      }
    }
    this.#entry = entry
  }

  #linkChildren(): void {
    const entry = this.#entry
    if (entry === NONE) return
    const { firstChild, nextSibling, ranked, hangs, parent } = this.of
    firstChild.fill(NONE, 0, this.count)
    // Put in front from the last to the first, so the lists come out in order.
    for (let rank = this.count - 1; rank >= 0; rank--) {
      const span = ranked[rank]!
      if (span === entry) continue
      if (hangs[span] !== CHILD) parent[span] = entry
      const above = parent[span]!
      nextSibling[span] = firstChild[above]!
      firstChild[above] = span
    }
  }

  /** Depth-first pre-order from the entry; returns how many spans it reached. */
  #walk(): number {
    const entry = this.#entry
    if (entry === NONE) return 0
    const { order, parentAt, parent, firstChild, nextSibling, position } = this.of
    let span = entry
    let at = 0
    order[at] = entry
    parentAt[at] = NONE
    position[entry] = at++
    for (;;) {
      let on = firstChild[span]!
      while (on === NONE && span !== entry) {
        on = nextSibling[span]!
        if (on === NONE) span = parent[span]!
      }
      if (on === NONE) return at
      span = on
      order[at] = span
      parentAt[at] = position[parent[span]!]!
      position[span] = at++
    }
  }

  /** Makes the earliest span of every cycle a top. */
  #cutCycles(): void {
    const { hangs, parent } = this.of
    const mark = this.of.position.fill(0, 0, this.count)
    for (let from = 0; from < this.count; from++) {
      let span = from
      while (hangs[span] === CHILD && mark[span] === 0) {
        mark[span] = from + 1
        span = parent[span]!
      }
      if (hangs[span] !== CHILD || mark[span] !== from + 1) continue
      let earliest = span
      for (let on = parent[span]!; on !== span; on = parent[on]!) {
        if (this.#isBefore(on, earliest)) earliest = on
      }
      hangs[earliest] = CUT
      this.cycles++
    }
  }

  #isBefore(a: number, b: number): boolean {
    const { start, idHi, idLo } = this.of
    return startsBefore(a, b, start, idHi, idLo)
  }
}

/** Kind of the span that answers one of this kind; -1 where nothing does. */
function answererOf(kind: number): number {
  if (kind === KIND_CLIENT) return KIND_SERVER
  return kind === KIND_PRODUCER ? KIND_CONSUMER : NONE
}
