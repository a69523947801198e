import type { AssembleSettings } from '../../src/assemble/assemble-settings.ts'
import type { AssembledTrace } from '../../src/assemble/assembled-trace.ts'
import type { TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import { SpanColumns } from '../../src/otlp/span-columns.ts'
import { DrainedAssembler } from './drained-assembler.ts'

/** 2023-11-14T22:13:20Z. */
export const T0_MS = 1_700_000_000_000
export const STRIDE = 3

/** A span as tests write it: small numbers for ids, ms after `T0_MS` for times. */
export interface SpanDraft {
  readonly trace: number
  readonly span: number
  /** 0 = root. */
  readonly parent?: number
  readonly start: number
  readonly duration?: number
  readonly service?: number
  readonly kind?: number
  /** Use these instead of what follows from the above, ns since 1970. */
  readonly startNs?: bigint
  readonly endNs?: bigint
}

export const SETTINGS: AssembleSettings = {
  quietMs: 100,
  maxWaitMs: 1_000,
  maxSpansPerTrace: 1_000,
  maxOpenTraces: 1_000,
  maxOpenSpans: 10_000,
  closedIds: 1_000,
  maxJumpMs: 100_000,
}

export function startOf(draft: SpanDraft): bigint {
  return draft.startNs ?? nsOf(draft.start)
}

export function endOf(draft: SpanDraft): bigint {
  return draft.endNs ?? startOf(draft) + BigInt(Math.round((draft.duration ?? 1) * 1e6))
}

/** End in ms as the decoder computes it, from the two words. */
export function endMsOf(draft: SpanDraft): number {
  const end = endOf(draft)
  return Number(end >> 32n) * ((1 << 16) ** 2 / 1e6) + Number(end & 0xffff_ffffn) / 1e6
}

function nsOf(ms: number): bigint {
  return BigInt(T0_MS) * 1_000_000n + BigInt(Math.round(ms * 1e6))
}

/** The drafts as one record. */
export function record(drafts: readonly SpanDraft[]): SpanColumns {
  const columns = new SpanColumns(STRIDE, Math.max(1, drafts.length))
  for (const draft of drafts) {
    const row = columns.add()
    if (draft.trace !== 0) columns.of.traceId.set([draft.trace, 7, 0, draft.trace * 3], row * 4)
    columns.of.spanId.set([0, draft.span], row * 2)
    columns.of.parentId.set([0, draft.parent ?? 0], row * 2)
    columns.of.service[row] = draft.service ?? 2
    columns.of.name[row] = 100 + draft.span
    columns.of.kind[row] = draft.kind ?? 1
    columns.of.status[row] = draft.span % 3
    columns.of.startHi[row] = Number(startOf(draft) >> 32n)
    columns.of.startLo[row] = Number(startOf(draft) & 0xffff_ffffn)
    columns.of.durationNs[row] = Number(endOf(draft) - startOf(draft))
    columns.of.endMs[row] = endMsOf(draft)
    columns.of.events[row] = draft.span + 1
    columns.of.links[row] = draft.span + 2
    for (let slot = 0; slot < STRIDE; slot++) {
      columns.of.attributes[row * STRIDE + slot] = draft.span * 10 + slot
    }
  }
  return columns
}

/** An assembled trace as plain values, which outlive the listener. */
export interface TraceCopy {
  readonly trace: number
  readonly part: string
  readonly cause: string
  readonly rooted: boolean
  readonly orphans: number
  readonly truncated: boolean
  readonly startNs: bigint
  readonly endMs: number
  /** To a hundredth of a ms; -1 = none. */
  readonly waitMs: number
  readonly sender: number
  readonly spans: readonly SpanCopy[]
}

export interface SpanCopy {
  readonly span: number
  /** Position of the parent, or -1. */
  readonly up: number
  /** ns after the start of the trace. */
  readonly start: number
  readonly duration: number
}

export function copyOf(trace: AssembledTrace): TraceCopy {
  const spans: SpanCopy[] = []
  for (let i = 0; i < trace.count; i++) {
    spans.push({
      span: trace.columns.of.spanId[i * 2 + 1]!,
      up: trace.parent[i]!,
      start: trace.startNs[i]!,
      duration: trace.durationNs[i]!,
    })
  }
  if (trace.startHi >>> 0 !== trace.startHi || trace.startLo >>> 0 !== trace.startLo) {
    throw new Error(`Start is not two words: ${trace.startHi} ${trace.startLo}`)
  }
  return {
    trace: trace.traceId[0]!,
    part: trace.part,
    cause: trace.cause,
    rooted: trace.rooted,
    orphans: trace.orphans,
    truncated: trace.truncated,
    startNs: (BigInt(trace.startHi) << 32n) + BigInt(trace.startLo),
    endMs: trace.endMs,
    waitMs: trace.waitNs < 0 ? -1 : hundredths(trace.waitNs / 1e6),
    sender: trace.sender,
    spans,
  }
}

/** A time in ms to a hundredth: nanoseconds since 1970 do not fit a double. */
export function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100
}

/** An assembler, what it handed out so far, and `feed` to give it one record. */
export function harness(
  settings: Partial<AssembleSettings> = {},
  options: { startedMidLog?: boolean; keyed?: boolean } = {},
) {
  const out: TraceCopy[] = []
  const assembler = new DrainedAssembler(
    { ...SETTINGS, ...settings },
    STRIDE,
    (trace) => out.push(copyOf(trace)),
    options,
  )
  let offset = 0n
  return {
    assembler,
    out,
    feed: (...drafts: SpanDraft[]): void =>
      assembler.add(record(drafts), offset++, options.keyed ?? true),
    /** Moves data time to `ms` by a trace of its own, number 999999 - ms. */
    tick: (ms: number): void =>
      assembler.add(
        record([{ trace: 999_999 - ms, span: 1, start: ms, duration: 0 }]),
        offset++,
        true,
      ),
    /** What came out but for the traces of `tick`. */
    traces: (): TraceCopy[] => out.filter((trace) => trace.trace < 500_000),
  }
}

/** spans in = spans out + counted drops + still open. */
export function balance(assembler: TraceAssembler): number {
  const { counts } = assembler
  const dropped = counts.lateSpans + counts.duplicates + counts.overlongSpans + counts.invalidIds
  return counts.spans - counts.spansOut - dropped - assembler.openSpans
}
