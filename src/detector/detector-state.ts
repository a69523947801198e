import type { AssemblerCounts } from '../assemble/assembler-counts.ts'
import type { SessionAssemblerState } from '../assemble/session-assembler.ts'
import type { AssemblerState } from '../assemble/trace-assembler.ts'
import type { TraceLogsState } from '../assemble/trace-logs.ts'
import type { RecordCounts } from './detector-counts.ts'
import type { FitScheduleState } from './fit-schedule.ts'
import type { ForgettingState } from './forgetting.ts'
import type { JudgeState } from './judge.ts'
import type { LearnerState } from './learner.ts'
import type { NewErrorsState } from './new-errors.ts'
import type { TablesState } from './tables.ts'

/** Rises when a state of before cannot be read any more. */
export const STATE_FORMAT = 11

/** A detector as plain data: numbers, strings, bigints, arrays, typed arrays and plain objects. */
export interface DetectorState {
  readonly format: number
  readonly tables: TablesState
  readonly shards: readonly {
    readonly partition: string
    readonly nextOffset: bigint
    readonly assembler: AssemblerState
    /** Null where no logs came. */
    readonly sessions: SessionAssemblerState | null
  }[]
  /** Null where logs do not join their traces. */
  readonly traceLogs: TraceLogsState | null
  readonly newErrors: NewErrorsState
  readonly learner: LearnerState
  readonly judge: JudgeState
  readonly schedule: FitScheduleState
  readonly records: RecordCounts
  /** Of partitions that were dropped. */
  readonly dropped: AssemblerCounts
  readonly clockMs: number
  readonly reviewedWindow: number
  readonly forgetting: ForgettingState
}

/** Throws, saying what was found, where `state` is not one that this version can read. */
export function checkedState(state: unknown): DetectorState {
  const format = (state as { format?: unknown } | null)?.format
  if (format !== STATE_FORMAT) {
    const found = format === undefined ? 'no detector state' : `format ${String(format)}`
    throw new Error(`The detector's state is ${found}; this version reads format ${STATE_FORMAT}`)
  }
  return state as DetectorState
}
