import type { LogRecord } from '../../src/contract/log-record.ts'
import type { StepOutput } from '../../src/contract/step-output.ts'
import { Detector } from '../../src/detector/detector.ts'
import { emptyOutput } from '../../src/detector/empty-output.ts'
import { detectorSettings } from '../detector-settings.ts'
import { runThrough } from '../run-detector.ts'

/** Learns from the records up to a time, judges the rest. */
export function learnThenJudge(
  log: readonly LogRecord[],
  untilMs: number,
  alpha: number,
): StepOutput {
  const split = log.findIndex(({ timestampMs }) => timestampMs > untilMs)
  const detector = new Detector(detectorSettings({ alpha, explainAll: true }))
  const output = emptyOutput()
  detector.learnOnly = true
  runThrough(detector, log.slice(0, split), output)
  detector.fitNow(output)
  detector.learnOnly = false
  runThrough(detector, log.slice(split), output)
  detector.flush(output)
  return output
}
