import type { Encoding } from '../../contract/log-record.ts'
import { slotTable } from '../../otlp/attribute-slots.ts'
import { decodeTracesJson } from '../../otlp/decode-json.ts'
import { decodeTraces } from '../../otlp/decode-protobuf.ts'
import type { DecodeTarget } from '../../otlp/decode-target.ts'
import { RejectedSpans } from '../../otlp/rejected-spans.ts'
import { SpanColumns } from '../../otlp/span-columns.ts'
import type { BodyCheck, CheckedBody } from './body-check.ts'
import { NoTexts } from './no-texts.ts'

/**
 * Whether a body is what it should be, by decoding it into nowhere. OTLP senders expect a 400 for what
 * cannot be decoded, and the core decodes much later. It costs 0.6 us a span of protobuf on top of the
 * core's 0.9, and 14 us a span of JSON, as much as the core's own parsing; Kafka and files do without.
 */
export class TracesCheck implements BodyCheck {
  readonly #target: DecodeTarget

  constructor(ignoreServices: readonly string[], categories: readonly string[]) {
    const slots = slotTable(categories)
    this.#target = {
      columns: new SpanColumns(slots.stride),
      names: new NoTexts(),
      values: new NoTexts(),
      // The core's: a value that it looks at must be looked at here.
      slots,
      ignoreServices: new Set(ignoreServices),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
  }

  /** @throws DecodeError if the core will not be able to read it either */
  check(body: Uint8Array, encoding: Encoding): CheckedBody {
    this.#target.columns.clear()
    this.#target.droppedOwn = 0
    const decode = encoding === 'otlp_json' ? decodeTracesJson : decodeTraces
    const items = decode(body, this.#target)
    const { droppedOwn: notWatched, rejected } = this.#target
    return { items, notWatched, rejected: rejected.told() }
  }
}
