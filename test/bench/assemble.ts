import type { AssembleSettings } from '../../src/assemble/assemble-settings.ts'
import { TraceAssembler } from '../../src/assemble/trace-assembler.ts'
import { SpanColumns } from '../../src/otlp/span-columns.ts'
import { threadCpuUs } from './thread-cpu.ts'

export interface AssembleBenchResult {
  readonly spans: number
  readonly traces: number
  /** Best and mean over the runs, ns of processor time a span, for adding and closing together. */
  readonly bestNs: number
  readonly meanNs: number
}

const SETTINGS: AssembleSettings = {
  quietMs: 5_000,
  maxWaitMs: 60_000,
  maxSpansPerTrace: 10_000,
  maxOpenTraces: 50_000,
  maxOpenSpans: 1_000_000,
  closedIds: 100_000,
  maxJumpMs: 600_000,
}

/**
 * Times `add` (and the closing it does) over a seeded stream: traces of about 20 spans that start
 * `gapMs` apart, each spread over records of `spansPerRecord` spans within about 2 s of data time.
 * About 7 s / `gapMs` are open at once: their spans fit the cache at 10 ms and do not at 1 ms.
 * Making the stream is not timed, nor is putting a record into the columns that the decoder reuses.
 */
export function benchAssemble(
  traceCount: number,
  gapMs: number,
  spansPerRecord: number,
  stride: number,
  runs: number,
): AssembleBenchResult {
  const records = makeRecords(traceCount, gapMs, spansPerRecord, stride)
  const columns = new SpanColumns(stride, spansPerRecord)
  const times: number[] = []
  let spans = 0
  let traces = 0
  let sink = 0
  for (let run = 0; run < runs; run++) {
    const assembler = new TraceAssembler(SETTINGS, stride)
    const drain = (): void => {
      for (let trace = assembler.next(); trace !== null; trace = assembler.next()) {
        sink += trace.startNs[trace.count - 1]!
      }
    }
    let elapsed = 0
    for (let i = 0; i < records.length; i++) {
      copyInto(columns, records[i]!)
      const begin = cpuMs()
      assembler.add(columns, BigInt(i), false)
      drain()
      elapsed += cpuMs() - begin
    }
    const begin = cpuMs()
    assembler.flush()
    drain()
    times.push(elapsed + cpuMs() - begin)
    const { counts } = assembler
    spans = counts.spans
    traces = counts.closedQuiet + counts.closedMaxWait + counts.closedEndOfInput
    if (counts.spansOut !== spans || traces !== traceCount || !(sink > 0)) {
      throw new Error(`Bench lost spans: ${JSON.stringify(counts)}`)
    }
  }
  const perSpan = times.map((ms) => (ms * 1e6) / spans)
  return {
    spans,
    traces,
    bestNs: Math.min(...perSpan),
    meanNs: perSpan.reduce((sum, ns) => sum + ns, 0) / runs,
  }
}

/** Processor time of this thread: others that use the machine count less than on a clock. */
function cpuMs(): number {
  return threadCpuUs() / 1000
}

function copyInto(columns: SpanColumns, record: SpanColumns): void {
  columns.clear()
  while (columns.count < record.count) columns.add()
  for (const key of Object.keys(record.of) as (keyof SpanColumns['of'])[]) {
    columns.of[key].set(record.of[key])
  }
}

interface Draft {
  readonly trace: number
  readonly span: number
  readonly parent: number
  readonly startMs: number
  readonly durationMs: number
  readonly arrivesMs: number
}

function makeRecords(
  traceCount: number,
  gapMs: number,
  perRecord: number,
  stride: number,
): SpanColumns[] {
  const random = seeded(42)
  const drafts: Draft[] = []
  for (let trace = 0; trace < traceCount; trace++) {
    const spans = 10 + Math.floor(random() * 21)
    const rootMs = 200 + random() * 300
    for (let span = 0; span < spans; span++) {
      const startMs = trace * gapMs + (span === 0 ? 0 : random() * rootMs * 0.5)
      const durationMs = span === 0 ? rootMs : random() * rootMs * 0.5
      const parent = span === 0 ? -1 : Math.floor(random() * span)
      const arrivesMs = startMs + durationMs + random() * 1500
      drafts.push({ trace, span, parent, startMs, durationMs, arrivesMs })
    }
  }
  drafts.sort((a, b) => a.arrivesMs - b.arrivesMs)
  const records: SpanColumns[] = []
  for (let from = 0; from < drafts.length; from += perRecord) {
    const columns = new SpanColumns(stride, perRecord)
    for (const draft of drafts.slice(from, from + perRecord)) write(columns, draft)
    records.push(columns)
  }
  return records
}

function write(columns: SpanColumns, draft: Draft): void {
  const row = columns.add()
  const id = Math.imul(draft.trace + 1, 0x9e3779b1) >>> 0
  columns.of.traceId.set([id, draft.trace, ~id >>> 0, 1], row * 4)
  columns.of.spanId.set([Math.imul(draft.span + 1, 0x85ebca6b) >>> 0, draft.span + 1], row * 2)
  if (draft.parent >= 0) {
    columns.of.parentId.set(
      [Math.imul(draft.parent + 1, 0x85ebca6b) >>> 0, draft.parent + 1],
      row * 2,
    )
  }
  columns.of.service[row] = 2 + (draft.span % 5)
  columns.of.name[row] = 10 + draft.span
  columns.of.kind[row] = draft.span % 2 === 0 ? 2 : 3
  const startNs = 1_700_000_000_000_000_000n + BigInt(Math.round(draft.startMs * 1e6))
  columns.of.startHi[row] = Number(startNs >> 32n)
  columns.of.startLo[row] = Number(startNs & 0xffff_ffffn)
  columns.of.durationNs[row] = Math.round(draft.durationMs * 1e6)
  columns.of.endMs[row] = 1_700_000_000_000 + draft.startMs + draft.durationMs
  for (let slot = 0; slot < columns.stride; slot++) {
    columns.of.attributes[row * columns.stride + slot] = slot
  }
}

/** mulberry32: uniform numbers in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

if (import.meta.main) {
  for (const gapMs of [10, 1]) {
    const result = benchAssemble(20_000, gapMs, 500, 12, 10)
    console.log(
      `assemble, a trace each ${gapMs} ms: ${result.spans} spans in ${result.traces} traces, ` +
        `best ${result.bestNs.toFixed(0)} ns a span, mean ${result.meanNs.toFixed(0)}`,
    )
  }
}
