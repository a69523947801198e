import type { Encoding } from '../../contract/log-record.ts'
import { decodeLogsJson } from '../../otlp/decode-logs-json.ts'
import { decodeLogs } from '../../otlp/decode-logs-protobuf.ts'
import { LogColumns } from '../../otlp/log-columns.ts'
import type { LogTarget } from '../../otlp/log-target.ts'
import { RejectedSpans } from '../../otlp/rejected-spans.ts'
import type { BodyCheck, CheckedBody } from './body-check.ts'
import { NoTexts } from './no-texts.ts'

/** The check of bodies with logs, like `TracesCheck`. */
export class LogsCheck implements BodyCheck {
  readonly #target: LogTarget

  /** @param sessionKeys the core's: a value that it looks at must be looked at here */
  constructor(ignoreServices: readonly string[], sessionKeys: readonly string[]) {
    this.#target = {
      columns: new LogColumns(sessionKeys.length),
      sessionKeys,
      values: new NoTexts(),
      ignoreServices: new Set(ignoreServices),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
  }

  /** @throws DecodeError if the core will not be able to read it either */
  check(body: Uint8Array, encoding: Encoding): CheckedBody {
    this.#target.columns.clear()
    this.#target.droppedOwn = 0
    const decode = encoding === 'otlp_json' ? decodeLogsJson : decodeLogs
    const items = decode(body, this.#target)
    const { droppedOwn: notWatched, rejected } = this.#target
    return { items, notWatched, rejected: rejected.told() }
  }
}
