import type { Config } from './schema.ts'
import { sectionSettings } from './section-settings.ts'

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
  const { checkpointIntervalMs } = sectionSettings(config, 'state')
  return { ...sectionSettings(config, 'pipeline'), checkpointIntervalMs }
}

export function retrySettings(config: Config): RetrySettings {
  const { publish_attempts, backoff, backoff_max } = config.pipeline
  return { attempts: publish_attempts, backoffMs: backoff, backoffMaxMs: backoff_max }
}
