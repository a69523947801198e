import type { OtlpLogRecord } from '../otlp/encode-logs.ts'
import type { OtlpSpan } from '../otlp/encode-traces.ts'
import { type Change, serviceChanges } from './changes.ts'
import { isCodeFault } from './code-faults.ts'
import { checkFault } from './fault-checks.ts'
import { FaultEffects } from './fault-effects.ts'
import { type Fault, faultTable } from './faults.ts'
import { derive } from './random.ts'
import { type Batch, RecordBatches } from './record-batches.ts'
import { buildShop } from './shop.ts'
import type { SimulatedRecord } from './simulated-record.ts'
import { SpanWriter } from './span-writer.ts'
import type { TraceLabel } from './trace-label.ts'
import { TraceRun } from './trace-run.ts'
import { type Arrival, arrivals } from './traffic.ts'

/** What is simulated. Only the first four must be given. */
export interface SimulationOptions {
  readonly seed: number
  /** Start, ms since 1970: a whole number. */
  readonly startMs: number
  readonly durationMs: number
  /** Mean over the day. */
  readonly tracesPerSecond: number
  readonly faults?: readonly Fault[]
  readonly changes?: readonly Change[]
  /** Shops side by side: 1, 4, 16, …; the work of one trace stays the same. */
  readonly scale?: number
  /** Swing of the daily load as a share of its mean, in [0, 1). */
  readonly dailySwing?: number
  /** Share of calls, of whatever operation, that stand still for 100 to 460 ms. Default 0. */
  readonly stalls?: number
  /** Whether services log, in records of their own. Default: they do not. */
  readonly logs?: boolean
  /** Most spans of one record. */
  readonly recordSpans?: number
  /**
   * Goes on from here, ms after the start: yields the records that a whole run sends after this time.
   * A run with a fault can so be continued from one without.
   */
  readonly resumeMs?: number
  /** Told about every trace, in the order of their starts and before their spans are out. */
  readonly onTrace?: (trace: TraceLabel) => void
}

/** No trace lasts longer, so where a run goes on none that began earlier has spans to come. */
const LONGEST_MS = 120_000

/**
 * The telemetry of a simulated shop, record by record in the order of data time, the same for the
 * same options. Holds the spans of about a second, whatever the duration.
 * @throws Error where options, faults or changes do not fit the shop.
 */
export function* simulate(options: SimulationOptions): Generator<SimulatedRecord> {
  const { seed, startMs, faults = [], changes = [], scale = 1, recordSpans = 512 } = options
  checkOptions(options)
  const shop = buildShop(seed, scale)
  for (const fault of faults) {
    checkFault(shop, fault)
    if (isCodeFault(fault.kind) && options.logs !== true) {
      throw new Error(`${fault.kind} shows in logs only, which are off.`)
    }
  }
  const effects = new FaultEffects(faultTable(shop, faults))
  const spans = new RecordBatches<OtlpSpan>(startMs, recordSpans)
  const logs = new RecordBatches<OtlpLogRecord>(startMs, recordSpans)
  const writer = new SpanWriter(
    startMs,
    (instance, endNs, span) => spans.add(instance, endNs, span),
    (instance, timeNs, record) => logs.add(instance, timeNs, record),
  )
  const ofServices = serviceChanges(shop, changes)
  const { stalls, logs: isLogging } = options
  const run = new TraceRun(derive(seed, 1), effects, ofServices, writer, stalls, isLogging)
  const traffic = {
    ...options,
    seed: derive(seed, 2),
    changes,
    dailySwing: options.dailySwing ?? 0.3,
  }
  const { resumeMs = 0 } = options
  for (const arrival of arrivals(shop, traffic)) {
    if (arrival.timeMs < resumeMs - LONGEST_MS) continue
    const nowNs = arrival.timeMs * 1e6
    yield* after(startMs + resumeMs, inTurn(spans.due(nowNs), logs.due(nowNs)))
    run.play(arrival)
    options.onTrace?.(label(options.startMs, arrival, writer, effects))
  }
  yield* after(startMs + resumeMs, inTurn(spans.rest(), logs.rest()))
}

/** Both signals by time; of one time spans first. */
function* inTurn(
  spans: Iterable<Batch<OtlpSpan>>,
  logs: Iterable<Batch<OtlpLogRecord>>,
): Generator<SimulatedRecord> {
  const waiting = [...logs]
  for (const { timeMs, count, groups } of spans) {
    while (waiting[0] && waiting[0].timeMs < timeMs) yield ofLogs(waiting.shift()!)
    const resources = groups.map(({ attributes, items }) => ({ attributes, spans: items }))
    yield { timeMs, spanCount: count, resources }
  }
  for (const batch of waiting) yield ofLogs(batch)
}

function ofLogs({ timeMs, groups }: Batch<OtlpLogRecord>): SimulatedRecord {
  const logs = groups.map(({ attributes, items }) => ({ attributes, records: items }))
  return { timeMs, spanCount: 0, resources: [], logs }
}

function* after(timeMs: number, records: Iterable<SimulatedRecord>): Generator<SimulatedRecord> {
  for (const record of records) if (record.timeMs > timeMs) yield record
}

function checkOptions(options: SimulationOptions): void {
  const { startMs, durationMs, tracesPerSecond } = options
  const { scale = 1, dailySwing = 0, recordSpans = 512, resumeMs = 0 } = options
  if (!Number.isSafeInteger(startMs)) throw new Error(`startMs ${startMs} is no whole number.`)
  if (!(durationMs >= 0)) throw new Error(`durationMs ${durationMs} is below 0.`)
  if (!(tracesPerSecond >= 0)) throw new Error(`tracesPerSecond ${tracesPerSecond} is below 0.`)
  if (!Number.isInteger(scale) || scale < 1) throw new Error(`scale ${scale} is below 1.`)
  if (!(dailySwing >= 0 && dailySwing < 1)) {
    throw new Error(`dailySwing ${dailySwing} is outside [0, 1).`)
  }
  if (!(resumeMs >= 0)) throw new Error(`resumeMs ${resumeMs} is below 0.`)
  if (!(recordSpans >= 1)) throw new Error(`recordSpans ${recordSpans} is below 1.`)
}

function label(
  startMs: number,
  arrival: Arrival,
  writer: SpanWriter,
  effects: FaultEffects,
): TraceLabel {
  return {
    traceId: writer.traceId,
    startMs: startMs + arrival.timeMs,
    endMs: startMs + writer.lastNs / 1e6,
    entry: arrival.entry.name,
    touched: [...effects.touched].sort((a, b) => a - b),
    affected: [...effects.affected].sort((a, b) => a - b),
  }
}
