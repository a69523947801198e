import { SpanColumns } from '../otlp/span-columns.ts'

/** Why a trace was closed. */
export type CloseCause = 'quiet' | 'max_wait' | 'evicted' | 'end_of_input'

/**
 * What an observation is of its trace: all of it (or what is left once other parts are out), the work on
 * a message from the consumer on, or what came after the trace was handed out, or while it went on for
 * longer than anybody waits. A session is one of log records.
 */
export type TracePart = 'trace' | 'consumer' | 'late' | 'session'

/**
 * One closed trace, as the assembler hands it out. The object and its arrays are reused: they are valid
 * only until the next one is asked for. Index i below is a position in depth-first
 * pre-order: parents before children, siblings by start time (then span id), so a single forward
 * pass can do everything that needs a tree.
 */
export interface AssembledTrace {
  /** Spans used; arrays below are valid in [0, count). */
  count: number
  /** The spans as they came, all but the trace id (see `id`). */
  readonly columns: SpanColumns
  /** Index of the parent, or -1. Span 0 is the entry: the root, or the earliest top-most fragment. */
  parent: Int32Array<ArrayBuffer>
  /** Start of span i after the start of the trace, ns, corrected for clock skew between services. */
  startNs: Float64Array<ArrayBuffer>
  /** Duration of span i, ns, at least 0. */
  durationNs: Float64Array<ArrayBuffer>
  /** Trace id, four big-endian words. */
  traceId: Uint32Array<ArrayBuffer>
  /** Names the observation: the trace id, or made from it and the entry's span id in a part of a trace. */
  id: Uint32Array<ArrayBuffer>
  part: TracePart
  /** What it is a part of, as long as other parts are to be handed out or just were; null = it is whole. */
  whole: AssembledTrace | null
  /** Start of the trace, ns since 1970, as two words. */
  startHi: number
  startLo: number
  /** Latest plausible end of its spans, ms since 1970, not after data time at closing. */
  endMs: number
  cause: CloseCause
  /** Whether the span without a parent id was seen. */
  rooted: boolean
  /** Spans besides the entry whose parent was never seen; they hang under the entry. */
  orphans: number
  /** Spans are known to be missing: dropped by a cap, or the log was read from after its beginning. */
  truncated: boolean
  /** How long the message waited that the entry takes, ns; -1 where it takes none, or since when is not known. */
  waitNs: number
  /** Vocabulary id of the service that sent it; 0 where that is not known. */
  sender: number
}

/** A trace of no spans, with room for some; `stride` attribute slots a span. */
export function emptyTrace(stride: number, spans: number): AssembledTrace {
  return {
    count: 0,
    columns: new SpanColumns(stride, spans),
    parent: new Int32Array(spans),
    startNs: new Float64Array(spans),
    durationNs: new Float64Array(spans),
    traceId: new Uint32Array(4),
    id: new Uint32Array(4),
    part: 'trace',
    whole: null,
    startHi: 0,
    startLo: 0,
    endMs: 0,
    cause: 'quiet',
    rooted: false,
    orphans: 0,
    truncated: false,
    waitNs: -1,
    sender: 0,
  }
}
