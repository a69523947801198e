import { doubled } from '../otlp/span-columns.ts'
import { sortByStart, startsBefore } from './span-order.ts'

const NONE = -1

/** Why a span hangs where it does: under its own parent, or under the entry for one of three reasons. */
export const CHILD = 0
const ROOT = 1
const ORPHAN = 2
const CUT = 3

/**
 * The tree of one trace, in depth-first pre-order: `reset`, `add` every span, fill `start`, `arrange`.
 * Spans are numbered as they are added, but the result does not depend on that order. Works on flat
 * arrays that are reused and only ever grow; nothing is recursive, so depth is no matter.
 */
export class SpanTree {
  /** Spans added, repetitions left out. */
  count = 0
  /** Start of each span, for the caller to fill in before `arrange`; any unit, Infinity comes last. */
  start = new Float64Array(64)
  /** Why each span hangs where it does. */
  hangs = new Uint8Array(64)
  /** Results, by position in pre-order: the span there, and the position of its parent or -1. */
  order = new Int32Array(64)
  parentAt = new Int32Array(64)
  /** Spans without parent id. */
  roots = 0
  /** Spans besides the entry whose parent is not there. */
  orphans = 0
  /** Cycles of parents that were cut. */
  cycles = 0
  // By span.
  #idHi = new Uint32Array(64)
  #idLo = new Uint32Array(64)
  #parentHi = new Uint32Array(64)
  #parentLo = new Uint32Array(64)
  #parent = new Int32Array(64) // of a CHILD; else -1 until the entry is known
  #firstChild = new Int32Array(64)
  #nextSibling = new Int32Array(64)
  #position = new Int32Array(64)
  // By rank: spans in order of start.
  #ranked = new Int32Array(64)
  #scratch = new Int32Array(64)
  // Span ids to spans: open addressing, at most half full, only as long as this trace needs.
  #table = new Int32Array(128)
  #mask = 127
  #entry = NONE

  /** Empties the tree and makes room. */
  reset(spans: number): void {
    while (this.start.length < spans) this.#grow()
    let cells = 16
    while (cells < spans * 2) cells *= 2
    this.#mask = cells - 1
    this.#table.fill(NONE, 0, cells)
    this.count = 0
  }

  /** Adds a span, ids as words, parent 0,0 = root; false if its id is in already. */
  add(idHi: number, idLo: number, parentHi: number, parentLo: number): boolean {
    const cell = this.#cellOf(idHi, idLo)
    if (this.#table[cell] !== NONE) return false
    const span = this.count++
    this.#table[cell] = span
    this.#idHi[span] = idHi
    this.#idLo[span] = idLo
    this.#parentHi[span] = parentHi
    this.#parentLo[span] = parentLo
    return true
  }

  /** Computes the results, for at least one span. O(n log n). */
  arrange(): void {
    this.cycles = 0
    this.#linkParents()
    this.#chooseEntry()
    for (let span = 0; span < this.count; span++) this.#ranked[span] = span
    sortByStart(this.#ranked, this.#scratch, this.count, this.start, this.#idHi, this.#idLo)
    this.#linkChildren()
    if (this.#walk() < this.count) {
      // What the walk did not reach hangs on cycles.
      this.#cutCycles()
      this.#chooseEntry()
      this.#linkChildren()
      this.#walk()
    }
    if (this.hangs[this.#entry] === ORPHAN) this.orphans--
  }

  /** Cell that holds the span id, or the free one where it belongs. */
  #cellOf(hi: number, lo: number): number {
    const table = this.#table
    const mask = this.#mask
    let hash = Math.imul(hi, 0xcc9e2d51)
    hash = Math.imul((hash ^ (hash >>> 15)) + lo, 0x1b873593)
    let cell = (hash ^ (hash >>> 15)) & mask
    for (let span = table[cell]!; span !== NONE; span = table[cell]!) {
      if (this.#idLo[span] === lo && this.#idHi[span] === hi) break
      cell = (cell + 1) & mask
    }
    return cell
  }

  #linkParents(): void {
    this.roots = this.orphans = 0
    for (let span = 0; span < this.count; span++) {
      const hi = this.#parentHi[span]!
      const lo = this.#parentLo[span]!
      if (hi === 0 && lo === 0) {
        this.#parent[span] = NONE
        this.hangs[span] = ROOT
        this.roots++
        continue
      }
      const parent = this.#table[this.#cellOf(hi, lo)]!
      this.#parent[span] = parent
      this.hangs[span] = parent === NONE ? ORPHAN : CHILD
      if (parent === NONE) this.orphans++
    }
  }

  /** The earliest root, or else the earliest span without a parent here; none if all are on cycles. */
  #chooseEntry(): void {
    let entry = NONE
    let rooted = false
    for (let span = 0; span < this.count; span++) {
      const hangs = this.hangs[span]!
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
    const firstChild = this.#firstChild.fill(NONE, 0, this.count)
    const nextSibling = this.#nextSibling
    // Put in front from the last to the first, so the lists come out in order.
    for (let rank = this.count - 1; rank >= 0; rank--) {
      const span = this.#ranked[rank]!
      if (span === entry) continue
      if (this.hangs[span] !== CHILD) this.#parent[span] = entry
      const parent = this.#parent[span]!
      nextSibling[span] = firstChild[parent]!
      firstChild[parent] = span
    }
  }

  /** Depth-first pre-order from the entry; returns how many spans it reached. */
  #walk(): number {
    const entry = this.#entry
    if (entry === NONE) return 0
    const { order, parentAt } = this
    const parent = this.#parent
    const firstChild = this.#firstChild
    const nextSibling = this.#nextSibling
    const position = this.#position
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
    const mark = this.#position.fill(0, 0, this.count)
    for (let from = 0; from < this.count; from++) {
      let span = from
      while (this.hangs[span] === CHILD && mark[span] === 0) {
        mark[span] = from + 1
        span = this.#parent[span]!
      }
      if (this.hangs[span] !== CHILD || mark[span] !== from + 1) continue
      let earliest = span
      for (let on = this.#parent[span]!; on !== span; on = this.#parent[on]!) {
        if (this.#isBefore(on, earliest)) earliest = on
      }
      this.hangs[earliest] = CUT
      this.cycles++
    }
  }

  #isBefore(a: number, b: number): boolean {
    return startsBefore(a, b, this.start, this.#idHi, this.#idLo)
  }

  #grow(): void {
    this.start = doubled(this.start)
    this.hangs = doubled(this.hangs)
    this.order = doubled(this.order)
    this.parentAt = doubled(this.parentAt)
    this.#idHi = doubled(this.#idHi)
    this.#idLo = doubled(this.#idLo)
    this.#parentHi = doubled(this.#parentHi)
    this.#parentLo = doubled(this.#parentLo)
    this.#parent = doubled(this.#parent)
    this.#firstChild = doubled(this.#firstChild)
    this.#nextSibling = doubled(this.#nextSibling)
    this.#position = doubled(this.#position)
    this.#ranked = doubled(this.#ranked)
    this.#scratch = doubled(this.#scratch)
    this.#table = doubled(this.#table)
  }
}
