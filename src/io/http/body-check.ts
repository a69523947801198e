import type { Encoding } from '../../contract/log-record.ts'
import type { RejectedInBody, RejectedSpans } from '../../otlp/rejected-spans.ts'

/** What is in a body that can be read. */
export interface CheckedBody {
  /** Spans or log records. */
  readonly items: number
  /** Those of services that are not watched; the detector will leave them out. */
  readonly notWatched: number
  /** Those that are no good; null: all are good. */
  readonly rejected: RejectedInBody | null
}

/** What the decoders of every signal decode into has these. */
interface CheckTarget {
  readonly columns: { clear(): void }
  droppedOwn: number
  readonly rejected: RejectedSpans
}

/** A decoder by encoding: gives back the items that it read. */
type Decoders<T> = Readonly<Record<Encoding, (body: Uint8Array, target: T) => number>>

/**
 * Whether a body is what it should be, by decoding it into nowhere. OTLP senders expect a 400 for what
 * cannot be decoded, and the core decodes much later. It costs 0.6 us a span of protobuf on top of the
 * core's 0.9, and 14 us a span of JSON, as much as the core's own parsing; Kafka and files do without.
 */
export class BodyCheck<T extends CheckTarget = CheckTarget> {
  readonly #target: T
  readonly #decoders: Decoders<T>

  constructor(target: T, decoders: Decoders<T>) {
    this.#target = target
    this.#decoders = decoders
  }

  /** @throws DecodeError if the core will not be able to read it either */
  check(body: Uint8Array, encoding: Encoding): CheckedBody {
    this.#target.columns.clear()
    this.#target.droppedOwn = 0
    const items = this.#decoders[encoding](body, this.#target)
    const { droppedOwn: notWatched, rejected } = this.#target
    return { items, notWatched, rejected: rejected.told() }
  }
}
