import { slotTable } from '../../otlp/attribute-slots.ts'
import { decodeTracesJson } from '../../otlp/decode-json.ts'
import { decodeTraces } from '../../otlp/decode-protobuf.ts'
import type { DecodeTarget } from '../../otlp/decode-target.ts'
import { RejectedSpans } from '../../otlp/rejected-spans.ts'
import { SpanColumns } from '../../otlp/span-columns.ts'
import { BodyCheck } from './body-check.ts'
import { NoTexts } from './no-texts.ts'

/** The check of bodies with spans. */
export class TracesCheck extends BodyCheck<DecodeTarget> {
  constructor(ignoreServices: readonly string[], categories: readonly string[]) {
    const slots = slotTable(categories)
    const target = {
      columns: new SpanColumns(slots.stride),
      names: new NoTexts(),
      values: new NoTexts(),
      // The core's: a value that it looks at must be looked at here.
      slots,
      ignoreServices: new Set(ignoreServices),
      droppedOwn: 0,
      rejected: new RejectedSpans(),
    }
    super(target, { otlp_json: decodeTracesJson, otlp_proto: decodeTraces })
  }
}
