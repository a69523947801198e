import type { LogColumns } from './log-columns.ts'
import type { RejectedSpans } from './rejected-spans.ts'
import type { ServiceIdentities } from './service-identities.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Where decoded log records go. */
export interface LogTarget {
  /** Rows are appended here. */
  readonly columns: LogColumns
  /** Attributes whose values say to which session a record belongs; `columns.keys` of them. */
  readonly sessionKeys: readonly string[]
  /** Names of services, events, severities and exceptions. */
  readonly values: Vocabulary
  /** Tells environments under one service name apart; without it the name alone counts. */
  readonly identities?: ServiceIdentities
  /** `service.name` values whose records are dropped: medoscope's own, which would feed on themselves. */
  readonly ignoreServices: ReadonlySet<string>
  /** Records dropped for that reason, ever. */
  droppedOwn: number
  /** Records that were no good, of the body read last. */
  readonly rejected: RejectedSpans
}
