import type { Encoding } from '../../contract/log-record.ts'
import type { RejectedInBody } from '../../otlp/rejected-spans.ts'

/** What is in a body that can be read. */
export interface CheckedBody {
  /** Spans or log records. */
  readonly items: number
  /** Those of services that are not watched; the detector will leave them out. */
  readonly notWatched: number
  /** Those that are no good; null: all are good. */
  readonly rejected: RejectedInBody | null
}

/** Whether a body is what it should be. */
export interface BodyCheck {
  /** @throws DecodeError if the core will not be able to read it either */
  check(body: Uint8Array, encoding: Encoding): CheckedBody
}
