import { Columns } from '../columns/columns.ts'
import { KIND_CONSUMER, KIND_PRODUCER } from '../otlp/span-columns.ts'
import type { AssembledTrace } from './assembled-trace.ts'
import type { AssemblerCounts } from './assembler-counts.ts'
import { skewShiftNs } from './clock-skew.ts'
import { KIND_STATUS, PARENT_ID, SERVICE, SPAN_ID, type SpanStore, START } from './span-store.ts'
import { isPlausibleHi, isPlausibleMs } from './span-times.ts'
import { CHILD, ORPHAN, SpanTree } from './span-tree.ts'

const WORD = 2 ** 32
const UNDATED = Number.POSITIVE_INFINITY

const ROWS = {
  // By span, as the tree numbers them.
  row: 'i32',
  startHi: 'u32',
  startLo: 'u32',
  // By position in the trace.
  ordered: 'i32', // row
  shift: 'f64', // how far it was moved for clock skew, ns
  top: 'i32', // position of the first span of its segment
  place: 'i32', // position in its segment
  // By position of the first span of a segment: see `AssembledTrace`.
  waitNs: 'f64',
  sender: 'i32',
} as const

/** Makes the stored spans of a closed trace an `AssembledTrace`. */
export class TraceBuilder {
  readonly #tree = new SpanTree()
  readonly #rows = new Columns(ROWS, 64)
  // Start of the trace.
  #baseHi = 0
  #baseLo = 0
  /** When the last message of the trace built last was sent, ms since 1970; -1 = it sends none. */
  sentMs = -1

  /**
   * Fills `trace`, all but id, cause and truncated, from the list of rows that begins at `head`.
   * @param spans length of the list
   * @param nowMs data time; the trace is not dated later, whatever the clocks of its hosts say
   * @param apart whether spans whose parent is not here begin segments of their own
   * @param sentMs when the last message of what was handed out of the trace before was sent; -1 = not known
   * @returns how many segments it falls into; 1 = the trace as it is. See `tops` and `cut`.
   */
  build(
    trace: AssembledTrace,
    store: SpanStore,
    head: number,
    spans: number,
    nowMs: number,
    counts: AssemblerCounts,
    apart = false,
    sentMs = -1,
  ): number {
    const tree = this.#tree
    this.#reserve(trace, spans)
    tree.reset(spans)
    this.#collect(store, head, spans)
    counts.duplicates += spans - tree.count
    this.#date(nowMs)
    tree.arrange()
    trace.count = tree.count
    trace.rooted = tree.roots > 0
    trace.orphans = tree.orphans
    if (!apart) {
      if (tree.roots > 1) counts.extraRoots += tree.roots - 1
      counts.orphanSpans += tree.orphans
    }
    counts.cycles += tree.cycles
    const { row, ordered } = this.#rows.of
    const { order, parentAt } = tree.of
    for (let at = 0; at < tree.count; at++) ordered[at] = row[order[at]!]!
    store.get(ordered, tree.count, trace.columns)
    for (let at = 0; at < tree.count; at++) trace.parent[at] = parentAt[at]!
    trace.endMs = latestEndMs(trace, nowMs)
    this.#place(trace, counts)
    return this.#divide(trace, apart, sentMs)
  }

  /** Position of the first span of the segment that holds position `at` of the trace built last. */
  topOf(at: number): number {
    return this.#rows.of.top[at]!
  }

  /** Fills `segment` with the segment of `trace`, built last, that begins at `top`, all but id, part, cause and truncated. */
  cut(trace: AssembledTrace, top: number, segment: AssembledTrace, nowMs: number): void {
    const { top: tops, place } = this.#rows.of
    const { order, hangs } = this.#tree.of
    this.#reserve(segment, trace.count)
    let count = 0
    let orphans = 0
    let earliest = Number.POSITIVE_INFINITY
    for (let at = top; at < trace.count; at++) {
      // What is below a span follows it without a gap.
      if (at > top && trace.parent[at]! < top) break
      if (tops[at] !== top) continue
      segment.columns.copy(count, trace.columns, at)
      segment.parent[count] = at === top ? -1 : place[trace.parent[at]!]!
      segment.startNs[count] = trace.startNs[at]!
      segment.durationNs[count] = trace.durationNs[at]!
      if (trace.startNs[at]! < earliest) earliest = trace.startNs[at]!
      if (at !== top && hangs[order[at]!] === ORPHAN) orphans++
      place[at] = count++
    }
    for (let i = 0; i < count; i++) segment.startNs[i] = segment.startNs[i]! - earliest
    segment.count = count
    segment.rooted = top > 0 || trace.rooted
    segment.orphans = orphans
    segment.waitNs = this.#rows.of.waitNs[top]!
    segment.sender = this.#rows.of.sender[top]!
    const lo = trace.startLo + earliest
    const carry = Math.floor(lo / WORD)
    segment.startLo = lo - carry * WORD
    segment.startHi = trace.startHi + carry
    segment.endMs = latestEndMs(segment, nowMs)
  }

  /**
   * Finds where segments begin: at a consumer that takes a message of another service or of a producer
   * beside it, and, if `apart`, at all spans whose parent is not here.
   */
  #divide(trace: AssembledTrace, apart: boolean, sentMs: number): number {
    const { count, parent } = trace
    const { kind, service } = trace.columns.of
    const { order, hangs } = this.#tree.of
    const { top } = this.#rows.of
    let segments = 1
    let lastSent = -1
    top[0] = 0
    this.#findWait(trace, 0, sentMs)
    if (kind[0] === KIND_PRODUCER) lastSent = 0
    for (let at = 1; at < count; at++) {
      const up = parent[at]!
      const takes = kind[at] === KIND_CONSUMER
      const begins =
        hangs[order[at]!] === CHILD
          ? takes && (kind[up] === KIND_PRODUCER || service[up] !== service[at])
          : takes || apart
      top[at] = begins ? at : top[up]!
      if (kind[at] === KIND_PRODUCER && (lastSent < 0 || endsLater(trace, at, lastSent))) {
        lastSent = at
      }
      if (!begins) continue
      segments++
      this.#findWait(trace, at, sentMs)
    }
    this.sentMs = lastSent < 0 ? -1 : startMs(trace) + endNs(trace, lastSent) / 1e6
    return segments
  }

  /**
   * How long the message waited that the first span of a segment takes: since what it hangs under ended, which
   * sent it. That holds for whatever that is: what a request does before it sends is no wait, and where
   * it goes on afterwards less is claimed than was waited. Where that was handed out before, since the
   * last message was sent that is known of its trace (`sentMs`), which is no more than it waited.
   */
  #findWait(trace: AssembledTrace, at: number, sentMs: number): void {
    const { waitNs, sender } = this.#rows.of
    const { kind, service, startHi } = trace.columns.of
    const up = trace.parent[at]!
    const hangs = this.#tree.of.hangs[this.#tree.of.order[at]!]
    waitNs[at] = -1
    sender[at] = 0
    if (kind[at] !== KIND_CONSUMER || !isPlausibleHi(startHi[at]!)) return
    if (hangs === CHILD) {
      if (!isPlausibleHi(startHi[up]!)) return
      waitNs[at] = Math.max(0, trace.startNs[at]! - endNs(trace, up))
      sender[at] = service[up]!
    } else if (hangs === ORPHAN && sentMs >= 0) {
      waitNs[at] = Math.max(0, trace.startNs[at]! + (startMs(trace) - sentMs) * 1e6)
    }
  }

  #reserve(trace: AssembledTrace, spans: number): void {
    this.#rows.grow(spans)
    while (trace.columns.count < spans) trace.columns.add()
    if (trace.parent.length >= spans) return
    trace.parent = new Int32Array(this.#rows.rows)
    trace.startNs = new Float64Array(this.#rows.rows)
    trace.durationNs = new Float64Array(this.#rows.rows)
  }

  /** Adds the spans to the tree as they came; of those with the same id the first counts. */
  #collect(store: SpanStore, head: number, spans: number): void {
    const { unsigned, width } = store
    const tree = this.#tree
    const { of } = this.#rows
    let row = head
    for (let n = 0; n < spans; n++) {
      if (n > 0) row = store.next(row)
      const at = row * width
      const span = tree.count
      const isNew = tree.add(
        unsigned[at + SPAN_ID]!,
        unsigned[at + SPAN_ID + 1]!,
        unsigned[at + PARENT_ID]!,
        unsigned[at + PARENT_ID + 1]!,
        unsigned[at + KIND_STATUS]! & 0xff,
        unsigned[at + SERVICE]!,
      )
      if (!isNew) continue
      of.row[span] = row
      of.startHi[span] = unsigned[at + START]!
      of.startLo[span] = unsigned[at + START + 1]!
    }
  }

  /** Sets starts relative to the earliest plausible one, the base. */
  #date(nowMs: number): void {
    const { startHi, startLo } = this.#rows.of
    const { count } = this.#tree
    const { start } = this.#tree.of
    let baseHi = WORD
    let baseLo = 0
    for (let span = 0; span < count; span++) {
      const hi = startHi[span]!
      if (hi > baseHi || !isPlausibleHi(hi)) continue
      const lo = startLo[span]!
      if (hi < baseHi || lo < baseLo) {
        baseHi = hi
        baseLo = lo
      }
    }
    if (baseHi === WORD) {
      baseHi = Math.floor((nowMs * 1e6) / WORD)
      baseLo = (nowMs * 1e6) % WORD
    }
    for (let span = 0; span < count; span++) {
      const hi = startHi[span]!
      const sinceBase = (hi - baseHi) * WORD + (startLo[span]! - baseLo)
      start[span] = isPlausibleHi(hi) ? sinceBase : UNDATED
    }
    this.#baseHi = baseHi
    this.#baseLo = baseLo
  }

  /** Starts and durations, corrected for clock skew: parents first, as a shift moves what is below. */
  #place(trace: AssembledTrace, counts: AssemblerCounts): void {
    const { count, columns, parent, startNs, durationNs } = trace
    const { service, kind, startHi, endMs, durationNs: lasted } = columns.of
    const { order, hangs, start } = this.#tree.of
    const { shift } = this.#rows.of
    let earliest = Number.POSITIVE_INFINITY
    for (let at = 0; at < count; at++) {
      const span = order[at]!
      const up = parent[at]!
      let duration = lasted[at]!
      if (!isPlausibleHi(startHi[at]!) || !isPlausibleMs(endMs[at]!)) {
        duration = 0
      } else if (!(duration >= 0)) {
        duration = 0
        counts.negativeDurations++
      }
      durationNs[at] = duration
      let by = up < 0 ? 0 : shift[up]!
      let from = start[span]! + by
      if (from === UNDATED) {
        from = up < 0 ? 0 : startNs[up]!
      } else if (hangs[span] === CHILD && service[at] !== service[up]) {
        const fix = skewShiftNs(from, duration, kind[at]!, startNs[up]!, durationNs[up]!, kind[up]!)
        if (fix !== 0) counts.skewShifts++
        by += fix
        from += fix
      }
      shift[at] = by
      startNs[at] = from
      if (from < earliest) earliest = from
    }
    this.#rebase(trace, earliest)
  }

  /** Moves the base to the earliest corrected start. */
  #rebase(trace: AssembledTrace, earliest: number): void {
    if (earliest !== 0) {
      for (let at = 0; at < trace.count; at++) trace.startNs[at] = trace.startNs[at]! - earliest
    }
    const lo = this.#baseLo + earliest
    const carry = Math.floor(lo / WORD)
    trace.startLo = lo - carry * WORD
    trace.startHi = this.#baseHi + carry
  }
}

/** End of a span, ns after the start of the trace. */
function endNs({ startNs, durationNs }: AssembledTrace, at: number): number {
  return startNs[at]! + durationNs[at]!
}

function endsLater(trace: AssembledTrace, one: number, other: number): boolean {
  return endNs(trace, one) > endNs(trace, other)
}

/** Start of the trace, ms since 1970. */
function startMs({ startHi, startLo }: AssembledTrace): number {
  return (startHi * WORD + startLo) / 1e6
}

/** Latest plausible end of its spans, not after `nowMs`; `nowMs` if there is none. */
function latestEndMs(trace: AssembledTrace, nowMs: number): number {
  const { endMs } = trace.columns.of
  let latest = 0
  for (let at = 0; at < trace.count; at++) {
    const end = endMs[at]!
    if (end > latest && isPlausibleMs(end)) latest = end
  }
  return latest > 0 && latest < nowMs ? latest : nowMs
}
