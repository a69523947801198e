import {
  encodeTracesJson,
  encodeTracesProto,
  type OtlpResourceSpans,
} from '../otlp/encode-traces.ts'

/** Spans that reached the log together: one Collector batch, grouped by who sent them. */
export interface SimulatedRecord {
  /** When the batch was sent, ms since 1970; no span of it ends later. */
  readonly timeMs: number
  readonly spanCount: number
  readonly resources: readonly OtlpResourceSpans[]
}

/** The body of the record as OTLP JSON, UTF-8. */
export function toOtlpJson(record: SimulatedRecord): Uint8Array<ArrayBuffer> {
  return encodeTracesJson(record.resources)
}

/** The body of the record as OTLP protobuf (`TracesData`). */
export function toOtlpProto(record: SimulatedRecord): Uint8Array<ArrayBuffer> {
  return encodeTracesProto(record.resources)
}
