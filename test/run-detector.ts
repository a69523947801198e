import type { LogRecord } from '../src/contract/log-record.ts'
import type { StepOutput } from '../src/contract/step-output.ts'
import type { Detector } from '../src/detector/detector.ts'
import { fit } from '../src/detector/fit.ts'

/** Steps through all records, fitting inline where a fit is asked for. */
export function runThrough(
  detector: Detector,
  records: readonly LogRecord[],
  output: StepOutput,
): void {
  for (let at = 0; at < records.length; ) {
    at = detector.step(records, at, output)
    const request = detector.takeFitRequest()
    if (request) detector.install(fit(request))
  }
}
