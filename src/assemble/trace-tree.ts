import { doubled } from '../otlp/span-columns.ts'
import type { AssembledTrace } from './assembled-trace.ts'
import type { AssemblerCounts } from './assembler-counts.ts'
import { skewShiftNs } from './clock-skew.ts'
import { sortByStart, startsBefore } from './span-order.ts'
import type { SpanStore } from './span-store.ts'
import { isPlausibleHi, isPlausibleMs } from './span-times.ts'

const NONE = -1
const WORD = 2 ** 32

/** Why a span hangs where it does: under its own parent, or under the entry for one of three reasons. */
const CHILD = 0
const ROOT = 1
const ORPHAN = 2
const CUT = 3

/**
 * Makes the spans of one closed trace, a list of rows in order of arrival, into a tree in depth-first
 * pre-order: the fields of `AssembledTrace` that say what is where. Works on arrays that are reused
 * and only ever grow; nothing is recursive, so depth is no matter. O(n log n) for n spans.
 */
export class TraceTree {
  // By number of arrival, repetitions left out.
  #capacity = 64
  #count = 0
  #row = new Int32Array(64)
  #idHi = new Uint32Array(64)
  #idLo = new Uint32Array(64)
  #start = new Float64Array(64) // ns after the base; Infinity = no plausible start
  #parent = new Int32Array(64)
  #hangs = new Uint8Array(64)
  #firstChild = new Int32Array(64)
  #nextSibling = new Int32Array(64)
  #position = new Int32Array(64)
  // By rank or position.
  #order = new Int32Array(64)
  #scratch = new Int32Array(64)
  #shift = new Float64Array(64)
  // Span ids to numbers of arrival: open addressing, at most half full, as long as needed a trace.
  #table = new Int32Array(128)
  #mask = 127
  // The base: earliest plausible start, as words.
  #baseHi = 0
  #baseLo = 0
  #entry = NONE

  /**
   * Fills `trace` (all but columns, id, cause and truncated) from the list of rows that begins at `head`.
   * `nowMs` is data time: a trace is not dated later, whatever its clocks say.
   * @param spans length of the list
   */
  build(
    trace: AssembledTrace,
    store: SpanStore,
    head: number,
    spans: number,
    nowMs: number,
    counts: AssemblerCounts,
  ): void {
    this.#reserve(spans, trace)
    this.#collect(store, head)
    counts.duplicates += spans - this.#count
    this.#date(trace, store, nowMs)
    this.#linkParents(store)
    this.#chooseEntry()
    this.#sort()
    this.#linkChildren()
    while (this.#walk(trace) < this.#count) {
      // What the walk did not reach hangs on cycles.
      counts.cycles += this.#cutCycles()
      this.#chooseEntry()
      this.#linkChildren()
    }
    this.#summarise(trace, counts)
    this.#place(trace, store, counts)
  }

  #reserve(spans: number, trace: AssembledTrace): void {
    while (this.#capacity < spans) {
      this.#capacity *= 2
      this.#row = doubled(this.#row)
      this.#idHi = doubled(this.#idHi)
      this.#idLo = doubled(this.#idLo)
      this.#start = doubled(this.#start)
      this.#parent = doubled(this.#parent)
      this.#hangs = doubled(this.#hangs)
      this.#firstChild = doubled(this.#firstChild)
      this.#nextSibling = doubled(this.#nextSibling)
      this.#position = doubled(this.#position)
      this.#order = doubled(this.#order)
      this.#scratch = doubled(this.#scratch)
      this.#shift = doubled(this.#shift)
      this.#table = doubled(this.#table)
    }
    while (trace.rows.length < spans) {
      trace.rows = doubled(trace.rows)
      trace.parent = doubled(trace.parent)
      trace.startNs = doubled(trace.startNs)
      trace.durationNs = doubled(trace.durationNs)
    }
    let cells = 16
    while (cells < spans * 2) cells *= 2
    this.#mask = cells - 1
    this.#table.fill(NONE, 0, cells)
  }

  /** Numbers the spans as they came; of those with the same id the first counts. */
  #collect(store: SpanStore, head: number): void {
    const { next } = store
    const { spanId } = store.columns
    const table = this.#table
    let count = 0
    for (let row = head; row !== NONE; row = next[row]!) {
      const hi = spanId[row * 2]!
      const lo = spanId[row * 2 + 1]!
      const cell = this.#cellOf(hi, lo)
      if (table[cell] !== NONE) continue
      table[cell] = count
      this.#row[count] = row
      this.#idHi[count] = hi
      this.#idLo[count] = lo
      count++
    }
    this.#count = count
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

  /** Starts relative to the earliest, which is the base, and the trace's latest end. */
  #date(trace: AssembledTrace, store: SpanStore, nowMs: number): void {
    const { startHi, startLo, endMs } = store.columns
    let baseHi = WORD
    let baseLo = 0
    let latest = 0
    for (let span = 0; span < this.#count; span++) {
      const row = this.#row[span]!
      const end = endMs[row]!
      if (end > latest && isPlausibleMs(end)) latest = end
      const hi = startHi[row]!
      if (hi > baseHi || !isPlausibleHi(hi)) continue
      const lo = startLo[row]!
      if (hi < baseHi || lo < baseLo) {
        baseHi = hi
        baseLo = lo
      }
    }
    trace.endMs = latest > 0 && latest < nowMs ? latest : nowMs
    if (baseHi === WORD) {
      baseHi = Math.floor((trace.endMs * 1e6) / WORD)
      baseLo = (trace.endMs * 1e6) % WORD
    }
    for (let span = 0; span < this.#count; span++) {
      const row = this.#row[span]!
      const hi = startHi[row]!
      this.#start[span] = isPlausibleHi(hi)
        ? (hi - baseHi) * WORD + (startLo[row]! - baseLo)
        : Number.POSITIVE_INFINITY
    }
    this.#baseHi = baseHi
    this.#baseLo = baseLo
  }

  #linkParents(store: SpanStore): void {
    const { parentId } = store.columns
    for (let span = 0; span < this.#count; span++) {
      const row = this.#row[span]!
      const hi = parentId[row * 2]!
      const lo = parentId[row * 2 + 1]!
      if (hi === 0 && lo === 0) {
        this.#parent[span] = NONE
        this.#hangs[span] = ROOT
      } else {
        const parent = this.#table[this.#cellOf(hi, lo)]!
        this.#parent[span] = parent
        this.#hangs[span] = parent === NONE ? ORPHAN : CHILD
      }
    }
  }

  /** The earliest root, or else the earliest span without a parent here; none if all are on cycles. */
  #chooseEntry(): void {
    let entry = NONE
    let rooted = false
    for (let span = 0; span < this.#count; span++) {
      const hangs = this.#hangs[span]!
      if (hangs === CHILD || (rooted && hangs !== ROOT)) continue
      const first = hangs === ROOT && !rooted
      if (entry === NONE || first || this.#isBefore(span, entry)) {
        entry = span
        rooted = hangs === ROOT
      }
    }
    this.#entry = entry
  }

  #isBefore(a: number, b: number): boolean {
    return startsBefore(a, b, this.#start, this.#idHi, this.#idLo)
  }

  #sort(): void {
    const count = this.#count
    for (let span = 0; span < count; span++) this.#order[span] = span
    sortByStart(this.#order, this.#scratch, count, this.#start, this.#idHi, this.#idLo)
    // `walk` needs #order for itself, and cutting cycles needs the ranks again.
    for (let rank = 0; rank < count; rank++) this.#scratch[rank] = this.#order[rank]!
  }

  #linkChildren(): void {
    const firstChild = this.#firstChild
    const nextSibling = this.#nextSibling
    const entry = this.#entry
    if (entry === NONE) return
    firstChild.fill(NONE, 0, this.#count)
    // Put in front from the last to the first, so lists come out in order.
    for (let rank = this.#count - 1; rank >= 0; rank--) {
      const span = this.#scratch[rank]!
      if (span === entry) continue
      const parent = this.#hangs[span] === CHILD ? this.#parent[span]! : entry
      nextSibling[span] = firstChild[parent]!
      firstChild[parent] = span
    }
    nextSibling[entry] = NONE
  }

  /** Depth-first pre-order from the entry; returns how many spans it reached. */
  #walk(trace: AssembledTrace): number {
    const entry = this.#entry
    if (entry === NONE) return 0
    const { rows, parent } = trace
    const order = this.#order
    const firstChild = this.#firstChild
    const nextSibling = this.#nextSibling
    const position = this.#position
    let span = entry
    let at = 0
    parent[0] = NONE
    for (;;) {
      position[span] = at
      order[at] = span
      rows[at] = this.#row[span]!
      if (span !== entry) {
        const up = this.#hangs[span] === CHILD ? this.#parent[span]! : entry
        parent[at] = position[up]!
      }
      at++
      if (firstChild[span] !== NONE) {
        span = firstChild[span]!
        continue
      }
      while (span !== entry && nextSibling[span] === NONE) {
        span = this.#hangs[span] === CHILD ? this.#parent[span]! : entry
      }
      if (span === entry) return at
      span = nextSibling[span]!
    }
  }

  /** Makes the earliest span of every cycle a top; returns how many there were. */
  #cutCycles(): number {
    const mark = this.#position.fill(0, 0, this.#count)
    let cycles = 0
    for (let from = 0; from < this.#count; from++) {
      let span = from
      while (span !== NONE && mark[span] === 0) {
        mark[span] = from + 1
        span = this.#parent[span]!
      }
      if (span === NONE || mark[span] !== from + 1) continue
      let earliest = span
      for (let on = this.#parent[span]!; on !== span; on = this.#parent[on]!) {
        if (this.#isBefore(on, earliest)) earliest = on
      }
      this.#parent[earliest] = NONE
      this.#hangs[earliest] = CUT
      cycles++
    }
    return cycles
  }

  #summarise(trace: AssembledTrace, counts: AssemblerCounts): void {
    let roots = 0
    let orphans = 0
    for (let span = 0; span < this.#count; span++) {
      if (this.#hangs[span] === ROOT) roots++
      else if (this.#hangs[span] === ORPHAN) orphans++
    }
    if (this.#hangs[this.#entry] === ORPHAN) orphans--
    trace.count = this.#count
    trace.rooted = roots > 0
    trace.orphans = orphans
    counts.orphanSpans += orphans
    if (roots > 1) counts.extraRoots += roots - 1
  }

  /** Starts and durations in pre-order, corrected for clock skew, from 0. */
  #place(trace: AssembledTrace, store: SpanStore, counts: AssemblerCounts): void {
    const { rows, parent, startNs, durationNs } = trace
    const { durationNs: rawDuration, startHi, endMs, service, kind } = store.columns
    const shift = this.#shift
    let earliest = Number.POSITIVE_INFINITY
    for (let at = 0; at < this.#count; at++) {
      const row = rows[at]!
      const span = this.#order[at]!
      const up = parent[at]!
      let duration = rawDuration[row]!
      if (!isPlausibleHi(startHi[row]!) || !isPlausibleMs(endMs[row]!)) duration = 0
      if (!(duration >= 0)) {
        duration = 0
        counts.negativeDurations++
      }
      durationNs[at] = duration
      let start = this.#start[span]!
      shift[at] = up === NONE ? 0 : shift[up]!
      if (start === Number.POSITIVE_INFINITY) {
        start = up === NONE ? 0 : startNs[up]!
      } else {
        start += shift[at]!
        if (this.#hangs[span] === CHILD && service[row] !== service[rows[up]!]) {
          const by = skewShiftNs(
            start,
            duration,
            kind[row]!,
            startNs[up]!,
            durationNs[up]!,
            kind[rows[up]!]!,
          )
          if (by !== 0) {
            counts.skewShifts++
            shift[at] = shift[at]! + by
            start += by
          }
        }
      }
      startNs[at] = start
      if (start < earliest) earliest = start
    }
    this.#rebase(trace, earliest)
  }

  /** Moves the base to the earliest corrected start. */
  #rebase(trace: AssembledTrace, earliest: number): void {
    if (earliest !== 0) {
      for (let at = 0; at < this.#count; at++) trace.startNs[at] = trace.startNs[at]! - earliest
    }
    const lo = this.#baseLo + earliest
    const carry = Math.floor(lo / WORD)
    trace.startLo = lo - carry * WORD
    trace.startHi = this.#baseHi + carry
  }
}
