import type { Fault, FaultKind, Strength } from './faults.ts'

/** What is true about one simulated trace. */
export interface TraceLabel {
  readonly traceId: string
  /** ms since 1970; the end is that of its last span. */
  readonly startMs: number
  readonly endMs: number
  /** `service/operation`. */
  readonly entry: string
  /** Faults (by index) whose guilty service it reached while they were active. */
  readonly touched: readonly number[]
  /** Those of them that changed something in it. */
  readonly affected: readonly number[]
}

/** When a fault was active, ms since 1970 (the end exclusive). */
export interface FaultWindow {
  readonly startMs: number
  readonly endMs: number
  readonly service: string
  readonly kind: FaultKind
  readonly strength: Strength
}

/** Traces that start within this time after a fault may still feel it: neither normal nor faulty. */
const COOLDOWN_MS = 120_000

/** The windows of the faults of a run that starts at `startMs`, in the order of the faults. */
export function faultWindows(startMs: number, faults: readonly Fault[]): readonly FaultWindow[] {
  return faults.map(({ kind, service, strength, fromMs, toMs }) => ({
    startMs: startMs + fromMs,
    endMs: startMs + toMs,
    service,
    kind,
    strength,
  }))
}

/** 1 = reached a guilty service while its fault was active, 0 = normal, -1 = neither for sure. */
export function truthOf(trace: TraceLabel, windows: readonly FaultWindow[]): 1 | 0 | -1 {
  if (trace.touched.length > 0) return 1
  const near = windows.some(
    ({ startMs, endMs }) => trace.startMs >= startMs && trace.startMs < endMs + COOLDOWN_MS,
  )
  return near ? -1 : 0
}

/** Index of the window in which the trace started, else of the fault that it met, else -1. */
export function windowOf(trace: TraceLabel, windows: readonly FaultWindow[]): number {
  const index = windows.findIndex(
    ({ startMs, endMs }) => trace.startMs >= startMs && trace.startMs < endMs,
  )
  return index < 0 ? (trace.touched[0] ?? -1) : index
}
