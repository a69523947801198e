import { SpanColumns } from '../otlp/span-columns.ts'
import type { AssemblerCounts } from './assembler-counts.ts'
import type { ClosedIdsState } from './closed-ids.ts'
import type { DataClockState } from './data-clock.ts'
import type { OpenTraces } from './open-traces.ts'
import type { SpanStore } from './span-store.ts'

/** Everything an assembler remembers, as plain data: numbers and typed arrays, live rows only. */
export interface AssemblerState {
  readonly format: 1
  readonly stride: number
  readonly clock: DataClockState
  /** Traces first seen up to here (data time) may have begun before the log was read; -1 = none. */
  readonly midLogUntilMs: number
  readonly traces: OpenTracesState
  readonly spans: SpanRows
  readonly closed: ClosedIdsState
  readonly counts: AssemblerCounts
}

/** Open traces, the oldest first. */
export interface OpenTracesState {
  readonly ids: Uint32Array<ArrayBuffer> // 4 words a trace
  readonly spans: Int32Array<ArrayBuffer>
  readonly flags: Uint8Array<ArrayBuffer>
  readonly redated: Uint8Array<ArrayBuffer>
  readonly firstSeenMs: Float64Array<ArrayBuffer>
  readonly rootEndMs: Float64Array<ArrayBuffer>
  readonly latestEndMs: Float64Array<ArrayBuffer>
  readonly deadlineMs: Float64Array<ArrayBuffer>
  readonly firstOffset: BigInt64Array<ArrayBuffer>
}

/** Their spans, trace by trace, each in order of arrival; the arrays of `SpanColumns` without trace ids. */
export type SpanRows = Pick<
  SpanColumns,
  | 'spanId'
  | 'parentId'
  | 'service'
  | 'name'
  | 'kind'
  | 'status'
  | 'startHi'
  | 'startLo'
  | 'durationNs'
  | 'endMs'
  | 'events'
  | 'links'
  | 'attributes'
>

/** Copies the open traces out, the oldest first. */
export function saveTraces(open: OpenTraces): OpenTracesState {
  const count = open.count
  const state: OpenTracesState = {
    ids: new Uint32Array(count * 4),
    spans: new Int32Array(count),
    flags: new Uint8Array(count),
    redated: new Uint8Array(count),
    firstSeenMs: new Float64Array(count),
    rootEndMs: new Float64Array(count),
    latestEndMs: new Float64Array(count),
    deadlineMs: new Float64Array(count),
    firstOffset: new BigInt64Array(count),
  }
  for (let i = 0, slot = open.oldest; i < count; i++, slot = open.newer(slot)) {
    for (let word = 0; word < 4; word++) {
      state.ids[i * 4 + word] = open.index.ids[slot * 4 + word]!
    }
    state.spans[i] = open.spans[slot]!
    state.flags[i] = open.flags[slot]!
    state.redated[i] = open.redated[slot]!
    state.firstSeenMs[i] = open.firstSeenMs[slot]!
    state.rootEndMs[i] = open.rootEndMs[slot]!
    state.latestEndMs[i] = open.latestEndMs[slot]!
    state.deadlineMs[i] = open.deadlineMs[slot]!
    state.firstOffset[i] = open.firstOffset[slot]!
  }
  return state
}

/** Copies the spans of the open traces out, in the order of `saveTraces`. */
export function saveSpans(open: OpenTraces, store: SpanStore, spans: number): SpanRows {
  const rows = new Int32Array(spans)
  let at = 0
  for (let slot = open.oldest; slot >= 0; slot = open.newer(slot)) {
    let row = open.head[slot]!
    for (let n = open.spans[slot]!; n > 0; n--) {
      rows[at++] = row
      if (n > 1) row = store.next(row)
    }
  }
  const columns = new SpanColumns(store.stride, spans)
  store.get(rows, spans, columns)
  const { spanId, parentId, service, name, kind, status, startHi, startLo } = columns
  const { durationNs, endMs, events, links, attributes } = columns
  return {
    spanId,
    parentId,
    service,
    name,
    kind,
    status,
    startHi,
    startLo,
    durationNs,
    endMs,
    events,
    links,
    attributes,
  }
}

/** Fills an empty `open` and `store`; returns the number of spans. */
export function loadTraces(
  traces: OpenTracesState,
  spans: SpanRows,
  open: OpenTraces,
  store: SpanStore,
): number {
  const rows = Object.assign(new SpanColumns(store.stride, 0), spans)
  let row = 0
  for (let i = 0; i < traces.spans.length; i++) {
    const slot = open.open(
      traces.ids,
      i * 4,
      traces.firstOffset[i]!,
      traces.firstSeenMs[i]!,
      traces.deadlineMs[i]!,
    )
    open.flags[slot] = traces.flags[i]!
    open.redated[slot] = traces.redated[i]!
    open.rootEndMs[slot] = traces.rootEndMs[i]!
    open.latestEndMs[slot] = traces.latestEndMs[i]!
    for (let n = traces.spans[i]!; n > 0; n--) {
      open.append(slot, store.put(rows, row++, open.tail[slot]!))
    }
  }
  return row
}

/** Throws if lengths do not fit together: a snapshot that was cut or mixed up. */
export function checkState(state: AssemblerState, stride: number): void {
  if (state.format !== 1) throw new Error(`Unknown assembler state, format ${state.format}`)
  if (state.stride !== stride) {
    throw new Error(
      `Assembler state has ${state.stride} attribute slots a span, expected ${stride}`,
    )
  }
  const { traces, spans, closed } = state
  const count = traces.spans.length
  let rows = 0
  for (const n of traces.spans) rows += n > 0 ? n : Number.NaN
  const fits =
    traces.ids.length === count * 4 &&
    traces.flags.length === count &&
    traces.redated.length === count &&
    traces.firstSeenMs.length === count &&
    traces.rootEndMs.length === count &&
    traces.latestEndMs.length === count &&
    traces.deadlineMs.length === count &&
    traces.firstOffset.length === count &&
    closed.ids.length === closed.used.length * 4 &&
    spans.spanId.length === rows * 2 &&
    spans.parentId.length === rows * 2 &&
    spans.attributes.length === rows * stride
  const { service, name, kind, status, startHi, startLo, durationNs, endMs, events, links } = spans
  const columns = [service, name, kind, status, startHi, startLo, durationNs, endMs, events, links]
  if (!fits || columns.some((column) => column.length !== rows)) {
    throw new Error(`Assembler state is damaged: arrays do not fit ${count} traces, ${rows} spans`)
  }
}
