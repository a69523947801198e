import type { LogRecord } from '../contract/log-record.ts'
import type { BatchReport } from '../contract/pipeline-report.ts'
import type { Answer, SignatureWords } from '../contract/signature.ts'
import type { Source } from '../contract/source.ts'
import type { StepOutput } from '../contract/step-output.ts'
import type { FitRequest, FitResult } from '../detector/fit.ts'
import type { Checkpoints } from '../io/checkpoint.ts'
import type { Clock } from '../io/clock.ts'
import type { Fitter } from '../io/fit-client.ts'
import type { Log } from '../io/telemetry/log.ts'
import type { Publisher } from './publisher.ts'

/** The detector as the loop sees it: see `Detector`. */
export interface StreamDetector {
  learnOnly: boolean
  readonly blocked: boolean
  step(records: readonly LogRecord[], from: number, output: StepOutput): number
  takeFitRequest(): FitRequest | null
  install(model: FitResult, output: StepOutput): void
  fitNow(output: StepOutput): void
  accept(cluster: string, output: StepOutput, said?: Answer): boolean
  unaccept(cluster: string): boolean
  describeSignature(signature: string, words: Partial<SignatureWords>): boolean
  flush(output: StepOutput): void
  drop(partition: string): void
  lowWatermarks(): Map<string, bigint>
  positions(): Map<string, bigint>
  snapshot(): unknown
}

export interface PipelineParts {
  readonly detector: StreamDetector
  readonly source: Source
  readonly publisher: Publisher
  readonly fitter: Fitter
  /** `null`: none are kept. */
  readonly checkpoints: Checkpoints | null
  readonly clock: Clock
  readonly log: Log
  /** Sees every output before it is published; the loop waits for what it returns. */
  readonly onOutput?: (output: StepOutput) => Promise<void> | void
  readonly onBatch?: (report: BatchReport) => void
  /** End of input: judge what is open, or only learn from it and make the first model (warm-up). */
  readonly atEnd?: 'judge' | 'learn'
  /** Learn without verdicts until a record of this time (ms since 1970) or the end of the log is reached. */
  readonly learnUntilMs?: number
}
