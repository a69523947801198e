import type { StepOutput } from './step-output.ts'

/** What the loop counts, in plain numbers. */
export interface PipelineCounts {
  turns: number
  batches: number
  records: number
  bytes: number
  fits: number
  fitMs: number
  /** Times the loop had to wait for a model that was due. */
  fitWaits: number
  checkpoints: number
  checkpointFailures: number
  commits: number
  commitFailures: number
  revoked: number
}

/** One turn of the loop that had records, for metrics and for our own traces. */
export interface BatchReport {
  readonly records: number
  readonly bytes: number
  /** Wall clock at the beginning, ms since 1970. */
  readonly startedMs: number
  readonly stepMs: number
  readonly publishMs: number
  readonly output: StepOutput
}
