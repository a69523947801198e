import type { Config } from './schema.ts'

/** How the loop cuts its batches, and how often it makes things durable. */
export interface PipelineSettings {
  readonly batchRecords: number
  readonly batchWaitMs: number
  readonly commitIntervalMs: number
  readonly checkpointIntervalMs: number
}

export interface RetrySettings {
  /** Attempts before a sink counts as unreachable. It is still tried, at the longest wait. */
  readonly attempts: number
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

export function pipelineSettings(config: Config): PipelineSettings {
  return {
    batchRecords: config.pipeline.batch_records,
    batchWaitMs: config.pipeline.batch_wait,
    commitIntervalMs: config.pipeline.commit_interval,
    checkpointIntervalMs: config.state.checkpoint_interval,
  }
}

export function retrySettings(config: Config): RetrySettings {
  const { publish_attempts, backoff, backoff_max } = config.pipeline
  return { attempts: publish_attempts, backoffMs: backoff, backoffMaxMs: backoff_max }
}
