import { decodeLogsJson } from '../../otlp/decode-logs-json.ts'
import { decodeLogs } from '../../otlp/decode-logs-protobuf.ts'
import { LogColumns } from '../../otlp/log-columns.ts'
import type { LogTarget } from '../../otlp/log-target.ts'
import { RejectedSpans } from '../../otlp/rejected-spans.ts'
import { BodyCheck } from './body-check.ts'
import { NoTexts } from './no-texts.ts'

/** The check of bodies with log records. */
export class LogsCheck extends BodyCheck<LogTarget> {
  /** @param sessionKeys the core's: a value that it looks at must be looked at here */
  constructor(ignoreServices: readonly string[], sessionKeys: readonly string[]) {
    const target = {
      columns: new LogColumns(sessionKeys.length),
      sessionKeys,
      values: new NoTexts(),
      ignoreServices: new Set(ignoreServices),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
    super(target, { otlp_json: decodeLogsJson, otlp_proto: decodeLogs })
  }
}
