import type { SlotTable } from './attribute-slots.ts'
import type { RejectedSpans } from './rejected-spans.ts'
import type { ServiceIdentities } from './service-identities.ts'
import type { SpanColumns } from './span-columns.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Where decoded spans go. */
export interface DecodeTarget {
  /** Rows are appended here; `columns.stride` must be `slots.stride`. */
  readonly columns: SpanColumns
  /** Span names, masked. */
  readonly names: Vocabulary
  /** Service names and attribute values. */
  readonly values: Vocabulary
  readonly slots: SlotTable
  /** Tells environments under one service name apart; without it the name alone counts. */
  readonly identities?: ServiceIdentities
  /** `service.name` values whose spans are dropped: medoscope's own, which would feed on themselves. */
  readonly ignoreServices: ReadonlySet<string>
  /** Spans dropped for that reason, ever. */
  droppedOwn: number
  /** Spans that were no good, of the body read last. */
  readonly rejected: RejectedSpans
}
